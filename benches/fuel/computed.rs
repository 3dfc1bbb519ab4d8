//! The worth of a unit of fuel in what the host computes: hashes, encodings, URLs, searches, checks by schemas.

use cpex_wasmi::{Limits, Policy};
use divan::Bencher;

use super::common::{self, guest, load};
use super::fuel::counting;

/// The place of the text in a plugin's memory.
const TEXT: u32 = 65_536;

/// Makes a call of a host function on a text so often. `setup` runs before, with the text's first `len` bytes at 0.
fn run(bencher: Bencher<'_, '_>, times: u32, data: &str, text: &[u8], setup: &str, call: &str) {
    let (data, text) = (common::data(data.as_bytes()), common::data(text));
    let wasm = guest(&format!(
        r#"(memory (export "memory") 60) (data (i32.const 0) "{data}") (data (i32.const {TEXT}) "{text}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $n i32) (local $s i32)
             {setup}
             (local.set $n (i32.const {times}))
             (loop $again
               (if (i32.lt_s {call} (i32.const 0)) (then unreachable))
               (local.set $n (i32.sub (local.get $n) (i32.const 1)))
               (br_if $again (local.get $n)))
             (i32.const 0))"#
    ));
    let limits = Limits::default().fuel(u64::MAX).bytes_written(u64::MAX).bytes_read(u64::MAX);
    counting(bencher, &load(&wasm, Policy::default().limits(limits).pooled(1)));
}

/// The arguments for a text of the plugin's.
fn input(len: usize) -> String {
    format!("(i32.const -1) (i32.const 0) (i32.const {TEXT}) (i32.const {len})")
}

const OUT: &str = "(i32.const 2000000) (i32.const 1000000)";

/// Words of a text of 64 KiB.
fn words() -> Vec<u8> {
    b"the quick brown fox jumps over 12 lazy dogs, ".iter().copied().cycle().take(65_536).collect()
}

#[divan::bench(args = [0, 1, 2, 3, 4, 5])]
fn digest(bencher: Bencher<'_, '_>, algorithm: u32) {
    let call = format!("(call $digest {} (i32.const {algorithm}) {OUT})", input(65_536));
    run(bencher, 10, "", &words(), "", &call);
}

#[divan::bench(args = [(0, 64), (1, 64), (0, 65_536), (1, 65_536)])]
fn hmac(bencher: Bencher<'_, '_>, (algorithm, len): (u32, usize)) {
    let secret = "(i32.const 0) (i32.const 64)";
    let call = format!("(call $hmac {} (i32.const {algorithm}) {secret} {OUT})", input(len));
    run(bencher, 10, "", &words(), "", &call);
}

#[divan::bench(args = [0, 1, 2, 3])]
fn encode(bencher: Bencher<'_, '_>, encoding: u32) {
    let call = format!("(call $encode {} (i32.const {encoding}) {OUT})", input(65_536));
    run(bencher, 10, "", &words(), "", &call);
}

#[divan::bench(args = [0, 1, 2, 3])]
fn decode(bencher: Bencher<'_, '_>, encoding: u32) {
    let text: Vec<u8> = match encoding {
        3 => b"%41%42%43".iter().copied().cycle().take(65_529).collect(),
        _ => b"abcdef01".iter().copied().cycle().take(65_536).collect(),
    };
    let call = format!("(call $decode {} (i32.const {encoding}) {OUT})", input(text.len()));
    run(bencher, 10, "", &text, "", &call);
}

#[divan::bench]
fn entropy(bencher: Bencher<'_, '_>) {
    run(bencher, 10, "", &words(), "", &format!("(call $entropy {})", input(65_536)));
}

#[divan::bench]
fn equal(bencher: Bencher<'_, '_>) {
    let other = format!("(i32.const {TEXT}) (i32.const 65536)");
    run(bencher, 10, "", &words(), "", &format!("(call $equal {} {other})", input(65_536)));
}

#[divan::bench(args = ["10.0.0.0/8 ", "fd12:3456:789a::/48,", "::1 "])]
fn in_networks(bencher: Bencher<'_, '_>, network: &str) {
    let list = network.repeat(1000);
    let networks = format!("(i32.const 0) (i32.const {})", list.len());
    let call = format!("(call $in_networks {} {networks})", input(11));
    run(bencher, 10, &list, b"192.168.1.1", "", &call);
}

#[cfg(feature = "url")]
#[divan::bench(args = ["https://www.example.com/a?b", "http://bücher.example/", "long", "marks"])]
fn url(bencher: Bencher<'_, '_>, url: &str) {
    let url = match url {
        "long" => format!("https://example.com/{}", "a".repeat(8000)),
        "marks" => format!("https://example.com/{}", "<".repeat(8000)),
        url => url.into(),
    };
    run(bencher, 100, "", url.as_bytes(), "", &format!("(call $url {} {OUT})", input(url.len())));
}

#[cfg(feature = "public-suffix")]
#[divan::bench(args = ["www.example.co.uk", "食狮.公司.cn"])]
fn public_suffix(bencher: Bencher<'_, '_>, name: &str) {
    let call = format!("(call $public_suffix {} (i32.const 1) {OUT})", input(name.len()));
    run(bencher, 100, "", name.as_bytes(), "", &call);
}

/// A literal, a class, words of Unicode, keys, a pattern for the slowest way, and a glob.
#[divan::bench(args = [
    "zebra", "[0-9]{3,}", r"\w+ly", r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,})\b", "(?:[a-z ])*q[a-z ]{40}z", "**/*.rs",
])]
fn search(bencher: Bencher<'_, '_>, pattern: &str) {
    let flags = if pattern.starts_with('*') { 512 } else { 0 };
    let setup = format!(
        "(local.set $s (call $pattern (i32.const 0) (i32.const {}) (i32.const {flags}) {OUT}))",
        pattern.len()
    );
    let call = format!(
        "(call $search {} (local.get $s) (i32.const 0) (i32.const 0) (i32.const 0) {OUT})",
        input(65_536)
    );
    run(bencher, 10, pattern, &words(), &setup, &call);
}

/// A small schema, and one for each of the rules that may take long.
#[divan::bench(args = [
    r#"{"properties": {"amount": {"type": "number", "minimum": 0}, "to": {"maxLength": 34}}, "required": ["to"]}"#,
    r#"{"items": {"type": "integer"}}"#,
    r#"{"uniqueItems": true}"#,
    r#"{"items": {"anyOf": [{"enum": [1.5]}, {"enum": [2.5]}, {"enum": [3.5]}, true]}}"#,
    r#"{"items": {"type": "string"}}"#,
])]
fn schema_check(bencher: Bencher<'_, '_>, schema: &str) {
    let value = match schema.contains("\"to\"") {
        true => r#"{"amount": 12.5, "to": "DE89370400440532013000"}"#.into(),
        false => {
            let items: Vec<String> = (0..10_000).map(|item| item.to_string()).collect();
            format!("[{}]", items.join(","))
        }
    };
    let setup =
        format!("(local.set $s (call $schema (i32.const 0) (i32.const {}) {OUT}))", schema.len());
    let call = format!("(call $schema_check {} (local.get $s) {OUT})", input(value.len()));
    run(bencher, 10, schema, value.as_bytes(), &setup, &call);
}
