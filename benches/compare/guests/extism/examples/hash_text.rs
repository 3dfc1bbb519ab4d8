compare_extism::plugin!(compare_policies::hash_text);
