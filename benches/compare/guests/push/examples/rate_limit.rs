//! Bounds the calls of a user in a minute, with the request pushed as a whole.

compare_push::plugin!(compare_policies::rate_limit);
