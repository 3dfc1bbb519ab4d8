//! Denies one tool by its name, as an Extism plugin.

compare_extism::plugin!(compare_policies::tool_name);
