//! Functions of the embedder's, as the library calls them: the one place where control leaves Rust.
//!
//! A callback is to return in the usual way. A `longjmp` or an exception that leaves it is undefined behaviour.
#![allow(unsafe_code, reason = "functions in C are called here")]

use core::ffi::c_void;

use cpex_wasmi::Encoding;
use cpex_wasmi::abi::{Field, Status};

use crate::answer::{Answer, Answered};
use crate::raw::{Bytes, Text};
use crate::view::CPEX_WASMI_COUNT_FAILED;

/// A line of a plugin's log. Its texts are valid until the callback returns.
#[repr(C)]
pub struct LogRecord<'a> {
    /// The severity: 1 error, 2 warning, 3 information, 4 debug, 5 trace.
    pub level: u32,
    /// The plugin's name.
    pub plugin: Text<'a>,
    /// The hook that is handled; `init`, `shutdown`, or `host` for lines of the library's own.
    pub hook: Text<'a>,
    /// The line, with control characters made visible.
    pub message: Text<'a>,
}

/// One use of the system by a plugin, or one that was refused. Its texts are valid until the callback returns.
#[repr(C)]
pub struct AuditEvent<'a> {
    /// The plugin's name.
    pub plugin: Text<'a>,
    /// The hook that is handled, `init` or `shutdown`.
    pub hook: Text<'a>,
    /// The kind of system access, such as `network`.
    pub access: Text<'a>,
    /// The operation, such as `GET`.
    pub operation: Text<'a>,
    /// The target, such as a URL.
    pub target: Text<'a>,
    /// The result: `allowed`, `denied` or `failed`.
    pub outcome: Text<'a>,
    /// The bytes that the plugin gave.
    pub bytes_sent: u64,
    /// The bytes that the plugin got.
    pub bytes_received: u64,
}

/// A call of a function by a plugin. Texts and bytes are valid until the callback returns.
#[repr(C)]
pub struct Invocation<'a> {
    /// The plugin's name.
    pub plugin: Text<'a>,
    /// The hook that is handled, `init` or `shutdown`.
    pub hook: Text<'a>,
    /// The argument: JSON or postcard.
    pub argument: Bytes<'a>,
    /// True if the argument is JSON, as the answer has to be then. Else both are postcard.
    pub is_json: bool,
    /// The time left to the call, in nanoseconds; `UINT64_MAX` if it has no deadline.
    pub remaining_nanoseconds: u64,
}

/// Frees what a callback was registered with. It is called once, when the library is done with it.
pub type Release = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// A sink for lines of the log.
pub type LogFunction =
    Option<unsafe extern "C" fn(data: *mut c_void, record: *const LogRecord<'_>)>;

/// A sink for audit events.
pub type AuditFunction =
    Option<unsafe extern "C" fn(data: *mut c_void, event: *const AuditEvent<'_>)>;

/// A function that plugins call. Returns a `cpex_wasmi_answered`.
pub type Function = Option<
    unsafe extern "C" fn(
        data: *mut c_void,
        invocation: *const Invocation<'_>,
        answer: *mut Answer,
    ) -> u32,
>;

/// Counts the values of a field, as `cpex_wasmi_view` says.
pub type Count = Option<unsafe extern "C" fn(data: *mut c_void, field: u32) -> i64>;

/// Looks up a field, as `cpex_wasmi_view` says. Returns a `cpex_wasmi_answered`.
pub type Value = Option<
    unsafe extern "C" fn(data: *mut c_void, field: u32, index: usize, answer: *mut Answer) -> u32,
>;

/// A callback's data.
pub(crate) struct Data {
    pointer: *mut c_void,
    release: Release,
}

impl Data {
    pub(crate) fn new(pointer: *mut c_void, release: Release) -> Self {
        Self { pointer, release }
    }
}

// SAFETY: the library does not look behind the pointer. The header says that callbacks get it on any thread, and on
// several at once.
unsafe impl Send for Data {}

// SAFETY: as for `Send`.
unsafe impl Sync for Data {}

impl Drop for Data {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: this runs once, and no callback has the pointer any more. The embedder gave both for that.
            unsafe { release(self.pointer) }
        }
    }
}

/// A callback with its data.
pub(crate) struct Callback<F> {
    pub(crate) function: F,
    pub(crate) data: Data,
}

impl Callback<LogFunction> {
    pub(crate) fn log(&self, record: &LogRecord<'_>) {
        let Some(function) = self.function else { return };
        // SAFETY: the record lives on. The embedder registered the function for this data.
        unsafe { function(self.data.pointer, record) }
    }
}

impl Callback<AuditFunction> {
    pub(crate) fn audit(&self, event: &AuditEvent<'_>) {
        let Some(function) = self.function else { return };
        // SAFETY: the event lives on. The embedder registered the function for this data.
        unsafe { function(self.data.pointer, event) }
    }
}

impl Callback<Function> {
    /// Calls the function for a plugin.
    pub(crate) fn call(
        &self,
        invocation: &mut cpex_wasmi::Invocation<'_>,
        encoding: Encoding,
        argument: &[u8],
    ) -> Result<Vec<u8>, Status> {
        let function = self.function.ok_or(Status::Unavailable)?;
        let remaining = invocation.remaining().map(|left| u64::try_from(left.as_nanos()));
        let given = Invocation {
            plugin: Text::new(invocation.plugin()),
            hook: Text::new(invocation.hook()),
            argument: Bytes::new(argument),
            is_json: encoding == Encoding::Json,
            remaining_nanoseconds: remaining.and_then(Result::ok).unwrap_or(u64::MAX),
        };
        let mut answer = Answer::default();
        // SAFETY: invocation and answer live on, and nothing else uses the answer meanwhile. The embedder registered
        // the function for this data.
        let answered = unsafe { function(self.data.pointer, &raw const given, &raw mut answer) };
        invocation.charge(answer.work());
        match answer.into_bytes(answered, encoding == Encoding::Json) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Status::Absent),
            Err(_) => Err(Status::Unavailable),
        }
    }
}

/// The callbacks of a view.
#[derive(Clone, Copy)]
pub(crate) struct LookUps {
    pub(crate) count: Count,
    pub(crate) value: Value,
}

impl Callback<LookUps> {
    pub(crate) fn count(&self, field: Field) -> i64 {
        let Some(count) = self.function.count else { return CPEX_WASMI_COUNT_FAILED };
        // SAFETY: the embedder gave the function for this data, and waits for the call that this is part of.
        unsafe { count(self.data.pointer, field.number()) }
    }

    pub(crate) fn value(&self, field: Field, index: usize) -> (u32, Answer) {
        let mut answer = Answer::default();
        let Some(value) = self.function.value else { return (Answered::Failed as u32, answer) };
        // SAFETY: the answer lives on, and nothing else uses it meanwhile. The embedder gave the function for this
        // data, and waits for the call that this is part of.
        let answered = unsafe { value(self.data.pointer, field.number(), index, &raw mut answer) };
        (answered, answer)
    }
}
