//! Errors: a code that is stable, its name, and a text for people.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::any::Any;
use core::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cpex_wasmi::ErrorKind;

use crate::raw::{Text, place};
use crate::receipt::Receipt;

/// The code of an error. Numbers and names are stable; later versions may add some.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No error: what a null pointer gives.
    None = 0,
    /// `fuel_exhausted`: the call used up its fuel.
    FuelExhausted = 1,
    /// `timeout`: the call did not end before its deadline.
    Timeout = 2,
    /// `memory_limit`: the plugin wanted more memory or table space than it may have.
    MemoryLimit = 3,
    /// `stack_overflow`: the plugin nested calls too deeply.
    StackOverflow = 4,
    /// `wasm_trap`: the plugin trapped, for example by a panic.
    WasmTrap = 5,
    /// `abi_violation`: the plugin did not keep to the ABI.
    AbiViolation = 6,
    /// `limit_exceeded`: the plugin went over a limit on what crosses the boundary.
    LimitExceeded = 7,
    /// `instances_exhausted`: all instances were in use.
    InstancesExhausted = 8,
    /// `shut_down`: the plugin keeps state, and was shut down.
    ShutDown = 9,
    /// `invalid_module`: the bytes are no module that could be a plugin.
    InvalidModule = 10,
    /// `unsupported_abi`: the plugin was built for another version of the ABI of plugins.
    UnsupportedAbi = 11,
    /// `digest_mismatch`: the module is another than the policy pins.
    DigestMismatch = 12,
    /// `capability_denied`: the plugin needs a capability that it was not granted.
    CapabilityDenied = 13,
    /// `access_denied`: the plugin needs system access that it was not granted.
    AccessDenied = 14,
    /// `network_denied`: the plugin gave up as it was denied a request to the network.
    NetworkDenied = 15,
    /// `unknown_hook`: the plugin does not handle that hook.
    UnknownHook = 16,
    /// `plugin_failed`: the plugin gave up by itself.
    PluginFailed = 17,
    /// `invalid_policy`: the policy or the configuration is malformed.
    InvalidPolicy = 18,
    /// `invalid_config`: the engine was set up in a way that cannot work.
    InvalidConfig = 19,
    /// `invalid_request`: the request is malformed, or a look-up in the embedder's view of it failed.
    InvalidRequest = 20,
    /// `internal`: a fault of the library. Please report it.
    Internal = 63,
    /// `invalid_argument`: a pointer is null, a text is not UTF-8, a length cannot be.
    InvalidArgument = 64,
    /// `panic`: a fault of the library, which it stopped at. Please report it.
    Panic = 65,
    /// `unreadable_file`: a file cannot be read.
    UnreadableFile = 66,
}

impl Code {
    pub(crate) const ALL: &'static [(Self, &'static str)] = &[
        (Self::None, "none"),
        (Self::FuelExhausted, "fuel_exhausted"),
        (Self::Timeout, "timeout"),
        (Self::MemoryLimit, "memory_limit"),
        (Self::StackOverflow, "stack_overflow"),
        (Self::WasmTrap, "wasm_trap"),
        (Self::AbiViolation, "abi_violation"),
        (Self::LimitExceeded, "limit_exceeded"),
        (Self::InstancesExhausted, "instances_exhausted"),
        (Self::ShutDown, "shut_down"),
        (Self::InvalidModule, "invalid_module"),
        (Self::UnsupportedAbi, "unsupported_abi"),
        (Self::DigestMismatch, "digest_mismatch"),
        (Self::CapabilityDenied, "capability_denied"),
        (Self::AccessDenied, "access_denied"),
        (Self::NetworkDenied, "network_denied"),
        (Self::UnknownHook, "unknown_hook"),
        (Self::PluginFailed, "plugin_failed"),
        (Self::InvalidPolicy, "invalid_policy"),
        (Self::InvalidConfig, "invalid_config"),
        (Self::InvalidRequest, "invalid_request"),
        (Self::Internal, "internal"),
        (Self::InvalidArgument, "invalid_argument"),
        (Self::Panic, "panic"),
        (Self::UnreadableFile, "unreadable_file"),
    ];

    /// The code of a kind of the library's. One that has no number yet is a fault of this crate.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        let named = Self::ALL.iter().find(|(_, name)| *name == kind.code());
        named.map_or(Self::Internal, |(code, _)| *code)
    }

    pub(crate) fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(code, _)| *code == self);
        named.map_or("internal", |(_, name)| name)
    }
}

/// An error. Free it with `cpex_wasmi_error_free`, unless it belongs to an outcome.
pub struct Error {
    code: Code,
    message: String,
    plugin: Option<String>,
    problems: Vec<cpex_wasmi::Problem>,
    receipt: Option<cpex_wasmi::Receipt>,
}

/// The cause of an error, on its way out.
pub(crate) enum Failure {
    Own(Code, String),
    Library(cpex_wasmi::Error),
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::Own(code, message.into())
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn into_error(self) -> Box<Error> {
        Box::new(match self {
            Self::Own(code, message) => {
                Error { code, message, plugin: None, problems: Vec::new(), receipt: None }
            }
            Self::Library(error) => Error {
                code: Code::of(error.kind()),
                message: error.to_string(),
                plugin: error.plugin().map(str::to_owned),
                problems: error.problems().to_vec(),
                receipt: error.receipt().copied(),
            },
        })
    }
}

