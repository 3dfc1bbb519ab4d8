//! Denies calls on data labelled `PII` without the permission, with the request pushed as a whole.

compare_push::plugin!(compare_policies::pii_guard);
