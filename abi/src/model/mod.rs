//! The request a hook is called with: payload, extensions and context, as CPEX models them.
//!
//! Names, fields and JSON are those of `cpex-core` 0.2.3 (a test in `tests/conformance` holds the
//! two together). Each type has two encodings, both through serde:
//!
//! - **JSON**, exactly what `cpex-core` reads and writes, but with sets and maps in sorted order;
//! - **postcard**, the records of `docs/abi.md`: every field, in the order of its declaration.

mod credentials;
mod delegation;
mod elicitation;
mod extensions;
mod identity;
mod json;
mod message;
mod records;
mod secret;
mod strict;
mod token;

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::{Capability, CapabilitySet};

pub use json::{ListOnWire, MapOnWire, OnWire, from_wire, to_wire};
pub use records::*;
pub use secret::Secret;
pub use strict::Strict;

use secret::quietly;

/// JSON values by name.
pub type JsonMap = BTreeMap<String, serde_json::Value>;

/// The value, or an empty one for a plugin without the capability.
fn visible<T: Clone + Default>(value: &T, granted: CapabilitySet, needed: Capability) -> T {
    if granted.contains(needed) { value.clone() } else { T::default() }
}
