//! Functions that the host offers by name: the embedder's, and those that reach for the system.
//!
//! A plugin can call a function if its manifest asks for it (`access: ["function:acme.rate_limit"]` in
//! [`plugin!`](crate::plugin!)) and its operator grants it.

pub mod http;

use alloc::vec::Vec;

use cpex_wasmi_abi::codec::{self, Bounds};
use serde::{Deserialize, Serialize};

use crate::result::check;
use crate::{Error, Result, Status, sys};

/// How much of a result is taken along with the call.
const ROOM: usize = 256;

/// Calls a function by name, and gives what it returned.
///
/// ```no_run
/// # fn handler() -> cpex_wasmi_guest::Result<bool> {
/// let allowed: bool = cpex_wasmi_guest::system::call("acme.rate_limit", &("alice", 1_u32))?;
/// # Ok(allowed)
/// # }
/// ```
///
/// # Errors
///
/// [`Status::AccessDenied`] if the function was not asked for or is not granted,
/// [`Status::UnknownFunction`] if there is none with that name, [`Status::Malformed`] if argument or result
/// are not of the types that the other side has, and whatever the function fails with.
pub fn call<A: Serialize + ?Sized, R: for<'de> Deserialize<'de>>(
    name: &str,
    argument: &A,
) -> Result<R> {
    let mut given = Vec::new();
    codec::encode(argument, &mut given).map_err(|_| Error::new(Status::Malformed))?;
    let result = call_bytes(name, &given)?;
    let bounds = Bounds { bytes: result.len(), ..Bounds::DEFAULT };
    codec::decode(&result, bounds).map_err(|_| Error::new(Status::Malformed))
}

/// Calls a function by name with an argument in postcard, and gives its result in postcard.
///
/// # Errors
///
/// As [`call`].
pub fn call_bytes(name: &str, argument: &[u8]) -> Result<Vec<u8>> {
    let mut result = sys::buffer(ROOM)?;
    let len = check(sys::Call(name.as_bytes(), argument, &mut result))?;
    if len > result.len() {
        result = sys::buffer(len)?;
        check(sys::CallResult(0, &mut result))?;
    }
    result.truncate(len);
    Ok(result)
}
