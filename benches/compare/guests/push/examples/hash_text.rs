//! Hashes the text of a message, byte by byte, with the request pushed as a whole.

compare_push::plugin!(compare_policies::hash_text);
