//! Denies calls on data labelled `PII` without the permission, as an Extism plugin.

compare_extism::plugin!(compare_policies::pii_guard);
