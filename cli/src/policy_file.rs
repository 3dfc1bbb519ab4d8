//! Policies as operators write them: YAML of a sandbox policy, a plugin's entry, or a whole
//! configuration.

use cpex_wasmi::Policy;
use serde_json::Value;

use crate::args::GrantArgs;
use crate::failure::Failure;
use crate::input::Source;

/// A policy file that was read, but not yet understood: that may take the plugin's name.
pub(crate) struct PolicyFile {
    name: String,
    document: Value,
}

/// What an operator grants, and where they say it is used.
#[derive(Debug, Default)]
pub(crate) struct Granted {
    /// The policy.
    pub(crate) policy: Policy,
    /// The hooks of the plugin's entry, if the policy is one.
    pub(crate) hooks: Vec<String>,
}

impl PolicyFile {
    /// Reads the policy file, if there is one.
    pub(crate) fn read(args: &GrantArgs) -> Result<Option<Self>, Failure> {
        let Some(source) = &args.policy else { return Ok(None) };
        let text = source.text("the policy")?;
        let document = yaml(&text, source, "the policy")?;
        Ok(Some(Self { name: source.name(), document }))
    }

    /// The part of the file that is about the plugin.
    fn entry(&self, plugin: Option<&str>, args: &GrantArgs) -> Result<&Value, Failure> {
        let wrong = |message: String| Failure::input(format!("{}: {message}", self.name));
        let Some(plugins) = self.document.get("plugins") else {
            return match &args.entry {
                Some(_) => Err(wrong(
                    "`--plugin` picks an entry of a list `plugins`, and there is none".into(),
                )),
                None => Ok(&self.document),
            };
        };
        let Value::Array(entries) = plugins else {
            return Err(wrong("policy: `plugins` must be a list of entries".into()));
        };
        let name_of = |entry: &Value| entry.get("name").and_then(Value::as_str).map(str::to_owned);
        let Some(wanted) = args.entry.as_deref().or(plugin) else {
            // Which one is meant, only the module's manifest can say.
            return Ok(if let [only] = entries.as_slice() { only } else { &Value::Null });
        };
        let matching: Vec<_> =
            entries.iter().filter(|entry| name_of(entry).as_deref() == Some(wanted)).collect();
        match matching.as_slice() {
            [entry] => Ok(entry),
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

/// What the arguments grant to the plugin with this name.
pub(crate) fn granted(
    file: Option<&PolicyFile>,
    plugin: Option<&str>,
    args: &GrantArgs,
) -> Result<Granted, Failure> {
    let granted = match file {
        None => Granted::default(),
        Some(file) => {
            let entry = file.entry(plugin, args)?;
            let policy = Policy::from_json(entry)
                .map_err(|error| Failure::from(error).within(&file.name))?;
            Granted { policy, hooks: hooks(entry) }
        }
    };
    let policy = granted.policy.grant(args.capabilities.iter().copied());
    Ok(Granted { policy, ..granted })
}

fn hooks(entry: &Value) -> Vec<String> {
    let hooks = entry.get("hooks").and_then(Value::as_array);
    hooks.into_iter().flatten().filter_map(|hook| hook.as_str().map(str::to_owned)).collect()
}

/// Parses YAML, of which JSON is a part, with the meaning that cpex-core's parser gives it. `what` says what it
/// is for.
pub(crate) fn yaml(text: &str, source: &Source, what: &str) -> Result<Value, Failure> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        // cpex-core does not merge, so that a merged grant would hold here and nowhere else.
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        use serde_saphyr::MessageFormatter as _;
        let place = error
            .location()
            .map_or_else(String::new, |place| format!(":{}:{}", place.line(), place.column()));
        let message = serde_saphyr::UserMessageFormatter.format_message(error.without_snippet());
        Failure::input(format!("{}{place}: {what} is no valid YAML: {message}", source.name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Value, Failure> {
        yaml(text, &Source::Stdin, "the policy")
    }

    #[test]
    fn values_mean_what_they_mean_to_cpex_core() {
        let value = parse("a: no\nb: 1_000\nc: 012\nd: 0x10\ne: true\nf:\n").unwrap();
        let expected = serde_json::json!({
            "a": "no", "b": "1_000", "c": "012", "d": 16, "e": true, "f": null
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in ["a: 1\na: 2\n", "<<: {a: 1}\n", "a: !secret x\n", "a: 1\n---\nb: 2\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
