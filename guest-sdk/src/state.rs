//! State that outlasts a call: values by key, which all instances of the plugin share.
//!
//! A plugin can use a key if its manifest asks for it (`access: ["state:calls/*"]` in [`plugin!`](crate::plugin!)) and its operator
//! grants it (`allowed_state`). Keys are the plugin's own: no other plugin sees them. Each operation is atomic, whichever threads,
//! instances or, with a store for that, processes make others.
//!
//! A limit of 100 calls in a minute, whatever the number of instances:
//!
//! ```no_run
//! use core::time::Duration;
//!
//! use cpex_wasmi_guest::prelude::*;
//! use cpex_wasmi_guest::state;
//!
//! fn limit(call: &Call) -> Result<Verdict> {
//!     let user = call.security().subject().id()?.unwrap_or_default();
//!     let calls = state::increment(&["calls/", &user].concat(), 1, Some(Duration::from_secs(60)))?;
//!     if calls > 100 { deny("rate_limit", "too many calls in a minute") } else { allow() }
//! }
//! ```
//!
//! A store that fails is an error, never a missing value, so that `?` fails the call.
//!
//! # Errors
//!
//! All functions fail with [`Status::AccessDenied`] if the key was not asked for or is not granted, [`Status::InvalidArgument`] if
//! it is empty or has more than 256 bytes, or if the time is more than ten years or less than a millisecond,
//! [`Status::Unavailable`] if the store fails, and [`Status::UnknownFunction`] if the host is built without its feature `std`. Those
//! that keep something also fail with [`Status::QuotaExceeded`] if that is more than the plugin may have (`max_state_keys`,
//! `max_state_bytes`), and with [`Status::TooLarge`] if the value is too long (`max_state_value_bytes`).
//!
//! [`Status::AccessDenied`]: crate::Status::AccessDenied
//! [`Status::InvalidArgument`]: crate::Status::InvalidArgument
//! [`Status::Unavailable`]: crate::Status::Unavailable
//! [`Status::UnknownFunction`]: crate::Status::UnknownFunction
//! [`Status::QuotaExceeded`]: crate::Status::QuotaExceeded
//! [`Status::TooLarge`]: crate::Status::TooLarge

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::{
    STATE_COMPARE_AND_SET, STATE_EXPIRE, STATE_GET, STATE_INCREMENT, STATE_REMOVE, STATE_SET,
    StateValue,
};

use crate::system::call;
use crate::{Error, Result, Status};

/// Reads a value; `None` if it is not there.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn get(key: &str) -> Result<Option<Vec<u8>>> {
    let value: Option<StateValue> = call(STATE_GET, key)?;
    Ok(value.map(|StateValue(bytes)| bytes))
}

/// Reads a value that is text; `None` if it is not there.
///
/// # Errors
///
/// Those of [all functions](self#errors), and [`Status::Malformed`] if the value is not UTF-8.
pub fn get_text(key: &str) -> Result<Option<String>> {
    let text = |bytes| String::from_utf8(bytes).map_err(|_| Error::new(Status::Malformed));
    get(key)?.map(text).transpose()
}

/// Reads a number, such as [`increment`] makes; 0 if it is not there.
///
/// # Errors
///
/// Those of [all functions](self#errors), and [`Status::Malformed`] if the value is no whole number.
pub fn number(key: &str) -> Result<i64> {
    match get_text(key)? {
        Some(text) => text.parse().map_err(|_| Error::new(Status::Malformed)),
        None => Ok(0),
    }
}

/// Sets a value, which is gone after `ttl`; without, it stays.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn set(key: &str, value: impl AsRef<[u8]>, ttl: Option<Duration>) -> Result<()> {
    call(STATE_SET, &(key, Bytes(value.as_ref()), milliseconds(ttl)))
}

/// Adds to a number, and gives the sum. What is not there counts as 0, and the sum is then gone after `ttl`; what is there ends when
/// it would have.
///
/// # Errors
///
/// Those of [all functions](self#errors), and [`Status::Malformed`] if the value is no whole number, or the sum has no room in an
/// `i64`.
pub fn increment(key: &str, by: i64, ttl: Option<Duration>) -> Result<i64> {
    call(STATE_INCREMENT, &(key, by, milliseconds(ttl)))
}

/// Sets a value if `expected` is there, and tells if it was. `None` stands for nothing: as `expected`, and as the value, with which
/// what is there is removed.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn compare_and_set(
    key: &str,
    expected: Option<&[u8]>,
    value: Option<&[u8]>,
    ttl: Option<Duration>,
) -> Result<bool> {
    let argument = (key, expected.map(Bytes), value.map(Bytes), milliseconds(ttl));
    call(STATE_COMPARE_AND_SET, &argument)
}

/// Has a value end after `ttl` from now on; without, it stays. Tells if it was there.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn expire(key: &str, ttl: Option<Duration>) -> Result<bool> {
    call(STATE_EXPIRE, &(key, milliseconds(ttl)))
}

/// Removes a value, and tells if it was there.
///
/// # Errors
///
/// Those of [all functions](self#errors).
pub fn remove(key: &str) -> Result<bool> {
    call(STATE_REMOVE, key)
}

/// Bytes of the plugin's, as the host takes them.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl serde::Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

fn milliseconds(ttl: Option<Duration>) -> Option<u64> {
    ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
}
