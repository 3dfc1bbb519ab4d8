//! Tests of the JSON Schemas of configurations.

use std::borrow::ToOwned as _;
use std::fs;
use std::path::Path;
use std::string::{String, ToString as _};

use super::*;
use crate::config::{Document, check_for};
use cpex_wasmi_schema::Schema;

type Schemas = [(&'static str, fn() -> Value); 3];

const FILES: Schemas = [
    ("docs/configuration.schema.json", configuration_schema),
    ("docs/praxis.schema.json", praxis_schema),
    ("docs/sandbox_policy.schema.json", policy_schema),
];

fn praxis_schema() -> Value {
    configuration_schema_for(Dialect::PraxisPolicy)
}

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
    let all = [
        include_str!("../../../docs/cpex.md"),
        include_str!("../../../docs/pipeline.md"),
        include_str!("../../../README.md"),
    ]
    .concat();
    let mut gateway = blocks(&all);
    gateway.push(include_str!("../../../examples/gateway/gateway.yaml").into());
    let whole: Vec<_> = gateway.iter().filter(|yaml| yaml.contains("plugins:\n")).collect();
    assert!(whole.len() > 5);
    for yaml in whole {
        assert_eq!(wrong(&schema, yaml), Vec::<String>::new(), "{yaml}");
    }
    let schema = checker(praxis_schema());
    let mut praxis = blocks(include_str!("../../../docs/praxis.md"));
    praxis.push(include_str!("../../../examples/praxis/praxis.yaml").into());
    praxis.push(PRAXIS.into());
    for yaml in praxis {
        assert_eq!(wrong(&schema, &yaml), Vec::<String>::new(), "{yaml}");
    }
    let schema = checker(policy_schema());
    let policies = blocks(include_str!("../../../docs/policy.md"));
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
    let (env, program) = (at("allowed_env/items"), at("allowed_commands/items/properties/program"));
    let texts = ["", "A", "A*", "*", "A=1", "=", "a b", "ä", "ls", "./ls", "/bin/ls", "C:\\a.exe"];
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
    let schemas = Dialect::ALL.map(|of| (of, checker(configuration_schema_for(of))));
    let entry = "plugins: [{name: g, kind: 'wasm://g.wasm', hooks: [h]";
    for (added, fits) in [
        ("", true),
        (", mode: audit, priority: 3, capabilities: [read_labels]", true),
        (", config: {own: 1, sandbox_policy: {isolation: pooled, resources: {max_fuel: 7}}}", true),
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
        (", config: {sandbox_policy: {allowed_network: [{host: a, methods: [CONNECT]}]}}", false),
        (", config: {sandbox_policy: {allowed_network: [{host: a, methods: [trace]}]}}", false),
        (", config: {sandbox_policy: {allowed_network: [{host: a, methods: [get]}]}}", true),
        (", config: {sandbox_policy: {allowed_commands: [{args: []}]}}", false),
    ] {
        let yaml = format!("{entry}{added}}}]");
        let document = Document::parse(&yaml).unwrap();
        for (dialect, schema) in &schemas {
            let problems = check_for(*dialect, &document, None).problems;
            assert_eq!(problems.is_empty(), fits, "{yaml}");
            assert_eq!(wrong(schema, &yaml).is_empty(), fits, "{yaml}: {:?}", wrong(schema, &yaml));
        }
    }
    let [(_, cpex), (_, praxis)] = &schemas;
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
        assert!(!wrong(cpex, yaml).is_empty(), "{yaml}");
    }
    let entry = format!("{entry}}}]");
    for added in [
        "sandbox_policy: {}",
        "engine_settings: {dispatch: polcy}",
        "engine_settings: {plugin_timeout: no}",
        "routes: [{tool: a, plugins: {g: 7}}]",
        "routes: [{tool: a, plugins: {g: {sandbox_policy: {}}}}]",
        "routes: [{tool: a, plugins: {g: {mode: audit}}}]",
        "routes: [{tool: a, plugins: {g: {on_error: odd}}}]",
        "routes: [{tool: a, plugins: {g: {capabilities: [read_lables]}}}]",
        "groups: {a: {plugins: {g: {config: {sandbox_policy: {a: 1}}}}}}",
        "global: {defaults: {tool: {plugins: {g: {config: {max_fuel: 1, sha256: a}}}}}}",
    ] {
        let yaml = format!("{entry}\n{added}\n");
        let document = Document::parse(&yaml).unwrap();
        let problems = check_for(Dialect::PraxisPolicy, &document, None).problems;
        assert!(!problems.is_empty(), "{yaml}");
        assert!(!wrong(praxis, &yaml).is_empty(), "{yaml}");
    }
    // That is for the engine to refuse.
    let list = format!("{entry}\nroutes: [{{tool: a, plugins: [g]}}]\n");
    assert!(!wrong(praxis, &list).is_empty());
}

/// A configuration of praxis-policy with all that says something about plugins.
const PRAXIS: &str = "
engine_settings: { dispatch: policy, plugin_timeout: 5, effect_log_path: /var/lib/effects.ndjson }
secrets:
  providers: { local: { kind: file, base_dir: /etc/keys } }
  values: { key: { provider: local, ref: legacy.key } }
global:
  authentication: [who, { name: who, config: { sandbox_policy: { resources: { max_fuel: 10 } } } }]
  authorization: { pre_invocation: ['run(guard)'] }
  assertions: { request: { headers: [{ name: x-key, from: secret.key }] } }
plugins:
  - { name: guard, kind: 'wasm://guard.wasm', hooks: [cmf.tool_pre_invoke], capabilities: [perform_http] }
  - { name: who, kind: 'wasm://who.wasm', hooks: [identity.resolve], capabilities: [read_llm_request] }
groups:
  hr: { plugins: { guard: { on_error: ignore } } }
routes:
  - tool: pay
    groups: [hr]
    plugins: { guard: { config: { own: 1, sandbox_policy: { isolation: pooled } }, capabilities: [], on_error: } }
    authorization: { pre_invocation: ['run(guard)'], post_invocation: ['run(guard)'] }
    args: { ssn: str }
  - http: { path: /v1, methods: [GET] }
    response: {}
";
