//! Allows everything, as an Extism plugin.

compare_extism::plugin!(compare_policies::noop);
