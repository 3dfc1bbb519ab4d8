compare_push::plugin!(compare_policies::pii_guard);
