//! The cost of loading, instances and calls, beside the policy in plain Rust.
//!
//! `cargo bench --bench host`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;
#[cfg(feature = "text")]
#[path = "fuel/computed.rs"]
mod fuel_computed;

use std::sync::Arc;

use common::{HOOK, engine, fixture, guest, load, trusting};
use cpex_wasmi::model::{ContentPart, Extensions, JsonMap, MessagePayload, Role};
use cpex_wasmi::{Decision, Limits, Module, Payload, Plugin, Policy, Request, Violation};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A tool call with personal data, and what usually travels beside it.
fn request() -> Arc<Request> {
    let request = Request::tool_call("get_compensation")
        .argument("employee_id", 42)
        .argument("ssn", "123-45-6789")
        .argument("reason", "annual review")
        .label("PII")
        .label("INTERNAL")
        .subject("alice")
        .role("engineer")
        .role("hr_admin")
        .claim("iss", "https://idp.example")
        .header("Authorization", "Bearer …")
        .header("X-Request-Id", "4711");
    Arc::new(request)
}

#[divan::bench_group]
mod load_module {
    use super::*;

    const MODULES: &[&str] = &["noop", "pii_guard", "explorer", "cpex_pii_guard", "cpex_compute"];

    /// The interpreter's time to validate and translate it, with fuel, and nothing else.
    #[divan::bench(args = MODULES)]
    fn wasmi_alone(bencher: Bencher<'_, '_>, name: &str) {
        let wasm = fixture(name);
        let mut config = wasmi::Config::default();
        config
            .consume_fuel(true)
            .compilation_mode(wasmi::CompilationMode::Eager)
            .enforced_limits(wasmi::EnforcedLimits::strict());
        bencher
            .counter(divan::counter::BytesCount::new(wasm.len()))
            .bench(|| wasmi::Module::new(&wasmi::Engine::new(&config), black_box(&wasm)).unwrap());
    }

    /// From nothing to the end of the first call.
    #[divan::bench(args = MODULES)]
    fn load_and_first_call(bencher: Bencher<'_, '_>, name: &str) {
        let (wasm, request) = (fixture(name), request());
        bencher.counter(divan::counter::BytesCount::new(wasm.len())).bench(|| {
            let plugin = Plugin::load(&engine(), black_box(&wasm), trusting()).unwrap();
            plugin.call(HOOK, request.clone()).map(drop)
        });
    }

    #[divan::bench(args = MODULES)]
    fn check_and_translate(bencher: Bencher<'_, '_>, name: &str) {
        let (engine, wasm) = (engine(), fixture(name));
        bencher
            .counter(divan::counter::BytesCount::new(wasm.len()))
            .bench(|| Module::new(&engine, black_box(&wasm)).unwrap());
    }
}

/// A call with an instance of its own each time, and with one that is reused.
#[divan::bench_group]
mod noop {
    use super::*;

    #[divan::bench]
    fn pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "noop", trusting());
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "noop", trusting().pooled(2));
    }

    #[divan::bench]
    fn native(bencher: Bencher<'_, '_>) {
        let request = request();
        bencher.bench(|| {
            black_box(&request);
            black_box(Decision::Allow)
        });
    }
}

#[divan::bench_group]
mod pii_guard {
    use super::*;

    #[divan::bench]
    fn pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "pii_guard", trusting());
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "pii_guard", trusting().pooled(2));
    }

    /// The policy, written as for CPEX.
    #[divan::bench]
    fn cpex_pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "cpex_pii_guard", trusting());
    }

    #[divan::bench]
    fn cpex_pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "cpex_pii_guard", trusting().pooled(2));
    }

    #[divan::bench]
    fn native(bencher: Bencher<'_, '_>) {
        fn guard(request: &Request) -> Decision {
            let Some(security) = &request.extensions.security else { return Decision::Allow };
            let admin =
                security.subject.as_ref().is_some_and(|subject| subject.roles.contains("hr_admin"));
            if security.has_label("PII") && !admin {
                return Decision::Deny(Violation::new("pii_access", "only for hr_admin"));
            }
            Decision::Allow
        }
        let request = request();
        bencher.bench(|| black_box(guard(black_box(&request))));
    }
}

