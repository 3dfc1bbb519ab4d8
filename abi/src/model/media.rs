//! Content that is no text: given by its address or in itself.

use alloc::string::String;

use serde::Deserialize;

use super::serialize_both;

macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $ty:ty)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
            pub struct $name {
                /// `url` or `base64`; `type` in JSON.
                #[serde(rename = "type")]
                pub source_type: String,
                /// The address, or the content in base64.
                pub data: String,
                /// The MIME type of the content.
                #[serde(default)]
                pub media_type: Option<String>,
                $($(#[$extra_doc])*
                #[serde(default)]
                pub $extra: Option<$ty>,)?
            }

            serialize_both!($name {
                source_type as type_tag,
                data,
                media_type as optional,
                $($extra as optional,)?
            });
        )*
    };
}

sources! {
    /// An image.
    ImageSource {}
    /// A video.
    VideoSource {
        /// How long it is, in milliseconds.
        duration_ms: u64
    }
    /// A sound.
    AudioSource {
        /// How long it is, in milliseconds.
        duration_ms: u64
    }
    /// A document.
    DocumentSource {
        /// Its title.
        title: String
    }
}
