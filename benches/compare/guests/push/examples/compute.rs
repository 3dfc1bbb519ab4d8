compare_push::plugin!(compare_policies::compute);