/// A call of a plugin whose initialisation takes a million units of fuel, to fill 4 KiB.
#[divan::bench_group]
mod expensive_init {
    use super::*;

    const GUEST: &str = r#"(memory (export "memory") 1)
        (func (export "cpex_init") (result i32) (local $i i32)
          (loop $again
            (i32.store offset=1024 (i32.and (local.get $i) (i32.const 0xffc))
              (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
            (local.set $i (i32.add (local.get $i) (i32.const 4)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 500000))))
          (i32.const 0))
        (func (export "cpex_invoke") (param i32) (result i32)
          (i32.eqz (i32.load offset=1024 (i32.const 4))))"#;

    fn bench(bencher: Bencher<'_, '_>, policy: Policy) {
        let plugin = load(&guest(GUEST), policy);
        let request = request();
        bencher.bench(|| plugin.call(HOOK, black_box(&request).clone()).unwrap());
    }

    #[divan::bench]
    fn pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, Policy::default());
    }

    #[divan::bench]
    fn pristine_without_snapshot(bencher: Bencher<'_, '_>) {
        bench(bencher, Policy::default().without_snapshot());
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, Policy::default().pooled(2));
    }
}

/// A summary and a hash of the arguments' JSON, written to the context.
#[divan::bench_group]
mod compute {
    use super::*;

    #[divan::bench]
    fn pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "compute", trusting());
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "compute", trusting().pooled(2));
    }

    /// The policy, written as for CPEX.
    #[divan::bench]
    fn cpex_pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "cpex_compute", trusting());
    }

    #[divan::bench]
    fn cpex_pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "cpex_compute", trusting().pooled(2));
    }

    #[divan::bench]
    fn native(bencher: Bencher<'_, '_>) {
        fn compute(request: &Request) -> JsonMap {
            let mut state = request.context.local_state.clone();
            let Payload::Message(payload) = &request.payload else { return state };
            for call in payload.message.tool_calls() {
                let arguments = serde_json::to_string(&call.arguments).unwrap();
                let mut summary = call.name.clone();
                for label in &request.extensions.security.as_ref().unwrap().labels {
                    summary.push(' ');
                    summary.push_str(label);
                }
                let headers = &request.extensions.http.as_ref().unwrap().request_headers;
                if let Some((_, id)) =
                    headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))
                {
                    summary.push(' ');
                    summary.push_str(id);
                }
                let hash = arguments.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
                state.insert("summary".into(), summary.into());
                state.insert("hash".into(), format!("{hash:016x}").into());
            }
            state
        }
        let request = request();
        bencher.bench(|| compute(black_box(&request)));
    }
}

/// The cost of decoding a message with a part of each kind, and all slots, in the plugin.
#[divan::bench_group]
mod read_everything {
    use super::*;

    #[divan::bench]
    fn cpex_pristine(bencher: Bencher<'_, '_>) {
        read_all(bencher, trusting());
    }

    #[divan::bench]
    fn cpex_pooled(bencher: Bencher<'_, '_>) {
        read_all(bencher, trusting().pooled(2));
    }

    fn read_all(bencher: Bencher<'_, '_>, policy: Policy) {
        let plugin = load(&fixture("cpex_reader"), policy);
        let message: MessagePayload =
            serde_json::from_str(include_str!("../fixtures/requests/full_message.json")).unwrap();
        let extensions: Extensions =
            serde_json::from_str(include_str!("../fixtures/requests/full_extensions.json"))
                .unwrap();
        let request = Arc::new(Request::new(message).extensions(extensions));
        let receipt = plugin.call(HOOK, request.clone()).unwrap().receipt;
        bencher
            .counter(divan::counter::BytesCount::new(receipt.bytes_read))
            .bench(|| plugin.call(HOOK, black_box(&request).clone()).unwrap());
    }
}

#[divan::bench_group]
mod redactor {
    use super::*;

    #[divan::bench]
    fn pristine(bencher: Bencher<'_, '_>) {
        bench(bencher, "argument_redactor", trusting());
    }

