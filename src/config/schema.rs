//! JSON Schemas of configurations and policies, made of the tables that the reader has.

use alloc::format;
use alloc::vec::Vec;

use cpex_wasmi_abi::Capability;
use serde_json::{Map, Value, json};

use super::directory::SCHEME;
use super::shapes::{CONFIGURATION, GROUP, STEP, STEPS};
use crate::policy::entry::is_of_policy;
use crate::policy::keys::{BARE, CONFIG, ENTRY, Key, Mapping, SANDBOX_POLICY, Shape};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A JSON Schema (draft 2020-12) of a whole configuration of `cpex-core`, for editors and other checks. Entries
/// of the kind `wasm://` have no other keys than those that are known.
///
/// It does not say all that [`check`](super::check) looks at, such as the modules.
pub fn configuration_schema() -> Value {
    let mut schema = mapping(&CONFIGURATION);
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
    let about = "A configuration of cpex-core with plugins for cpex-wasmi";
    let names = ["entry", "other_entry", "sandbox_policy", "group", "references", "authentication"];
    named(schema, about, &names)
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
    named(schema, "A policy for a plugin of cpex-wasmi", &["sandbox_policy"])
}

/// A schema with its title, and the definitions that it refers to.
fn named(mut schema: Value, title: &str, definitions: &[&str]) -> Value {
    let definitions: Map<_, _> =
        definitions.iter().map(|name| ((*name).into(), definition(name))).collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), DRAFT.into());
        schema.insert("title".into(), title.into());
        schema.insert("$defs".into(), definitions.into());
    }
    schema
}

