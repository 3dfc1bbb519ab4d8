//! The differences between a plugin run natively and its module.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use cpex_wasmi::{Changes, Decision, Manifest, Outcome, Violation, visible};
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::{Difference, Failure};
use super::log::Line;

type Result<T = Outcome> = core::result::Result<T, Failure>;

/// Compares what came of a call. Failures are the same if their codes are.
pub(super) fn results(natively: &Result, module: &Result) -> Vec<Difference> {
    let mut differences = Differences::default();
    match (natively, module) {
        (Ok(natively), Ok(module)) => {
            let decisions = (decision(&natively.decision), decision(&module.decision));
            differences.of("decision", Some(&decisions.0), Some(&decisions.1));
            differences.of_changes(&natively.changes, &module.changes);
            let reported = (json(&natively.telemetry), json(&module.telemetry));
            differences.of("telemetry", Some(&reported.0), Some(&reported.1));
        }
        (Err(natively), Err(module)) if natively.code() == module.code() => {}
        _ => differences.push("result", told(natively), told(module)),
    }
    differences.0
}

/// Compares how a shutdown ended.
pub(super) fn ends(natively: &Result<()>, module: &Result<()>) -> Vec<Difference> {
    let code = |result: &Result<()>| result.as_ref().err().map(Failure::code);
    let told = |result: &Result<()>| match result {
        Ok(()) => "succeeded".to_owned(),
        Err(failure) => failed(failure),
    };
    let mut differences = Differences::default();
    if code(natively) != code(module) {
        differences.push("result", told(natively), told(module));
    }
    differences.0
}

/// Compares what was logged, leaving out what is the same at the start and at the end.
pub(super) fn logs(natively: &[Line], module: &[Line]) -> Vec<Difference> {
    let same = |(one, other): &(&Line, &Line)| one == other;
    let start = natively.iter().zip(module).take_while(same).count();
    let rest = |lines: &'_ [Line]| lines.iter().skip(start).cloned().collect::<Vec<_>>();
    let (natively, module) = (rest(natively), rest(module));
    let end = natively.iter().rev().zip(module.iter().rev()).take_while(same).count();
    let until = |lines: &[Line]| lines.len().saturating_sub(end);
    let line = |lines: &[Line], at: usize| match lines.get(at).filter(|_| at < until(lines)) {
        Some(Line { level, message }) => format!("{level} {message}"),
        None => NOTHING.to_owned(),
    };
    let mut differences = Differences::default();
    for at in 0..until(&natively).max(until(&module)) {
        let what = format!("log[{}]", start.saturating_add(at));
        differences.push(&what, line(&natively, at), line(&module, at));
    }
    differences.0
}

/// Compares what is said of the plugin. Its version and description may differ: they change nothing.
pub(super) fn manifests(natively: &Manifest, module: &Manifest) -> Vec<Difference> {
    let json = |manifest: &Manifest| {
        let Manifest { name, hooks, capabilities, access, stateful, config_schema, .. } = manifest;
        json!({ "name": name, "hooks": hooks, "capabilities": capabilities, "access": access,
                "stateful": stateful, "config_schema": config_schema })
    };
    let mut differences = Differences::default();
    differences.of("manifest", Some(&json(natively)), Some(&json(module)));
    differences.0
}

#[derive(Default)]
struct Differences(Vec<Difference>);

const NOTHING: &str = "nothing";

impl Differences {
    fn push(&mut self, what: &str, natively: String, module: String) {
        let (natively, module) = excerpts(&visible(&natively), &visible(&module));
        self.0.push(Difference { what: visible(what), natively, module });
    }

    fn of_changes(&mut self, natively: &Changes, module: &Changes) {
        let before = self.0.len();
        macro_rules! parts {
            ($($part:ident)*) => {
                $(self.of_part(stringify!($part), &natively.$part, &module.$part);)*
            };
        }
        parts! { payload labels http delegation candidate_constraint custom local_state global_state }
        // In a part that is not in the list.
        if self.0.len() == before && natively != module {
            self.push("changes", format!("{natively:?}"), format!("{module:?}"));
        }
    }

    fn of_part<T: Serialize + PartialEq>(
        &mut self,
        name: &str,
        natively: &Option<T>,
        module: &Option<T>,
    ) {
        if natively == module {
            return;
        }
        let json = |part: &Option<T>| {
            part.as_ref().map(|part| serde_json::to_value(part).unwrap_or_default())
        };
        let (path, before) = (format!("changes.{name}"), self.0.len());
        self.of(&path, json(natively).as_ref(), json(module).as_ref());
        if self.0.len() == before {
            self.push(&path, "a secret".to_owned(), "another secret".to_owned());
        }
    }

