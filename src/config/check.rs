//! Checks a configuration as it is written. `cpex-core` ignores each key that it does not know, and with it
//! what the operator meant by it; praxis-policy refuses such a key, without its place.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::directory::{PluginDirectory, SCHEME};
use super::fits::joined;
use super::overrides::{self, PluginReference};
use super::{Dialect, Document, agreement, directory};
use crate::policy::keys::{ENTRY, Key};
use crate::text::suggest::is_like;
use crate::{ErrorKind, Module, Policy, Problem, visible};

/// The findings of a [check](check).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// All that is wrong, in the order of the text. Empty: the configuration can be loaded.
    pub problems: Vec<Problem>,
    /// Oddities that are no errors.
    pub warnings: Vec<String>,
    /// The reason for which no plugin is active, such as an empty configuration. `None`: one is.
    pub unguarded: Option<String>,
    /// The entries whose kind is `wasm://`.
    pub plugins: Vec<Checked>,
}

/// An entry that was checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The entry's name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The file of the module, if it was loaded.
    pub file: Option<std::path::PathBuf>,
    /// The module, if it was loaded. Keeping it keeps its translation.
    pub module: Option<Module>,
}

/// Checks a whole configuration, in the [dialect](Dialect::of) that it looks written in: its keys and values, all entries of the kind `wasm://`, and
/// what routes and groups override of them. With a plugin directory, each of these is loaded for a try; no
/// instruction of a plugin runs.
///
/// In entries of other kinds and elsewhere, keys that are not known are an error only if they look misspelt
/// or would be a policy without effect: an orchestrator may have keys of its own.
pub fn check(document: &Document, directory: Option<&PluginDirectory>) -> Report {
    check_for(Dialect::of(document), document, directory)
}

/// As [`check`], for a configuration in this dialect.
pub fn check_for(
    dialect: Dialect,
    document: &Document,
    directory: Option<&PluginDirectory>,
) -> Report {
    checked(dialect, document.value(), Some(document), directory)
}

/// Checks a document that is the entry of one plugin, as [`check`] checks each.
pub fn check_entry(document: &Document, directory: Option<&PluginDirectory>) -> Report {
    let mut checker = Checker::new(Dialect::CpexCore, Some(document), directory);
    checker.entry("", document.value(), &[]);
    checker.sorted()
}

/// As [`check`], for a configuration without places.
#[cfg(feature = "pipeline")]
pub(crate) fn check_value(dialect: Dialect, config: &Value, directory: &PluginDirectory) -> Report {
    checked(dialect, config, None, Some(directory))
}

fn checked(
    dialect: Dialect,
    config: &Value,
    document: Option<&Document>,
    directory: Option<&PluginDirectory>,
) -> Report {
    let mut checker = Checker::new(dialect, document, directory);
    checker.configuration(config);
    checker.sorted()
}

pub(super) struct Checker<'c> {
    pub(super) dialect: Dialect,
    document: Option<&'c Document>,
    directory: Option<&'c PluginDirectory>,
    report: Report,
}

impl<'c> Checker<'c> {
    fn new(
        dialect: Dialect,
        document: Option<&'c Document>,
        directory: Option<&'c PluginDirectory>,
    ) -> Self {
        Self { dialect, document, directory, report: Report::default() }
    }
}

