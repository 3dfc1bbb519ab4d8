//! Content that is no text: given by its address or in itself.

pub use crate::cpex::records::{AudioSource, DocumentSource, ImageSource, VideoSource};
