//! Resources that an agent reads.

pub use crate::cpex::records::{Resource, ResourceReference};

impl Resource {
    /// True if the content is here, as text or binary.
    pub fn is_embedded(&self) -> bool {
        self.content.is_some() || self.blob.is_some()
    }

    /// The content, if it is text.
    pub fn get_text_content(&self) -> Option<&str> {
        self.content.as_deref()
    }
}
