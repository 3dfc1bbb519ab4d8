//! Secrets in what a plugin writes to standard output and standard error.

use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{Capability, EngineBuilder, Level, Manifest, Plugin, Policy, Request};

use crate::common::*;
use crate::script::Script;

const KEY: &str = "-----BEGIN KEY-----\nMIIEow+one\r\nsecond/two\n-----END KEY-----\n";

/// The lines that these writes to a stream (1 or 2) come to.
fn logged_of(
    set: impl FnOnce(EngineBuilder) -> EngineBuilder,
    writes: &[(i64, &str)],
) -> Vec<String> {
    let logs = Logs::default();
    let engine = set(logs.engine()).build().unwrap();
    let mut script = Script::new();
    for (fd, text) in writes {
        script.write(*fd, text);
    }
    let mut policy = Policy::default();
    policy.limits.log_bytes = 1 << 20;
    call(&script.load(&engine, &[], policy)).unwrap();
    logs.messages()
}

fn logged(writes: &[&str]) -> Vec<String> {
    let writes: Vec<(i64, &str)> = writes.iter().map(|text| (1, *text)).collect();
    logged_of(|engine| engine.redact([KEY]), &writes)
}

#[test]
fn a_secret_of_several_lines_is_masked_in_output() {
    assert_eq!(logged(&[KEY]), ["[redacted]"]);
    let text = format!("the key:\n{KEY}and more\nto come");
    assert_eq!(logged(&[&text]), ["the key:", "[redacted]and more", "to come"]);
    // A start of it alone is no secret.
    let start = &KEY[..30];
    assert_eq!(logged(&[start]), start.lines().collect::<Vec<_>>());
    assert_eq!(logged(&["a\r\n\nb"]), ["a", "", "b"]);
}

#[test]
fn a_secret_is_masked_in_output_however_it_is_written() {
    let text = format!("one\n{KEY}two");
    for cut in 0..=text.len() {
        let (first, second) = text.split_at(cut);
        assert_eq!(logged(&[first, second]), ["one", "[redacted]two"], "{cut}");
    }
    let bytes: Vec<String> = text.chars().map(String::from).collect();
    let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
    assert_eq!(logged(&bytes), ["one", "[redacted]two"]);
    // As a list of buffers in one write.
    let logs = Logs::default();
    let engine = logs.engine().redact([KEY]).build().unwrap();
    let mut script = Script::new();
    let (head, tail) = KEY.split_at(25);
    let parts = [script.text(head), script.text(tail)];
    let (list, count) = script.buffers(&parts);
    script.call("fd_write", "iiii", &[2, list, count, 16]);
    call(&script.load(&engine, &[], Policy::default())).unwrap();
    let lines = logs.lines();
    assert_eq!((lines[0].0, &*lines[0].2, lines.len()), (Level::Warn, "[redacted]", 1));
}

#[test]
fn output_with_secrets_is_logged_to_its_end() {
    // So much that it is looked through in several goes, with the secret across where they are cut.
    let line = format!("{}\n", "x".repeat(96));
    for before in (0..400).step_by(7) {
        let filler = line.repeat(80);
        let text = format!("{}{}{KEY}{filler}", &filler, "y".repeat(before));
        let chunks: Vec<&str> =
            text.as_bytes().chunks(1000).map(|part| std::str::from_utf8(part).unwrap()).collect();
        let lines = logged(&chunks);
        assert_eq!(lines.len(), 160, "{before}");
        assert_eq!(lines[80], format!("{}[redacted]{}", "y".repeat(before), line.trim_end()));
        assert!(lines.iter().all(|line| !line.contains("KEY") && !line.contains("second")));
    }
    // A line without end is cut, and what comes after it is logged.
    let long = "z".repeat(9000);
    let lines = logged(&[&long, &long, &long, "\nend\n"]);
    assert!(lines.iter().all(|line| line.len() <= 4096 && !line.is_empty()), "{}", lines.len());
    assert_eq!(lines.last().unwrap(), "end");
}

