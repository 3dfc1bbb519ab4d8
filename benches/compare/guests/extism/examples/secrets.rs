//! Counts the secrets in the text of a message, and masks those in the arguments of tool calls, as an Extism plugin.

compare_extism::plugin!(compare_policies::secrets);
