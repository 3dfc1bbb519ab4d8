compare_extism::plugin!(compare_policies::pii_guard);
