//! Hashes the arguments of tool calls and keeps a summary in the state, as an Extism plugin.

compare_extism::plugin!(compare_policies::compute);
