//! A whole configuration, checked against a plugin directory.

use std::path::{Path, PathBuf};

use cpex_wasmi::config::{self, Document, PluginDirectory, Report};
use cpex_wasmi::{Engine, EngineBuilder, Module, Policy};
use serde_json::Value;

use super::initialisation::{Initialisation, Said};
use super::{Plugin, Verdict, tell};
use crate::args::{CheckArgs, Stub};
use crate::failure::{Exit, Failure, Problem};
use crate::input::Source;
use crate::stubs;
use crate::style::counted;

/// The file, if it is meant to be a configuration: by the end of its name.
pub(super) fn file(source: &Source) -> Option<&Path> {
    let Source::File(path) = source else { return None };
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    ["yaml", "yml", "json"].contains(&end.as_str()).then_some(path)
}

/// Checks all entries and says everything that is in the way.
pub(super) fn run(path: &Path, args: &CheckArgs) -> Result<Exit, Failure> {
    for (name, given) in [
        ("--policy", args.grants.policy.is_some()),
        ("--capabilities", !args.grants.capabilities.is_empty()),
        ("--hook", !args.hooks.is_empty()),
    ] {
        if given {
            return Err(Failure::usage(format!(
                "`{name}` is for a plugin's module only; write the grant into the configuration"
            )));
        }
    }
    let name = args.plugin.name();
    let text = args.plugin.text("the configuration")?;
    let said = Said::default();
    // Refuses functions that no engine takes, whatever the configuration.
    stubs::engine(Engine::builder(), &args.grants.stubs)?;
    let mut plugins = Vec::new();
    let report = match Document::parse(&text) {
        Ok(document) => {
            let mut report = checked(&document, path, args, &said)?;
            plugins = initialised(&mut report, &document, &said);
            report
        }
        Err(error) => {
            let mut report = Report::default();
            report.problems = error.problems().to_vec();
            report
        }
    };
    let verdict = verdict(report, plugins, &name);
    let name = cpex_wasmi::visible(&name);
    if !verdict.ok {
        return tell(&verdict, &name, args.json);
    }
    let plugins = verdict.plugins.as_ref().map_or(0, Vec::len);
    let count = counted(u64::try_from(plugins).unwrap_or(u64::MAX), "plugin");
    tell(&verdict, &format!("{name} with {count}"), args.json)
}

fn checked(
    document: &Document,
    path: &Path,
    args: &CheckArgs,
    said: &Said,
) -> Result<Report, Failure> {
    let report = config::check(document, None);
    if report.plugins.is_empty() {
        return Ok(report);
    }
    match directory(path, args, said) {
        Ok(directory) => Ok(config::check(document, Some(&directory))),
        Err(wrong) => {
            let mut problems: Vec<_> = report.problems.iter().map(Problem::from).collect();
            for problem in &mut problems {
                problem.file = Some(args.plugin.name());
            }
            problems.push(Problem::new("invalid_input", wrong));
            Err(Failure::inputs(problems))
        }
    }
}

/// The plugin directory: the one given, or `plugins` beside the configuration.
fn directory(path: &Path, args: &CheckArgs, said: &Said) -> Result<PluginDirectory, String> {
    let engine = Engine::builder().log_sink(said.clone());
    let open = |directory: &Path| open(directory, engine.clone(), &args.grants.stubs);
    if let Some(directory) = &args.plugin_dir {
        return open(directory);
    }
    let beside: PathBuf = path.with_file_name("plugins");
    open(&beside).map_err(|error| {
        format!(
            "{error}; give the directory that your program gives to `WasmFactory::new`, with \
             `--plugin-dir DIR`"
        )
    })
}

/// Opens a plugin directory.
pub(super) fn open(
    directory: &Path,
    engine: EngineBuilder,
    stubs: &[Stub],
) -> Result<PluginDirectory, String> {
    PluginDirectory::new(directory, stubs::offered(engine.http_client(), stubs))
        .map_err(|error| error.to_string())
}

/// Initialises each plugin that loads and is enabled. Adds to the report what fails.
fn initialised(report: &mut Report, document: &Document, said: &Said) -> Vec<Plugin> {
    let entries = document.value().get("plugins").and_then(Value::as_array);
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    // The report has these entries, in this order.
    let ours = (0..).zip(entries.into_iter().flatten()).filter(|(_, entry): &(usize, _)| {
        text(entry, "kind").is_some_and(|kind| kind.starts_with("wasm://"))
    });
    let mut plugins = Vec::new();
    for ((at, entry), checked) in ours.zip(std::mem::take(&mut report.plugins)) {
        let (name, kind) = (checked.name, checked.kind);
        let mut initialisation = None;
        let is_enabled = text(entry, "mode").as_deref() != Some("disabled");
        if let Some(module) = checked.module.filter(|_| is_enabled) {
            let told = |message: &str| {
                let [name, kind] = [&name, &kind].map(|text| cpex_wasmi::visible(text));
                format!("plugin `{name}` ({kind}): {message}")
            };
            match initialise(&module, entry, &name) {
                Ok(taken) => initialisation = taken,
                Err(wrong) => {
                    for mut problem in wrong {
                        let path = format!("plugins[{at}].config.sandbox_policy");
                        problem.message = told(&problem.message);
                        problem.place = document.place(&path);
                        problem.path = Some(path);
                        report.problems.push(problem);
                    }
                }
            }
            report.warnings.extend(said.take().iter().map(|line| told(line)));
        }
        plugins.push(Plugin { name, kind, initialisation });
    }
    report.problems.sort_by_key(|problem| problem.place);
    plugins
}

/// Initialises the plugin of an entry, if it has an initialisation.
fn initialise(
    module: &Module,
    entry: &Value,
    name: &str,
) -> Result<Option<Initialisation>, Vec<cpex_wasmi::Problem>> {
    if !module.info().has_init {
        return Ok(None);
    }
    let policy = Policy::from_value(entry).map_err(|error| error.problems().to_vec())?;
    Initialisation::run(module, &policy.named(name)).map(Some)
}

fn verdict(report: Report, plugins: Vec<Plugin>, name: &str) -> Verdict {
    let mut problems: Vec<_> = report.problems.iter().map(Problem::from).collect();
    if let Some(unguarded) = report.unguarded {
        problems.push(Problem::new("invalid_policy", unguarded));
    }
    for problem in &mut problems {
        problem.file = Some(name.to_owned());
    }
    Verdict {
        ok: problems.is_empty(),
        problems,
        warnings: report.warnings,
        initialisation: None,
        entry: None,
        plugins: Some(plugins),
    }
}
