//! `check` of whole configurations, and `schema`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Guest, Place};
use serde_json::{Value, json};

const ENTRY: &str = "plugins:
  - name: guest
    kind: wasm://guest.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_labels]
";

/// A place with a plugin directory beside the configuration.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().join("plugins")).unwrap();
    let guest = Guest { capabilities: &["read_labels"], ..Guest::default() };
    place.file("plugins/guest.wasm", guest.wasm());
    place.file("guest.wat", guest.wat());
    place
}

#[test]
fn a_configuration_is_checked_against_a_directory() {
    let place = place();
    place.file("gateway.yaml", ENTRY);
    let ran = place.run(["check", "gateway.yaml"]).gives(0);
    assert_eq!(ran.stdout, "OK  the host loads gateway.yaml with 1 plugin\n");
    let verdict = place.run(["check", "gateway.yaml", "--json"]).gives(0).json();
    let plugins = json!([{"name": "guest", "kind": "wasm://guest.wasm"}]);
    assert_eq!(
        verdict,
        json!({"ok": true, "problems": [], "warnings": [], "entry": null, "plugins": plugins})
    );
    std::fs::rename(place.path().join("plugins"), place.path().join("modules")).unwrap();
    place.run(["check", "gateway.yaml", "--plugin-dir", "modules"]).gives(0);
    place
        .run(["check", "gateway.yaml"])
        .gives(2)
        .complains("the plugin directory `plugins` cannot be read")
        .complains("with `--plugin-dir DIR`");
    place.run(["check", "gateway.yaml", "--policy", "x"]).gives(2).complains("`--policy` is for");
    place.run(["check", "missing.yaml"]).gives(2).complains("the file does not exist");
}

/// Changes to the entry, each with the place and the words of what is refused.
const REFUSED: [(&str, &str, &str, &str); 11] = [
    ("    hooks: [cmf.tool_pre_invoke]\n", "", "2:5", "`hooks` is empty"),
    ("wasm://", "wams://", "3:5", "did you mean `wasm://guest.wasm`?"),
    ("wasm://", "wasm:/", "3:5", "did you mean `wasm://guest.wasm`?"),
    ("guest.wasm", "gest.wasm", "3:5", "gest.wasm` cannot be read"),
    ("guest.wasm", "../guest.wasm", "3:5", "a path without `..`"),
    ("[read_labels]", "[]", "5:5", "asks for the capability `read_labels`"),
    ("tool_pre", "tol_pre", "4:5", "does not handle the hook `cmf.tol_pre_invoke`"),
    ("capabilities: [read_labels]", "capabilties: []", "5:5", "did you mean `capabilities`?"),
    (
        "read_labels]\n",
        "read_labels]\nplugin_settings: {routing_enabled: true, plugin_timout: 1}\n",
        "6:42",
        "did you mean `plugin_timeout`?",
    ),
    (
        "read_labels]\n",
        "read_labels]\nplugin_settings: {routing_enabled: true}\nroutes: [{tool: a, plugins: [gust]}]\n",
        "7:30",
        "names the plugin `gust`, which does not exist; did you mean `guest`?",
    ),
    (
        "read_labels]\n",
        "read_labels]\n  - {name: other, kind: native, priority: high}\n",
        "6:33",
        "`plugins[1].priority` must be a whole number",
    ),
];

#[test]
fn what_a_host_refuses_is_refused_with_its_place() {
    let place = place();
    for (from, to, at, told) in REFUSED {
        let yaml = ENTRY.replace(from, to);
        assert_ne!(yaml, ENTRY);
        place.file("gateway.yaml", yaml);
        let ran = place.run(["check", "gateway.yaml"]).gives(3);
        let lines: Vec<_> = ran.stdout.lines().collect();
        let last = "REFUSED  the host does not load gateway.yaml: 1 problem";
        assert_eq!(lines[1..], [last], "{}", ran.stdout);
        assert!(lines[0].contains(&format!("]: gateway.yaml:{at}: ")), "{}", lines[0]);
        assert!(lines[0].contains(told), "{}", lines[0]);
        let verdict = place.run(["check", "gateway.yaml", "--json"]).gives(3).json();
        let problem = &verdict["problems"][0];
        assert_eq!(verdict["ok"], false);
        assert_eq!(problem["file"], "gateway.yaml");
        assert_eq!(format!("{}:{}", problem["line"], problem["column"]), at);
        assert!(problem["path"].is_string() && problem["message"].as_str().unwrap().contains(told));
    }
}

