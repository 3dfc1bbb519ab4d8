//! Hashes the text of a message by SHA-256, as an Extism plugin.

compare_extism::plugin!(compare_policies::sha256);