impl Checker<'_> {
    /// The report, in the order of the text.
    fn sorted(self) -> Report {
        let mut report = self.report;
        report.problems.sort_by_key(|problem| problem.place);
        report
    }

    fn configuration(&mut self, config: &Value) {
        self.report.unguarded = unguarded(config);
        match config {
            Value::Null => return,
            Value::Object(_) => {}
            Value::String(_) => {
                let message = "the configuration is a plain text; give the YAML itself, not a path";
                return self.problem("", ErrorKind::InvalidPolicy, message.into());
            }
            _ => {
                let message = "the configuration must be a mapping with `plugins`";
                return self.problem("", ErrorKind::InvalidPolicy, message.into());
            }
        }
        let known = self.dialect.configuration();
        for Key { name, shape, .. } in known.keys {
            match config.get(*name) {
                Some(Value::Array(_)) if *name == "plugins" => {}
                Some(value) => self.fits(value, name, shape),
                None => {}
            }
        }
        for (key, value) in config.as_object().into_iter().flatten() {
            if !known.has(key) {
                self.unknown(key, value, &joined("", key), known);
            }
        }
        self.names(config);
        let references = overrides::references(config, self.dialect);
        self.without_effect(config, &references);
        for (at, entry) in overrides::list(config, "plugins") {
            self.entry(&format!("plugins[{at}]"), entry, &references);
        }
        let report = &self.report;
        if report.unguarded.is_none() && report.problems.is_empty() && report.plugins.is_empty() {
            self.report.warnings.push(format!(
                "the configuration has no plugin of a kind that begins with `{SCHEME}`"
            ));
        }
    }

    /// Refuses policies of routes and groups that nobody looks at.
    fn without_effect(&mut self, config: &Value, references: &[PluginReference<'_>]) {
        if self.dialect != Dialect::CpexCore || self.dialect.routes(config) {
            return;
        }
        for place in references.iter().filter(|place| place.is_routed && place.has_policy()) {
            let path = format!("{}.config.sandbox_policy", place.inner);
            self.wrong(&path, "has no effect without `plugin_settings: {routing_enabled: true}`");
        }
    }

    fn entry(&mut self, path: &str, entry: &Value, references: &[PluginReference<'_>]) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let Some(kind) = text("kind") else {
            return self.foreign(path, entry);
        };
        let name = text("name").filter(|name| !name.is_empty());
        let plugin = PluginEntry {
            path,
            name: name.unwrap_or(if path.is_empty() { "the entry" } else { path }).to_owned(),
            kind: kind.to_owned(),
        };
        if !kind.starts_with(SCHEME) {
            match meant_for_ours(kind) {
                Some(path) => {
                    let message = format!(
                        "is not a kind; did you mean \
                        `{SCHEME}{}`?",
                        visible(path)
                    );
                    let problem = Problem::new(ErrorKind::InvalidPolicy, message).about("kind");
                    self.of_entry(&plugin, [problem]);
                }
                None => self.foreign(path, entry),
            }
            return;
        }
        let mut problems = wrong_entry(entry);
        let (mut file, mut module) = (None, None);
        if problems.is_empty()
            && let Some(directory) = self.directory
        {
            match directory.load_entry(entry) {
                Ok(loaded) => {
                    module = Some(loaded.plugin.module().clone());
                    file = Some(loaded.file);
                    let warnings = loaded.plugin.warnings().iter();
                    let warnings = warnings.map(|warning| plugin.told(warning));
                    self.report.warnings.extend(warnings);
                }
                Err(wrong) => problems = wrong,
            }
        } else {
            agreement::identity(entry, None, &mut problems);
            if let Err(wrong) = directory::relative(kind) {
                problems.push(wrong);
            }
        }
        let is_right = problems.is_empty();
        self.of_entry(&plugin, problems);
        self.report.plugins.push(Checked {
            name: plugin.name.clone(),
            kind: plugin.kind.clone(),
            file,
            module,
        });
        if is_right {
            for place in references.iter().filter(|place| Some(place.plugin) == name) {
                self.overridden(&plugin, entry, place);
            }
        }
    }

    /// An entry of another kind.
    fn foreign(&mut self, path: &str, entry: &Value) {
        let Value::Object(map) = entry else {
            return self.wrong(path, &crate::policy::values::expected("a mapping", entry));
        };
        // What is under `config` is for that kind alone.
        let without: serde_json::Map<_, _> = map
            .iter()
            .filter(|(key, _)| *key != "config")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        self.map(&Value::Object(without), path, &ENTRY);
    }

    /// Checks an entry with what is overridden of it, which must not forget its pin.
    fn overridden(&mut self, plugin: &PluginEntry<'_>, entry: &Value, place: &PluginReference<'_>) {
        let Some(applied) = place.applied_to(entry) else { return };
        let mut problems = match applied {
            Ok(applied) => self.applied(entry, &applied),
            Err(wrong) => [Problem::new(ErrorKind::InvalidPolicy, wrong)].into(),
        };
        for problem in &mut problems {
            // A step of `authentication` has its `config` at hand, others below the plugin's name.
            let inner = problem.path.take().unwrap_or_default();
            let path = format!("{}.{inner}", place.inner);
            let told = unprefixed(&problem.message);
            problem.message = plugin.told(&format!("`{}`: {told}", place.path));
            problem.place = self.document.and_then(|document| document.place(&path));
            problem.path = Some(path.trim_matches('.').into());
        }
        self.report.problems.append(&mut problems);
    }

    fn applied(&self, entry: &Value, applied: &Value) -> Vec<Problem> {
        let mut problems = wrong_entry(applied);
        if problems.is_empty()
            && let Some(directory) = self.directory
            && let Err(wrong) = directory.load_entry(applied)
        {
            problems = wrong;
        }
        let pin = |entry: &Value| Policy::from_value(entry).ok().and_then(|policy| policy.digest);
        if problems.is_empty() && pin(entry).is_some() && pin(applied) != pin(entry) {
            let message = "the override replaces the entry's `sandbox_policy`, which pins the \
                           module; repeat its `sha256` there";
            problems.push(
                Problem::new(ErrorKind::InvalidPolicy, message).about("config.sandbox_policy"),
            );
        }
        problems
    }

    /// Notes what is wrong with an entry, by paths within it.
    fn of_entry(&mut self, plugin: &PluginEntry<'_>, problems: impl IntoIterator<Item = Problem>) {
        for mut problem in problems {
            let inner = problem.path.take().unwrap_or_default();
            let path = format!("{}.{inner}", plugin.path);
            problem.message = plugin.told(unprefixed(&problem.message));
            problem.place = self.document.and_then(|document| document.place(&path));
            problem.path = Some(path.trim_matches('.').into());
            self.report.problems.push(problem);
        }
    }

    /// Notes what is wrong with the value at a path.
    pub(super) fn wrong(&mut self, path: &str, wrong: &str) {
        self.problem(path, ErrorKind::InvalidPolicy, format!("`{path}` {wrong}"));
    }

    fn problem(&mut self, path: &str, kind: ErrorKind, message: String) {
        let mut problem = Problem::new(kind, message).about(path);
        problem.place = self.document.and_then(|document| document.place(path));
        self.report.problems.push(problem);
    }
}