#[test]
fn a_module_is_held_against_the_whole_of_its_configuration() {
    let place = place();
    for (from, to, at, told) in REFUSED {
        place.file("gateway.yaml", ENTRY.replace(from, to));
        let args = ["check", "guest.wat", "--plugin", "guest", "--policy", "gateway.yaml"];
        let ran = place.run(args.iter().chain(&["--plugin-dir", "plugins"]));
        assert!(ran.status > 1, "{}", ran.stdout);
        let all = [ran.stdout.as_str(), ran.stderr.as_str()].concat();
        assert!(all.contains(told), "{told}: {all}");
        // What is not of the module itself has its place.
        if !to.contains("tol_pre") && to != "[]" {
            assert!(all.contains(&format!("gateway.yaml:{at}: ")), "{all}");
        }
        if !told.contains("cannot be read") {
            let ran = place.run(args);
            assert!(ran.status > 1, "{told}: {}", ran.stdout);
        }
    }
    place.file("gateway.yaml", ENTRY);
    place.run(["check", "guest.wat", "--policy", "gateway.yaml"]).gives(0);
}

#[test]
fn an_entry_for_another_module_is_refused() {
    let place = place();
    place.file("gateway.yaml", ENTRY.replace("guest.wasm", "other.wasm"));
    let args = ["check", "guest.wat", "--policy", "gateway.yaml"];
    place.run(args).gives(3).says(
        "gateway.yaml:3:5: the entry is for `wasm://other.wasm`, but the module given is another",
    );
    let entry = "name: guest\nkind: wasm://other.wasm\nhooks: [cmf.tool_pre_invoke]\n\
                 capabilities: [read_labels]\n";
    place.file("entry.yaml", entry);
    let ran = place.run(["check", "guest.wat", "--policy", "entry.yaml", "--json"]).gives(3);
    assert_eq!(ran.json()["problems"][0]["line"], 2);
    // The plugin directory has a file of that name, and it is not the one given.
    place.file("gateway.yaml", ENTRY);
    place.file(
        "plugins/guest.wasm",
        Guest { name: "old", capabilities: &["read_labels"], ..Guest::default() }.wasm(),
    );
    place
        .run(args.iter().chain(&["--plugin-dir", "plugins"]))
        .gives(3)
        .says("the module given is another");
}

#[test]
fn a_configuration_without_a_guard_is_refused() {
    let place = place();
    for (yaml, told) in [
        ("", "no plugin is active: the configuration is empty"),
        ("# plugins:\n", "no plugin is active: the configuration is empty"),
        ("plugins:\n", "no plugin is active: `plugins` is empty"),
        ("plugins: []\n", "no plugin is active: `plugins` is empty"),
        ("global: {}\n", "no plugin is active: the configuration has no `plugins`"),
        ("plugins: [{name: a, kind: native, mode: disabled}]\n", "has `mode: disabled`"),
    ] {
        place.file("gateway.yaml", yaml);
        place.run(["check", "gateway.yaml"]).gives(3).says(told);
        let verdict = place.run(["check", "gateway.yaml", "--json"]).gives(3).json();
        assert_eq!(verdict["ok"], false);
    }
    place.file("gateway.yaml", "plugins: [{name: a, kind: native, hooks: [x]}]\n");
    place.run(["check", "gateway.yaml"]).gives(0).says("no plugin of a kind that begins with");
}

#[test]
fn yaml_that_has_two_readings_is_refused_with_its_place() {
    let place = place();
    for (added, at, told) in [
        ("config: {<<: {sandbox_policy: {}}}", "6:14", "is a merge key"),
        ("config: {a: !!binary aGk=}", "6:17", "has the tag `!!binary`"),
        ("config: {a: 99999999999999999999}", "6:17", "is 99999999999999999999"),
        ("name: twice", "6:5", "`plugins[0].name` stands twice, first in line 2"),
    ] {
        place.file("gateway.yaml", format!("{ENTRY}    {added}\n"));
        let ran = place.run(["check", "gateway.yaml"]).gives(3);
        assert!(ran.stdout.contains(&format!("gateway.yaml:{at}: ")), "{}", ran.stdout);
        ran.says(told);
    }
    place.file("gateway.yaml", format!("sandbox_policy: {{}}\n{ENTRY}"));
    place.run(["check", "gateway.yaml"]).gives(3).says("gateway.yaml:1:1: `sandbox_policy` has no");
}

#[test]
fn the_example_is_right() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let [yaml, fixtures] =
        ["examples/gateway/gateway.yaml", "fixtures"].map(|path| root.join(path));
    let args = ["check".as_ref(), yaml.as_os_str(), "--plugin-dir".as_ref(), fixtures.as_os_str()];
    Place::new().run(args).gives(0).says("OK");
}

