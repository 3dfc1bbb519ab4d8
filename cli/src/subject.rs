//! The subject of a call: a plugin under a policy, for a hook, about a request.

mod settings;

use std::sync::Arc;

use cpex_wasmi::model::{Extensions, JsonMap, PluginContext};
use cpex_wasmi::{
    AccessRequest, Engine, EngineBuilder, ErrorKind, Isolation, Module, Plugin, Policy, RedisState,
    Request, visible,
};

use crate::args::{Stub, SubjectArgs};
use crate::failure::Failure;
use crate::input::Source;
use crate::plugin_file::{self, Loaded};
use crate::policy_file::{self, Granted, PolicyFile};
use crate::{access, input, stubs, terminal};

/// All that a call takes.
pub(crate) struct Subject {
    pub(crate) module: Module,
    /// The bytes of the module.
    pub(crate) wasm: Vec<u8>,
    pub(crate) hook: String,
    pub(crate) request: Arc<Request>,
    pub(crate) policy: Policy,
    /// The offers of an engine for it.
    pub(crate) offers: Offers,
    /// The name of what policy and configuration come from.
    pub(crate) written: String,
}

/// The offers of an engine to a plugin: functions that are stood in for, and a store of state.
pub(crate) struct Offers {
    stubs: Vec<Stub>,
    state: Option<RedisState>,
}

impl Offers {
    pub(crate) fn of(args: &SubjectArgs) -> Self {
        Self { stubs: args.grants.stubs.clone(), state: args.state.clone() }
    }

    /// Makes the engine.
    pub(crate) fn engine(&self, builder: EngineBuilder) -> Result<Engine, Failure> {
        let builder = match &self.state {
            Some(store) => builder.state_store(store.clone()),
            None => builder,
        };
        stubs::engine(builder, &self.stubs)
    }
}

impl Subject {
    /// Reads everything that the arguments name.
    pub(crate) fn read(args: &SubjectArgs, engine: &Engine) -> Result<Self, Failure> {
        input::one_stdin(args.sources())?;
        let config = args.config.as_ref();
        let config = config.map(configuration).transpose()?;
        let file = PolicyFile::read(&args.grants)?;
        let Loaded { module, wasm } = plugin_file::load(engine, &args.plugin)?;
        let hook = hook(&module, args.hook.as_deref())?;
        let request = Arc::new(request(args, &hook)?);
        let name = &module.manifest().name;
        let Granted { mut policy, hooks, .. } =
            policy_file::granted(file.as_ref(), Some(name), &args.grants)?;
        if !hooks.is_empty() && !hooks.contains(&hook) {
            terminal::warn(&format!(
                "the policy's entry does not list the hook `{hook}`, so that CPEX would not call \
                 the plugin for it"
            ));
        }
        if let Some(config) = config {
            policy.config = config;
        }
        settings::apply(&mut policy.config, &args.settings)?;
        if args.allow_requested {
            policy = allow_requested(&module, policy);
        }
        if args.allow_access {
            policy = allow_access(&module, policy);
        }
        policy.allow_raw_credentials |= args.allow_raw_credentials;
        terminal::tell(|| told(&policy));
        let offers = Offers::of(args);
        let written = written(args);
        Ok(Self { module, wasm, hook, request, policy, offers, written })
    }
}

/// Names what the policy and the configuration come from.
fn written(args: &SubjectArgs) -> String {
    let sources = [args.grants.policy.as_ref(), args.config.as_ref()];
    let names = sources.into_iter().flatten().map(Source::name);
    let set = args.settings.iter().map(|setting| format!("--set {}", setting.path.join(".")));
    names.chain(set).collect::<Vec<_>>().join(" and ")
}

/// Reads the configuration of a plugin, which is no place for what the host goes by.
fn configuration(source: &Source) -> Result<JsonMap, Failure> {
    let config: JsonMap = input::json(source, "the configuration")?;
    if config.contains_key(settings::POLICY) {
        return Err(Failure::input(format!("{}: {}", source.name(), settings::MISPLACED)));
    }
    Ok(config)
}

fn request(args: &SubjectArgs, hook: &str) -> Result<Request, Failure> {
    let payload = input::payload(&args.payload, args.payload_type.as_deref(), hook)?;
    let extensions: Extensions = match &args.extensions {
        Some(source) => input::json(source, "the extensions")?,
        None => Extensions::default(),
    };
    let context: PluginContext = match &args.context {
        Some(source) => input::json(source, "the context")?,
        None => PluginContext::default(),
    };
    Ok(Request::new(payload).extensions(extensions).context(context))
}

