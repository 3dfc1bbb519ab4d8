compare_extism::plugin!(compare_policies::noop);
