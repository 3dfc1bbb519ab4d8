//! Plugins of the gallery in one module, with the request pushed as a whole. The tool's name says which is meant.

compare_push::plugin!(compare_policies::gallery);
