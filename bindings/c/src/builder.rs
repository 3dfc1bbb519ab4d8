//! Settings of an engine.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::ffi::c_void;
use core::mem::MaybeUninit;

use crate::callback::{
    AuditEvent, AuditFunction, Callback, Data, Function, LogFunction, LogRecord, Release,
};
use crate::engine::Engine;
#[cfg(not(feature = "http-client"))]
use crate::error::Code;
use crate::error::{Error, Failure, caught, guarded_or, made};
use crate::raw::{Text, given};

/// Settings of an engine, for one thread. A setting that is wrong is told by `cpex_wasmi_engine_build`.
pub struct EngineBuilder {
    builder: cpex_wasmi::EngineBuilder,
    /// The first thing that is wrong.
    wrong: Option<Failure>,
}

/// Makes settings with nothing set. Give them to `cpex_wasmi_engine_build`, or free them.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_new() -> Option<Box<EngineBuilder>> {
    let made = || EngineBuilder { builder: cpex_wasmi::Engine::builder(), wrong: None };
    guarded_or(None, || Some(Box::new(made())))
}

/// Frees settings that no engine was made of. Null is fine.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_free(builder: Option<Box<EngineBuilder>>) {
    guarded_or((), || drop(builder));
}

/// Changes a setting.
fn set(
    builder: Option<&mut EngineBuilder>,
    change: impl FnOnce(cpex_wasmi::EngineBuilder) -> Result<cpex_wasmi::EngineBuilder, Failure>,
) {
    let Some(builder) = builder else { return };
    let before = &builder.builder;
    match caught(|| change(before.clone())) {
        Ok(changed) => builder.builder = changed,
        Err(failure) => {
            builder.wrong.get_or_insert(failure);
        }
    }
}

/// Sends lines of plugins' logs to a function. Without one, they are dropped.
///
/// The function is called with `data`, on the thread of a call, and on several at once. `release` frees `data`: it is
/// called once, when the last engine and plugin that may log are gone, also if no engine is made. It may be null.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_log_sink(
    builder: Option<&mut EngineBuilder>,
    sink: LogFunction,
    data: *mut c_void,
    release: Release,
) {
    let data = Data::new(data, release);
    set(builder, |builder| {
        let callback = Callback { function: Some(given(sink, "the log sink")?), data };
        Ok(builder.log_sink(move |record: &cpex_wasmi::LogRecord<'_>| {
            callback.log(&LogRecord {
                level: record.level as u32,
                plugin: Text::new(record.plugin),
                hook: Text::new(record.hook),
                message: Text::new(record.message),
            });
        }))
    });
}

/// Tells a function of each use of the system by a plugin, also of those that are refused. For `data` and `release`, see
/// `cpex_wasmi_engine_builder_log_sink`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_audit_sink(
    builder: Option<&mut EngineBuilder>,
    sink: AuditFunction,
    data: *mut c_void,
    release: Release,
) {
    let data = Data::new(data, release);
    set(builder, |builder| {
        let callback = Callback { function: Some(given(sink, "the audit sink")?), data };
        Ok(builder.audit_sink(move |event: &cpex_wasmi::AuditEvent<'_>| {
            callback.audit(&AuditEvent {
                plugin: Text::new(event.plugin),
                hook: Text::new(event.hook),
                access: Text::new(event.access.name()),
                operation: Text::new(event.operation),
                target: Text::new(event.target),
                outcome: Text::new(event.outcome.name()),
                bytes_sent: event.bytes_sent,
                bytes_received: event.bytes_received,
            });
        }))
    });
}

/// Offers plugins a function under a name, such as `acme.rate_limit`. A plugin can call it if its manifest asks for it and
/// its policy lists the name under `allowed_functions`.
///
/// The function is called while the plugin waits. If it fails, the plugin gets the status `unavailable`; if it answers
/// that there is no value, the status `absent`. For `data` and `release`, see `cpex_wasmi_engine_builder_log_sink`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_function(
    builder: Option<&mut EngineBuilder>,
    name: Text<'_>,
    function: Function,
    data: *mut c_void,
    release: Release,
) {
    let data = Data::new(data, release);
    set(builder, |builder| {
        let name = name.read("the name of a function")?;
        let callback = Callback { function: Some(given(function, "the function")?), data };
        Ok(builder.function_encoded(name, move |invocation, encoding, argument| {
            callback.call(invocation, encoding, argument)
        }))
    });
}

/// Masks a secret text of at least 4 bytes in all that plugins say: logs, violations, audit events, errors.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_redact(
    builder: Option<&mut EngineBuilder>,
    secret: Text<'_>,
) {
    set(builder, |builder| Ok(builder.redact([secret.read("a secret")?])));
}

/// Sets the fuel that a plugin burns between two looks at the clock.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_fuel_slice(
    builder: Option<&mut EngineBuilder>,
    fuel: u64,
) {
    set(builder, |builder| Ok(builder.fuel_slice(fuel)));
}

/// Sets the size of the stack for values of plugins, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_stack_bytes(
    builder: Option<&mut EngineBuilder>,
    bytes: usize,
) {
    set(builder, |builder| Ok(builder.stack_bytes(bytes)));
}

/// Sets the greatest depth of calls between functions of a plugin.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_recursion_depth(
    builder: Option<&mut EngineBuilder>,
    calls: usize,
) {
    set(builder, |builder| Ok(builder.recursion_depth(calls)));
}

/// Sets the number of interpreters that threads are spread over.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_interpreters(
    builder: Option<&mut EngineBuilder>,
    interpreters: usize,
) {
    set(builder, |builder| Ok(builder.interpreters(interpreters)));
}

/// Has each receipt tell where the time of the call went.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_measure_time(builder: Option<&mut EngineBuilder>) {
    set(builder, |builder| Ok(builder.measure_time()));
}

/// Lets plugins send HTTP requests, as far as manifest and policy say. It takes a library that was built with the
/// feature `http-client`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_builder_http_client(builder: Option<&mut EngineBuilder>) {
    #[cfg(feature = "http-client")]
    set(builder, |builder| Ok(builder.http_client()));
    #[cfg(not(feature = "http-client"))]
    set(builder, |_| {
        let message = "the library was built without the feature `http-client`";
        Err(Failure::new(Code::InvalidConfig, message))
    });
}

/// Makes an engine, and frees the settings, also if it fails. Returns null and sets `engine`, or returns an error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_engine_build(
    builder: Option<Box<EngineBuilder>>,
    engine: Option<&mut MaybeUninit<Option<Box<Engine>>>>,
) -> Option<Box<Error>> {
    made(engine, "the place for the engine", move || {
        let EngineBuilder { builder, wrong } = *given(builder, "the builder")?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        Ok(Engine(builder.build()?))
    })
}
