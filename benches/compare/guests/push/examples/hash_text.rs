compare_push::plugin!(compare_policies::hash_text);
