//! `check`: would the host load a plugin, or all of a configuration, and what is in the way?

mod configuration;
mod initialisation;

use std::path::Path;

use cpex_wasmi::config::PluginDirectory;
use cpex_wasmi::{CapabilitySet, Engine, ErrorKind, Isolation, Module, Policy};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::CheckArgs;
use crate::entry::{STATE, capability_list, indented};
use crate::failure::{Exit, Failure, Problem};
use crate::input::Source;
use crate::plugin_file::{self, Loaded};
use crate::policy_file::{self, Granted, PolicyFile};
use crate::style::{BOLD, DIM, ERROR, GOOD, WARNING, counted, paint};
use crate::{access, input, json, stubs, terminal};

use initialisation::{Initialisation, Said};

/// The one object that `--json` prints.
#[derive(Serialize)]
struct Verdict {
    /// True if the host would load the plugin.
    ok: bool,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    /// The cost of the initialisation, if there is one and it succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    initialisation: Option<Initialisation>,
    /// The change to the plugin's entry, as YAML, if that helps.
    entry: Option<String>,
    /// The plugins of a configuration, if it is one that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugins: Option<Vec<Plugin>>,
}

/// A plugin of a configuration.
#[derive(Serialize)]
struct Plugin {
    name: String,
    kind: String,
    /// The cost of its initialisation, if there is one and it succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    initialisation: Option<Initialisation>,
}

