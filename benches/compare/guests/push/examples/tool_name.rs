//! Denies one tool by its name, with the request pushed as a whole.

compare_push::plugin!(compare_policies::tool_name);
