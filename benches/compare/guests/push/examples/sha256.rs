//! Hashes the text of a message by SHA-256, with the request pushed as a whole.

compare_push::plugin!(compare_policies::sha256);
