//! Counts the secrets in the text of a message, and masks those in the arguments of tool calls, with the request pushed as a whole.

compare_push::plugin!(compare_policies::secrets);