    /// Finds the smallest parts of two values that differ. `None` is a value that is not there.
    fn of(&mut self, path: &str, natively: Option<&Value>, module: Option<&Value>) {
        match (natively, module) {
            (Some(natively), Some(module)) if natively == module => {}
            (None, None) => {}
            (Some(Value::Object(natively)), Some(Value::Object(module))) => {
                let keys: BTreeSet<_> = natively.keys().chain(module.keys()).collect();
                for key in keys {
                    self.of(&below(path, key), natively.get(key), module.get(key));
                }
            }
            (Some(Value::Array(natively)), Some(Value::Array(module))) => {
                for at in 0..natively.len().max(module.len()) {
                    self.of(&format!("{path}[{at}]"), natively.get(at), module.get(at));
                }
            }
            _ => {
                let text = |value: Option<&Value>| {
                    value.map_or_else(|| NOTHING.to_owned(), ToString::to_string)
                };
                self.push(path, text(natively), text(module));
            }
        }
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The path of what is in an object under `key`.
fn below(path: &str, key: &str) -> String {
    let is_plain = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if is_plain(key) { format!("{path}.{key}") } else { format!("{path}[{key:?}]") }
}

fn decision(decision: &Decision) -> Value {
    match decision {
        Decision::Allow => "allow".into(),
        Decision::Deny(violation) => {
            let Violation { code, reason, description, details, proto_error_code } = violation;
            json!({ "deny": {
                "code": code, "reason": reason, "description": description,
                "details": details, "proto_error_code": proto_error_code,
            } })
        }
    }
}

fn told(result: &Result) -> String {
    match result {
        Ok(outcome) => format!("decided: {}", decision(&outcome.decision)),
        Err(failure) => failed(failure),
    }
}

fn failed(failure: &Failure) -> String {
    format!("failed: {} ({failure})", failure.code())
}

/// The longest text that is shown whole, in characters.
const WHOLE: usize = 200;

/// Two texts, cut to where they differ if they are long.
fn excerpts(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let long = one.chars().count().max(other.chars().count()) > WHOLE;
    let skipped = if long { same.saturating_sub(20) } else { 0 };
    (excerpt(one, skipped), excerpt(other, skipped))
}

fn excerpt(text: &str, skipped: usize) -> String {
    let start = if skipped > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(skipped);
    let shown: String = rest.by_ref().take(WHOLE).collect();
    let end = if rest.next().is_some() { "…" } else { "" };
    format!("{start}{shown}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use cpex_wasmi::model::{CandidateConstraintExtension, IdentityPayload};
    use cpex_wasmi::{Level, Payload};

    fn found(natively: &Changes, module: &Changes) -> Vec<(String, String, String)> {
        let mut differences = Differences::default();
        differences.of_changes(natively, module);
        let parts = |it: Difference| (it.what, it.natively, it.module);
        differences.0.into_iter().map(parts).collect()
    }

    fn row(what: &str, natively: &str, module: &str) -> (String, String, String) {
        (what.into(), natively.into(), module.into())
    }

    #[test]
    fn a_secret_that_differs_is_found_and_not_shown() {
        let with = |token: &str| {
            let mut changes = Changes::default();
            let payload = IdentityPayload::new(token, "bearer");
            changes.payload = Some(Payload::Identity(Box::new(payload)));
            changes
        };
        assert_eq!(found(&with("s3cret"), &with("s3cret")), []);
        let secret = row("changes.payload", "a secret", "another secret");
        assert_eq!(found(&with("s3cret"), &with("other")), [secret]);
    }

    #[test]
    fn clearing_is_not_leaving_alone() {
        let (left, mut cleared, mut set) = <(Changes, Changes, Changes)>::default();
        cleared.candidate_constraint = Some(None);
        let constraint = CandidateConstraintExtension::default();
        set.candidate_constraint = Some(Some(constraint));
        let what = "changes.candidate_constraint";
        assert_eq!(found(&left, &cleared), [row(what, "nothing", "null")]);
        assert_eq!(found(&set, &set.clone()), []);
        assert_eq!(found(&cleared, &set).len(), 1);
    }

    #[test]
    fn lines_that_are_the_same_at_both_ends_are_left_out() {
        let lines = |texts: &[&str]| {
            let line = |text: &&str| Line { level: Level::Info, message: (*text).into() };
            texts.iter().map(line).collect::<Vec<_>>()
        };
        let found = |natively: &[&str], module: &[&str]| {
            let found = logs(&lines(natively), &lines(module));
            found.into_iter().map(|it| (it.what, it.natively, it.module)).collect::<Vec<_>>()
        };
        assert_eq!(found(&["a", "b"], &["a", "b"]), []);
        assert_eq!(found(&["a", "c"], &["a", "b", "c"]), [row("log[1]", "nothing", "INFO b")]);
        assert_eq!(found(&["a", "a"], &["a"]), [row("log[1]", "INFO a", "nothing")]);
        assert_eq!(found(&["a", "x", "c"], &["a", "y", "c"]), [row("log[1]", "INFO x", "INFO y")]);
    }
}
