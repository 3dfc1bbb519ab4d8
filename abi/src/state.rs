//! The functions that keep state from call to call: what they are called, take and give.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::bytes;

/// The name of the function that reads a value: its argument is the key, its result an optional [`StateValue`].
pub const STATE_GET: &str = "state.get";

/// The name of the function that sets a value: its argument is a [`StateSet`], its result nothing.
pub const STATE_SET: &str = "state.set";

/// The name of the function that adds to a number: its argument is a [`StateIncrement`], its result the sum, as `i64`.
pub const STATE_INCREMENT: &str = "state.increment";

/// The name of the function that sets a value if another is there: its argument is a [`StateCompareAndSet`], its result true
/// if it was.
pub const STATE_COMPARE_AND_SET: &str = "state.compare_and_set";

/// The name of the function that says when a value ends: its argument is a [`StateExpire`], its result true if the value was
/// there.
pub const STATE_EXPIRE: &str = "state.expire";

/// The name of the function that removes a value: its argument is the key, its result true if the value was there.
pub const STATE_REMOVE: &str = "state.remove";

/// The longest key, in bytes.
pub const MAX_STATE_KEY_BYTES: usize = 256;

/// The longest time that a value can be given, in milliseconds: ten years of 365 days.
pub const MAX_STATE_TTL_MS: u64 = 315_360_000_000;

/// A value: any bytes. A number is one in decimal digits, with `-` before it if it is negative.
///
/// In JSON: a string if it is UTF-8, else an array of the bytes' numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateValue(#[serde(with = "bytes")] pub Vec<u8>);

/// A value to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSet {
    /// The key: 1 to [`MAX_STATE_KEY_BYTES`] bytes.
    pub key: String,
    /// The value.
    pub value: StateValue,
    /// The time after which it is gone, in milliseconds: 1 to [`MAX_STATE_TTL_MS`]. None: it stays. May be left out in JSON.
    #[serde(default)]
    pub ttl_ms: Option<u64>,
}

/// A number to be added to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateIncrement {
    /// The key, as of [`StateSet`].
    pub key: String,
    /// The number to add. What is not there counts as 0.
    pub by: i64,
    /// The time after which the sum is gone, as of [`StateSet`]. It counts only if nothing was there: what is there ends when it
    /// would have.
    #[serde(default)]
    pub ttl_ms: Option<u64>,
}

/// A value to be set if another is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateCompareAndSet {
    /// The key, as of [`StateSet`].
    pub key: String,
    /// The value that has to be there; none: nothing. May be left out in JSON.
    #[serde(default)]
    pub expected: Option<StateValue>,
    /// The value to be set; none: what is there is removed. May be left out in JSON.
    #[serde(default)]
    pub value: Option<StateValue>,
    /// The time after which it is gone, as of [`StateSet`].
    #[serde(default)]
    pub ttl_ms: Option<u64>,
}

/// A time after which a value is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateExpire {
    /// The key, as of [`StateSet`].
    pub key: String,
    /// The time from now on, as of [`StateSet`]. None: it stays.
    #[serde(default)]
    pub ttl_ms: Option<u64>,
}
