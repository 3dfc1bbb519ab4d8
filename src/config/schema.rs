//! JSON Schemas of configurations and policies, made of the tables that the reader has.

use alloc::format;
use alloc::vec::Vec;

use cpex_wasmi_abi::Capability;
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use super::directory::SCHEME;
use super::shapes::{STEP, STEPS};
use crate::policy::entry::is_of_policy;
use crate::policy::keys::{BARE, CONFIG, ENTRY, Key, Mapping, SANDBOX_POLICY, Shape};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A JSON Schema (draft 2020-12) of a whole configuration of cpex-core, for editors and other checks. Entries
/// of the kind `wasm://` have no other keys than those that are known.
///
/// It does not say all that [`check`](super::check) looks at, such as the modules.
pub fn configuration_schema() -> Value {
    configuration_schema_for(Dialect::CpexCore)
}

/// A JSON Schema of a whole configuration of an engine, as [`configuration_schema`] is one of cpex-core's.
pub fn configuration_schema_for(dialect: Dialect) -> Value {
    let mut schema = mapping(dialect.configuration());
    let ours = json!({
        "properties": {"kind": {"type": "string", "pattern": format!("^{SCHEME}")}},
        "required": ["kind"],
    });
    let item = json!({
        "type": "object",
        "if": ours,
        "then": {"$ref": "#/$defs/entry"},
        "else": {"$ref": "#/$defs/other_entry"},
    });
    if let Some(plugins) = schema.pointer_mut("/properties/plugins/items") {
        *plugins = item;
    }
    let about = match dialect {
        Dialect::CpexCore => "A configuration of cpex-core with plugins for cpex-wasmi",
        Dialect::PraxisPolicy => "A configuration of praxis-policy with plugins for cpex-wasmi",
    };
    let names = ["entry", "other_entry", "sandbox_policy", "group", "references", "authentication"];
    named(schema, about, dialect, &names)
}

/// A JSON Schema (draft 2020-12) of a policy in a file of its own: the content of `sandbox_policy`, or a mapping with
/// that key, and `capabilities` beside it.
pub fn policy_schema() -> Value {
    let wrapped = BARE.names().map(|name| json!({"required": [name]})).collect::<Vec<_>>();
    let schema = json!({
        "type": ["object", "null"],
        "if": {"type": "object", "anyOf": wrapped},
        "then": mapping(&BARE),
        "else": {"$ref": "#/$defs/sandbox_policy"},
    });
    // It is the same for all engines.
    named(schema, "A policy for a plugin of cpex-wasmi", Dialect::CpexCore, &["sandbox_policy"])
}

/// A schema with its title, and the definitions that it refers to.
fn named(mut schema: Value, title: &str, dialect: Dialect, definitions: &[&str]) -> Value {
    let definitions: Map<_, _> =
        definitions.iter().map(|name| ((*name).into(), definition(name, dialect))).collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), DRAFT.into());
        schema.insert("title".into(), title.into());
        schema.insert("$defs".into(), definitions.into());
    }
    schema
}

fn definition(name: &str, dialect: Dialect) -> Value {
    match name {
        "sandbox_policy" => nullable(mapping(&SANDBOX_POLICY)),
        "group" => nullable(mapping(dialect.group())),
        "entry" => {
            let mut entry = mapping(&ENTRY);
            // Without hooks it would never be called.
            if let Some(required) = entry.get_mut("required").and_then(Value::as_array_mut) {
                required.push("hooks".into());
            }
            if let Some(hooks) = entry.pointer_mut("/properties/hooks") {
                *hooks = json!({
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "uniqueItems": true,
                    "description": hooks.get("description"),
                });
            }
            entry
        }
        "other_entry" => {
            let mut entry = mapping(&ENTRY);
            if let Some(entry) = entry.as_object_mut() {
                entry.insert("additionalProperties".into(), true.into());
            }
            for (name, shape) in
                [("config", Shape::Any), ("capabilities", Shape::List(&Shape::Text))]
            {
                if let Some(property) = entry.pointer_mut(&format!("/properties/{name}")) {
                    *property = form(shape);
                }
            }
            misplaced(&mut entry, &ENTRY);
            entry
        }
        "references" if dialect == Dialect::PraxisPolicy => {
            let mut config = nullable(mapping(&CONFIG));
            describe(&mut config, "The `config` in the place of the entry's.");
            let mut over = json!({
                "type": ["object", "null"],
                "properties": {"config": config},
                "additionalProperties": false,
            });
            let kept = ENTRY.keys.iter();
            let kept = kept.filter(|key| ["capabilities", "on_error"].contains(&key.name));
            if let Some(properties) = over.get_mut("properties").and_then(Value::as_object_mut) {
                // An empty one is none.
                let one = |key: &Key| property(&Key { filled: false, ..*key });
                properties.extend(kept.map(|key| (key.name.into(), one(key))));
            }
            json!({"type": ["object", "null"], "additionalProperties": over})
        }
        "references" => {
            let mut config = nullable(mapping(&CONFIG));
            describe(&mut config, "Replacements of keys under the entry's `config`.");
            let over = json!({
                "type": ["object", "null"],
                "properties": {"config": config},
                "additionalProperties": false,
            });
            json!({
                "anyOf": [
                    {
                        "type": "array",
                        "items": {"anyOf": [
                            {"type": "string"},
                            {
                                "type": "object",
                                "additionalProperties": over,
                                "minProperties": 1,
                                "maxProperties": 1,
                            },
                        ]},
                    },
                    {"type": ["object", "null"]},
                ],
            })
        }
        _ => {
            let steps = json!({
                "type": "array",
                "items": {"anyOf": [{"type": "string", "minLength": 1}, mapping(&STEP)]},
            });
            let mut with_steps = mapping(&STEPS);
            if let Some(property) = with_steps.pointer_mut("/properties/steps") {
                *property = steps.clone();
            }
            json!({"anyOf": [steps, with_steps, {"type": "null"}]})
        }
    }
}