    #[divan::bench]
    fn pooled(bencher: Bencher<'_, '_>) {
        bench(bencher, "argument_redactor", trusting().pooled(2));
    }

    #[divan::bench]
    fn native(bencher: Bencher<'_, '_>) {
        fn redact(request: &Request) -> Option<MessagePayload> {
            let Payload::Message(payload) = &request.payload else { return None };
            let has_ssn = |part: &ContentPart| matches!(part, ContentPart::ToolCall { content } if content.arguments.contains_key("ssn"));
            if !payload.message.content.iter().any(has_ssn) {
                return None;
            }
            let mut payload = payload.clone();
            for call in payload.message.tool_calls_mut() {
                if let Some(ssn) = call.arguments.get_mut("ssn") {
                    *ssn = "***-**-****".into();
                }
            }
            Some(payload)
        }
        let request = request();
        bencher.bench(|| black_box(redact(black_box(&request))));
    }
}

/// Eleven patterns of secrets over a text without one, of so many KiB: the same patterns natively, in fields, and as code
/// looks that was written for the crate `regex`.
mod texts {
    use super::*;

    const PATTERNS: [&str; 11] = include!("../fixtures/plugins/scanner/src/patterns.rs");

    fn text(kib: usize) -> String {
        let words =
            ["the quick brown fox ", "order 12345 to berlin ", "see https://example.com/a?b=c "];
        let mut text: String = words.into_iter().cycle().take(kib << 6).collect();
        text.truncate(kib << 10);
        text
    }

    fn patterns() -> Vec<regex::Regex> {
        PATTERNS.iter().map(|pattern| regex::Regex::new(pattern).unwrap()).collect()
    }

    fn run(bencher: Bencher<'_, '_>, hook: &str, request: Request) {
        let plugin = load(&fixture("scanner"), Policy::default().pooled(4));
        let request = Arc::new(request);
        bencher.bench(|| plugin.call(hook, request.clone()).unwrap());
    }

    #[divan::bench(args = [1, 10, 100, 1000])]
    fn native(bencher: Bencher<'_, '_>, kib: usize) {
        let (text, patterns) = (text(kib), patterns());
        bencher.bench(|| {
            patterns.iter().map(|pattern| pattern.find_iter(&text).count()).sum::<usize>()
        });
    }

    #[divan::bench(args = [1, 10, 100, 1000])]
    fn in_fields(bencher: Bencher<'_, '_>, kib: usize) {
        run(bencher, HOOK, Request::tool_call("t").argument("text", text(kib)));
    }

    #[divan::bench(args = [1, 10, 100, 1000])]
    fn ported(bencher: Bencher<'_, '_>, kib: usize) {
        run(bencher, "cmf.llm_input", Request::text(Role::User, text(kib)));
    }

    /// The strings of a JSON result of 100 KiB.
    fn tree() -> serde_json::Value {
        let row = |number: usize| serde_json::json!({"id": number, "name": "a name", "note": text(1)[..80]});
        (0..800).map(row).collect::<Vec<_>>().into()
    }

    #[divan::bench]
    fn native_in_each_string_of_100_kib(bencher: Bencher<'_, '_>) {
        fn masked(value: &serde_json::Value, patterns: &[regex::Regex]) -> usize {
            match value {
                serde_json::Value::String(text) => {
                    patterns.iter().map(|pattern| pattern.replace_all(text, "*").len()).sum()
                }
                serde_json::Value::Array(list) => {
                    list.iter().map(|value| masked(value, patterns)).sum()
                }
                serde_json::Value::Object(map) => {
                    map.values().map(|value| masked(value, patterns)).sum()
                }
                _ => 0,
            }
        }
        let (tree, patterns) = (tree(), patterns());
        bencher.bench(|| masked(&tree, &patterns));
    }

    #[divan::bench]
    fn masked_in_each_string_of_100_kib(bencher: Bencher<'_, '_>) {
        run(bencher, "cmf.tool_post_invoke", Request::tool_result("t", tree()));
    }
}

fn bench(bencher: Bencher<'_, '_>, name: &str, policy: Policy) {
    let plugin = load(&fixture(name), policy);
    let request = request();
    bencher.bench(|| plugin.call(HOOK, black_box(&request).clone()).unwrap());
}

