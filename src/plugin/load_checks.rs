//! Checks that a module may be loaded under a policy.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{CapabilitySet, KNOWN_HOOKS, Manifest, Stateful};
use cpex_wasmi_schema::Schema;

use super::Plugin;
use crate::module::invalid;
use crate::system::{self, Services};
use crate::text::suggest::did_you_mean;
use crate::{Engine, ErrorKind, Isolation, Module, Policy, Problem, WhenExhausted};

impl Plugin {
    /// Returns everything that keeps a module from being loaded under a policy, or from handling these hooks; empty if
    /// nothing does.
    ///
    /// [`Plugin::load`] fails with the same problems; this is for tools that look before they load.
    ///
    /// ```
    /// use cpex_wasmi::{Engine, ErrorKind, Plugin, Policy};
    ///
    /// let problems = Plugin::check(&Engine::new()?, b"no module", &Policy::default(), &[]);
    /// assert_eq!(problems[0].kind, ErrorKind::InvalidModule);
    /// # Ok::<(), cpex_wasmi::Error>(())
    /// ```
    pub fn check(engine: &Engine, wasm: &[u8], policy: &Policy, hooks: &[&str]) -> Vec<Problem> {
        let module = match Module::new(engine, wasm) {
            Ok(module) => module,
            Err(error) => return error.problems().to_vec(),
        };
        let mut problems = agreement(&module, policy, hooks);
        if problems.is_empty()
            && let Err(error) = Self::agreed(&module, policy.clone())
        {
            problems.extend_from_slice(error.problems());
        }
        problems
    }
}

/// The capabilities that a module wants and a policy does not have.
pub(crate) fn agreement(module: &Module, policy: &Policy, hooks: &[&str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let manifest = module.manifest();
    problems.extend(policy.digest.and_then(|pinned| pinned.differs(module.digest())));
    for hook in hooks {
        if hook_position(&manifest.hooks, hook).is_none() {
            problems
                .push(Problem::new(ErrorKind::UnknownHook, unknown_hook(&manifest.hooks, hook)));
        }
    }
    let services = module.engine().services();
    access_requests(manifest, module.requested(), policy, Some(services), &mut problems);
    let (declared, limit) = (module.info().initial_memory_bytes, policy.limits.memory_bytes);
    if usize::try_from(declared).map_or(true, |declared| declared > limit) {
        problems.push(Problem::new(
            ErrorKind::MemoryLimit,
            format!(
                "the module declares {declared} bytes of memory, and its limit is {limit}; link it \
                 with a smaller stack (`-zstack-size=16384`) if the stack takes the memory, or raise \
                 `max_memory_bytes`"
            ),
        ));
    }
    let limits = &policy.limits;
    let bounded = limits.deadline.or(limits.init_deadline).is_some();
    if bounded && module.engine().clock().is_none() {
        problems.push(Problem::new(
            ErrorKind::InvalidConfig,
            "the policy sets a deadline, and this host has no clock; set one with \
             `EngineBuilder::clock`",
        ));
    }
    if policy.isolation == Isolation::Pooled && !cfg!(feature = "std") {
        problems.push(Problem::new(
            ErrorKind::InvalidConfig,
            "the policy asks for pooled instances, which need the feature `std`",
        ));
    }
    exhausted(module, policy, &mut problems);
    if policy.isolation == Isolation::Pooled
        && policy.allow_raw_credentials
        && policy.capabilities.opens_credentials()
    {
        problems.push(Problem::new(
            ErrorKind::InvalidConfig,
            "the policy asks for pooled instances and allows raw credentials, but an instance that \
             may hold tokens is never kept; set `isolation: per_call`, or leave out \
             `allow_raw_credentials`",
        ));
    }
    configuration(manifest, policy, &mut problems);
    module.engine().services().redact(&mut problems);
    problems
}

/// The parts of a bound on calls at once.
fn exhausted(module: &Module, policy: &Policy, problems: &mut Vec<Problem>) {
    let stateful = module.manifest().stateful;
    let message = match policy.when_exhausted {
        // Those of a plugin that keeps state wait.
        WhenExhausted::Grow if !stateful.is_kept() => return,
        _ if !cfg!(feature = "std") => {
            "the policy bounds the number of calls at once, which needs the feature `std`"
        }
        WhenExhausted::Wait(_) if module.engine().clock().is_none() => {
            "the policy lets calls wait for a time, and this host has no clock; set one with \
             `EngineBuilder::clock`"
        }
        // There is one instance, whatever the policy says.
        _ if stateful == Stateful::Yes => return,
        _ if policy.max_instances == 0 => {
            "the policy bounds calls at once to `max_instances`, which is 0; raise it to allow \
             calls"
        }
        _ => return,
    };
    problems.push(Problem::new(ErrorKind::InvalidConfig, message));
}

/// The problems of the configuration, by the manifest's schema, or of that schema.
pub(crate) fn configuration(manifest: &Manifest, policy: &Policy, problems: &mut Vec<Problem>) {
    let Some(schema) = &manifest.config_schema else { return };
    let schema = match Schema::parse(schema) {
        Ok(schema) => schema,
        Err(wrong) => {
            let named = |wrong| invalid(format!("the manifest's configuration schema: {wrong}"));
            problems.extend(wrong.into_iter().map(named));
            return;
        }
    };
    let config = policy.config.iter().map(|(key, value)| (key.clone(), value.clone()));
    let config = serde_json::Value::Object(config.collect());
    problems.extend(schema.check(&config).into_iter().map(|wrong| {
        let message = format!("policy: `{}` {}", wrong.path, wrong.message);
        Problem::new(ErrorKind::InvalidPolicy, message).about(wrong.path)
    }));
}

/// The access that a manifest asks for and a policy does not grant.
pub(crate) fn access_requests(
    manifest: &Manifest,
    requested: CapabilitySet,
    policy: &Policy,
    services: Option<&Services>,
    problems: &mut Vec<Problem>,
) {
    let missing = requested.difference(policy.capabilities);
    for capability in missing.iter() {
        problems.push(Problem::new(
            ErrorKind::CapabilityDenied(capability),
            format!(
                "the plugin asks for the capability `{capability}`, which is not granted; add \
                 `- {capability}` under `capabilities:` of its entry"
            ),
        ));
    }
    system::check(manifest, policy, services, problems);
    if manifest.stateful.is_kept() && !(policy.allow_state && policy.isolation == Isolation::Pooled)
    {
        problems.push(Problem::new(
            ErrorKind::AccessDenied,
            "the plugin keeps state from one call to the next, which the policy does not allow; to \
             allow it, set `isolation: pooled` and `allow_state: true` under `sandbox_policy:`",
        ));
    }
}

/// The position of a hook in a manifest's list, as `cpex_invoke` takes it.
pub(crate) fn hook_position(hooks: &[String], hook: &str) -> Option<i32> {
    let position = hooks.iter().position(|offered| offered == hook)?;
    i32::try_from(position).ok()
}

pub(crate) fn unknown_hook(hooks: &[String], hook: &str) -> String {
    let shown = crate::logging::visible(hook);
    // The name of another hook is no misspelt one.
    if KNOWN_HOOKS.iter().any(|(known, _)| *known == hook) {
        let offered: Vec<_> = hooks.iter().map(|hook| crate::logging::visible(hook)).collect();
        let offered = offered.join("`, `");
        return format!("the plugin does not handle the hook `{shown}`; it handles `{offered}`");
    }
    let hint = did_you_mean(hook, hooks.iter().map(String::as_str));
    format!("the plugin does not handle the hook `{shown}`{hint}")
}
