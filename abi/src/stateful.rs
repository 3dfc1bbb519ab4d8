//! The state that a plugin keeps between calls, as its manifest says.

use core::fmt;

use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The state that a plugin keeps in its memory from one call to the next, in its [`Manifest`].
///
/// In text it is written as `false`, `true` and `per_instance`; in postcard as the bytes 0, 1 and 2.
///
/// [`Manifest`]: crate::Manifest
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stateful {
    /// None: each call may meet an instance in which nothing of another is left.
    #[default]
    No,
    /// One state for all calls, such as a count. The plugin has one instance, and calls wait for it.
    Yes,
    /// A state for each instance, such as a cache: calls need not meet what others left. The plugin has
    /// up to as many instances as its operator allows.
    PerInstance,
}

impl Stateful {
    const PER_INSTANCE: &'static str = "per_instance";

    /// The state that `true` or `false` stands for.
    pub const fn from_bool(stateful: bool) -> Self {
        if stateful { Self::Yes } else { Self::No }
    }

    /// True if any state is kept.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::No)
    }

    /// The byte that stands for it.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::No => 0,
            Self::Yes => 1,
            Self::PerInstance => 2,
        }
    }
}

impl From<bool> for Stateful {
    fn from(stateful: bool) -> Self {
        Self::from_bool(stateful)
    }
}

impl Serialize for Stateful {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => serializer.serialize_u8(self.byte()),
            Self::No => serializer.serialize_bool(false),
            Self::Yes => serializer.serialize_bool(true),
            Self::PerInstance => serializer.serialize_str(Self::PER_INSTANCE),
        }
    }
}

impl<'de> Deserialize<'de> for Stateful {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Written);
        }
        match u8::deserialize(deserializer)? {
            0 => Ok(Self::No),
            1 => Ok(Self::Yes),
            2 => Ok(Self::PerInstance),
            other => Err(D::Error::invalid_value(Unexpected::Unsigned(other.into()), &Written)),
        }
    }
}

/// Reads what stands in a text.
struct Written;

impl Visitor<'_> for Written {
    type Value = Stateful;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or `per_instance`")
    }

    fn visit_bool<E>(self, stateful: bool) -> Result<Stateful, E> {
        Ok(stateful.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Stateful, E> {
        match text {
            Stateful::PER_INSTANCE => Ok(Stateful::PerInstance),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }
}