/// The worth of a unit of fuel: each of these uses a million, but for `host_calls`, which makes
/// 10,000 calls, `host_bytes`, which has a mebibyte copied, and those with files, by their names (with the
/// feature `wasi`). `docs/limits.md` has the prices.
#[divan::bench_group(sample_count = 20)]
mod fuel {
    use super::*;

    fn run(bencher: Bencher<'_, '_>, locals: &str, body: &str) {
        let wasm = guest(&format!(
            r#"(memory (export "memory") 20) (func (export "cpex_invoke") (param i32) (result i32) {locals} {body} (i32.const 0))"#
        ));
        let limits = Limits::default().fuel(u64::MAX).bytes_written(u64::MAX).bytes_read(u64::MAX);
        let plugin: Plugin = load(&wasm, Policy::default().limits(limits).pooled(1));
        counting(bencher, &plugin);
    }

    /// Calls a plugin, and counts the fuel that it takes.
    pub(crate) fn counting(bencher: Bencher<'_, '_>, plugin: &Plugin) {
        let request = request();
        let receipt = plugin.call(HOOK, request.clone()).unwrap().receipt;
        bencher
            .counter(divan::counter::ItemsCount::new(receipt.fuel))
            .bench(|| plugin.call(HOOK, request.clone()).unwrap());
    }

