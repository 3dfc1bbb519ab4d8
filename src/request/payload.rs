//! The payload of a request.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use cpex_wasmi_abi::model::{
    DelegationPayload, ElicitationPayload, IdentityPayload, Message, MessagePayload,
};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::logging::contained;
use crate::{Error, ErrorKind};

/// The payload of a hook.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// A message: the payload of the `cmf.*` hooks.
    Message(MessagePayload),
    /// A token to be made sense of: the payload of `identity.resolve`.
    Identity(Box<IdentityPayload>),
    /// A token that is wanted: the payload of `token.delegate`.
    Delegation(Box<DelegationPayload>),
    /// A question to a person: the payload of `elicit`.
    Elicitation(Box<ElicitationPayload>),
    /// A payload of the embedder's own, see [`PayloadType`].
    Custom(CustomPayload),
}

impl Payload {
    /// The kind of the payload: `message`, `identity`, `delegation`, `elicitation`, or the name that
    /// the embedder gave a type of its own.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Message(_) => "message",
            Self::Identity(_) => "identity",
            Self::Delegation(_) => "delegation",
            Self::Elicitation(_) => "elicitation",
            Self::Custom(payload) => payload.type_name(),
        }
    }

    /// The message, if it is one.
    pub const fn as_message(&self) -> Option<&MessagePayload> {
        match self {
            Self::Message(payload) => Some(payload),
            _ => None,
        }
    }

    pub(crate) const fn as_message_mut(&mut self) -> Option<&mut MessagePayload> {
        match self {
            Self::Message(payload) => Some(payload),
            _ => None,
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Message(payload) => payload.serialize(serializer),
            Self::Identity(payload) => payload.serialize(serializer),
            Self::Delegation(payload) => payload.serialize(serializer),
            Self::Elicitation(payload) => payload.serialize(serializer),
            Self::Custom(payload) => {
                cpex_wasmi_abi::model::OnWire(payload.value()).serialize(serializer)
            }
        }
    }
}

impl From<MessagePayload> for Payload {
    fn from(payload: MessagePayload) -> Self {
        Self::Message(payload)
    }
}

impl From<Message> for Payload {
    fn from(message: Message) -> Self {
        Self::Message(message.into())
    }
}

impl From<IdentityPayload> for Payload {
    fn from(payload: IdentityPayload) -> Self {
        Self::Identity(Box::new(payload))
    }
}

impl From<DelegationPayload> for Payload {
    fn from(payload: DelegationPayload) -> Self {
        Self::Delegation(Box::new(payload))
    }
}

impl From<ElicitationPayload> for Payload {
    fn from(payload: ElicitationPayload) -> Self {
        Self::Elicitation(Box::new(payload))
    }
}

impl From<CustomPayload> for Payload {
    fn from(payload: CustomPayload) -> Self {
        Self::Custom(payload)
    }
}

/// A type of payload that an embedder has of its own, registered under a name.
///
/// A plugin learns the name, reads the payload as JSON, whole or by JSON Pointer, and may replace
/// it by what is a `T` again.
///
/// ```
/// use cpex_wasmi::{PayloadType, Request};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Invoice {
///     amount: u64,
/// }
///
/// const INVOICE: PayloadType<Invoice> = PayloadType::new("acme.invoice");
///
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let request = Request::new(INVOICE.payload(&Invoice { amount: 7 })?);
/// assert_eq!(INVOICE.read(&request.payload)?.amount, 7);
/// # Ok(())
/// # }
/// ```
pub struct PayloadType<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> PayloadType<T> {
    /// Registers `T` under a name, such as `acme.invoice`.
    ///
    /// # Panics
    ///
    /// If the name is that of one of CPEX's own payloads; at compile time, for a constant.
    pub const fn new(name: &'static str) -> Self {
        assert!(!is_reserved(name), "the name is that of one of CPEX's own payloads");
        Self { name, of: PhantomData }
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Makes a payload of a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the value has no JSON form.
    pub fn payload(&self, value: &T) -> Result<CustomPayload, Error> {
        let value = serde_json::to_value(value).map_err(|error| self.unfit(&error))?;
        Ok(CustomPayload { name: self.name.into(), value, fits: fits::<T> })
    }

    /// The value of a payload, of the request or as a plugin changed it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if it is another kind of payload.
    pub fn read(&self, payload: &Payload) -> Result<T, Error> {
        match payload {
            Payload::Custom(custom) if custom.name == self.name => {
                T::deserialize(&custom.value).map_err(|error| self.unfit(&error))
            }
            other => Err(self.unfit(&format_args!("it is `{}`", other.type_name()))),
        }
    }

    fn unfit(&self, problem: &dyn fmt::Display) -> Error {
        let message = alloc::format!("the payload is not a `{}`: {problem}", self.name);
        Error::new(ErrorKind::InvalidConfig, message)
    }
}

impl<T> fmt::Debug for PayloadType<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PayloadType").field(&self.name).finish()
    }
}

/// True if a name is that of one of CPEX's own payloads.
const fn is_reserved(name: &str) -> bool {
    matches!(name.as_bytes(), b"message" | b"identity" | b"delegation" | b"elicitation")
}

fn fits<T: DeserializeOwned>(value: &Value) -> bool {
    contained(|| takes_all::<T>(value)).unwrap_or(false)
}

/// True if a value of any type takes all members that the JSON has, as far as `serde` tells of them.
fn takes_all<T: DeserializeOwned>(json: &Value) -> bool {
    let mut all = true;
    let value: Result<T, _> = serde_ignored::deserialize(json, |_| all = false);
    value.is_ok() && all
}

/// A payload of a type of the embedder's own.
#[derive(Clone)]
pub struct CustomPayload {
    name: String,
    value: Value,
    fits: fn(&Value) -> bool,
}

impl CustomPayload {
    /// A payload of which no type is known: a plugin may replace it by any JSON value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the name is that of one of CPEX's own payloads.
    pub fn untyped(name: impl Into<String>, value: impl Into<Value>) -> Result<Self, Error> {
        let name = name.into();
        if is_reserved(&name) {
            let message = alloc::format!("`{name}` is the name of one of CPEX's own payloads");
            return Err(Error::new(ErrorKind::InvalidConfig, message));
        }
        Ok(Self { name, value: value.into(), fits: |_| true })
    }

    /// The name of its type.
    pub fn type_name(&self) -> &str {
        &self.name
    }

    /// The payload as JSON.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The payload with another value, if that fits the type.
    pub(crate) fn with_value(&self, value: Value) -> Option<Self> {
        (self.fits)(&value).then(|| Self { name: self.name.clone(), value, fits: self.fits })
    }
}

impl fmt::Debug for CustomPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomPayload")
            .field("type_name", &self.name)
            .field("value", &self.value)
            .finish()
    }
}

impl PartialEq for CustomPayload {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}
