//! Behaviour of all commands: modules from the standard input, values in place of files, how much is told
//! and how wide, and which exit status is which.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Guest, HOOK, PAYLOAD, Place, Ran};
use cpex_wasmi::abi::Field;
use serde_json::{Value, json};

const COMMANDS: [&str; 10] =
    ["call", "bench", "inspect", "check", "new", "schema", "build", "embed", "completions", "man"];

fn place() -> Place {
    let place = Place::new();
    place.file("guest.wat", Guest::default().wat());
    place
}

/// Runs it with these bytes on its standard input.
fn fed(place: &Place, args: &[&str], stdin: &[u8]) -> Ran {
    let file = place.file("stdin", stdin);
    let stdin = std::fs::File::open(file).unwrap();
    place.command(args).stdin(stdin).output().unwrap().into()
}

/// Denies with the configured text `role` as reason.
fn teller() -> String {
    let body = format!(
        "i32.const 0 i32.const 4 i32.const 64
         (call $read_text (i32.const {}) (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.const 64) (i32.const 64))
         call $deny_text",
        Field::Config.number()
    );
    let imports = [("read_text", 6), ("deny_text", 4)];
    Guest { imports: &imports, data: "role", body: &body, ..Guest::default() }.wat()
}

#[test]
fn a_module_comes_from_the_standard_input() {
    let place = place();
    let (wasm, text) = (Guest::default().wasm(), Guest::default().wat());
    for module in [wasm.as_slice(), text.as_bytes()] {
        fed(&place, &["inspect", "-"], module)
            .gives(0)
            .says("guest 1.2.3  standard input\n")
            .says("kind: wasm://guest.wasm\n");
        fed(&place, &["check", "-"], module).gives(0).says("OK");
        fed(&place, &["call", "-", "--payload", "payload.json"], module).gives(0).says("ALLOW");
        let bench = ["bench", "-", "--payload", "payload.json", "--calls", "2"];
        fed(&place, &bench, module).gives(0).says("per_call");
    }
    let bare = wat::parse_str(text.split("(@custom").next().unwrap().to_owned() + ")").unwrap();
    place.file("m.yaml", "name: guest\nversion: 1.2.3\nhooks: [cmf.tool_pre_invoke]\n");
    let embed = ["embed", "-", "--manifest", "m.yaml", "-o", "plugin.wasm"];
    fed(&place, &embed, &bare).gives(0);
    place.run(["check", "plugin.wasm"]).gives(0);
    // There is one standard input, and what is wrong is said of it.
    let both = ["call", "-", "--payload", "-"];
    fed(&place, &both, &wasm).gives(2).complains("`PLUGIN` and `--payload` are both `-`");
    let both = ["embed", "-", "--manifest", "-", "-o", "x"];
    fed(&place, &both, &wasm).gives(2).complains("`MODULE` and `--manifest` are both `-`");
    fed(&place, &["check", "-", "--policy", "-"], &wasm).gives(2).complains("are both `-`");
    let message = "standard input: this is not a wasm module";
    fed(&place, &["inspect", "-"], b"{\"a\": 1}").gives(3).complains(message);
    fed(&place, &["inspect", "-"], b"(module (func i32.ad))")
        .gives(3)
        .complains("standard input:1:15");
}

