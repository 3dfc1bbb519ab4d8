//! The rules that a statement is held against.

use alloc::string::String;

use crate::settings::Settings;
use crate::statement::{self, Ambiguous};

/// The rules that an operator can name in `deny`, and those of the default.
pub(crate) static RULES: [(&str, bool); 20] = [
    ("alter", true),
    ("attach", true),
    ("call", true),
    ("copy", true),
    ("create", true),
    ("delete", false),
    ("do", true),
    ("drop", true),
    ("exec", true),
    ("execute", true),
    ("grant", true),
    ("insert", false),
    ("load", true),
    ("merge", false),
    ("rename", true),
    ("replace", false),
    ("revoke", true),
    ("set", true),
    ("truncate", true),
    ("update", false),
];

/// Databases read the text in different ways.
const AMBIGUOUS: &str = "ambiguous";
/// A statement deletes or updates all rows.
const UNBOUNDED: &str = "unbounded";
/// There are several statements.
const SEVERAL: &str = "several";
/// A statement is none of those that are allowed.
const NOT_ALLOWED: &str = "not_allowed";
/// A result is written to a file or a table.
const INTO: &str = "into";

/// Rules that are no statements.
pub(crate) static OTHER_RULES: [&str; 4] = [AMBIGUOUS, UNBOUNDED, SEVERAL, INTO];

/// Judges a text: gives what is left of it without comments, if it had some, and the rule that denies it.
pub(crate) fn judge(settings: &Settings, text: &str) -> (Option<String>, Option<&'static str>) {
    match statement::read(text) {
        Err(Ambiguous) => (None, settings.denies(AMBIGUOUS).then_some(AMBIGUOUS)),
        Ok(script) => {
            let several = script.statements.len() > 1 && settings.denies(SEVERAL);
            let mut denied =
                script.statements.iter().filter_map(|words| denied_by(settings, words));
            let denied = denied.next().or(several.then_some(SEVERAL));
            (script.had_comments.then_some(script.clean), denied)
        }
    }
}

/// The rule that denies a statement.
fn denied_by(settings: &Settings, words: &[String]) -> Option<&'static str> {
    let first = words.first()?;
    if let Some(allowed) = &settings.allow
        && !allowed.iter().any(|name| name.eq_ignore_ascii_case(first))
    {
        return Some(NOT_ALLOWED);
    }
    // One statement may be within another there.
    let nested = first == "WITH" || first == "EXPLAIN" || first == "BEGIN";
    let is = |name: &str| {
        first.eq_ignore_ascii_case(name)
            || nested && words.iter().any(|word| word.eq_ignore_ascii_case(name))
    };
    let has = |name: &str| words.iter().any(|word| word == name);
    let mut named = RULES.iter().map(|(name, _)| *name);
    if let Some(name) = named.find(|name| settings.denies(name) && is(name)) {
        return Some(name);
    }
    if settings.denies(UNBOUNDED) && (is("delete") || is("update")) && !has("WHERE") {
        return Some(UNBOUNDED);
    }
    let into = (is("select") || nested) && has("INTO") && !is("insert") && !is("merge");
    (into && settings.denies(INTO)).then_some(INTO)
}
