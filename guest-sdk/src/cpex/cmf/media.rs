//! Content that is no text: given by its address or in itself.

use alloc::string::String;

use crate::cpex::wire::record;

record! {
    /// An image.
    #[derive(Debug)]
    pub struct ImageSource {
        /// `url` or `base64`; `type` in JSON.
        #[serde(rename = "type")]
        pub source_type: String,
        /// The address, or the content in base64.
        pub data: String,
        /// The MIME type of the content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub media_type: Option<String>,
    }
}

record! {
    /// A video.
    #[derive(Debug)]
    pub struct VideoSource {
        /// `url` or `base64`; `type` in JSON.
        #[serde(rename = "type")]
        pub source_type: String,
        /// The address, or the content in base64.
        pub data: String,
        /// The MIME type of the content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub media_type: Option<String>,
        /// How long it is, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub duration_ms: Option<u64>,
    }
}

record! {
    /// A sound.
    #[derive(Debug)]
    pub struct AudioSource {
        /// `url` or `base64`; `type` in JSON.
        #[serde(rename = "type")]
        pub source_type: String,
        /// The address, or the content in base64.
        pub data: String,
        /// The MIME type of the content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub media_type: Option<String>,
        /// How long it is, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub duration_ms: Option<u64>,
    }
}

record! {
    /// A document.
    #[derive(Debug)]
    pub struct DocumentSource {
        /// `url` or `base64`; `type` in JSON.
        #[serde(rename = "type")]
        pub source_type: String,
        /// The address, or the content in base64.
        pub data: String,
        /// The MIME type of the content.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub media_type: Option<String>,
        /// Its title.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub title: Option<String>,
    }
}
