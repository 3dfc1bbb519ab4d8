/* The installed header, for builds with a library of the system. */
#include <cpex_wasmi.h>