impl From<cpex_wasmi::Error> for Failure {
    fn from(error: cpex_wasmi::Error) -> Self {
        Self::Library(error)
    }
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn receipt(&self) -> Option<&cpex_wasmi::Receipt> {
        self.receipt.as_ref()
    }
}

/// Runs an entry of the library. A panic becomes a failure.
pub(crate) fn caught<T>(entry: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(entry)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// Runs an entry that gives an error, or null.
pub(crate) fn guarded(entry: impl FnOnce() -> Result<(), Failure>) -> Option<Box<Error>> {
    caught(entry).err().map(Failure::into_error)
}

/// Makes an object and puts it into its place, which is null if that fails. `what` names the place.
pub(crate) fn made<T>(
    out: Option<&mut MaybeUninit<Option<Box<T>>>>,
    what: &str,
    make: impl FnOnce() -> Result<T, Failure>,
) -> Option<Box<Error>> {
    guarded(move || {
        let place = place(out, what)?;
        *place = Some(Box::new(make()?));
        Ok(())
    })
}

/// Runs an entry that has something to give in any case.
pub(crate) fn guarded_or<T>(otherwise: T, entry: impl FnOnce() -> T) -> T {
    caught(|| Ok(entry())).unwrap_or(otherwise)
}

fn panicked(panic: Box<dyn Any + Send>) -> Failure {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => {
            // Dropping it might panic.
            core::mem::forget(panic);
            "of an unknown kind".to_owned()
        }
    };
    Failure::new(Code::Panic, format!("the library panicked: {message}"))
}

/// Returns the code of an error; `CPEX_WASMI_CODE_NONE` for null.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_code(error: Option<&Error>) -> Code {
    error.map_or(Code::None, |error| error.code)
}

/// Returns the name of an error's code, such as `fuel_exhausted`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_name(error: Option<&Error>) -> Text<'static> {
    Text::new(error.map_or(Code::None, |error| error.code).name())
}

/// Returns the message, for operators: do not pass it on to those whose request it is about.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_message(error: Option<&Error>) -> Text<'_> {
    Text::new(error.map_or("", |error| &error.message))
}

/// Returns the name of the plugin; an empty text if it is not known.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_plugin(error: Option<&Error>) -> Text<'_> {
    Text::new(error.and_then(|error| error.plugin.as_deref()).unwrap_or(""))
}

/// Copies the receipt of a call that failed to `receipt`. Returns false if no call was begun.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_receipt(
    error: Option<&Error>,
    receipt: Option<&mut MaybeUninit<Receipt>>,
) -> bool {
    let cost = error.and_then(|error| error.receipt.as_ref());
    Receipt::give(cost, receipt)
}

/// One thing that is wrong with a module or a policy.
#[repr(C)]
pub struct Problem<'a> {
    /// The code.
    pub code: Code,
    /// The line in the policy's text, counted from 1; 0 if it is not about a text.
    pub line: u32,
    /// The column in that line, in characters, counted from 1.
    pub column: u32,
    /// The path of the value that is wrong, such as `sandbox_policy.isolation`; or empty.
    pub path: Text<'a>,
    /// The problem, and what to change.
    pub message: Text<'a>,
}

/// Returns the number of things that are wrong.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_problem_count(error: Option<&Error>) -> usize {
    error.map_or(0, |error| error.problems.len())
}

/// Copies one of the things that are wrong to `problem`. Its texts belong to the error. Returns false if there is no
/// such thing.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_problem<'a>(
    error: Option<&'a Error>,
    index: usize,
    problem: Option<&mut MaybeUninit<Problem<'a>>>,
) -> bool {
    let found = error.and_then(|error| error.problems.get(index));
    let (Some(found), Some(problem)) = (found, problem) else { return false };
    problem.write(Problem {
        code: Code::of(found.kind),
        line: found.place.map_or(0, |place| place.line),
        column: found.place.map_or(0, |place| place.column),
        path: Text::new(found.path.as_deref().unwrap_or("")),
        message: Text::new(&found.message),
    });
    true
}

/// Frees an error. Null is fine.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_error_free(error: Option<Box<Error>>) {
    guarded_or((), || drop(error));
}

/// Returns the name of a code, such as `fuel_exhausted`; an empty text for a number that is none.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_code_name(code: u32) -> Text<'static> {
    let named = Code::ALL.iter().find(|(known, _)| *known as u32 == code);
    Text::new(named.map_or("", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_the_library_has_a_number() {
        let source = include_str!("../../../src/error.rs");
        let (_, rest) =
            source.split_once("pub const fn code(self) -> &'static str {").unwrap_or_default();
        let (arms, _) = rest.split_once("\n    }\n").unwrap_or_default();
        let names: Vec<_> = arms.split('"').skip(1).step_by(2).collect();
        assert!(names.len() > 15, "{names:?}");
        for name in names {
            assert!(Code::ALL.iter().any(|(_, known)| *known == name), "`{name}` has no number");
        }
    }

    #[test]
    fn a_panic_becomes_an_error_of_its_own_kind() {
        for panic in [|| std::panic::panic_any("oh"), || std::panic::panic_any(String::from("oh"))]
        {
            let error = guarded(panic).map(|error| (error.code, error.message));
            assert_eq!(error, Some((Code::Panic, "the library panicked: oh".into())));
        }
        let error = guarded(|| std::panic::panic_any(7)).map(|error| error.code);
        assert_eq!(error, Some(Code::Panic));
    }
}
