//! Tokens, which no encoding writes.

use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Refuses values without repeating them: they may be tokens.
macro_rules! quietly_refused {
    ($value:ty: u64, i64, f64, bool) => {
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<$value, E> {
            Err(E::invalid_type(serde::de::Unexpected::Other("a number"), &self))
        }

        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<$value, E> {
            self.visit_u64(0)
        }

        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<$value, E> {
            self.visit_u64(0)
        }

        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<$value, E> {
            Err(E::invalid_type(serde::de::Unexpected::Other("a boolean"), &self))
        }
    };
}

/// A token. It is never shown, never serialised, and overwritten when it is dropped.
///
/// Serialising gives an empty string (postcard) or leaves the field out (JSON); reading takes what
/// is there, so that a token can be set from outside. Overwriting is done as well as safe code can:
/// copies that were made on the way are not known here.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if there is none.
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

/// Reads a token and what is known of it. A text in its place may be the token itself, so that the error
/// does not repeat it.
pub(super) fn quietly<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Members(PhantomData))
    } else {
        T::deserialize(deserializer)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metadata of a token, as an object")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<T, E> {
        Err(E::invalid_type(Unexpected::Other("a text"), &self))
    }

    quietly_refused!(T: u64, i64, f64, bool);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Reads a string. What is none is not repeated in the error: it may be a token all the same.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token as a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(text.into())
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
                Ok(text.into())
            }

            quietly_refused!(Secret: u64, i64, f64, bool);
        }
        // Asked for a string, `serde_json` would repeat what it finds instead.
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Text)
        } else {
            deserializer.deserialize_string(Text)
        }
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
    use alloc::string::ToString;

    #[test]
    fn what_is_no_token_is_not_repeated() {
        for text in ["4711", "-4711", "47.11", r#"["4711"]"#, r#"{"4711": 1}"#] {
            let error = serde_json::from_str::<Secret>(text).unwrap_err().to_string();
            assert!(!error.contains("47"), "{error}");
            assert!(error.contains("a token as a string"), "{error}");
        }
    }

    #[test]
    fn a_token_is_not_shown_and_not_serialised() {
        let secret = Secret::from("eyJ.token");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""""#);
        assert_eq!(serde_json::from_str::<Secret>(r#""eyJ""#).unwrap().expose(), "eyJ");
    }
}
