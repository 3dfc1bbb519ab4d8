//! The keywords that a schema may have, and the refusals of others.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::words::{hint, shown};

/// The keywords that are checked.
const RULES: &[&str] = &[
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "definitions",
];

/// The keywords that take an engine for regular expressions.
const PATTERNS: &[&str] = &["pattern", "patternProperties"];

/// The meaning of a keyword to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It says what fits.
    Rule,
    /// It is for people, and is a text.
    TextNote,
    /// It is for people, and is true or false.
    FlagNote,
    /// It is for people, and is a list.
    ListNote,
    /// It is for people, and may be anything.
    Note,
    /// It names the schema as a whole, and is a text.
    Header,
}

/// The keywords that have no effect.
const NOTES: &[(&str, Role)] = &[
    ("$schema", Role::Header),
    ("$id", Role::Header),
    ("$comment", Role::TextNote),
    ("title", Role::TextNote),
    ("description", Role::TextNote),
    ("default", Role::Note),
    ("examples", Role::ListNote),
    ("format", Role::TextNote),
    ("deprecated", Role::FlagNote),
    ("readOnly", Role::FlagNote),
    ("writeOnly", Role::FlagNote),
];

/// The meaning of a keyword, or `None` if a schema that has it is refused.
///
/// `patterns` is true if the host has an engine for regular expressions.
pub(super) fn role(keyword: &str, patterns: bool) -> Option<Role> {
    if RULES.contains(&keyword) || (patterns && PATTERNS.contains(&keyword)) {
        return Some(Role::Rule);
    }
    NOTES.iter().find(|(known, _)| *known == keyword).map(|(_, role)| *role)
}

/// The reason for which a keyword is refused, and what to write instead.
pub(super) fn refusal(keyword: &str, patterns: bool) -> String {
    let instead = match keyword {
        "pattern" => "; list the values with `enum`, or check the text in the plugin",
        "patternProperties" => "; use `propertyNames` with `additionalProperties`",
        "additionalItems" => "; use `prefixItems` with `items`",
        "unevaluatedProperties" => "; use `additionalProperties`",
        "unevaluatedItems" => "; use `items`",
        "dependencies" | "dependentSchemas" | "dependentRequired" => "; use `if` with `then`",
        "contains" | "minContains" | "maxContains" => "; use `items`, or check it in the plugin",
        "$anchor" | "$dynamicAnchor" | "$dynamicRef" | "$recursiveAnchor" | "$recursiveRef" => {
            "; use `$ref` with `#/$defs/NAME`"
        }
        "nullable" => "; add \"null\" to `type`, as in [\"string\", \"null\"]",
        "id" => "; write `$id`",
        "contentEncoding" | "contentMediaType" | "contentSchema" | "$vocabulary" => {
            "; leave it out"
        }
        _ => "",
    };
    let instead = match instead {
        "" => {
            let known = rules(patterns).chain(NOTES.iter().map(|(known, _)| *known));
            hint(keyword, known)
        }
        known => known.into(),
    };
    let instead = if instead.is_empty() { supported(patterns) } else { instead };
    format!("the keyword `{}` is not supported by this host{instead}", shown(keyword))
}

fn supported(patterns: bool) -> String {
    let all: Vec<&str> = rules(patterns).collect();
    format!("; the key it checks is `{}`", all.join("`, `"))
}

fn rules(patterns: bool) -> impl Iterator<Item = &'static str> {
    let patterns = if patterns { PATTERNS } else { &[] };
    RULES.iter().chain(patterns).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_write() {
        let ends = |keyword: &str, end: &str| {
            let message = refusal(keyword, false);
            assert!(message.ends_with(end), "{message}");
        };
        ends("proprties", "`proprties` is not supported by this host; did you mean `properties`?");
        ends("descripton", "; did you mean `description`?");
        ends("minlength", "; did you mean `minLength`?");
        ends("patternProperties", "; use `propertyNames` with `additionalProperties`");
        ends("x-order", "`$ref`, `$defs`, `definitions`");
        assert!(
            refusal("x-order", true).ends_with("`definitions`, `pattern`, `patternProperties`")
        );
        assert!(refusal("patern", true).ends_with("; did you mean `pattern`?"));
    }

    #[test]
    fn every_keyword_checked_is_known_as_such() {
        for keyword in RULES {
            assert_eq!(role(keyword, false), Some(Role::Rule), "{keyword}");
        }
        for keyword in PATTERNS {
            assert_eq!(role(keyword, true), Some(Role::Rule), "{keyword}");
            assert_eq!(role(keyword, false), None, "{keyword}");
        }
    }
}