/// The output of `--json` for a check that did not come to a verdict.
pub(crate) fn failed() -> Map<String, Value> {
    let keys = [
        ("ok", false.into()),
        ("problems", Value::Null),
        ("warnings", Vec::<Value>::new().into()),
        ("entry", Value::Null),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Checks the plugin and says everything that is in the way.
pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if let Some(path) = configuration::file(&args.plugin) {
        return configuration::run(path, args);
    }
    input::one_stdin([("PLUGIN", Some(&args.plugin)), ("--policy", args.grants.policy.as_ref())])?;
    let file = PolicyFile::read(&args.grants)?;
    let said = Said::default();
    let engine = Engine::builder().log_sink(said.clone()).http_client();
    let engine = stubs::engine(engine, &args.grants.stubs)?;
    let directory = args.plugin_dir.as_deref();
    let directory = directory
        .map(|path| configuration::open(path, Engine::builder(), &args.grants.stubs))
        .transpose();
    let directory = directory.map_err(Failure::input)?;
    let verdict = match plugin_file::load(&engine, &args.plugin) {
        Ok(Loaded { module, wasm }) => {
            let name = &module.manifest().name;
            if let Some(file) = &file {
                file.check(directory.as_ref())?;
            }
            let granted = policy_file::granted(file.as_ref(), Some(name), &args.grants)?;
            let hooks = if args.hooks.is_empty() { &granted.hooks } else { &args.hooks };
            let hooks: Vec<_> = hooks.iter().map(String::as_str).collect();
            let mut found = cpex_wasmi::Plugin::check(&engine, &wasm, &granted.policy, &hooks);
            let mut warnings = module.warnings(&granted.policy);
            let mut initialisation = None;
            if found.is_empty() && module.info().has_init {
                match Initialisation::run(&module, &granted.policy) {
                    Ok(initialised) => initialisation = Some(initialised),
                    Err(wrong) => found = wrong,
                }
                warnings.extend(said.take());
            }
            let mut problems: Vec<_> = found.iter().map(Problem::from).collect();
            problems.extend(another(&granted, &args.plugin, &wasm, directory.as_ref()));
            Verdict {
                ok: problems.is_empty(),
                warnings,
                initialisation,
                entry: mended(&module, &granted.policy, &found),
                problems,
                plugins: None,
            }
        }
        Err(failure) if failure.is_usage() => return Err(failure),
        Err(failure) => {
            let mut problems = failure.into_problems();
            // What is wrong with the policy should not have to wait for the module.
            if let Err(failure) = policy_file::granted(file.as_ref(), None, &args.grants) {
                problems.extend(failure.into_problems());
            }
            Verdict {
                ok: false,
                problems,
                warnings: Vec::new(),
                initialisation: None,
                entry: None,
                plugins: None,
            }
        }
    };
    tell(&verdict, "this plugin", args.json)
}

/// Prints a verdict on something, and gives the exit status.
fn tell(verdict: &Verdict, what: &str, as_json: bool) -> Result<Exit, Failure> {
    terminal::out(&if as_json { json::line(verdict) } else { render(verdict, what) })?;
    Ok(if verdict.ok { Exit::Allow } else { Exit::Failed })
}

/// Refuses an entry whose kind is another module than the one given. It compares the file in the plugin directory, if that
/// is known, or else the name.
fn another(
    granted: &Granted,
    given: &Source,
    wasm: &[u8],
    directory: Option<&PluginDirectory>,
) -> Option<Problem> {
    let kind = granted.kind.as_deref()?;
    let is_it = match (directory, given) {
        (Some(directory), _) => {
            let file = directory.find(kind).ok()?;
            std::fs::read(file).is_ok_and(|bytes| bytes == wasm)
        }
        (None, Source::File(given)) => {
            Path::new(kind).file_stem() == given.file_stem() && kind.starts_with("wasm://")
        }
        _ => return None,
    };
    let told = || {
        let message = format!(
            "the entry is for `{}`, but the module given is another: `{}`; check the module that the entry \
             names, or pick another entry with `--plugin NAME`",
            cpex_wasmi::visible(kind),
            cpex_wasmi::visible(&given.name())
        );
        let problem = Problem::new("invalid_policy", message).at(granted.kind_place);
        Problem { file: granted.file.clone(), path: granted.kind_path.clone(), ..problem }
    };
    (!is_it).then(told)
}

/// The parts of the plugin's entry that have to change, as YAML.
fn mended(module: &Module, policy: &Policy, problems: &[cpex_wasmi::Problem]) -> Option<String> {
    let is_missing =
        |problem: &cpex_wasmi::Problem| matches!(problem.kind, ErrorKind::CapabilityDenied(_));
    let mut out = String::new();
    if problems.iter().any(is_missing) {
        let all: CapabilitySet =
            policy.capabilities.iter().chain(module.capabilities_to_grant().iter()).collect();
        out.push_str(&capability_list(all.iter()));
    }
    let mut sandbox = String::new();
    let granted = |line: &String| {
        cpex_wasmi::AccessRequest::parse(line).is_none_or(|request| policy.access.grants(&request))
    };
    if !module.manifest().access.iter().all(granted) {
        let all = access::with_requested(&policy.access, module.manifest());
        sandbox.push_str(&all.to_yaml());
    }
    let may_keep_state = policy.allow_state && policy.isolation == Isolation::Pooled;
    if module.manifest().stateful.is_kept() && !may_keep_state {
        sandbox.push_str(STATE);
    }
    if !sandbox.is_empty() {
        out.push_str("config:\n  sandbox_policy:\n");
        out.push_str(&indented(&sandbox, 4));
    }
    (!out.is_empty()).then_some(out)
}

fn render(verdict: &Verdict, what: &str) -> String {
    let mut out = String::new();
    for problem in &verdict.problems {
        out.push_str(&problem.render());
    }
    for warning in &verdict.warnings {
        let label = paint(WARNING, "warning");
        out.push_str(&format!("{label}: {}\n", cpex_wasmi::visible(warning)));
    }
    if verdict.ok {
        out.push_str(&format!("{}  the host loads {what}\n", paint(GOOD, "OK")));
        if let Some(initialisation) = &verdict.initialisation {
            let line = format!("initialisation: {}", initialisation.told());
            out.push_str(&format!("{}\n", paint(DIM, line)));
        }
        for Plugin { name, initialisation, .. } in verdict.plugins.iter().flatten() {
            if let Some(initialisation) = initialisation {
                let name = cpex_wasmi::visible(name);
                let line = format!("initialisation of `{name}`: {}", initialisation.told());
                out.push_str(&format!("{}\n", paint(DIM, line)));
            }
        }
    } else {
        let problems = u64::try_from(verdict.problems.len()).unwrap_or(u64::MAX);
        let (label, count) = (paint(ERROR, "REFUSED"), counted(problems, "problem"));
        out.push_str(&format!("{label}  the host does not load {what}: {count}\n"));
    }
    if let Some(entry) = &verdict.entry {
        let title = paint(BOLD, "to let it run, write in the plugin's entry");
        out.push_str(&format!("\n{title}\n{}", indented(entry, 2)));
    }
    out
}
