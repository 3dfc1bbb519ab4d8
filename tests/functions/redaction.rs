//! Redaction: masked texts are in nothing that a plugin says.

use cpex_wasmi::model::{RawCredentialsExtension, RawInboundToken, TokenKind};
use cpex_wasmi::{
    Capability, Decision, Engine, EngineBuilder, ErrorKind, Invocation, Plugin, Policy, Request,
    Violation,
};

use super::common::*;
use super::script::*;

const SECRET: &str = "hunter2-hunter2";

fn masking(engine: EngineBuilder) -> EngineBuilder {
    engine.redact([SECRET, "overlap-one", "one-more-secret"])
}

/// A guest with these bytes at 0, whose `cpex_invoke` runs this.
fn saying(text: &[u8], body: &str) -> Vec<u8> {
    guest_wanting(
        &["function:f"],
        &format!(
            r#"(memory (export "memory") 4) (data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32) {body})"#,
            data(text)
        ),
    )
}

fn load(set: impl FnOnce(EngineBuilder) -> EngineBuilder, wasm: &[u8]) -> Running {
    let mut policy = granting(|access| access.functions = vec!["f".into()]);
    // To look for secrets may take longer than a call has, in a build that is not optimised.
    policy.limits.deadline = None;
    let set =
        |engine: EngineBuilder| set(engine).function("f", |_: &mut Invocation<'_>, ()| Ok(()));
    Running::load(set, wasm, policy).unwrap()
}

/// The log of a message.
fn logged_by(set: impl FnOnce(EngineBuilder) -> EngineBuilder, text: &[u8]) -> String {
    let body = format!(
        "(drop (call $log (i32.const 3) (i32.const 0) (i32.const {}))) (i32.const 0)",
        text.len()
    );
    load(set, &saying(text, &body)).logged().concat()
}

fn logged(text: &str) -> String {
    logged_by(masking, text.as_bytes())
}

#[test]
fn a_log_line_shows_no_secret() {
    for (text, shown) in [
        (SECRET.to_owned(), "[redacted]"),
        (format!("a {SECRET}{SECRET} b"), "a [redacted][redacted] b"),
        ("overlap-one-more-secret.".into(), "[redacted]."),
        ("one-more-secret overlap-one".into(), "[redacted] [redacted]"),
        // What is not the secret is shown: a part of it, or another case.
        ("hunter2-hunter".into(), "hunter2-hunter"),
        (SECRET.to_uppercase(), "HUNTER2-HUNTER2"),
        ("hunter2\n-hunter2".into(), "hunter2\\n-hunter2"),
    ] {
        assert_eq!(logged(&text), shown, "{text}");
    }
    assert_eq!(logged_by(masking, b"\xff hunter2-hunter2 \xff"), "\u{fffd} [redacted] \u{fffd}");
}

#[test]
fn a_secret_at_the_cut_shows_not_even_its_start() {
    let limit = cpex_wasmi::testing::Session::MAX_MESSAGE_BYTES;
    for before in limit - SECRET.len() - 1..=limit {
        let shown = logged(&format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(20)));
        assert!(!shown.contains("hu"), "{before}: {}", &shown[limit - 20..]);
        assert_eq!(shown.contains("[redacted]"), before < limit, "{before}");
        assert!(shown.starts_with(&"x".repeat(before.min(limit))));
    }
}

