//! The encoding of values.

use alloc::vec::Vec;

use cpex_wasmi_abi::{Status, codec};
use serde::Serialize;

/// The encoding of a value that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Postcard,
    Json,
    Text,
}

impl Format {
    /// Encodes what a function gave, in the format of its argument.
    pub(crate) fn encode<R: Serialize>(self, result: &R) -> Result<Vec<u8>, Status> {
        let mut bytes = Vec::new();
        match self {
            Self::Postcard => codec::encode(result, &mut bytes).map_err(|_| Status::Unavailable)?,
            Self::Json | Self::Text => {
                bytes = serde_json::to_vec(result).map_err(|_| Status::Unavailable)?;
            }
        }
        Ok(bytes)
    }
}
