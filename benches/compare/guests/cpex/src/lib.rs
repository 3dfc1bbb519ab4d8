//! Plugins of cpex-wasmi in the style of native ones: see the examples.
