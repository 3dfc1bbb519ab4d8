//! Functions that the host offers by name: the embedder's, and those that reach for the system.
//!
//! A plugin can call a function if its manifest asks for it (`access: ["function:acme.rate_limit"]` in
//! [`plugin!`](crate::plugin!)) and its operator grants it.

pub mod http;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::codec::{self, Bounds};
use cpex_wasmi_abi::{
    CLOCK_NOW, COMMAND_RUN, ENV_GET, MAX_RANDOM_BYTES, RANDOM_BYTES, RANDOM_SALT, SALT_BYTES,
};
use serde::{Deserialize, Serialize};

pub use cpex_wasmi_abi::{Command, CommandOutput};

use crate::result::check;
use crate::{Error, Result, Status, sys};

/// The bytes of a result that are taken along with the call.
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
    let len = check(sys::call(name.as_bytes(), argument, &mut result))?;
    if len > result.len() {
        result = sys::buffer(len)?;
        check(sys::call_result(0, &mut result))?;
    }
    result.truncate(len);
    Ok(result)
}

/// An environment variable, as it was when the plugin was loaded; `None` if it is not set.
///
/// ```no_run
/// # fn handler() -> cpex_wasmi_guest::Result<()> {
/// // The manifest has `access: ["env:API_REGION"]`, and the policy `allowed_env: [API_REGION]`.
/// let region = cpex_wasmi_guest::system::env("API_REGION")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Status::AccessDenied`] if it was not asked for or is not granted, [`Status::UnknownFunction`] if the host
/// is built without its feature `std`.
pub fn env(name: &str) -> Result<Option<String>> {
    call(ENV_GET, name)
}

/// The time since the beginning of 1970, in UTC. It takes `clock` in the manifest, and in the policy.
///
/// # Errors
///
/// [`Status::AccessDenied`] if it was not asked for or is not granted, [`Status::UnknownFunction`] if the host
/// is built without its feature `std`.
pub fn now() -> Result<Duration> {
    call(CLOCK_NOW, &()).map(Duration::from_nanos)
}

/// Fills a buffer with random bytes, which cannot be foreseen unless the policy has a seed for them. It
/// takes `random` in the manifest, and in the policy.
///
/// # Errors
///
/// [`Status::AccessDenied`] if they were not asked for or are not granted, [`Status::UnknownFunction`] if the
/// host is built without its feature `std`, [`Status::Unavailable`] if the system has none.
pub fn random(out: &mut [u8]) -> Result<()> {
    for out in out.chunks_mut(MAX_RANDOM_BYTES as usize) {
        let bytes: Vec<u8> = call(RANDOM_BYTES, &narrow(out.len()))?;
        if bytes.len() != out.len() {
            return Err(Error::new(Status::Malformed));
        }
        out.copy_from_slice(&bytes);
    }
    Ok(())
}

/// Random bytes that stay the same for as long as the plugin is loaded, in each instance and each call:
/// for a salt, or the seed of a hash. They cannot be foreseen unless the policy has a seed for them. It
/// takes `random` in the manifest, and in the policy.
///
/// A plugin may ask for them when it is initialised, which is then done once for all instances; with
/// [`random`] it would be done for each.
///
/// # Errors
///
/// As [`random`].
pub fn salt() -> Result<[u8; SALT_BYTES as usize]> {
    let bytes: Vec<u8> = call(RANDOM_SALT, &())?;
    bytes.try_into().map_err(|_| Error::new(Status::Malformed))
}

/// Runs a program, and gives what it came to. It takes `exec:` and its path in the manifest, and the
/// program with patterns for its arguments in the policy.
///
/// ```no_run
/// use cpex_wasmi_guest::system::{self, Command};
///
/// # fn handler() -> cpex_wasmi_guest::Result<()> {
/// let output = system::run(&Command {
///     program: "/usr/bin/sha256sum".into(),
///     stdin: b"to be hashed".to_vec(),
///     ..Command::default()
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Status::AccessDenied`] if it was not asked for or is not granted with these arguments,
/// [`Status::UnknownFunction`] if the host is built without its feature `exec`, [`Status::Unavailable`] if the
/// program cannot be run, or was killed at the deadline, [`Status::TooLarge`] if it was killed for its output,
/// [`Status::QuotaExceeded`] if the call may run no more.
pub fn run(command: &Command) -> Result<CommandOutput> {
    call(COMMAND_RUN, command)
}

/// The length of a chunk fits.
fn narrow(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(MAX_RANDOM_BYTES)
}
