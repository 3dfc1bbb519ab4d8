//! A whole configuration, checked against a plugin directory.

use std::path::{Path, PathBuf};

use cpex_wasmi::Engine;
use cpex_wasmi::config::{self, Checked, Document, PluginDirectory, Report};

use super::{Plugin, Verdict, tell};
use crate::args::CheckArgs;
use crate::failure::{Exit, Failure, Problem};
use crate::input::Source;
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
                "`{name}` is for a plugin's module; a configuration says for itself what it grants"
            )));
        }
    }
    let name = args.plugin.name();
    let text = args.plugin.text("the configuration")?;
    let report = match Document::parse(&text) {
        Ok(document) => checked(&document, path, args)?,
        Err(error) => {
            let mut report = Report::default();
            report.problems = error.problems().to_vec();
            report
        }
    };
    let verdict = verdict(report, &name);
    let name = cpex_wasmi::visible(&name);
    if !verdict.ok {
        return tell(&verdict, &name, args.json);
    }
    let plugins = verdict.plugins.as_ref().map_or(0, Vec::len);
    let count = counted(u64::try_from(plugins).unwrap_or(u64::MAX), "plugin");
    tell(&verdict, &format!("{name} with {count}"), args.json)
}

fn checked(document: &Document, path: &Path, args: &CheckArgs) -> Result<Report, Failure> {
    let report = config::check(document, None);
    if report.plugins.is_empty() {
        return Ok(report);
    }
    match directory(path, args) {
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
fn directory(path: &Path, args: &CheckArgs) -> Result<PluginDirectory, String> {
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
pub(super) fn open(directory: &Path) -> Result<PluginDirectory, String> {
    PluginDirectory::new(directory, Engine::builder().http_client())
        .map_err(|error| error.to_string())
}

fn verdict(report: Report, name: &str) -> Verdict {
    let mut problems: Vec<_> = report.problems.iter().map(Problem::from).collect();
    if let Some(unguarded) = report.unguarded {
        problems.push(Problem::new("invalid_policy", unguarded));
    }
    for problem in &mut problems {
        problem.file = Some(name.to_owned());
    }
    let plugin = |Checked { name, kind, .. }| Plugin { name, kind };
    Verdict {
        ok: problems.is_empty(),
        problems,
        warnings: report.warnings,
        initialisation: None,
        entry: None,
        plugins: Some(report.plugins.into_iter().map(plugin).collect()),
    }
}
