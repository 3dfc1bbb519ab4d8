//! Allows everything, with the request pushed as a whole.

compare_push::plugin!(compare_policies::noop);