/// A plugin's entry, as messages name it.
struct PluginEntry<'c> {
    path: &'c str,
    name: String,
    kind: String,
}

impl PluginEntry<'_> {
    fn told(&self, message: &str) -> String {
        format!("plugin `{}` ({}): {message}", visible(&self.name), visible(&self.kind))
    }
}

/// The problems of an entry by itself.
fn wrong_entry(entry: &Value) -> Vec<Problem> {
    let mut problems = match Policy::from_value(entry) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().to_vec(),
    };
    if entry.get("name").is_none_or(Value::is_null) {
        problems.push(Problem::new(ErrorKind::InvalidPolicy, "lacks `name`"));
    }
    problems
}

/// The path of a kind that was meant to be one of ours.
fn meant_for_ours(kind: &str) -> Option<&str> {
    let slashes = || kind.split_once("//").filter(|(scheme, _)| is_like_wasm(scheme));
    let (scheme, path) = kind.split_once(':').or_else(slashes).unwrap_or(("", kind));
    let is_near = scheme.is_empty() || (scheme.len() == 4 && is_like_wasm(scheme));
    let ours = is_near && path.to_ascii_lowercase().ends_with(".wasm");
    ours.then(|| path.trim_start_matches('/'))
}

fn is_like_wasm(scheme: &str) -> bool {
    is_like(&scheme.to_ascii_lowercase(), "wasm")
}

/// A message about a policy, without saying so: an operator wrote an entry.
pub(crate) fn unprefixed(message: &str) -> &str {
    message.strip_prefix("policy: ").unwrap_or(message)
}

/// The reason for which a configuration has no active plugin.
fn unguarded(config: &Value) -> Option<String> {
    let why = match (config, config.get("plugins")) {
        (Value::Null, _) => "the configuration is empty",
        (Value::Object(_), None) => "the configuration has no `plugins`",
        (_, Some(Value::Null)) => "`plugins` is empty",
        (_, Some(Value::Array(entries))) if entries.is_empty() => "`plugins` is empty",
        (_, Some(Value::Array(entries))) if entries.iter().all(is_disabled) => {
            "each entry of `plugins` has `mode: disabled`"
        }
        _ => return None,
    };
    Some(format!("no plugin is active: {why}"))
}

fn is_disabled(entry: &Value) -> bool {
    entry.get("mode").and_then(Value::as_str) == Some("disabled")
}