#[test]
fn inputs_can_be_given_in_place_of_files() {
    let place = place();
    place.file("guest.wat", teller());
    let ran =
        place.run(["call", "guest.wat", "--payload", PAYLOAD, "--config", r#"{"role": "x"}"#]);
    ran.gives(1).says("role: x\n");
    let args = ["call", "guest.wat", "--payload", r#" {"message": 3}"#];
    place
        .run(args)
        .gives(2)
        .complains("the JSON given:1:14: in the payload: `message`: invalid type");
    let policy = r#"{"config": {"role": "y"}, "name": "guest", "kind": "wasm://guest.wasm"}"#;
    let args = ["call", "guest.wat", "--payload", "payload.json", "--policy", policy];
    place.run(args).gives(1).says("role: y\n");
    place.run(["check", "guest.wat", "--policy", "{max_feul: 1}"]).gives(2).complains("max_feul");
    // A file whose name begins so has a way in.
    place.file("{x", PAYLOAD);
    let args = ["call", "guest.wat", "--payload", "./{x", "--set", "role=z"];
    place.run(args).gives(1).says("role: z\n");
}

#[test]
fn settings_are_set_one_by_one() {
    let place = place();
    place.file("guest.wat", teller());
    place.file("config.json", r#"{"role": "file", "rules": {"a": 1}, "n": 1}"#);
    let call = |more: &[&str]| {
        place.run(["call", "guest.wat", "--payload", "payload.json"].iter().chain(more))
    };
    call(&["--set", "role=admin"]).gives(1).says("role: admin\n");
    call(&["--set", "role=\"5\""]).gives(1).says("role: 5\n");
    let file = ["--config", "config.json", "--set"];
    call(&[&file[..], &["rules.a=true"]].concat()).gives(1).says("role: file\n");
    call(&[&file[..], &["role=a=b"]].concat()).gives(1).says("role: a=b\n");
    let wrong = |more: &[&str], message: &str| {
        call(more).gives(2).complains(message);
    };
    wrong(&["--set", "role"], "write KEY=VALUE, such as `limit=5`");
    wrong(&["--set", "a..b=1"], "a key is empty");
    wrong(&["--set", r#"a={"x": 1, "x": 2}"#], "the key `x` stands twice");
    wrong(&["--set", "a=[1"], "EOF while parsing a list");
    wrong(&["--set", "a=1", "--set", "a=2"], "`--set a` is given twice");
    wrong(&["--set", "a=1", "--set", "a.b=2"], "`--set a` and `--set a.b` set the same value");
    let message = "`--set n.x`: `n` is not an object, which has no keys";
    wrong(&["--config", "config.json", "--set", "n.x=1"], message);
    // What the host goes by is no setting of the plugin's.
    wrong(&["--set", "sandbox_policy.max_fuel=1"], "give it with `--policy`");
    wrong(
        &["--config", r#"{"sandbox_policy": {}}"#],
        "the JSON given: `sandbox_policy` is not a setting",
    );
}

#[test]
fn a_configuration_is_checked_however_it_is_set() {
    let place = place();
    let schema = r#"{"properties": {"limit": {"type": "integer"}}}"#;
    place.file("guest.wat", Guest { schema: Some(schema), ..Guest::default() }.wat());
    let args = ["call", "guest.wat", "--payload", "payload.json", "--set"];
    place.run(args.iter().chain(&["limit=5"])).gives(0);
    place
        .run(args.iter().chain(&["limit=five"]))
        .gives(2)
        .complains("`config.limit` must be a whole");
    // It is said of what it comes from.
    place.file("c.json", r#"{"limit": "x"}"#);
    let args = ["call", "guest.wat", "--payload", "payload.json", "--config", "c.json"];
    place.run(args).gives(2).complains("error[invalid_policy]: c.json: plugin `guest`: ");
}

#[test]
fn how_much_is_told_is_up_to_the_caller() {
    let place = Place::new();
    let log = "i32.const 2 i32.const 0 i32.const 5 call $log drop i32.const 0";
    let guest = Guest {
        imports: &[("log", 3)],
        capabilities: &["read_labels"],
        data: "hello",
        body: log,
        ..Guest::default()
    };
    place.file("guest.wat", guest.wat());
    let args = ["call", "guest.wat", "--payload", "payload.json", "--allow-requested"];
    let call = |more: &[&str]| place.run(args.iter().chain(more)).gives(0);
    call(&[]).complains("granted because").complains("log warn cmf.tool_pre_invoke: hello");
    for quiet in ["-q", "--quiet"] {
        let ran = call(&[quiet, "--capabilities", "read_roles"]).says("ALLOW");
        assert_eq!(ran.stderr, "");
    }
    assert_eq!(place.run(["-q"].iter().chain(&args)).gives(0).stderr, "");
    // Errors are told all the same.
    place.run(["inspect", "none", "-q"]).gives(2).complains("none: cannot read the plugin");
    let ran = call(&["--verbose", "--repeat", "3"]);
    ran.complains("guest.wat: guest 1.2.3, ")
        .complains("granted: read_labels")
        .complains("hello\ncall 3: ALLOW, ");
    place.run(["inspect", "guest.wat", "-v"]).gives(0).complains(", sha256 ");
    place.run(["inspect", "guest.wat", "-v", "-q"]).gives(2).complains("cannot be used with");
}

#[test]
fn each_command_tells_version_and_exit_statuses() {
    let place = place();
    for command in COMMANDS {
        let version = concat!(" ", env!("CARGO_PKG_VERSION"), "\n");
        for flag in ["--version", "-V"] {
            place.run([command, flag]).gives(0).says(command).says(version);
        }
        let help =
            place.run([command, "--help"]).gives(0).says("Examples:").says("Exit status:\n  0  ");
        let deny = help.stdout.contains("\n  1  ");
        assert_eq!(deny, command == "call", "{command}");
        let help = help.says("\n  2  ").says("\n  3  ").says("--color <WHEN>").says("--quiet");
        assert!(!help.stdout.contains('\u{1b}'));
    }
}

/// Arguments that give this status.
fn ending(status: i32) -> Vec<Vec<&'static str>> {
    let call = |module, file| vec!["call", module, "--payload", file];
    let bench = |module, file| vec!["bench", module, "--payload", file, "--calls", "2"];
    let embed = |module, manifest, out| vec!["embed", module, "--manifest", manifest, "-o", out];
    match status {
        0 => vec![
            call("guest.wat", "payload.json"),
            bench("guest.wat", "payload.json"),
            vec!["inspect", "guest.wat"],
            vec!["check", "guest.wat"],
            vec!["new", "fine"],
            embed("bare.wat", "m.yaml", "plugin.wasm"),
            vec!["completions", "fish"],
            vec!["man"],
        ],
        2 => vec![
            call("guest.wat", "none.json"),
            call("none.wasm", "payload.json"),
            bench("none.wasm", "payload.json"),
            bench("guest.wat", "none.json"),
            vec!["inspect", "none.wasm"],
            vec!["inspect", "guest.wat", "--wrong"],
            vec!["check", "none.wasm"],
            vec!["check", "guest.wat", "--policy", "none.yaml"],
            vec!["check", "guest.wat", "--policy", "{max_feul: 1}"],
            vec!["new", "payload.json"],
            vec!["build", "none"],
            vec!["schema", "none"],
            vec!["check", "none.yaml"],
            vec!["new", "x", "--sdk-path", "none"],
            embed("none.wat", "m.yaml", "x.wasm"),
            embed("bare.wat", "none.yaml", "x.wasm"),
            embed("bare.wat", "{name: x}", "x.wasm"),
            vec!["completions", "none"],
            vec!["man", "none"],
        ],
        _ => vec![
            call("payload.json", "payload.json"),
            call("asks.wat", "payload.json"),
            call("traps.wat", "payload.json"),
            bench("payload.json", "payload.json"),
            bench("asks.wat", "payload.json"),
            bench("traps.wat", "payload.json"),
            vec!["inspect", "payload.json"],
            vec!["inspect", "bare.wat"],
            vec!["check", "m.yaml"],
            vec!["check", "bare.wat"],
            vec!["check", "asks.wat"],
            vec!["new", "x", "--path", "payload.json/x"],
            embed("payload.json", "m.yaml", "x.wasm"),
            embed("guest.wat", "m.yaml", "x.wasm"),
            embed("bare.wat", "m.yaml", "none/x.wasm"),
            vec!["man", "--output", "payload.json"],
        ],
    }
}

#[test]
fn the_exit_status_is_what_the_help_says() {
    let place = place();
    let bare = Guest::default().wat().split("(@custom").next().unwrap().to_owned() + ")";
    place.file("bare.wat", bare);
    place.file("m.yaml", "name: guest\nversion: 1.2.3\nhooks: [cmf.tool_pre_invoke]\n");
    let asks = Guest { capabilities: &["read_labels"], ..Guest::default() };
    place.file("asks.wat", asks.wat());
    place.file("traps.wat", Guest { body: "unreachable", ..Guest::default() }.wat());
    for status in [0, 2, 3] {
        let all = ending(status);
        // To build takes a compiler, as tests/new.rs does it; for a schema or completions not to be written, a full disk.
        let rest: &[_] = match status {
            0 => &["build", "schema"],
            2 => &[],
            _ => &["build", "schema", "completions"],
        };
        for command in COMMANDS.into_iter().filter(|command| !rest.contains(command)) {
            assert!(all.iter().any(|args| args[0] == command), "{command} {status}");
        }
        for args in all {
            let ran = place.run(&args);
            assert_eq!(ran.status, status, "{args:?}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn colour_is_what_is_asked_for() {
    let place = place();
    let args = ["call", "guest.wat", "--payload", "payload.json"];
    let with = |more: &[&str], variable: &str| {
        let all = args.iter().chain(more);
        place.command(all).env(variable, "1").output().unwrap().stdout
    };
    assert!(with(&["--color", "always"], "NO_COLOR").contains(&0x1b));
    assert!(with(&["--color=always"], "X").contains(&0x1b));
    assert!(!with(&["--color", "never"], "CLICOLOR_FORCE").contains(&0x1b));
    assert!(!with(&["--color", "auto"], "X").contains(&0x1b));
    place.run(args.iter().chain(&["--color", "pink"])).gives(2).complains("auto, always, never");
    // Help and complaints, too.
    let help = place.run(["call", "--help", "--color", "always"]).gives(0).stdout;
    assert!(help.contains('\u{1b}'));
    let wrong = place.run(["--color=always", "call", "--wrong"]).gives(2).stderr;
    assert!(wrong.contains('\u{1b}'));
    let forced = ["call", "--wrong", "--color", "never"];
    let wrong = place.command(forced).env("CLICOLOR_FORCE", "1").output().unwrap().stderr;
    assert!(!wrong.contains(&0x1b));
}

#[test]
fn tables_fit_sixty_columns() {
    let place = Place::new();
    let reason = "no way that this may be passed on to anybody, whoever it is that asks for it";
    let guest = Guest {
        hooks: &["cmf.tool_pre_invoke", "cmf.tool_post_invoke"],
        capabilities: &["read_roles", "read_inbound_credentials", "append_delegation"],
        access: &["fs:read-only:data/rules", "network:GET,POST https://api.example.com"],
        imports: &[("read_text", 6), ("deny_text", 4), ("read_json", 6), ("call_result", 3)],
        data: reason,
        body: &format!(
            "(call $deny_text (i32.const 0) (i32.const 2) (i32.const 0) (i32.const {}))",
            reason.len()
        ),
        ..Guest::default()
    };
    place.file("guest.wat", guest.wat());
    std::fs::create_dir_all(place.path().join("data/rules")).unwrap();
    let call = ["--hook", HOOK, "--payload", "payload.json", "--allow-requested", "--allow-access"];
    let repeat = ["--repeat", "3"];
    let bench = ["--calls", "3"];
    for args in [
        vec!["inspect", "guest.wat"],
        [&["call", "guest.wat"], &call[..], &repeat[..]].concat(),
        [&["bench", "guest.wat"], &call[..], &bench[..]].concat(),
        vec!["call", "--help"],
    ] {
        let output = place.command(&args).env("COLUMNS", "60").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().count() > 3, "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        for line in
            text.lines().filter(|line| !line.contains("sha256") && !line.contains("cpex-wasmi "))
        {
            assert!(line.chars().count() <= 60, "{args:?}: {line}\n{text}");
        }
        // To be read by programs, no line is broken.
        let wide = place.run(&args).stdout;
        assert!(wide.lines().any(|line| line.chars().count() > 60), "{wide}");
    }
}

#[test]
fn check_says_in_json_whether_it_is_ok_whatever_is_wrong() {
    let place = place();
    place.file("no.wasm", "no module at all");
    for (args, status, code) in [
        (vec!["check", "none.wasm"], 2, "invalid_input"),
        (vec!["check", "guest.wat", "--policy", "none.yaml"], 2, "invalid_input"),
        (vec!["check", "guest.wat", "--policy", "{max_feul: 1}"], 2, "invalid_policy"),
        (vec!["check", "guest.wat", "--wrong"], 2, "usage"),
        (vec!["--color", "never", "check"], 2, "usage"),
        (vec!["check", "no.wasm"], 3, "invalid_module"),
    ] {
        let args: Vec<_> = args.into_iter().chain(["--json"]).collect();
        let verdict = place.run(&args).gives(status).json();
        assert_eq!(verdict["ok"], false, "{args:?}: {verdict}");
        assert_eq!(verdict["problems"][0]["code"], code, "{args:?}: {verdict}");
        for (key, empty) in [("warnings", json!([])), ("entry", Value::Null)] {
            assert_eq!(verdict[key], empty, "{args:?}: {verdict}");
        }
        // As the other commands have it, if there was nothing to check.
        assert_eq!(verdict["error"]["code"] == code, status == 2, "{args:?}: {verdict}");
    }
    assert_eq!(place.run(["check", "guest.wat", "--json"]).gives(0).json()["ok"], true);
}

#[test]
fn errors_name_the_file() {
    let place = place();
    place.file("no.wasm", "nothing");
    place.file("half.wasm", &Guest::default().wasm()[..40]);
    for file in ["no.wasm", "half.wasm"] {
        let message = format!("error[invalid_module]: {file}: ");
        place.run(["inspect", file]).gives(3).complains(&message);
        place.run(["check", file]).gives(3).says(&message);
        place.run(["call", file, "--payload", "payload.json"]).gives(3).complains(&message);
        place.run(["bench", file, "--payload", "payload.json"]).gives(3).complains(&message);
    }
    place.file("m.yaml", "name: guest\nversion: 1.2.3\nhooks: [x]\ncapabilities: [read_lables]\n");
    let bare = Guest::default().wat().split("(@custom").next().unwrap().to_owned() + ")";
    place.file("bare.wat", bare);
    let embed = ["embed", "bare.wat", "--manifest", "m.yaml", "-o", "x.wasm"];
    place.run(embed).gives(3).complains("error[invalid_module]: bare.wat: ");
    let embed = ["embed", "no.wasm", "--manifest", "m.yaml", "-o", "x.wasm"];
    place.run(embed).gives(3).complains("error[invalid_module]: no.wasm: ");
}

#[test]
fn paragraphs_of_help_are_wrapped_once() {
    let place = Place::new();
    for command in ["check", "call", "build", "bench", "embed", "new", "inspect", "schema"] {
        let mut help = place.command([command, "--help"]);
        let output = help.env("COLUMNS", "500").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let after = help.split_once("Examples:").unwrap().1;
        let after = after.split("Exit status:").next().unwrap();
        let lines: Vec<_> = after.lines().collect();
        for pair in lines.windows(2) {
            let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
            let is_broken =
                is_prose(pair[0]) && is_prose(pair[1]) && !pair[0].ends_with(['.', ':']);
            assert!(!is_broken, "{command}: {pair:?}");
        }
        let has_repeat = help.contains("--repeat <N>");
        assert_eq!(help.contains("`--repeat`"), has_repeat && command == "call", "{command}");
    }
}