fn definition(name: &str) -> Value {
    match name {
        "sandbox_policy" => nullable(mapping(&SANDBOX_POLICY)),
        "group" => nullable(mapping(&GROUP)),
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
        Shape::Map(inner) if core::ptr::eq(inner, &GROUP) => reference("group"),
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
mod tests {
    use std::borrow::ToOwned as _;
    use std::fs;
    use std::path::Path;
    use std::string::{String, ToString as _};

    use super::*;
    use crate::config::{Document, check};
    use cpex_wasmi_schema::Schema;

    type Schemas = [(&'static str, fn() -> Value); 2];

    const FILES: Schemas = [
        ("docs/configuration.schema.json", configuration_schema),
        ("docs/sandbox_policy.schema.json", policy_schema),
    ];

    #[test]
    fn the_schemas_in_the_documents_are_up_to_date() {
        for (path, schema) in FILES {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let committed = fs::read_to_string(&path).unwrap_or_default();
            if std::env::var_os("CPEX_WASMI_UPDATE").is_some() {
                fs::write(&path, printed(&schema())).unwrap();
                continue;
            }
            let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
            let is_same = committed == schema();
            assert!(is_same, "run `CPEX_WASMI_UPDATE=1 cargo test-all --lib schemas_in_the`");
        }
    }

    /// The schema as the checker of plugins' settings reads it, which has no patterns.
    fn checker(mut schema: Value) -> Schema {
        without_patterns(&mut schema);
        Schema::parse(&schema.to_string()).unwrap()
    }

    fn without_patterns(schema: &mut Value) {
        match schema {
            Value::Object(map) => {
                map.remove("pattern");
                map.values_mut().for_each(without_patterns);
            }
            Value::Array(items) => items.iter_mut().for_each(without_patterns),
            _ => {}
        }
    }

    fn wrong(schema: &Schema, yaml: &str) -> Vec<String> {
        let document = Document::parse(yaml).unwrap();
        let map = document.value().as_object().cloned().unwrap_or_default();
        let wrong = schema.check(&Value::Object(map)).into_iter();
        wrong.map(|wrong| format!("{} {}", wrong.path, wrong.message)).collect()
    }

    fn blocks(doc: &str) -> Vec<String> {
        let blocks = doc.split("```yaml\n").skip(1);
        blocks.filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
    }

    #[test]
    fn configurations_of_the_documents_fit_the_schema() {
        let schema = checker(configuration_schema());
        let all = [include_str!("../../docs/cpex.md"), include_str!("../../README.md")].concat();
        let mut gateway = blocks(&all);
        gateway.push(include_str!("../../examples/gateway/gateway.yaml").into());
        let whole: Vec<_> = gateway.iter().filter(|yaml| yaml.contains("plugins:\n")).collect();
        assert!(whole.len() > 5);
        for yaml in whole {
            assert_eq!(wrong(&schema, yaml), Vec::<String>::new(), "{yaml}");
        }
        let schema = checker(policy_schema());
        let policies = blocks(include_str!("../../docs/policy.md"));
        let policies: Vec<_> = policies.iter().filter(|yaml| !yaml.contains("config:")).collect();
        assert!(policies.len() > 5);
        for yaml in policies {
            assert_eq!(wrong(&schema, yaml), Vec::<String>::new(), "{yaml}");
        }
    }

    /// Patterns have to mean the same to all that check schemas: they have no more syntax than these need.
    #[cfg(feature = "redact")]
    #[test]
    fn patterns_refuse_only_values_that_the_reader_refuses() {
        let schema = policy_schema();
        let at = |path: &str| {
            let path = format!("/$defs/sandbox_policy/properties/{path}/pattern");
            regex::Regex::new(schema.pointer(&path).unwrap().as_str().unwrap()).unwrap()
        };
        let (env, program) =
            (at("allowed_env/items"), at("allowed_commands/items/properties/program"));
        let texts =
            ["", "A", "A*", "*", "A=1", "=", "a b", "ä", "ls", "./ls", "/bin/ls", "C:\\a.exe"];
        for text in texts {
            let read = |policy| crate::Policy::from_value(&policy).is_ok();
            let variable = read(json!({"allowed_env": [text]}));
            assert_eq!(env.is_match(text), variable, "{text}");
            let command = read(json!({"allowed_commands": [{"program": text}]}));
            assert_eq!(program.is_match(text), command, "{text}");
        }
    }

    #[test]
    fn what_the_check_refuses_by_its_form_the_schema_refuses() {
        let schema = checker(configuration_schema());
        let entry = "plugins: [{name: g, kind: 'wasm://g.wasm', hooks: [h]";
        for (added, fits) in [
            ("", true),
            (", mode: audit, priority: 3, capabilities: [read_labels]", true),
            (
                ", config: {own: 1, sandbox_policy: {isolation: pooled, resources: {max_fuel: 7}}}",
                true,
            ),
            (", config: {sandbox_policy: {clock: system, random: {seed: 3}, sha256: }}", true),
            (", config: {sandbox_policy: }", true),
            (", capabilties: []", false),
            (", capabilities: [read_lables]", false),
            (", mode: odd", false),
            (", mode: ", false),
            (", priority: 3000000000", false),
            (", sandbox_policy: {}", false),
            (", config: {sha256: x}", false),
            (", config: {sandbox_policy: {resources: {max_feul: 7}}}", false),
            (", config: {sandbox_policy: {resources: {max_memory_bytes: 1}}}", false),
            (", config: {sandbox_policy: {isolation: poled}}", false),
            (", config: {sandbox_policy: {max_fuel: 7}}", false),
            (", config: {sandbox_policy: {snapshot: 1}}", false),
            (", config: {sandbox_policy: {clock: sytem}}", false),
            (", config: {sandbox_policy: {random: {sed: 3}}}", false),
            (", config: {sandbox_policy: {allowed_filesystem: [{dir: a}]}}", false),
            (", config: {sandbox_policy: {allowed_filesystem: [{permission: read-only}]}}", false),
            (", config: {sandbox_policy: {allowed_network: [{host: a, ports: [0]}]}}", false),
            (
                ", config: {sandbox_policy: {allowed_network: [{host: a, methods: [CONNECT]}]}}",
                false,
            ),
            (", config: {sandbox_policy: {allowed_network: [{host: a, methods: [trace]}]}}", false),
            (", config: {sandbox_policy: {allowed_network: [{host: a, methods: [get]}]}}", true),
            (", config: {sandbox_policy: {allowed_commands: [{args: []}]}}", false),
        ] {
            let yaml = format!("{entry}{added}}}]");
            let document = Document::parse(&yaml).unwrap();
            assert_eq!(check(&document, None).problems.is_empty(), fits, "{yaml}");
            assert_eq!(
                wrong(&schema, &yaml).is_empty(),
                fits,
                "{yaml}: {:?}",
                wrong(&schema, &yaml)
            );
        }
        for yaml in [
            "plugins: [{name: g, kind: 'wasm://g.wasm'}]",
            "plugins: [{kind: 'wasm://g.wasm', hooks: [h]}]",
            "plugins: [{name: g, kind: 'wasm://g.wasm', hooks: []}]",
            "sandbox_policy: {}\nplugins: []",
            "plugins: []\nplugin_settings: {routing_enabled: 1}",
            "plugins: []\nroutes: [{tool: a, plugins: [{g: {sandbox_policy: {}}}]}]",
            "plugins: []\nroutes: [{tool: a, plugins: [{g: {config: {sandbox_policy: {a: 1}}}}]}]",
            "plugins: []\ngroups: {a: {plugins: [7]}}",
        ] {
            assert!(!wrong(&schema, yaml).is_empty(), "{yaml}");
        }
    }
}
