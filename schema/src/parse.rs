//! Reads a schema, and refuses what is outside the subset.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::keyword::{Role, refusal, role};
use super::pattern::{Compile, Expression};
use super::place::Place;
use super::reference::{Reference, SECTIONS};
use super::words::{hint_or_list, must_be, shown};
use super::{MAX_BYTES, MAX_NESTING, MAX_PROBLEMS, Node, Rule, Schema, Target};
use cpex_wasmi_abi::model::Strict;

pub(super) fn parse<'c>(
    text: &str,
    compile: Option<&'c mut Compile<'c>>,
) -> Result<Schema, Vec<String>> {
    if text.len() > MAX_BYTES {
        return Err(vec![format!(
            "the schema has {} bytes, but may have at most {MAX_BYTES}",
            text.len()
        )]);
    }
    let Strict(value) = serde_json::from_slice(text.as_bytes())
        .map_err(|error| vec![format!("the schema is not JSON: {}", shown(&error.to_string()))])?;
    let mut parser = Parser { compile, definitions: BTreeMap::new(), problems: Vec::new() };
    let schema = parser.schema(&value);
    if parser.problems.is_empty() { Ok(schema) } else { Err(parser.problems) }
}

pub(super) struct Parser<'c> {
    /// The engine for patterns, if the host has one.
    compile: Option<&'c mut Compile<'c>>,
    /// The places of definitions, by what follows `#/` in a `$ref` to them.
    definitions: BTreeMap<(&'static str, String), usize>,
    problems: Vec<String>,
}

impl Parser<'_> {
    fn schema(&mut self, value: &Value) -> Schema {
        let sections = SECTIONS.map(|name| (name, value.get(name)));
        // First the names, so that schemas may refer to those that follow them.
        let mut found = Vec::new();
        for (section, value) in sections {
            let Some(value) = value else { continue };
            let Value::Object(map) = value else {
                self.wrong(&Place::Key(&Place::Top, section), must_be("a mapping", value));
                continue;
            };
            for (name, value) in map {
                self.definitions.insert((section, name.clone()), found.len());
                found.push((section, name, value));
            }
        }
        let root = self.node(value, &Place::Top, 0);
        let definitions = found
            .into_iter()
            .map(|(section, name, value)| {
                self.node(value, &Place::Key(&Place::Key(&Place::Top, section), name), 1)
            })
            .collect();
        Schema { root, definitions }
    }

    /// Reads a schema that stands in `nesting` others.
    pub(super) fn node(&mut self, value: &Value, at: &Place<'_>, nesting: usize) -> Node {
        let rules = match value {
            _ if self.is_full() => Vec::new(),
            Value::Bool(true) => Vec::new(),
            Value::Bool(false) => vec![Rule::Never],
            Value::Object(_) if nesting > MAX_NESTING => {
                let message = format!("stands in more than {MAX_NESTING} other schemas");
                self.wrong(at, format!("{message}; move it to `$defs` and refer to it"));
                Vec::new()
            }
            Value::Object(map) => {
                self.keywords(map, at);
                self.rules(map, at, nesting.saturating_add(1))
            }
            other => {
                self.wrong(at, must_be("a schema: a mapping, true or false", other));
                Vec::new()
            }
        };
        Node { rules }
    }

    /// Objects to keywords that are unknown or stand in the wrong place, and to notes that are none.
    fn keywords(&mut self, map: &Map<String, Value>, at: &Place<'_>) {
        for (keyword, value) in map {
            if self.is_full() {
                return;
            }
            let place = Place::Key(at, keyword);
            let is_top = matches!(at, Place::Top);
            let role = role(keyword, self.compile.is_some());
            let expected = match role {
                None => {
                    self.wrong(&place, refusal(keyword, self.compile.is_some()));
                    continue;
                }
                Some(Role::Rule | Role::Note) => None,
                Some(Role::Header | Role::TextNote) => {
                    Some("a text").filter(|_| !value.is_string())
                }
                Some(Role::FlagNote) => Some("true or false").filter(|_| !value.is_boolean()),
                Some(Role::ListNote) => Some("a list").filter(|_| !value.is_array()),
            };
            if let Some(expected) = expected {
                self.wrong(&place, must_be(expected, value));
            }
            if !is_top && (role == Some(Role::Header) || SECTIONS.contains(&&**keyword)) {
                self.wrong(&place, "must stand at the top of the schema");
            }
        }
    }

    /// Compiles a pattern. `None` if it is refused, or there is no engine, which is told elsewhere.
    pub(super) fn expression(&mut self, text: &str, at: &Place<'_>) -> Option<Expression> {
        // Each may take long to refuse.
        if self.is_full() {
            return None;
        }
        let made = Expression::new(text, *self.compile.as_mut()?);
        made.map_err(|message| self.wrong(at, message)).ok()
    }

    pub(super) fn reference(&mut self, value: &Value, at: &Place<'_>) -> Option<Target> {
        let Value::String(text) = value else {
            self.wrong(at, must_be("a text", value));
            return None;
        };
        let (section, name) = match Reference::parse(text) {
            Some(Reference::Root) => return Some(Target::Root),
            Some(Reference::Definition { section, name }) => (section, name),
            None => {
                let expected = "must be `#`, `#/$defs/NAME` or `#/definitions/NAME`";
                self.wrong(at, format!("{expected}, but is `{}`", shown(text)));
                return None;
            }
        };
        let found = self.definitions.get(&(section, name.clone())).copied();
        if found.is_none() {
            let of_section = self.definitions.keys().filter(|(known, _)| *known == section);
            let known: Vec<&str> = of_section.map(|(_, name)| name.as_str()).collect();
            let hint = hint_or_list(&name, known.into_iter());
            self.wrong(at, format!("`{section}` has no `{}`{hint}", shown(&name)));
        }
        found.map(Target::Definition)
    }

    /// True if there are as many problems as are told, so that nothing more need be looked at.
    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    pub(super) fn wrong(&mut self, at: &Place<'_>, message: impl Into<String>) {
        if !self.is_full() {
            let pointer = at.pointer();
            let message = message.into();
            self.problems.push(match pointer.as_str() {
                "" => format!("the schema {message}"),
                _ => format!("`{pointer}`: {message}"),
            });
        }
    }
}
