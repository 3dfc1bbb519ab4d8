//! The changes of a plugin, value by value.

use cpex_wasmi::model::Extensions;
use cpex_wasmi::{Payload, Request};
use serde::Serialize;
use serde_json::{Map, Value};

/// One value that is new, gone, or another.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A value that was not there before.
    Added(String, Value),
    /// A value that is not there any more.
    Removed(String, Value),
    /// A value that is another now: path, old, new.
    Changed(String, Value, Value),
    /// A new member of a set.
    Member(String, Value),
}

/// All that differs between two requests.
pub(super) fn requests(before: &Request, after: &Request) -> Vec<Change> {
    let mut changes = Vec::new();
    payloads(&before.payload, &after.payload, &mut changes);
    let slots = object(json(&with_slots_of(before.extensions.clone(), &after.extensions)));
    entries("", &slots, &object(json(&after.extensions)), &mut changes);
    let state = |request: &Request| object(json(&request.context));
    entries("context", &state(before), &state(after), &mut changes);
    changes
}

/// The old slots, and empty ones for those that are new, so that a new slot is shown by what is in
/// it.
fn with_slots_of(mut before: Extensions, after: &Extensions) -> Extensions {
    if after.security.is_some() {
        before.security.get_or_insert_default();
    }
    if after.http.is_some() {
        before.http.get_or_insert_default();
    }
    if after.custom.is_some() {
        before.custom.get_or_insert_default();
    }
    if after.delegation.is_some() {
        before.delegation.get_or_insert_default();
    }
    before
}

/// A value as JSON. The model has nothing that JSON cannot hold.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn payloads(before: &Payload, after: &Payload, changes: &mut Vec<Change>) {
    let (old, new) = (json(before), json(after));
    if before.as_message().is_some() {
        messages(&old, &new, changes);
    } else {
        values("payload", Some(&old), Some(&new), changes);
    }
    // A token is not in the JSON.
    if old == new && before != after {
        let mark = || Value::from("[redacted]");
        changes.push(Change::Changed("payload (a token)".into(), mark(), mark()));
    }
}

/// Compares two messages. Tool calls and results get the names that a plugin knows them by.
fn messages(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let message = |payload: &Value| object(payload.get("message").cloned().unwrap_or_default());
    let (mut before, mut after) = (message(before), message(after));
    let content =
        |message: &mut Map<String, Value>| match message.remove("content").unwrap_or_default() {
            Value::Array(parts) => parts,
            _ => Vec::new(),
        };
    let (old, new) = (content(&mut before), content(&mut after));
    entries("message", &before, &after, changes);
    let paths = (part_paths(&old), part_paths(&new));
    for position in 0..old.len().max(new.len()) {
        let old = old.get(position).zip(paths.0.get(position));
        let new = new.get(position).zip(paths.1.get(position));
        match (old, new) {
            (Some((old, path)), Some((new, same))) if path == same && !is_text(old) => {
                let content = |part: &Value| part.get("content").cloned().unwrap_or_default();
                values(path, Some(&content(old)), Some(&content(new)), changes);
            }
            (old, new) => {
                let path = format!("message.content[{position}]");
                values(&path, old.map(|(part, _)| part), new.map(|(part, _)| part), changes);
            }
        }
    }
}

fn is_text(part: &Value) -> bool {
    part.get("content_type").is_some_and(|kind| kind == "text")
}

/// The path of each content part: `tool_call[0]` for the first tool call, and so on.
fn part_paths(parts: &[Value]) -> Vec<String> {
    let mut kinds: Vec<&str> = Vec::new();
    let mut paths = Vec::new();
    for part in parts {
        let kind = part.get("content_type").and_then(Value::as_str).unwrap_or_default();
        let number = kinds.iter().filter(|earlier| **earlier == kind).count();
        paths.push(format!("{kind}[{number}]"));
        kinds.push(kind);
    }
    paths
}

fn values(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    match (before, after) {
        (None, None) => {}
        (None, Some(new)) => changes.push(Change::Added(path.into(), new.clone())),
        (Some(old), None) => changes.push(Change::Removed(path.into(), old.clone())),
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => entries(path, old, new, changes),
        (Some(Value::Array(old)), Some(Value::Array(new))) if path == LABELS => {
            members(path, old, new, changes);
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => elements(path, old, new, changes),
        (Some(old), Some(new)) => {
            changes.push(Change::Changed(path.into(), old.clone(), new.clone()));
        }
    }
}

/// The one set that a plugin can change.
const LABELS: &str = "security.labels";

fn members(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    for new in after.iter().filter(|member| !before.contains(member)) {
        changes.push(Change::Member(path.into(), new.clone()));
    }
    for old in before.iter().filter(|member| !after.contains(member)) {
        changes.push(Change::Removed(path.into(), old.clone()));
    }
}

fn elements(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    for position in 0..before.len().max(after.len()) {
        let path = format!("{path}[{position}]");
        values(&path, before.get(position), after.get(position), changes);
    }
}

fn entries(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    for (key, old) in before {
        values(&join(path, key), Some(old), after.get(key), changes);
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        values(&join(path, key), None, Some(new), changes);
    }
}

/// The path of an entry: `path.key`, or `path["key"]` if the key is no identifier.
fn join(path: &str, key: &str) -> String {
    let is_identifier = key.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    match (path, is_identifier) {
        ("", true) => key.into(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", Value::from(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpex_wasmi::model::{ContentPart, Role};

    fn changed(before: &Request, change: impl FnOnce(&mut Request)) -> Vec<Change> {
        let mut after = before.clone();
        change(&mut after);
        requests(before, &after)
    }

    #[test]
    fn arguments_are_named_as_plugins_name_them() {
        let before = Request::text(Role::Assistant, "let me see")
            .part(ContentPart::ToolCall { content: Default::default() })
            .argument("ssn", "123-45-6789")
            .argument("nested", serde_json::json!({"a": [1, 2]}));
        let changes = changed(&before, |after| {
            *after = after
                .clone()
                .argument("ssn", "***")
                .argument("nested", serde_json::json!({"a": [1, 3], "b": null}));
        });
        let expected = vec![
            Change::Changed("tool_call[0].arguments.nested.a[1]".into(), 2.into(), 3.into()),
            Change::Added("tool_call[0].arguments.nested.b".into(), Value::Null),
            Change::Changed(
                "tool_call[0].arguments.ssn".into(),
                "123-45-6789".into(),
                "***".into(),
            ),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn new_slots_are_taken_apart() {
        let before = Request::tool_call("search");
        let changes = changed(&before, |after| {
            *after = after.clone().label("X").label("Y").header("x-checked", "true");
        });
        let expected = vec![
            Change::Added("http.request_headers[\"x-checked\"]".into(), "true".into()),
            Change::Member("security.labels".into(), "X".into()),
            Change::Member("security.labels".into(), "Y".into()),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn a_replaced_message_is_shown_part_by_part() {
        let before = Request::text(Role::User, "one");
        let changes = changed(&before, |after| {
            *after =
                Request::text(Role::User, "two").part(ContentPart::Text { text: "three".into() });
        });
        assert_eq!(
            changes,
            [
                Change::Changed("message.content[0].text".into(), "one".into(), "two".into()),
                Change::Added(
                    "message.content[1]".into(),
                    serde_json::json!({"content_type": "text", "text": "three"})
                ),
            ]
        );
    }
}
