use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A token. It is never shown, never serialised, and overwritten when it is dropped.
///
/// Serialising gives an empty string (postcard) or leaves the field out (JSON); reading takes what
/// is there, so that a token can be set from outside. Overwriting is done as well as safe code can:
/// copies that were made on the way are not known here.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(token: T) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "[none]" } else { "[redacted]" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = core::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Else the compiler may see that nobody reads the zeros.
        core::hint::black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_token_is_not_shown_and_not_serialised() {
        let secret = Secret::from("eyJ.token");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""""#);
        assert_eq!(serde_json::from_str::<Secret>(r#""eyJ""#).unwrap().expose(), "eyJ");
    }
}