    #[divan::bench]
    fn instructions(bencher: Bencher<'_, '_>) {
        run(
            bencher,
            "(local i32 i32)",
            "(local.set 1 (i32.const 100000))
             (loop $again
               (local.set 2 (i32.xor (i32.add (local.get 2) (local.get 1)) (i32.load (i32.const 8))))
               (i32.store (i32.const 8) (local.get 2))
               (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
               (br_if $again (local.get 1)))",
        );
    }

    #[divan::bench]
    fn host_calls(bencher: Bencher<'_, '_>) {
        run(
            bencher,
            "(local i32)",
            "(local.set 1 (i32.const 10000))
             (loop $again
               (drop (call $read_text (i32.const 0x0102) (i32.const 0) (i32.const 0) (i32.const -1)
                 (i32.const 64) (i32.const 16)))
               (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
               (br_if $again (local.get 1)))",
        );
    }

    #[divan::bench]
    fn host_bytes(bencher: Bencher<'_, '_>) {
        run(
            bencher,
            "",
            "(memory.fill (i32.const 0) (i32.const 97) (i32.const 1048576))
             (drop (call $write_text (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 1)
               (i32.const 0) (i32.const 1048576)))",
        );
    }

    /// Verifications of one signature, 20 times each (with the feature `crypto`).
    #[cfg(feature = "crypto")]
    #[divan::bench(args = ["ed25519", "p256", "rsa2048-pkcs1-sha256", "rsa4096-pss-sha512", "largest-exponent"])]
    fn signatures(bencher: Bencher<'_, '_>, name: &str) {
        let (algorithm, key, signature) = signed(name);
        let (key_len, signature_len) = (key.len(), signature.len());
        let wasm = guest(&format!(
            r#"(memory (export "memory") 1) (data (i32.const 0) "the quick brown fox")
               (data (i32.const 1024) "{}") (data (i32.const 4096) "{}")
               (func (export "cpex_invoke") (param i32) (result i32) (local i32)
                 (local.set 1 (i32.const 20))
                 (loop $again
                   (drop (call $verify (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 19)
                     (i32.const {algorithm}) (i32.const 1024) (i32.const {key_len})
                     (i32.const 4096) (i32.const {signature_len})))
                   (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                   (br_if $again (local.get 1)))
                 (i32.const 0))"#,
            common::data(&key),
            common::data(&signature)
        ));
        let limits = Limits::default().fuel(u64::MAX);
        counting(bencher, &load(&wasm, Policy::default().limits(limits).pooled(1)));
    }

    /// An algorithm, a key and a signature of `the quick brown fox`.
    #[cfg(feature = "crypto")]
    fn signed(name: &str) -> (u32, Vec<u8>, Vec<u8>) {
        use base64::Engine as _;
        if name == "largest-exponent" {
            // PKCS#1: a modulus of 4,096 bits, and 2^32 - 1.
            let start = [0x30, 0x82, 2, 0x0c, 2, 0x82, 2, 1, 0];
            let end = [2, 5, 0, 0xff, 0xff, 0xff, 0xff];
            return (3, [&start[..], &[0xff; 512], &end].concat(), vec![0x55; 512]);
        }
        let bytes = |text| base64::prelude::BASE64_STANDARD.decode(text).unwrap();
        let table = include_str!("../src/crypto/vectors.txt");
        let mut rows = table.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let row = rows.find(|row| row.first() == Some(&name)).unwrap();
        let [_, number, key, signature]: [&str; 4] = row.try_into().unwrap();
        (number.parse().unwrap(), bytes(key), bytes(signature))
    }

    #[cfg(feature = "wasi")]
    mod files {
        use cpex_wasmi::{Access, FileGrant, FilePermission};

        use super::*;

        /// Opens the file.
        const OPEN: &str =
            "(call $path_open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4)
            (i32.const 0) (i64.const 0x07ffffff) (i64.const -1) (i32.const 0) (i32.const 16))";

        /// Does something with the directory `data`, open at 3, or with the file in it, open at 4, so often.
        fn run(bencher: Bencher<'_, '_>, times: u32, files: u32, calls: &[&str]) {
            const WISH: &str = "fs:full-access:data";
            let imports = r#"
                (import "wasi_snapshot_preview1" "path_open"
                  (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "path_filestat_get"
                  (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_pread"
                  (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_pwrite"
                  (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_readdir"
                  (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))"#;
            let calls: String = calls.iter().map(|call| format!("(call $ok {call})\n")).collect();
            let fields = format!(
                r#"(data (i32.const 0) "file") (data (i32.const 32) "\00\01\00\00\40\00\00\00")
                (func $ok (param i32) (if (local.get 0) (then unreachable)))
                (func (export "cpex_invoke") (param i32) (result i32) (local i32)
                  (call $ok {OPEN})
                  (local.set 1 (i32.const {times}))
                  (loop $again
                    {calls}
                    (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                    (br_if $again (local.get 1)))
                  (i32.const 0))"#
            );
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("file"), [7; 4096]).unwrap();
            for number in 1..files {
                std::fs::write(folder.path().join(format!("{number}")), "").unwrap();
            }
            let grant = FileGrant::dir(folder.path().to_str().unwrap(), FilePermission::FullAccess)
                .guest_path("data");
            let access = Access::default().filesystem(grant);
            let limits = Limits::default()
                .fuel(u64::MAX)
                .file_bytes_read(u64::MAX)
                .file_bytes_written(u64::MAX);
            let policy = Policy::default().limits(limits).access(access).pooled(1);
            let plugin = load(&common::guest_importing(&[WISH], imports, &fields), policy);
            counting(bencher, &plugin);
        }

        #[divan::bench]
        fn opening(bencher: Bencher<'_, '_>) {
            run(bencher, 1000, 1, &[OPEN, "(call $fd_close (i32.load (i32.const 16)))"]);
        }

        #[divan::bench]
        fn looking_at(bencher: Bencher<'_, '_>) {
            let stat =
                "(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4)
                (i32.const 64))";
            run(bencher, 1000, 1, &[stat]);
        }

        #[divan::bench(args = ["fd_pread", "fd_pwrite"])]
        fn moving_64_bytes(bencher: Bencher<'_, '_>, function: &str) {
            let buffers = "(i32.const 32) (i32.const 1)";
            let call =
                format!("(call ${function} (i32.const 4) {buffers} (i64.const 0) (i32.const 20))");
            run(bencher, 1000, 1, &[&call]);
        }

        #[divan::bench]
        fn listing_1000(bencher: Bencher<'_, '_>) {
            let list =
                "(call $fd_readdir (i32.const 3) (i32.const 4096) (i32.const 60000) (i64.const 0)
                (i32.const 20))";
            run(bencher, 10, 1000, &[list]);
        }
    }
}
