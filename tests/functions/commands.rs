//! `command.run`.

use std::path::Path;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use cpex_wasmi::{CommandGrant, ErrorKind, Limits, Policy};

use super::script::*;

fn programs(grants: &[(&str, &[&str])]) -> Policy {
    granting(|access| {
        let grant =
            |(program, args): &(&str, &[&str])| CommandGrant::new(*program, args.iter().copied());
        access.commands = grants.iter().map(grant).collect();
    })
}

fn limited(policy: Policy, set: impl FnOnce(&mut Limits)) -> Policy {
    // Not what is tested, unless it is: machines may be slow to start a program.
    let mut limits = Limits::default().deadline(Duration::from_secs(60));
    set(&mut limits);
    policy.limits(limits)
}

/// A guest that asks for a program and runs it.
fn running(program: &str, patterns: &[&str], argument: &str) -> Running {
    let script = Script::asking(&[&format!("exec:{program}")]).calls("command.run", argument);
    Running::on(|engine| engine, &script, limited(programs(&[(program, patterns)]), |_| {}))
}

#[test]
fn a_program_gets_its_arguments_unchanged() {
    let running =
        running("/bin/echo", &["**"], r#"{"program":"/bin/echo","args":["a  b","$HOME; `id` *"]}"#);
    assert_eq!(running.logged(), [r#"{"status":0,"stdout":"a  b $HOME; `id` *\n","stderr":""}"#]);
    assert_eq!(
        running.audit.taken(),
        [r#"exec run /bin/echo "a  b" "$HOME; `id` *" allowed 0 19"#]
    );
}

#[test]
fn audit_events_tell_arguments_apart() {
    let told = |args: &[&str]| {
        let argument = serde_json::json!({ "program": "/bin/echo", "args": args }).to_string();
        let script = Script::asking(&["exec:/bin/echo"]).calls("command.run", &argument);
        let running = Running::on(
            |engine| engine,
            &script,
            limited(programs(&[("/bin/echo", &["never"])]), |_| {}),
        );
        running.failed();
        running.audit.taken().remove(0)
    };
    for (args, expected) in [
        (&["a", "--force"][..], "/bin/echo a --force"),
        (&["a --force"], r#"/bin/echo "a --force""#),
        (&["a", ""], r#"/bin/echo a """#),
        (&["a\" \"b"], r#"/bin/echo "a\" \"b""#),
        (&["a\\", "b"], r#"/bin/echo "a\\" b"#),
        (&["a\nb"], r#"/bin/echo "a\nb""#),
        (&["--max=3", "ü.txt"], "/bin/echo --max=3 ü.txt"),
    ] {
        assert_eq!(told(args), format!("exec run {expected} denied 0 0"));
    }
}

#[test]
fn a_program_is_given_its_input() {
    let argument = r#"{"program":"/bin/cat","stdin":"one\ntwo"}"#;
    let with = running("/bin/cat", &[], argument);
    assert_eq!(with.logged(), [r#"{"status":0,"stdout":"one\ntwo","stderr":""}"#]);
    assert_eq!(with.audit.taken(), ["exec run /bin/cat allowed 7 7"]);
    let bytes = running("/bin/cat", &[], r#"{"program":"/bin/cat","stdin":[255,0,10]}"#);
    assert_eq!(bytes.logged(), [r#"{"status":0,"stdout":[255,0,10],"stderr":""}"#]);
    // Without any, there is nothing to read, and nobody waits for it.
    let without = running("/bin/cat", &[], r#"{"program":"/bin/cat"}"#);
    assert_eq!(without.logged(), [r#"{"status":0,"stdout":"","stderr":""}"#]);
}

#[test]
fn much_input_and_output_at_once_do_not_wait_for_each_other() {
    // More than pipes hold.
    let text = "x".repeat(200_000);
    let cat = running("/bin/cat", &[], &format!(r#"{{"program":"/bin/cat","stdin":"{text}"}}"#));
    cat.call().unwrap();
    assert!(cat.audit.taken()[0].ends_with("allowed 200000 200000"));
    // A program need not read what it is given.
    let echo = running("/bin/echo", &[], &format!(r#"{{"program":"/bin/echo","stdin":"{text}"}}"#));
    assert_eq!(echo.logged(), [r#"{"status":0,"stdout":"\n","stderr":""}"#]);
}

#[test]
fn a_program_has_no_environment_and_begins_at_the_root() {
    let env = running("/usr/bin/env", &[], r#"{"program":"/usr/bin/env"}"#);
    assert_eq!(env.logged(), [r#"{"status":0,"stdout":"","stderr":""}"#]);
    let pwd = running("/bin/pwd", &[], r#"{"program":"/bin/pwd"}"#);
    assert_eq!(pwd.logged(), [r#"{"status":0,"stdout":"/\n","stderr":""}"#]);
}

const SH: &str = "/bin/sh";

/// A guest whose operator grants a shell, with one command written out.
fn shell(line: &str, set: impl FnOnce(&mut Limits)) -> Running {
    let argument = serde_json::json!({ "program": SH, "args": ["-c", line] }).to_string();
    let script = Script::asking(&["exec:/bin/sh"]).calls("command.run", &argument);
    Running::on(|engine| engine, &script, limited(programs(&[(SH, &["-c", line])]), set))
}

#[test]
fn how_a_program_ends_is_told() {
    let line = "echo out; echo err >&2; exit 3";
    assert_eq!(shell(line, |_| {}).logged(), [r#"{"status":3,"stdout":"out\n","stderr":"err\n"}"#]);
    let killed = shell("kill -9 $$", |_| {});
    assert_eq!(killed.logged(), [r#"{"status":null,"stdout":"","stderr":""}"#]);
    let missing = running("/no/such", &[], r#"{"program":"/no/such"}"#);
    let (kind, message) = missing.failed();
    assert_eq!(kind, ErrorKind::PluginFailed);
    assert!(message.contains("`Unavailable`"), "{message}");
    assert_eq!(missing.audit.taken(), ["exec run /no/such failed 0 0"]);
}

#[test]
fn what_is_not_asked_for_or_granted_does_not_run() {
    let policy =
        programs(&[("/bin/echo", &["a*", "-n"]), ("/bin/echo", &["x"]), ("/bin/cat", &[])]);
    let script =
        |argument: &str| Script::asking(&["exec:/bin/echo"]).calls("command.run", argument);
    for argument in [
        r#"{"program":"/bin/echo"}"#,
        r#"{"program":"/bin/echo","args":["b","-n"]}"#,
        r#"{"program":"/bin/echo","args":["a"]}"#,
        r#"{"program":"/bin/echo","args":["a","-e"]}"#,
        r#"{"program":"/bin/echo","args":["-a","-n"]}"#,
        r#"{"program":"/bin/echo","args":["x","x"]}"#,
        r#"{"program":"/bin/echo","args":["x\u0000"]}"#,
        r#"{"program":"/bin/../bin/echo","args":["x"]}"#,
        r#"{"program":"//bin/echo","args":["x"]}"#,
        r#"{"program":"echo","args":["x"]}"#,
        r#"{"program":"/bin/echo ","args":["x"]}"#,
        // Granted, and not asked for.
        r#"{"program":"/bin/cat"}"#,
    ] {
        let running = Running::on(|engine| engine, &script(argument), policy.clone());
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::AccessDenied, "{argument}: {message}");
        assert!(message.contains("denied the system access `exec`"), "{message}");
        let told = running.audit.taken();
        assert!(told.len() == 1 && told[0].contains(" denied 0 0"), "{argument}: {told:?}");
    }
    for argument in [
        r#"{"program":"/bin/echo","args":["x"]}"#,
        r#"{"program":"/bin/echo","args":["abc","-n"]}"#,
    ] {
        Running::on(|engine| engine, &script(argument), policy.clone()).call().unwrap();
    }
    // No path that is looked up, whatever an embedder grants.
    let relative = Script::asking(&["exec:echo"]).calls("command.run", r#"{"program":"echo"}"#);
    let running = Running::on(|engine| engine, &relative, programs(&[("echo", &["**"])]));
    assert_eq!(running.failed().0, ErrorKind::AccessDenied);
}

#[test]
fn an_argument_that_is_no_command_is_malformed() {
    for argument in
        ["null", r#"{"args":[]}"#, r#"{"program":1}"#, r#"{"program":"/bin/echo","shell":true}"#]
    {
        let (kind, message) = running("/bin/echo", &["**"], argument).failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        assert!(message.contains("`Malformed`"), "{argument}: {message}");
    }
}

#[test]
fn output_is_bounded_over_both_streams() {
    let line = "printf 12345; printf 6789 >&2";
    let bounded = |bytes| shell(line, |limits| limits.command_output_bytes = bytes);
    assert_eq!(bounded(9).logged(), [r#"{"status":0,"stdout":"12345","stderr":"6789"}"#]);
    let running = bounded(8);
    let (_, message) = running.failed();
    assert!(message.contains("`TooLarge`"), "{message}");
    assert!(running.audit.taken()[0].ends_with("failed 0 0"));
    // One that never ends by itself.
    let yes = running_yes();
    let (_, message) = yes.failed();
    assert!(message.contains("`TooLarge`"), "{message}");
}

fn running_yes() -> Running {
    running("/usr/bin/yes", &[], r#"{"program":"/usr/bin/yes"}"#)
}

#[test]
fn programs_are_counted() {
    let argument = r#"{"program":"/bin/echo"}"#;
    let script = (0..3).fold(Script::asking(&["exec:/bin/echo"]), |script, _| {
        script.calls("command.run", argument)
    });
    let policy = limited(programs(&[("/bin/echo", &[])]), |limits| limits.commands = 2);
    for policy in [policy.clone(), policy.pooled(1)] {
        let running = Running::on(|engine| engine, &script, policy);
        for _call in 0..2 {
            let (_, message) = running.failed();
            assert!(message.contains("`QuotaExceeded`"), "{message}");
            assert_eq!(
                running.audit.taken(),
                [
                    "exec run /bin/echo allowed 0 1",
                    "exec run /bin/echo allowed 0 1",
                    "exec run /bin/echo failed 0 0"
                ]
            );
        }
    }
}

/// True if a process is there, and has not ended.
fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn gone(pid: &str) -> bool {
    let begun = Instant::now();
    while is_alive(pid) {
        if begun.elapsed() > Duration::from_secs(20) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Waits for lines that a program writes to a file.
fn written(path: &Path, lines: usize) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let found: Vec<String> = whole.map(|line| line.trim().to_owned()).collect();
        if found.len() >= lines {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "there are {found:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_deadline_kills_a_program_and_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let line = format!("/bin/sleep 1000 & echo $! > {0}; echo $$ >> {0}; wait", pids.display());
    let running = shell(&line, |limits| limits.deadline = Some(Duration::from_secs(2)));
    assert_eq!(running.failed().0, ErrorKind::Timeout);
    for pid in written(&pids, 2) {
        assert!(gone(&pid), "{pid}");
    }
    assert!(running.audit.taken()[0].ends_with("failed 0 0"));
}

#[test]
fn who_drops_the_call_kills_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let line = format!("echo $$ > {}; exec /bin/sleep 1000", pids.display());
    let running = shell(&line, |limits| limits.deadline = None);
    let mut call = Box::pin(calling(&running.plugin));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let pid = written(&pids, 1).remove(0);
    assert!(is_alive(&pid));
    drop(call);
    assert!(gone(&pid));
}

#[test]
fn nothing_runs_on_after_a_program_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    // What is left in the background holds the output open.
    let line = format!("/bin/sleep 1000 & echo $! > {}; echo done", pids.display());
    let running = shell(&line, |_| {});
    assert_eq!(running.logged(), [r#"{"status":0,"stdout":"done\n","stderr":""}"#]);
    assert!(gone(&written(&pids, 1)[0]));
}

#[test]
fn a_program_holds_up_no_other_task() {
    let running = shell("exec /bin/sleep 1000", |limits| limits.deadline = None);
    let quick = Running::on(|engine| engine, &Script::asking(&[]), Policy::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let slow = calling(&running.plugin);
        tokio::pin!(slow);
        // The other is done, on the same thread, while this one waits.
        tokio::select! {
            biased;
            _ = &mut slow => panic!("it never ends"),
            outcome = calling(&quick.plugin) => assert!(outcome.unwrap().decision.is_allow()),
        }
    });
}
