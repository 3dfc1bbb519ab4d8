//! Where and when a request was made.

use alloc::string::String;

use crate::cpex::wire::record;

record! {
    /// Where and when a request was made.
    #[derive(Debug, Default)]
    pub struct RequestExtension {
        /// The environment it runs in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub environment: Option<String>,
        /// Its identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub request_id: Option<String>,
        /// When it came.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub timestamp: Option<String>,
        /// The identifier of its distributed trace.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub trace_id: Option<String>,
        /// The identifier of its span in the trace.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub span_id: Option<String>,
    }
}
