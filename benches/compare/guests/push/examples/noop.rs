compare_push::plugin!(compare_policies::noop);
