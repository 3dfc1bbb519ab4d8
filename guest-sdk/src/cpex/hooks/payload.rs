//! The payloads of hooks.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

pub use crate::cpex::extensions::{Guarded, MetaExtension, OwnedExtensions, WriteToken};
use crate::raw::Place;
use crate::{Field, Status};

/// The payload of a hook. Implement it with
/// [`impl_plugin_payload!`](crate::cpex::impl_plugin_payload).
pub trait PluginPayload: Send + Sync + 'static {
    /// A copy.
    fn clone_boxed(&self) -> Box<dyn PluginPayload>;

    /// Itself, to be downcast.
    fn as_any(&self) -> &dyn Any;

    /// Itself, to be downcast.
    fn as_any_mut(&mut self) -> &mut dyn Any;

    #[doc(hidden)]
    fn from_wire(bytes: Vec<u8>) -> crate::Result<Self>
    where
        Self: Sized;

    #[doc(hidden)]
    fn to_wire(&self) -> crate::Result<Vec<u8>>;

    /// The payload that a handler is given.
    #[doc(hidden)]
    fn given() -> crate::Result<Self>
    where
        Self: Sized,
    {
        let bytes = Place::of(Field::Payload).bytes()?.ok_or(Status::Absent)?;
        Self::from_wire(bytes)
    }
}

impl fmt::Debug for dyn PluginPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn PluginPayload")
    }
}

/// Makes a record the payload of a hook.
macro_rules! record_payload {
    ($ty:ty $(, given: $given:expr)? $(, tokens: [$($token:ident: $field:ident),*])?) => {
        impl $crate::cpex::hooks::payload::PluginPayload for $ty {
            fn clone_boxed(
                &self,
            ) -> alloc::boxed::Box<dyn $crate::cpex::hooks::payload::PluginPayload> {
                alloc::boxed::Box::new(self.clone())
            }

            fn as_any(&self) -> &dyn core::any::Any {
                self
            }

            fn as_any_mut(&mut self) -> &mut dyn core::any::Any {
                self
            }

            fn from_wire(bytes: alloc::vec::Vec<u8>) -> $crate::Result<Self> {
                $crate::cpex::wire::from_bytes(bytes)
            }

            fn to_wire(&self) -> $crate::Result<alloc::vec::Vec<u8>> {
                Ok($crate::cpex::wire::to_bytes(self))
            }

            $(fn given() -> $crate::Result<Self> {
                Ok($given)
            })?

            $(fn given() -> $crate::Result<Self> {
                let place = $crate::raw::Place::of($crate::Field::Payload);
                let bytes = place.bytes()?.ok_or($crate::Status::Absent)?;
                let mut payload = Self::from_wire(bytes)?;
                // Each is fetched when a handler looks at it.
                $(payload.$token = $crate::cpex::token::Token::of($crate::Field::$field);)*
                Ok(payload)
            })?
        }
    };
}
pub(crate) use record_payload;
