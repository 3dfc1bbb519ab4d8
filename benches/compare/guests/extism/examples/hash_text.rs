//! Hashes the text of a message, byte by byte, as an Extism plugin.

compare_extism::plugin!(compare_policies::hash_text);
