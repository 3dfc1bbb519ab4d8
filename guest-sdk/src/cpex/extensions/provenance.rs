//! Where a message comes from.

use alloc::string::String;

use crate::cpex::wire::record;

record! {
    /// Where a message comes from.
    #[derive(Debug, Default)]
    pub struct ProvenanceExtension {
        /// Its source.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub source: Option<String>,
        /// Its identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub message_id: Option<String>,
        /// The identifier of the message it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_id: Option<String>,
    }
}
