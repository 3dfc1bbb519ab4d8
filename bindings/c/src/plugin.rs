//! Plugins, and calls of them.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::mem::MaybeUninit;
use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Error, Failure, caught, guarded, guarded_or, made};
use crate::module::{Module, file};
use crate::outcome::{Decision, Outcome};
use crate::policy::Policy;
use crate::raw::{Bytes, Text, given};
use crate::receipt::Receipt;
use crate::request::{Request, parsed};
use crate::view::{Looking, View};

/// A plugin: a module under a policy. Any number of threads may call it at once.
pub struct Plugin(cpex_wasmi::Plugin);

/// The policy, or the default for null.
fn policy_of(policy: Option<&Policy>) -> cpex_wasmi::Policy {
    policy.map(|policy| policy.0.clone()).unwrap_or_default()
}

/// Puts a module under a policy. Both may be freed afterwards; a null policy grants nothing but time and memory. Returns
/// null and sets `plugin`, or returns an error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_new(
    module: Option<&Module>,
    policy: Option<&Policy>,
    plugin: Option<&mut MaybeUninit<Option<Box<Plugin>>>>,
) -> Option<Box<Error>> {
    made(plugin, "the place for the plugin", || {
        let module = given(module, "the module")?;
        Ok(Plugin(cpex_wasmi::Plugin::new(&module.0, policy_of(policy))?))
    })
}

/// Loads a module from its bytes and puts it under a policy.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_load(
    engine: Option<&Engine>,
    wasm: Bytes<'_>,
    policy: Option<&Policy>,
    plugin: Option<&mut MaybeUninit<Option<Box<Plugin>>>>,
) -> Option<Box<Error>> {
    made(plugin, "the place for the plugin", || {
        let engine = given(engine, "the engine")?;
        let wasm = wasm.read("the module's bytes")?;
        let loaded = cpex_wasmi::Plugin::load(&engine.0, wasm, policy_of(policy))?;
        Ok(Plugin(loaded))
    })
}

/// Loads a module from a file and puts it under a policy.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_load_file(
    engine: Option<&Engine>,
    path: Text<'_>,
    policy: Option<&Policy>,
    plugin: Option<&mut MaybeUninit<Option<Box<Plugin>>>>,
) -> Option<Box<Error>> {
    made(plugin, "the place for the plugin", || {
        let engine = given(engine, "the engine")?;
        let loaded = cpex_wasmi::Plugin::load(&engine.0, &file(path)?, policy_of(policy))?;
        Ok(Plugin(loaded))
    })
}

/// Returns the plugin's name: what its policy calls it, else the name in its manifest.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_name(plugin: Option<&Plugin>) -> Text<'_> {
    Text::new(plugin.map_or("", |plugin| plugin.0.name()))
}

/// Returns an oddity of the policy that is not wrong, by position; an empty text after the last.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_warning(plugin: Option<&Plugin>, index: usize) -> Text<'_> {
    let warning = plugin.and_then(|plugin| plugin.0.warnings().get(index));
    Text::new(warning.map_or("", String::as_str))
}

/// Makes the first instance before a call needs it, and copies what that took to `receipt`, which may be null.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_initialize(
    plugin: Option<&Plugin>,
    receipt: Option<&mut MaybeUninit<Receipt>>,
) -> Option<Box<Error>> {
    guarded(move || {
        let cost = given(plugin, "the plugin")?.0.initialize()?;
        Receipt::give(Some(&cost), receipt);
        Ok(())
    })
}

/// Shuts down the instances that are kept. It does not free the plugin.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_shutdown(plugin: Option<&Plugin>) -> Option<Box<Error>> {
    guarded(move || Ok(given(plugin, "the plugin")?.0.shutdown()?))
}

/// Frees a plugin. Null is fine. No call of it may be under way.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_free(plugin: Option<Box<Plugin>>) {
    guarded_or((), || drop(plugin));
}

/// Calls a plugin for a hook, and waits for its decision. Go on only with `CPEX_WASMI_DECISION_ALLOW`.
///
/// `outcome` may be null. Else it is set in any case, to an outcome that is to be freed: it has the violation, the changes
/// and the receipt, or the error of `CPEX_WASMI_DECISION_ERROR`. The request may be freed or used again afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_call(
    plugin: Option<&Plugin>,
    hook: Text<'_>,
    request: Option<&Request>,
    outcome: Option<&mut MaybeUninit<Option<Box<Outcome>>>>,
) -> Decision {
    decided(plugin, outcome, |plugin| {
        let request = given(request, "the request")?.request.clone();
        Ok(plugin.call(hook.read("the hook")?, request)?)
    })
}

/// Calls a plugin about a request in JSON, as `cpex_wasmi_request_parse` reads it.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_call_json(
    plugin: Option<&Plugin>,
    hook: Text<'_>,
    request: Text<'_>,
    outcome: Option<&mut MaybeUninit<Option<Box<Outcome>>>>,
) -> Decision {
    decided(plugin, outcome, |plugin| Ok(plugin.call(hook.read("the hook")?, parsed(request)?)?))
}

/// Calls a plugin about a request that stays with the embedder: the library looks up the fields that the plugin touches.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_plugin_call_view(
    plugin: Option<&Plugin>,
    hook: Text<'_>,
    view: Option<&View<'_>>,
    outcome: Option<&mut MaybeUninit<Option<Box<Outcome>>>>,
) -> Decision {
    decided(plugin, outcome, |plugin| {
        let looking = Looking::new(given(view, "the view")?)?;
        Ok(plugin.call_view(hook.read("the hook")?, Arc::new(looking))?)
    })
}

/// Calls a plugin, and puts what came of it to its place.
fn decided(
    plugin: Option<&Plugin>,
    outcome: Option<&mut MaybeUninit<Option<Box<Outcome>>>>,
    call: impl FnOnce(&cpex_wasmi::Plugin) -> Result<cpex_wasmi::Outcome, Failure>,
) -> Decision {
    let place = outcome.map(|outcome| outcome.write(None));
    guarded_or(Decision::Error, move || {
        let called = caught(|| call(&given(plugin, "the plugin")?.0));
        let name = plugin.map_or("", |plugin| plugin.0.name());
        let outcome = Outcome::new(called.map_err(Failure::into_error), name);
        let decision = outcome.decision();
        if let Some(place) = place {
            *place = Some(Box::new(outcome));
        }
        decision
    })
}
