//! `env.get`.

use cpex_wasmi::{ErrorKind, Policy};

use super::common::*;
use super::script::*;

fn variables(names: &[&str]) -> Policy {
    granting(|access| access.env = names.iter().map(|name| (*name).into()).collect())
}

#[test]
fn a_variable_is_read_if_it_is_asked_for_and_granted() {
    let script = Script::asking(&["env:API_*", "env:HOME"])
        .calls("env.get", r#""API_REGION""#)
        .calls("env.get", r#""API_NONE""#)
        .calls("env.get", r#""HOME""#);
    let running = Running::on(
        |engine| engine.environment([("API_REGION", "eu-1"), ("HOME", ""), ("API", "x")]),
        &script,
        variables(&["API_*", "HOME"]),
    );
    assert_eq!(running.logged(), [r#""eu-1""#, "null", r#""""#]);
    assert_eq!(
        running.audit.taken(),
        [
            "env get API_REGION allowed 0 4",
            "env get API_NONE allowed 0 0",
            "env get HOME allowed 0 0"
        ]
    );
}

#[test]
fn the_process_s_variables_are_the_default() {
    let script = Script::asking(&["env:CARGO_PKG_NAME"]).calls("env.get", r#""CARGO_PKG_NAME""#);
    let policy = variables(&["CARGO_*"]);
    let running = Running::on(|engine| engine, &script, policy.clone());
    assert_eq!(running.logged(), [r#""cpex-wasmi""#]);
    let running = Running::on(|engine| engine.environment([("", ""); 0]), &script, policy);
    assert_eq!(running.logged(), ["null"]);
}

#[test]
fn what_is_not_asked_for_or_not_granted_is_denied_set_or_not() {
    let own = [("API_REGION", "eu-1"), ("SECRET", "s"), ("API_*", "star"), ("*", "star")];
    for (asked, granted, name) in [
        ("env:API_REGION", "API_REGION", "SECRET"),
        ("env:API_REGION", "API_REGION", "API_NONE"),
        ("env:API_REGION", "*", "SECRET"),
        ("env:API_*", "API_*", "SECRET"),
        ("env:API_REGION", "API_*", "API_OTHER"),
        ("env:API_*", "API_*", "API_*"),
        ("env:*", "*", "*"),
        ("clock", "*", "SECRET"),
    ] {
        let script = Script::asking(&[asked]).calls("env.get", &format!("{name:?}"));
        let policy = granting(|access| {
            access.env = vec![granted.into()];
            access.clock = Some(cpex_wasmi::ClockGrant::System);
        });
        let running = Running::on(|engine| engine.environment(own), &script, policy);
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::AccessDenied, "{asked} {granted} {name}: {message}");
        assert!(message.contains("denied the system access `env`"), "{message}");
        assert_eq!(running.audit.taken(), [format!("env get {name} denied 0 0")]);
        assert!(running.logs.messages().is_empty());
    }
}

#[test]
fn a_name_that_is_none_is_an_error_of_the_plugin() {
    for argument in ["1", "[]", "null", "\"\\ud800\"", "", "\"A\" \"B\""] {
        let script = Script::asking(&["env:A"]).calls("env.get", argument);
        let running = Running::on(|engine| engine, &script, variables(&["A"]));
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::PluginFailed, "{argument}");
        assert!(message.contains("`Malformed`"), "{argument}: {message}");
    }
    // No name of a variable can have them, and none does harm.
    for name in ["A\\u0000", "A=B", "\\n", ""] {
        let script = Script::asking(&["env:A"]).calls("env.get", &format!("\"{name}\""));
        let running = Running::on(|engine| engine, &script, variables(&["A"]));
        assert_eq!(running.failed().0, ErrorKind::AccessDenied, "{name}");
    }
}

#[test]
fn a_wish_that_is_not_granted_keeps_the_plugin_from_loading() {
    let wasm = Script::asking(&["env:API_REGION"]).wasm();
    let error = load_error(&wasm, Policy::default());
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert!(error.to_string().contains(r#"allowed_env: [API_REGION]"#), "{error}");
}

/// The variable of the child process below.
const RUINED: &str = "CPEX_WASMI_RUINED";

#[test]
#[cfg(unix)]
fn a_value_that_is_no_text_keeps_the_plugin_from_loading() {
    use std::os::unix::ffi::OsStrExt as _;
    let own = std::env::current_exe().unwrap();
    let test = "environment::in_a_process_with_a_variable_that_is_no_text";
    let ran = std::process::Command::new(own)
        .args(["--exact", test, "--ignored"])
        .env(RUINED, std::ffi::OsStr::from_bytes(b"se\xffcret"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("1 passed"));
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn in_a_process_with_a_variable_that_is_no_text() {
    let wasm = Script::asking(&["env:CPEX_WASMI_*"]).wasm();
    let error = load_error(&wasm, variables(&["*"]));
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    assert!(message.contains(RUINED) && !message.contains("cret"), "{message}");
    // It does not matter to who does not ask for it.
    load(&Script::asking(&["env:CARGO_PKG_NAME"]).wasm(), variables(&["*"]));
}

#[test]
fn it_can_be_read_during_initialisation() {
    let script = Script::asking(&["env:A"]).at_init("env.get", r#""A""#);
    let running =
        Running::on(|engine| engine.environment([("A", "1")]), &script, variables(&["A"]));
    running.call().unwrap();
    running.call().unwrap();
    // Once, as it is the same each time.
    assert_eq!(running.logs.messages(), [r#""1""#]);
}
