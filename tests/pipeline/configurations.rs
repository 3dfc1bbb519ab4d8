//! Configurations, and keys that would be read in two ways or by nobody.

use cpex_core::manager::PluginManager;
use cpex_wasmi::config::Document;
use serde_json::Value;

use crate::pipeline::Plugins;

const GUARD: &str = "
plugins:
  - name: g
    kind: wasm://pii_guard.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels, read_roles]
";

const PINNED: &str = "sandbox_policy: {sha256: \"0000000000000000000000000000000000000000000000000000000000000000\"}";

/// The configuration with more at the entry of the guard.
fn with(added: &str) -> String {
    format!("{GUARD}    {added}\n")
}

#[test]
fn a_policy_under_a_merge_key_is_refused() {
    let plugins = Plugins::of(&["pii_guard"]);
    for (yaml, place, path) in [
        (with(&format!("config: {{<<: {{{PINNED}}}}}")), "line 7, column 14", "config.<<"),
        (with(&format!("config: {{\"<<\": {{{PINNED}}}}}")), "line 7, column 14", "config.<<"),
        (with(&format!("<<: {{config: {{{PINNED}}}}}")), "line 7, column 5", "plugins[0].<<"),
        (with(&format!("config: {{a: [{{<<: {{{PINNED}}}}}]}}")), "line 7, column 19", "a[0].<<"),
        (
            format!("{GUARD}plugin_settings: {{<<: {{routing_enabled: true}}}}\n"),
            "line 7, column 19",
            "<<",
        ),
        (
            format!("{GUARD}routes: [{{tool: a, plugins: [g: {{<<: {{config: 1}}}}]}}]\n"),
            "line 7, column 34",
            "g.<<",
        ),
        (format!("base: &base {{plugins: []}}\n<<: *base{GUARD}"), "line 2, column 1", "`<<`"),
    ] {
        let message = plugins.refused(&yaml);
        assert!(message.contains("is a merge key"), "{message}");
        assert!(message.contains(place) && message.contains(path), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_merge_key_is_refused_without_register_too() {
    let plugins = Plugins::of(&["pii_guard"]);
    for config in [format!("{{<<: {{{PINNED}}}}}"), format!("{{a: [{{<<: {{{PINNED}}}}}]}}")] {
        let yaml = with(&format!("config: {config}"));
        let manager = std::sync::Arc::new(PluginManager::default());
        plugins.factory().register_kind(&manager, "wasm://pii_guard.wasm");
        let message = manager.load_config_yaml(&yaml).unwrap_err().to_string();
        assert!(message.contains("is a merge key"), "{message}");
        let parsed = cpex_core::config::parse_config(&yaml).unwrap();
        let manager = PluginManager::default();
        let message = plugins.factory().register_config(&manager, &parsed).unwrap_err().to_string();
        assert!(message.contains("is a merge key"), "{message}");
    }
}

#[test]
fn yaml_that_could_be_read_in_two_ways_is_refused() {
    let plugins = Plugins::of(&["pii_guard"]);
    for (yaml, told) in [
        (with("config: {a: !!binary aGk=}"), "`plugins[0].config.a` has the tag `!!binary`"),
        (with("config: {a: !secret x}"), "has the tag `!secret`"),
        (with("config: !!map {}"), "has the tag `!!map`"),
        (with("config: {a: 1, a: 2}"), "`plugins[0].config.a` stands twice, first in line 7"),
        (with("config: {a: 1, 'a': 2}"), "stands twice"),
        (format!("{GUARD}plugins: []\n"), "`plugins` stands twice, first in line 2"),
        (format!("{GUARD}---\nplugins: []\n"), "line 7, column 1: a second document"),
        (with("config: {404: x}"), "the key `404` must be a text"),
        (with("config: {? {a: 1} : 2}"), "a key must be a text"),
        (with("config: {*a : 2}"), "unknown anchor"),
        (with("config: &a {b: *a}"), "an alias stands within"),
        (with("config: {a: 99999999999999999999}"), "is 99999999999999999999, and whole"),
        (with("config: {a: .nan}"), "is .nan"),
        (format!("%YAML 1.1\n---{GUARD}"), "line 1, column 1"),
        (with("config: &a: {b: 1}"), "the name of an anchor"),
        (with("config: {a: :x}"), "`plugins[0].config.a` begins with a colon"),
        (with("config: {?}"), "the key `?` begins with a question mark"),
        (with("config: {a: [?x]}"), "`plugins[0].config.a[0]` begins with a question mark"),
        (with("config: {:x : 1}"), "the key `:x` begins with a colon"),
        (with("config: {a: \u{85}}"), "line 7, column 17: U+0085 stands here"),
        (with("config: {a: x\u{2028}y}"), "line 7, column 18: U+2028 stands here"),
        (with("config: {a: ["), "this is not valid YAML"),
    ] {
        let message = plugins.refused(&yaml);
        assert!(message.contains(told), "{told}: {message}");
        assert!(message.contains("line "), "{message}");
    }
}

#[test]
fn an_alias_stands_for_its_anchor() {
    let plugins = Plugins::of(&["pii_guard"]);
    let entry = |name: &str, config: &str| {
        let rest = "hooks: [cmf.tool_pre_invoke], capabilities: [read_labels, read_roles]";
        format!("  - {{name: {name}, kind: 'wasm://pii_guard.wasm', {rest}, config: {config}}}\n")
    };
    let yaml = |pinned: &str| {
        format!(
            "plugins:\n{}{}",
            entry("a", &format!("&shared {{{pinned}}}")),
            entry("b", "*shared")
        )
    };
    plugins.load(&yaml("sandbox_policy: {isolation: pooled}")).unwrap();
    let message = plugins.refused(&yaml(PINNED));
    assert_eq!(message.lines().count(), 2, "{message}");
    assert!(message.contains("plugin `b`"), "{message}");
    // What aliases stand for is bounded.
    let mut bomb = String::from("a0: &a0 [x]\n");
    for at in 1..30 {
        let last = at - 1;
        bomb.push_str(&format!("a{at}: &a{at} [*a{last}, *a{last}, *a{last}]\n"));
    }
    assert!(plugins.refused(&bomb).contains("more than 1000000 values"));
}

#[test]
fn aliases_of_a_large_text_are_bounded_in_bytes() {
    let large = "x".repeat(1 << 20);
    for anchored in [format!("&large {large}"), format!("&large\n  ? {large}\n  : 1")] {
        let yaml = |aliases: usize| {
            let list = vec!["*large"; aliases].join(", ");
            format!("large: {anchored}\nmore: [{list}]\n")
        };
        let message = Document::parse(&yaml(400)).unwrap_err().to_string();
        assert!(message.contains("more than 16777216 bytes"), "{message:.300}");
        Document::parse(&yaml(14)).unwrap();
    }
}

#[test]
fn a_text_that_needs_quotes_for_its_sign_is_told() {
    let plugins = Plugins::of(&["pii_guard"]);
    for text in ["*.example.com", "*", "**", "&x.example.com", "&", "&a"] {
        for config in [format!("config: {{a: {text}}}"), format!("config: [x, {text}]")] {
            let message = plugins.refused(&with(&config));
            let sign = text.get(..1).unwrap();
            let advice = format!("put a text that begins with `{sign}` in quotes");
            assert!(message.contains(&advice), "{config}: {message}");
        }
        let message = plugins.refused(&with(&format!("config:\n      a: {text}\n      b: 1")));
        assert!(message.contains("in quotes"), "{text}: {message}");
    }
    let message = plugins.refused(&with("config: {a: ["));
    assert!(!message.contains("in quotes"), "{message}");
}

/// The keys and values that `cpex-core` reads of a configuration are those that were checked.
#[test]
fn odd_notations_mean_the_same_to_cpex_core() {
    for config in [
        "{a: 'x''y', b: \"\\u00fc\\t\\x41\\\n    z\", c: x\\ty}",
        "{a: 0x10, b: 0o17, c: 0b11, d: 012, e: 1_000, f: 1e3, g: .5, h: -0, i: +7, j: 1.}",
        "{a: yes, b: no, c: on, d: ~, e: , f: NULL, g: True, h: 'true', i: inf}",
        "\n      a: |\n        one\n          two\n\n      b: >-\n        one\n        two\n\n        three\n",
        "\n      a: one\n        two\n      b: 'one\n\n        two'\n      ? c\n      : d\n      - : 1\n",
        "{\"a\":1,\"b\":[1,2,],c: [a b, {d: e}, f: g]}",
        "{a: x#y, b: x:y, c: http://a/b, d: '#', e: -1-2, f: 2024-01-01, g: 12:30:45}",
        "{on: 1, yes: 2, y: 3, n: 4, '~': 5, ' ': 6}",
    ] {
        let yaml = with(&format!("config: {config}"));
        let ours = match Document::parse(&yaml) {
            Ok(document) => document.value().pointer("/plugins/0/config").cloned(),
            Err(error) => {
                // What only one of them takes is loaded by neither.
                println!("{config:?} is refused: {error}");
                continue;
            }
        };
        let Ok(theirs) = cpex_core::config::parse_config(&yaml) else {
            println!("{config:?} is refused by cpex-core");
            continue;
        };
        let theirs = theirs.plugins[0].config.clone();
        assert_eq!(ours.filter(|value| !value.is_null()), theirs, "{config}");
    }
}

#[test]
fn a_policy_where_it_has_no_effect_is_refused() {
    let plugins = Plugins::of(&["pii_guard"]);
    let routed = format!("{GUARD}plugin_settings: {{routing_enabled: true}}\n");
    let policy = "sandbox_policy: {resources: {max_fuel: 10}}";
    let (config, deep) = ("under `config` of a plugin's entry", "under `config.sandbox_policy`");
    for (yaml, path, place) in [
        (format!("{policy}{GUARD}"), "`sandbox_policy`", config),
        (format!("sha256: x{GUARD}"), "`sha256`", deep),
        (format!("allowed_env: [A]{GUARD}"), "`allowed_env`", deep),
        (format!("isolation: pooled{GUARD}"), "`isolation`", deep),
        (format!("max_memory_bytes: 1{GUARD}"), "`max_memory_bytes`", deep),
        (format!("resources: {{max_fuel: 1}}{GUARD}"), "`resources`", deep),
        (format!("defaults: {{{policy}}}{GUARD}"), "`defaults.sandbox_policy`", config),
        (
            format!("{GUARD}plugin_settings: {{{policy}}}\n"),
            "`plugin_settings.sandbox_policy`",
            config,
        ),
        (format!("{GUARD}plugin_settings: {{max_fuel: 1}}\n"), "`plugin_settings.max_fuel`", deep),
        (format!("{GUARD}global: {{{policy}}}\n"), "`global.sandbox_policy`", config),
        (
            format!("{GUARD}global: {{policies: {{all: {{{policy}}}}}}}\n"),
            "`global.policies.all.sandbox_policy`",
            config,
        ),
        (format!("{GUARD}groups: {{a: {{{policy}}}}}\n"), "`groups.a.sandbox_policy`", config),
        (
            format!("{routed}routes: [{{tool: a, {policy}}}]\n"),
            "`routes[0].sandbox_policy`",
            config,
        ),
        (
            format!("{routed}routes: [{{tool: a, meta: {{{policy}}}}}]\n"),
            "`routes[0].meta.sandbox_policy`",
            config,
        ),
        (
            format!("{routed}routes: [{{tool: a, plugins: [g: {{{policy}}}]}}]\n"),
            "has `sandbox_policy`",
            "put it under `config`",
        ),
        (with(policy), "`sandbox_policy`", "belongs under `config`"),
        (with("sha256: x"), "`sha256`", deep),
        (with("isolation: pooled"), "`isolation`", deep),
        (with("config: {isolation: pooled}"), "`config.isolation`", deep),
        (with("config: {max_fuel: 1}"), "`config.max_fuel`", deep),
        (
            with(&format!("config: {{settings: {{{policy}}}}}")),
            "`config.settings.sandbox_policy`",
            "under `config` itself",
        ),
        (
            format!("{GUARD}  - {{name: n, kind: builtin, {policy}}}\n"),
            "`plugins[1].sandbox_policy`",
            config,
        ),
        // Routes do not count without `routing_enabled`.
        (
            format!("{GUARD}routes: [{{tool: a, plugins: [g: {{config: {{{policy}}}}}]}}]\n"),
            "`routes[0].plugins[0].g.config.sandbox_policy`",
            "routing_enabled: true",
        ),
    ] {
        let message = plugins.refused(&yaml);
        assert!(message.contains(path) && message.contains(place), "{message}\n{yaml}");
        assert!(message.starts_with("configuration error: line "), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    // What others may have is theirs.
    for own in ["log_level: info", "clock: utc", "resources: [a]", "apl: {sandbox_policy: {}}"] {
        plugins.load(&format!("{own}{GUARD}")).map(drop).unwrap();
    }
}

#[test]
fn references_to_what_is_not_there_are_refused() {
    let plugins = Plugins::of(&["pii_guard"]);
    let routed = format!("{GUARD}plugin_settings: {{routing_enabled: true}}\n");
    for (added, told) in [
        (
            "routes: [{tool: a, plugins: [gg]}]",
            "line 8, column 30: `routes[0].plugins[0]` names the plugin `gg`",
        ),
        ("groups: {a: {plugins: [h]}}", "`groups.a.plugins[0]` names the plugin `h`"),
        ("global: {defaults: {tool: {plugins: [h]}}}", "names the plugin `h`"),
        ("global: {authentication: [h]}", "`global.authentication[0]` names the plugin `h`"),
        ("routes: [{tool: a, groups: b}]", "`routes[0].groups` names the group `b`"),
        ("routes: [{tool: a, llm: b}]", "and has `tool` and `llm`"),
        ("routes: [{meta: {tags: [a]}}]", "and has none of them"),
        (
            "routes: [{tool: a, plugins: [{g: , h: }]}]",
            "must have one key, a plugin's name, and has 2",
        ),
        ("routes: [{tool: a, identity: [g]}]", "was renamed to `authentication`"),
    ] {
        let message = plugins.refused(&format!("{routed}{added}\n"));
        assert!(message.contains(told), "{message}");
    }
    let twice = format!("{GUARD}  - {{name: g, kind: builtin}}\n");
    assert!(
        plugins
            .refused(&twice)
            .contains("`plugins[1].name` is `g`, which is the name of another plugin")
    );
}

#[test]
fn a_broken_entry_of_another_kind_is_told_with_its_place() {
    let plugins = Plugins::of(&["pii_guard"]);
    for (entry, told) in [
        ("{name: n}", "line 7, column 5: `plugins[1]` lacks `kind`"),
        ("{kind: builtin}", "`plugins[1]` lacks `name`"),
        (
            "{name: n, kind: builtin, priority: high}",
            "`plugins[1].priority` must be a whole number",
        ),
        ("{name: n, kind: builtin, mode: odd}", "`plugins[1].mode` is `odd`"),
        ("{name: n, kind: builtin, on_error: }", "`plugins[1].on_error` is empty"),
        ("{name: n, kind: builtin, hooks: [7]}", "`plugins[1].hooks[0]` must be a text"),
        ("{name: n, kind: builtin, capabilties: [x]}", "did you mean `capabilities`"),
        ("[]", "`plugins[1]` must be a mapping"),
    ] {
        let message = plugins.refused(&format!("{GUARD}  - {entry}\n"));
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_configuration_without_a_guard_is_told() {
    let plugins = Plugins::of(&["pii_guard"]);
    for (yaml, told) in [
        ("", "the configuration is empty"),
        ("# nothing\n", "the configuration is empty"),
        ("plugins:\n", "`plugins` is empty"),
        ("plugins: []\n", "`plugins` is empty"),
        ("routes: []\n", "the configuration has no `plugins`"),
        ("plugins: [{name: a, kind: b, mode: disabled}]\n", "has `mode: disabled`"),
    ] {
        let lines = crate::logs::captured(|| {
            let manager = PluginManager::default();
            plugins.factory().register(&manager, yaml).unwrap();
        });
        assert!(lines.contains("WARN") && lines.contains("no plugin is active"), "{lines}");
        assert!(lines.contains(told), "{lines}");
    }
}

/// Whatever becomes of a configuration when it is changed somewhere: what the check takes, `cpex-core` does.
#[test]
fn what_the_check_takes_cpex_core_takes() {
    const FULL: &str = "
plugin_settings: {routing_enabled: true, plugin_timeout: 5, short_circuit_on_deny: true}
plugin_dirs: [a]
plugins:
  - name: g
    kind: native
    description: d
    version: '1'
    hooks: [a, b]
    mode: audit
    priority: 3
    on_error: ignore
    capabilities: [x]
    tags: [t]
    conditions: [{tools: [a], server_ids: [b]}]
    config: {a: 1}
global:
  policies: {all: {description: d, metadata: {a: b}, plugins: [g]}}
  defaults: {tool: {plugins: [{g: {config: {b: 2}}}]}}
  authentication: {replace_inherited: true, steps: [g, {name: g, on_error: deny, config: {}}]}
groups: {pii: {plugins: [g], authentication: [g]}}
routes:
  - tool: [a, b]
    meta: {tags: [pii], scope: s, properties: {a: b}}
    groups: pii
    when: x
    plugins: [g, g: {config: {a: 2}}]
";
    let full = Document::parse(FULL).unwrap();
    assert_eq!(problems(FULL), Vec::<String>::new());
    cpex_core::config::parse_config(FULL).unwrap();
    let values = [
        "null",
        "true",
        "7",
        "-7",
        "1.5",
        "\"x\"",
        "[]",
        "[null]",
        "[7]",
        "[\"x\"]",
        "{}",
        "{\"x\": 7}",
    ];
    let (mut taken, mut refused) = (0, 0);
    for path in paths(full.value(), String::new()) {
        for value in values {
            let mut changed = full.value().clone();
            *changed.pointer_mut(&path).unwrap() = serde_json::from_str(value).unwrap();
            let yaml = changed.to_string();
            if problems(&yaml).is_empty() {
                taken += 1;
                cpex_core::config::parse_config(&yaml)
                    .unwrap_or_else(|error| panic!("{path} = {value}: {error}"));
            } else {
                refused += 1;
            }
        }
    }
    assert!(taken > 100 && refused > 300, "{taken} {refused}");
}

fn problems(yaml: &str) -> Vec<String> {
    let document = Document::parse(yaml).unwrap();
    let report = cpex_wasmi::config::check(&document, None);
    report.problems.iter().map(ToString::to_string).collect()
}

/// The pointers of all values.
fn paths(value: &Value, path: String) -> Vec<String> {
    let mut all = vec![path.clone()];
    match value {
        Value::Object(map) => {
            all.extend(map.iter().flat_map(|(key, value)| paths(value, format!("{path}/{key}"))));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            all.extend(items.flat_map(|(at, value)| paths(value, format!("{path}/{at}"))));
        }
        _ => {}
    }
    all
}