/// The hook to call: the one asked for, or the only one there is.
fn hook(module: &Module, wanted: Option<&str>) -> Result<String, Failure> {
    let hooks = &module.manifest().hooks;
    let known = || format!("`{}`", hooks.join("`, `"));
    match (wanted, hooks.as_slice()) {
        (Some(wanted), _) if hooks.iter().any(|hook| hook == wanted) => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(Failure::unknown_hook(format!(
            "the plugin does not handle the hook `{wanted}`; it handles {}",
            known()
        ))),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Failure::usage(format!(
            "the plugin handles several hooks; pick one of {} with `--hook NAME`",
            known()
        ))),
    }
}

/// The grants in force, in one line.
fn told(policy: &Policy) -> String {
    let names: Vec<_> = policy.capabilities.iter().map(|capability| capability.name()).collect();
    let capabilities = if names.is_empty() { "no capability".to_owned() } else { names.join(", ") };
    let access = policy.access.to_yaml();
    let access: Vec<_> = access.lines().map(str::trim).collect();
    match access.as_slice() {
        [] => format!("granted: {capabilities}"),
        lines => format!("granted: {capabilities}; {}", lines.join(" ")),
    }
}

fn allow_requested(module: &Module, policy: Policy) -> Policy {
    let granted: Vec<_> =
        module.capabilities().filter(|name| !policy.capabilities.contains(*name)).collect();
    if !granted.is_empty() {
        let names: Vec<_> = granted.iter().map(|capability| capability.name()).collect();
        terminal::note(&format!("granted because the plugin asks for it: {}\n", names.join(", ")));
    }
    let mut policy = policy.grant(granted);
    let may_keep_state = policy.allow_state && policy.isolation == Isolation::Pooled;
    if module.manifest().stateful.is_kept() && !may_keep_state {
        terminal::note("granted because the plugin asks for it: state from one call to the next\n");
        policy.isolation = Isolation::Pooled;
        policy = policy.allow_state();
    }
    policy
}

fn allow_access(module: &Module, mut policy: Policy) -> Policy {
    let manifest = module.manifest();
    let mut all = access::with_requested(&policy.access, manifest);
    // What a plugin is going to pass, only trying it out can tell.
    for command in all.commands.iter_mut().skip(policy.access.commands.len()) {
        command.args = vec!["**".into()];
    }
    let is_new = |line: &&String| {
        AccessRequest::parse(line)
            .is_some_and(|request| !policy.access.grants(&request) && all.grants(&request))
    };
    for line in manifest.access.iter().filter(is_new) {
        let words = access::description(line).unwrap_or_default();
        terminal::note(&format!("granted because the plugin asks for it: {}\n", visible(&words)));
    }
    policy.access = all;
    policy
}

/// Puts the module under the policy; a failure says how to grant what is missing.
/// `written` names what the policy and the configuration come from.
pub(crate) fn load(module: &Module, policy: Policy, written: &str) -> Result<Plugin, Failure> {
    let missing: Vec<_> =
        module.capabilities().filter(|name| !policy.capabilities.contains(*name)).collect();
    let asks = !module.manifest().access.is_empty();
    Plugin::new(module, policy).map_err(|error| {
        let is_access = error.kind() == ErrorKind::AccessDenied;
        let is_policy = error.kind() == ErrorKind::InvalidPolicy && !written.is_empty();
        let failure = Failure::from(error);
        let failure = if is_policy { failure.within(written) } else { failure };
        if is_access && missing.is_empty() && asks {
            return failure.hint(
                "to try it out with all system access that it asks for, pass \
                                 `--allow-access`",
            );
        }
        if missing.is_empty() && is_access && module.manifest().stateful.is_kept() {
            return failure
                .hint("to try it out, pass `--allow-requested`, which lets it keep state");
        }
        if missing.is_empty() {
            return failure;
        }
        let names: Vec<_> = missing.iter().map(|capability| capability.name()).collect();
        failure.hint(format!(
            "to try it out, pass `--capabilities {}`, or `--allow-requested` for all it asks for",
            names.join(",")
        ))
    })
}
