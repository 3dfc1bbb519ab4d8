//! Policies as operators write them: YAML of a sandbox policy, a plugin's entry, or a whole
//! configuration.

use cpex_wasmi::config::{self, Document, PluginDirectory};
use cpex_wasmi::{Place, Policy};
use serde_json::Value;

use crate::args::GrantArgs;
use crate::failure::{Failure, Problem};
use crate::input::Source;
use crate::stubs;

/// A policy file that was read, but not yet understood: that may take the plugin's name.
pub(crate) struct PolicyFile {
    name: String,
    document: Document,
}

/// A grant of the operator, and the place where it is used.
#[derive(Debug, Default)]
pub(crate) struct Granted {
    /// The policy.
    pub(crate) policy: Policy,
    /// The hooks of the plugin's entry, if the policy is one.
    pub(crate) hooks: Vec<String>,
    /// The kind of the entry, and where it stands.
    pub(crate) kind: Option<String>,
    pub(crate) kind_place: Option<Place>,
    pub(crate) kind_path: Option<String>,
    /// The file, if there is one.
    pub(crate) file: Option<String>,
}

impl PolicyFile {
    /// Reads the policy file, if there is one.
    pub(crate) fn read(args: &GrantArgs) -> Result<Option<Self>, Failure> {
        let Some(source) = &args.policy else { return Ok(None) };
        let text = source.text("the policy")?;
        let document = Document::parse(&text).map_err(|error| {
            let problems = error.problems().iter().map(Problem::from).collect();
            Failure::inputs(problems).of_file(&source.name())
        })?;
        Ok(Some(Self { name: source.name(), document }))
    }

    /// Refuses a file that a host would refuse, whichever plugin of it is meant: a whole configuration, or an
    /// entry with its `kind`.
    pub(crate) fn check(&self, directory: Option<&PluginDirectory>) -> Result<(), Failure> {
        let value = self.document.value();
        let report = if value.get("plugins").is_some() {
            config::check(&self.document, directory)
        } else if value.get("kind").is_some() {
            config::check_entry(&self.document, directory)
        } else {
            return Ok(());
        };
        let mut problems: Vec<_> = report.problems.iter().map(Problem::from).collect();
        problems.extend(report.unguarded.map(|why| Problem::new("invalid_policy", why)));
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failure::inputs(problems).of_file(&self.name))
    }

    /// The part of the file that is about the plugin, and its path.
    fn entry(&self, plugin: Option<&str>, args: &GrantArgs) -> Result<(String, &Value), Failure> {
        let wrong = |message: String| Failure::input(format!("{}: {message}", self.name));
        let Some(plugins) = self.document.value().get("plugins") else {
            return match &args.entry {
                Some(_) => Err(wrong(
                    "`--plugin` picks an entry of a list `plugins`, but the file has no such \
                     list"
                        .into(),
                )),
                None => Ok((String::new(), self.document.value())),
            };
        };
        if plugins.is_null() || plugins.as_array().is_some_and(Vec::is_empty) {
            self.check(None)?;
        }
        let Value::Array(entries) = plugins else {
            return Err(wrong("policy: `plugins` must be a list of entries".into()));
        };
        let name_of = |entry: &Value| entry.get("name").and_then(Value::as_str).map(str::to_owned);
        let Some(wanted) = args.entry.as_deref().or(plugin) else {
            // Which one is meant, only the module's manifest can say.
            return Ok(match entries.as_slice() {
                [only] => ("plugins[0].".into(), only),
                _ => (String::new(), &Value::Null),
            });
        };
        let matching: Vec<_> = (0..)
            .zip(entries)
            .filter(|(_, entry): &(usize, _)| name_of(entry).as_deref() == Some(wanted))
            .collect();
        match matching.as_slice() {
            [(at, entry)] => Ok((format!("plugins[{at}]."), *entry)),
            [] => {
                let names: Vec<_> = entries.iter().filter_map(name_of).collect();
                let advice = if names.is_empty() {
                    "no entry of `plugins` has a name".into()
                } else {
                    format!("there are `{}`; pick one with `--plugin NAME`", names.join("`, `"))
                };
                Err(wrong(format!("no plugin in it is named `{wanted}`; {advice}")))
            }
            several => Err(wrong(format!("{} plugins are named `{wanted}`", several.len()))),
        }
    }
}

/// The grants of the arguments for the plugin with this name.
pub(crate) fn granted(
    file: Option<&PolicyFile>,
    plugin: Option<&str>,
    args: &GrantArgs,
) -> Result<Granted, Failure> {
    let granted = match file {
        None => Granted::default(),
        Some(file) => {
            let (path, entry) = file.entry(plugin, args)?;
            let policy = Policy::from_value(entry).map_err(|error| {
                let problems = error.problems().iter().map(|problem| {
                    let inner = problem.path.as_deref().unwrap_or_default();
                    let place = file.document.place(&format!("{path}{inner}"));
                    Problem::from(problem).at(place)
                });
                Failure::inputs(problems.collect()).of_file(&file.name)
            })?;
            let kind = entry.get("kind").and_then(Value::as_str).map(str::to_owned);
            let kind_path = format!("{path}kind");
            Granted {
                policy,
                hooks: hooks(entry),
                kind,
                kind_place: file.document.place(&kind_path),
                kind_path: Some(kind_path),
                file: Some(file.name.clone()),
            }
        }
    };
    let mut policy = granted.policy.grant(args.capabilities.iter().copied());
    stubs::grant(&mut policy, &args.stubs);
    Ok(Granted { policy, ..granted })
}

fn hooks(entry: &Value) -> Vec<String> {
    let hooks = entry.get("hooks").and_then(Value::as_array);
    hooks.into_iter().flatten().filter_map(|hook| hook.as_str().map(str::to_owned)).collect()
}

/// Parses YAML, of which JSON is a part, with the meaning that CPEX gives it. `what` says what it is for.
pub(crate) fn yaml(text: &str, source: &Source, what: &str) -> Result<Document, Failure> {
    Document::parse(text).map_err(|error| {
        let problems = error.problems().iter().map(|problem| Problem {
            code: "invalid_input",
            message: format!("in {what}: {}", problem.message),
            ..Problem::from(problem)
        });
        Failure::inputs(problems.collect()).of_file(&source.name())
    })
}
