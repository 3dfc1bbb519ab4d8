compare_push::plugin!(compare_policies::tool_name);