fn mapping(mapping: &Mapping) -> Value {
    let properties: Map<_, _> =
        mapping.keys.iter().map(|key| (key.name.into(), property(key))).collect();
    let required: Vec<_> =
        mapping.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let Some(object) = schema.as_object_mut() {
        if !mapping.open {
            object.insert("additionalProperties".into(), false.into());
        }
        if !required.is_empty() {
            object.insert("required".into(), required.into());
        }
        if !mapping.one_of.is_empty() {
            let one_of = mapping.one_of.iter().map(|name| json!({"required": [name]}));
            object.insert("oneOf".into(), one_of.collect());
        }
    }
    if mapping.open {
        misplaced(&mut schema, mapping);
    }
    schema
}

/// Refuses keys of a policy where they would be without effect.
fn misplaced(schema: &mut Value, mapping: &Mapping) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let place = if core::ptr::eq(mapping, &CONFIG) {
        "This belongs under `sandbox_policy`."
    } else {
        "This belongs under `config` of a plugin's entry: `config.sandbox_policy`."
    };
    let names = SANDBOX_POLICY.names().filter(|name| is_of_policy(name, &Value::Null));
    for name in names.chain(["sandbox_policy"]).filter(|name| !mapping.has(name)) {
        properties.insert(name.into(), json!({"not": {}, "description": place}));
    }
}

fn property(key: &Key) -> Value {
    let mut schema = form(key.shape);
    if !key.filled {
        schema = nullable(schema);
    }
    describe(&mut schema, key.about);
    let default = match (key.default(), key.shape) {
        (Some(text), Shape::Choice(names)) if names.contains(&text) => Some(text.into()),
        (Some(text), Shape::Switch) => text.parse::<bool>().ok().map(Value::from),
        (Some(text), Shape::Whole(..) | Shape::Signed) => text.parse::<i64>().ok().map(Value::from),
        _ => None,
    };
    if let (Some(default), Some(schema)) = (default, schema.as_object_mut()) {
        schema.insert("default".into(), default);
    }
    schema
}

fn describe(schema: &mut Value, about: &str) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), about.into());
    }
}

fn form(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
        Shape::Except(names) => {
            let lower = names.iter().map(|name| name.to_ascii_lowercase());
            let names: Vec<_> = names.iter().map(|name| (*name).into()).chain(lower).collect();
            json!({"type": "string", "not": {"enum": names}})
        }
        // What is larger than any number that an editor can hold is no bound.
        Shape::Whole(least, u64::MAX) => json!({"type": "integer", "minimum": least}),
        Shape::Whole(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Signed => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        Shape::Switch => json!({"type": "boolean"}),
        Shape::Choice(names) => json!({"enum": names}),
        Shape::Capability => {
            let names: Vec<_> = Capability::ALL.iter().map(|known| known.name()).collect();
            json!({"enum": names})
        }
        Shape::List(inner) => json!({"type": "array", "items": form(*inner)}),
        Shape::Map(inner) if core::ptr::eq(inner, &SANDBOX_POLICY) => reference("sandbox_policy"),
        Shape::Map(inner) if Dialect::ALL.iter().any(|of| core::ptr::eq(inner, of.group())) => {
            reference("group")
        }
        Shape::Map(inner) => mapping(inner),
        Shape::SystemOr(inner) => json!({"anyOf": [{"const": "system"}, mapping(inner)]}),
        Shape::Table(inner) => json!({"type": "object", "additionalProperties": form(*inner)}),
        Shape::OneOrMore => {
            json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
        }
        Shape::References => reference("references"),
        Shape::Authentication => reference("authentication"),
        Shape::Any => json!({}),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A schema that takes an empty value too.
fn nullable(mut schema: Value) -> Value {
    let null = || json!({"type": "null"});
    if let Some(schema) = schema.as_object_mut() {
        if let Some(kind) = schema.get_mut("type") {
            *kind = json!([kind, "null"]);
        } else if let Some(Value::Array(names)) = schema.get_mut("enum") {
            names.push(Value::Null);
        } else if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
            any.push(null());
        }
    }
    schema
}

/// A schema as it stands in the documents.
#[cfg(test)]
fn printed(schema: &Value) -> alloc::string::String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
