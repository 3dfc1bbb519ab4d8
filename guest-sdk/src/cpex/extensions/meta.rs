//! What the operator's routes know of the entity that is touched.

use alloc::string::String;
use std::collections::{HashMap, HashSet};

use crate::cpex::wire::record;

record! {
    /// What the operator's routes know of the entity that is touched.
    #[derive(Debug, Default)]
    pub struct MetaExtension {
        /// The kind of entity.
        pub entity_type: Option<String>,
        /// The entity's name.
        pub entity_name: Option<String>,
        /// The entity's tags.
        #[serde(default)]
        pub tags: HashSet<String>,
        /// The scope it lives in.
        pub scope: Option<String>,
        /// Its properties, by name.
        #[serde(default)]
        pub properties: HashMap<String, String>,
    }
}
