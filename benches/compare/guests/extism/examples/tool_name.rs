compare_extism::plugin!(compare_policies::tool_name);
