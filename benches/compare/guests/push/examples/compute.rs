//! Hashes the arguments of tool calls and keeps a summary in the state, with the request pushed as a whole.

compare_push::plugin!(compare_policies::compute);