#[test]
fn bytes_that_are_no_text_do_not_hide_a_secret() {
    let logs = Logs::default();
    let engine = logs.engine().redact([KEY]).build().unwrap();
    let mut script = Script::new();
    for bytes in [&[0xff, b'\n', 0xe2, 0x82][..], &[0xac, 0xff], KEY.as_bytes(), &[0xe2]] {
        let part = script.text(bytes);
        let (list, count) = script.buffers(&[part]);
        script.call("fd_write", "iiii", &[1, list, count, 16]);
    }
    call(&script.load(&engine, &[], Policy::default())).unwrap();
    assert_eq!(logs.messages(), ["\u{fffd}", "€\u{fffd}[redacted]\u{fffd}"]);
}

#[cfg(feature = "redact")]
#[test]
fn a_pattern_of_several_lines_is_masked_in_output() {
    let pattern = "-----BEGIN [^-]+-----[^-]+-----END [^-]+-----";
    let set = |engine: EngineBuilder| engine.redact_patterns([pattern]);
    // As `println!` writes it: whole lines, then the rest.
    let (head, tail) = KEY.trim_end().split_at(KEY.find("-----END").unwrap());
    let writes = [(1, "a\n"), (1, head), (2, "other\n"), (1, tail), (1, "\n"), (1, "b\n")];
    assert_eq!(logged_of(set, &writes), ["a", "[redacted]", "b", "other"]);
    // One that stands for a whole line does so beside it.
    let set = |engine: EngineBuilder| engine.redact_patterns([pattern, "^id-[0-9]+$"]);
    assert_eq!(logged_of(set, &[(1, "a\nid-7\nb\n")]), ["a", "[redacted]", "b"]);
}

#[test]
fn a_token_with_a_line_break_is_masked_in_output() {
    let body = |fd| {
        format!(
            r#"(import "cpex" "read_text" (func $read_text (param i32 i32 i32 i32 i32 i32) (result i32)))
               (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
               (memory (export "memory") 1)
               (func (export "cpex_invoke") (param i32) (result i32)
                 (i32.store (i32.const 0) (i32.const 1024))
                 (i32.store (i32.const 4) (call $read_text (i32.const 0x180) (i32.const 0) (i32.const 0)
                   (i32.const -1) (i32.const 1024) (i32.const 1024)))
                 (drop (call $fd_write (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 16)))
                 (i32.const 0))"#
        )
    };
    for fd in [1, 2] {
        let wasm = with_section(
            module(&body(fd)),
            Manifest::SECTION,
            &manifest(&["read_inbound_credentials"]),
        );
        let logs = Logs::default();
        let engine = logs.engine().build().unwrap();
        let policy =
            Policy::default().grant([Capability::ReadInboundCredentials]).allow_raw_credentials();
        let plugin = Plugin::load(&engine, &wasm, policy).unwrap();
        for token in ["first-half-of-it\nsecond-half", "half\r"] {
            plugin.call(HOOK, Request::new(IdentityPayload::new(token, "bearer"))).unwrap();
            assert_eq!(logs.messages().last().unwrap(), "[redacted]", "{fd}");
        }
        assert_eq!(logs.messages().len(), 2);
    }
}

#[test]
fn looking_for_secrets_in_output_is_paid_for() {
    let fuel = |secrets: usize| {
        let engine = Logs::default().engine();
        let secrets = (0..secrets).map(|n| format!("secret\n{n:04}"));
        let engine = engine.redact(secrets).build().unwrap();
        let mut script = Script::new();
        script.write(1, &"some text\n".repeat(100));
        call(&script.load(&engine, &[], Policy::default())).unwrap().receipt.fuel
    };
    let (few, many) = (fuel(1), fuel(101));
    assert!(many - few >= 100 * 1000 / 2, "{few} {many}");
}