#[test]
fn a_violation_shows_no_secret_at_any_depth() {
    let json = serde_json::json!({
        "code": format!("code-{SECRET}"),
        "reason": format!("{SECRET} reason"),
        "description": SECRET,
        "details": { SECRET: [{ "inner": format!("<{SECRET}>"), SECRET: 1 }], "n": 48151623 },
        "proto_error_code": 48151623,
    })
    .to_string();
    let body =
        format!("(drop (call $deny_json (i32.const 0) (i32.const {}))) (i32.const 1)", json.len());
    let set = |engine: EngineBuilder| masking(engine).redact(["48151623"]);
    let Decision::Deny(violation) =
        load(set, &saying(json.as_bytes(), &body)).call().unwrap().decision
    else {
        panic!("it denies");
    };
    let shown = format!("{violation:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("48151623"), "{shown}");
    assert_eq!((&*violation.code, &*violation.reason), ("code-[redacted]", "[redacted] reason"));
    let text = format!("c{SECRET}r{SECRET}");
    let body = "(drop (call $deny_text (i32.const 0) (i32.const 16) (i32.const 16) (i32.const 16)))
        (i32.const 1)";
    let outcome = load(masking, &saying(text.as_bytes(), body)).call().unwrap();
    assert_eq!(outcome.decision.violation(), Some(&Violation::new("c[redacted]", "r[redacted]")));
}

#[test]
fn a_panic_shows_no_secret() {
    let limit = cpex_wasmi::testing::Session::MAX_MESSAGE_BYTES;
    for before in [0, 10, limit - 3, limit + 3] {
        let text = format!("{}{SECRET} and so on", "x".repeat(before));
        let body =
            format!("(drop (call $panic (i32.const 0) (i32.const {}))) (unreachable)", text.len());
        let (kind, message) = load(masking, &saying(text.as_bytes(), &body)).failed();
        assert!(matches!(kind, ErrorKind::Trap(_)));
        assert!(!message.contains("hu"), "{message}");
        assert_eq!(message.contains("[redacted]"), before < limit);
    }
}

#[test]
fn a_panic_cut_by_its_plugin_shows_no_start_of_a_secret() {
    // As the SDK's panic handler does, which has 512 bytes.
    for (text, shown) in [
        ("src/lib.rs:3: hunter2-hunter", "src/lib.rs:3: [redacted]"),
        ("src/lib.rs:3: hunt", "src/lib.rs:3: [redacted]"),
        ("src/lib.rs:3: hun", "src/lib.rs:3: hun"),
        // The end of one secret is the start of another.
        ("src/lib.rs:3: overlap-one", "src/lib.rs:3: [redacted]"),
        ("src/lib.rs:3: overlap-one-m", "src/lib.rs:3: [redacted]"),
        ("src/lib.rs:3: hunter2-hunter3", "src/lib.rs:3: hunter2-hunter3"),
    ] {
        let body =
            format!("(drop (call $panic (i32.const 0) (i32.const {}))) (unreachable)", text.len());
        let (_, message) = load(masking, &saying(text.as_bytes(), &body)).failed();
        assert!(message.ends_with(shown), "{message}");
    }
}

#[test]
fn the_reason_of_a_failed_initialisation_is_in_its_error() {
    let text = format!("no rules for\n{SECRET}");
    for (export, verdict) in
        [("cpex_init", "(result i32)"), ("cpex_invoke", "(param i32) (result i32)")]
    {
        let other = match export {
            "cpex_init" => {
                r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
            }
            _ => "",
        };
        let wasm = guest_wanting(
            &["function:f"],
            &format!(
                r#"(memory (export "memory") 1) (data (i32.const 0) "{}") {other}
                   (func (export "{export}") {verdict}
                     (drop (call $panic (i32.const 0) (i32.const {}))) (i32.const -13))"#,
                data(text.as_bytes()),
                text.len()
            ),
        );
        let (kind, message) = load(masking, &wasm).failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        let reason = "The plugin gives up for a reason of its own: no rules for\\n[redacted]";
        assert!(message.ends_with(reason), "{message}");
    }
}

#[test]
fn an_audit_event_shows_no_secret() {
    // The names of functions, variables and programs are the plugin's.
    let mut script = Script::asking(&["env:*", "function:f"]);
    script = script.calls("env.get", &format!(r#""A_{SECRET}""#));
    let running = Running::on(
        |engine| {
            masking(engine)
                .function("f", |_: &mut Invocation<'_>, ()| Ok(()))
                .environment([("", ""); 0])
        },
        &script,
        granting(|access| {
            access.env = vec!["*".into()];
            access.functions = vec!["f".into()];
        }),
    );
    running.call().unwrap();
    assert_eq!(running.audit.taken(), ["env get A_[redacted] allowed 0 0"]);
    let long =
        format!("{}{SECRET}", "x".repeat(cpex_wasmi::testing::Session::MAX_MESSAGE_BYTES - 5));
    let script = Script::asking(&[]).calls("env.get", &format!("{long:?}"));
    let running = Running::on(masking, &script, Policy::default());
    running.failed();
    let told = running.audit.taken().concat();
    assert!(told.contains("x[redacted] denied") && !told.contains("hu"), "{told}");
}

#[test]
fn a_token_that_was_read_is_in_no_audit_event() {
    let number = cpex_wasmi::abi::Field::InboundToken.number();
    // The token, as JSON, is the name of the variable that it asks for.
    let wasm = guest_wanting(
        &["env:A"],
        &format!(
            r#"(data (i32.const 0) "userenv.get")
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (local.set $len (call $read_text (i32.const {number}) (i32.const 0)
                   (i32.const 0) (i32.const 4) (i32.const 513) (i32.const 256)))
                 (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
                 (i32.store8 (i32.const 512) (i32.const 34))
                 (i32.store8 (i32.add (i32.const 513) (local.get $len)) (i32.const 34))
                 (call $call_json (i32.const 4) (i32.const 7) (i32.const 512)
                   (i32.add (local.get $len) (i32.const 2)) (i32.const 0) (i32.const 0)))"#
        ),
    );
    let policy = granting(|access| access.env = vec!["A".into()])
        .grant([Capability::ReadInboundCredentials])
        .allow_raw_credentials();
    let running = Running::load(|engine| engine, &wasm, policy).unwrap();
    let mut request = Request::tool_call("search");
    let token = RawInboundToken {
        token: "eyJhbGciOiJSUzI1NiJ9.payload".into(),
        source_header: "Authorization".into(),
        kind: TokenKind::Jwt,
    };
    request.extensions.raw_credentials = Some(RawCredentialsExtension {
        inbound_tokens: [("user".to_owned(), token)].into(),
        delegated_tokens: Vec::new(),
    });
    let error = running.plugin.call(HOOK, request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
    assert_eq!(running.audit.taken(), ["env get [redacted] denied 0 0"]);
}

#[test]
fn an_error_at_load_shows_no_secret() {
    let engine = masking(Engine::builder()).build().unwrap();
    let wasm = Script::asking(&[&format!("env:A_{SECRET}")]).wasm();
    let error = match Plugin::load(&engine, &wasm, Policy::default()) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    };
    let shown = format!("{error} {error:?} {:?}", error.problems());
    assert!(!shown.contains("hunter2") && shown.contains("A_[redacted]"), "{shown}");
    let problems = Plugin::check(&engine, &wasm, &Policy::default(), &[SECRET]);
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    let foreign = module(&format!(
        r#"(import "{SECRET}" "f" (func)) (memory (export "memory") 1)
           (func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#
    ));
    let wasm = with_section(foreign, cpex_wasmi::Manifest::SECTION, &manifest(&[]));
    let error = Plugin::load(&engine, &wasm, Policy::default()).err().unwrap();
    let shown = error.to_string();
    assert!(!shown.contains("hunter2") && shown.contains("[redacted]"), "{shown}");
}

#[test]
fn looking_for_secrets_is_paid_for() {
    let fuel = |secrets: usize| {
        let secrets: Vec<_> = (0..secrets).map(|number| format!("secret-{number}")).collect();
        let text = "x".repeat(4000);
        let body = "(drop (call $log (i32.const 3) (i32.const 0) (i32.const 4000))) (i32.const 0)";
        let running = load(|engine| engine.redact(&secrets), &saying(text.as_bytes(), body));
        running.call().unwrap().receipt.fuel
    };
    let (none, ten, twenty) = (fuel(0), fuel(10), fuel(20));
    assert_eq!((ten - none, twenty - none), (20_000, 40_000));
}

#[test]
fn a_text_that_is_too_short_is_refused() {
    for text in ["", "abc"] {
        let error = Engine::builder().redact([text]).build().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(!error.to_string().contains("abc"), "{error}");
    }
    Engine::builder().redact(["abcd"]).build().unwrap();
}

#[test]
fn without_secrets_nothing_changes() {
    assert_eq!(logged_by(|engine| engine, SECRET.as_bytes()), SECRET);
}

#[cfg(feature = "redact")]
mod patterns {
    use super::*;

    fn keys(engine: EngineBuilder) -> EngineBuilder {
        masking(engine).redact_patterns(["sk-[a-z]{8}", "(?i)bearer [a-z]+", r"\d{4}-\d{4}"])
    }

    #[test]
    fn what_a_pattern_matches_is_masked() {
        for (text, shown) in [
            ("key sk-abcdefghij", "key [redacted]ij"),
            ("BEARER abc, Bearer xyz", "[redacted], [redacted]"),
            ("sk-ABCDEFGH", "sk-ABCDEFGH"),
            ("1234-5678-9012", "[redacted]-9012"),
            // A pattern and a text that overlap are one.
            ("bearer hunter2-hunter2", "[redacted]"),
            ("hunter2-hunter2sk-abcdefgh", "[redacted][redacted]"),
            ("\u{e9}sk-abcdefgh\u{e9}", "\u{e9}[redacted]\u{e9}"),
        ] {
            assert_eq!(logged_by(keys, text.as_bytes()), shown, "{text}");
        }
    }

    #[test]
    fn a_match_at_the_cut_shows_not_even_its_start() {
        let limit = cpex_wasmi::testing::Session::MAX_MESSAGE_BYTES;
        for before in limit - 12..=limit {
            let text = format!("{}sk-abcdefgh{}", "x".repeat(before), "Y".repeat(20));
            let shown = logged_by(keys, text.as_bytes());
            assert!(!shown.contains("sk") && !shown.contains('s'), "{before}");
        }
        // One that is long, and begins just before it.
        let text = format!("{}BEGIN{}END", "x".repeat(limit - 5), "k".repeat(10_000));
        let shown = logged_by(|engine| engine.redact_patterns(["BEGIN.*END"]), text.as_bytes());
        assert!(shown.ends_with("x[redacted]"), "{}", &shown[limit - 20..]);
    }

    #[test]
    fn numbers_are_masked_in_violations() {
        let json = r#"{"code":"c","reason":"r","details":{"n":12345678,"m":1234,"t":"1234-5678"}}"#;
        let body = format!(
            "(drop (call $deny_json (i32.const 0) (i32.const {}))) (i32.const 1)",
            json.len()
        );
        let set = |engine: EngineBuilder| engine.redact_patterns([r"\d{4}-?\d{4}"]);
        let outcome = load(set, &saying(json.as_bytes(), &body)).call().unwrap();
        let shown = format!("{:?}", outcome.decision);
        assert!(!shown.contains("5678") && shown.contains("1234"), "{shown}");
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        for pattern in
            ["(", "a*", "", "x|", "^", r"\b", r"\b|\d+", r"[^\s\S]", "(?:a{1000}){1000}{1000}"]
        {
            let error = Engine::builder().redact_patterns([pattern]).build().err();
            assert!(
                error.is_some_and(|error| error.kind() == ErrorKind::InvalidConfig),
                "{pattern}"
            );
        }
    }

    /// Each match makes one with this pattern look at all that follows.
    const TO_THE_END: &str = "a(.*z)?";

    #[test]
    fn a_text_that_is_made_to_take_forever_is_not_shown() {
        let json = format!(r#"{{"code":"{}","reason":"r"}}"#, "a".repeat(200_000));
        let body = format!(
            "(drop (call $deny_json (i32.const 0) (i32.const {}))) (i32.const 1)",
            json.len()
        );
        let set = |engine: EngineBuilder| engine.redact_patterns([TO_THE_END]);
        let outcome = load(set, &saying(json.as_bytes(), &body)).call().unwrap();
        let violation = outcome.decision.violation().unwrap();
        assert_eq!((&*violation.code, &*violation.reason), ("[redacted]", "r"));
        // And is paid for.
        assert!(outcome.receipt.fuel > 15_000_000, "{}", outcome.receipt.fuel);
    }

    #[test]
    fn a_line_of_many_matches_is_shown_and_paid_for() {
        let text = "ab".repeat(100);
        let fuel = |set: fn(EngineBuilder) -> EngineBuilder| {
            let body =
                "(drop (call $log (i32.const 3) (i32.const 0) (i32.const 200))) (i32.const 0)";
            let running = load(set, &saying(text.as_bytes(), body));
            (running.call().unwrap().receipt.fuel, running.logs.messages().concat())
        };
        let (without, _) = fuel(|engine| engine);
        let (with, shown) = fuel(|engine| engine.redact_patterns([TO_THE_END]));
        assert_eq!(shown, "[redacted]b".repeat(100));
        assert!(with > without + 100 * 100 / 2, "{with} {without}");
    }
}