#[test]
fn the_schema_is_printed() {
    let place = Place::new();
    for (args, file) in [
        (&["schema"][..], "configuration.schema.json"),
        (&["schema", "praxis"], "praxis.schema.json"),
        (&["schema", "policy"], "sandbox_policy.schema.json"),
    ] {
        let printed: Value = serde_json::from_str(&place.run(args).gives(0).stdout).unwrap();
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
        let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(printed == committed, "{file} is out of date");
        assert_eq!(printed["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn each_enabled_plugin_of_a_configuration_is_initialised() {
    let place = place();
    let body = "i32.const 0)
        (func (export \"cpex_init\") (result i32) (local $left i32)
          (local.set $left (i32.const 10000))
          (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))
          i32.const 0";
    let guest = Guest { capabilities: &["read_labels"], body, ..Guest::default() };
    place.file("plugins/guest.wasm", guest.wasm());
    place.file("gateway.yaml", ENTRY);
    let ran = place.run(["check", "gateway.yaml"]).gives(0);
    ran.says("with 1 plugin\ninitialisation of `guest`: fuel ").says(" · memory 64 KiB · ");
    let verdict = place.run(["check", "gateway.yaml", "--json"]).gives(0).json();
    let taken = &verdict["plugins"][0]["initialisation"];
    assert!(taken["fuel"].as_u64().unwrap() > 10_000, "{verdict}");
    assert!(taken["init_fuel"].as_u64().unwrap() > 10_000, "{verdict}");
    let small =
        format!("{ENTRY}    config: {{sandbox_policy: {{resources: {{init_fuel: 2000}}}}}}\n");
    place.file("gateway.yaml", &small);
    let ran = place.run(["check", "gateway.yaml"]).gives(3);
    ran.says("error[fuel_exhausted]: gateway.yaml:6:14: plugin `guest` (wasm://guest.wasm): ")
        .says("`init_fuel` allows 2,000 units");
    let other = "  - {name: other, kind: native, hooks: [x]}\n";
    place.file("gateway.yaml", format!("{small}    mode: disabled\n{other}"));
    place.run(["check", "gateway.yaml"]).gives(0);
}

#[test]
fn a_stub_stands_in_when_a_configuration_is_checked() {
    let place = place();
    let guest = Guest { access: &["function:my.allow"], ..Guest::default() };
    place.file("plugins/guest.wasm", guest.wasm());
    place.file("guest.wat", guest.wat());
    let entry = ENTRY.replace("    capabilities: [read_labels]\n", "");
    let granted = "    config: {sandbox_policy: {allowed_functions: [my.allow]}}\n";
    let stub = ["--stub", "my.allow=true"];
    let configuration = ["check", "gateway.yaml"];
    place.file("gateway.yaml", format!("{entry}{granted}"));
    place.run(configuration).gives(3).says("this host has no such function");
    place.run(configuration.iter().chain(&stub)).gives(0);
    let module = ["check", "guest.wasm", "--policy", "gateway.yaml", "--plugin-dir", "plugins"];
    place.file("guest.wasm", guest.wasm());
    place.run(module.iter().chain(&stub)).gives(0);
    // The configuration grants for itself.
    place.file("gateway.yaml", &entry);
    place.run(configuration.iter().chain(&stub)).gives(3).says("`function:my.allow`");
    let wrong = ["--stub", "clock.now=1"];
    place.run(configuration.iter().chain(&wrong)).gives(2).complains("`--stub`: `clock.now` is");
}

#[test]
fn a_policy_and_a_configuration_are_refused_in_the_same_words() {
    let place = place();
    let twice = ENTRY.split_once('\n').unwrap().1.replace("capabilities", "capabilties");
    for yaml in [
        "plugins:\n",
        "plugins: []\n",
        &format!("{ENTRY}    config: {{<<: {{sandbox_policy: {{}}}}}}\n"),
        &format!("{ENTRY}{twice}"),
    ] {
        place.file("gateway.yaml", yaml);
        let alone = place.run(["check", "gateway.yaml"]).gives(3);
        let problems = |text: &str| {
            let lines = text.lines().filter(|line| line.starts_with("error["));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let args = ["check", "guest.wat", "--policy", "gateway.yaml"];
        let args = args.iter().chain(&["--plugin-dir", "plugins"]);
        let beside = place.run(args).gives(2);
        assert_eq!(problems(&alone.stdout), problems(&beside.stderr), "{yaml}");
        assert!(!problems(&alone.stdout).is_empty(), "{yaml}");
    }
}
