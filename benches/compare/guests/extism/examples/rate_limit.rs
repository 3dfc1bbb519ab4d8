//! Bounds the calls of a user in a minute, as an Extism plugin.

compare_extism::plugin!(compare_policies::rate_limit);
