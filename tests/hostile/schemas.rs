//! Schemas and values that are made to take the host's time or memory.

use std::time::{Duration, Instant};

use cpex_wasmi::{Limits, Policy};

use super::allocated::measured;
use super::common::*;

/// A plugin that compiles a schema, and checks its memory from 65,536 on by it again and again.
fn checking(schema: &str, fill: &str, len: usize) -> Vec<u8> {
    let schema_len = schema.len();
    let schema = data(schema.as_bytes());
    guest(&format!(
        r#"(memory (export "memory") 40) (data (i32.const 0) "{schema}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $s i32) (local $n i32)
             (local.set $s (call $schema (i32.const 0) (i32.const {schema_len}) (i32.const 2000000) (i32.const 256)))
             (if (i32.lt_s (local.get $s) (i32.const 0)) (then (return (local.get $s))))
             {fill}
             (loop $again
               (local.set $n (call $schema_check (i32.const -1) (i32.const 0) (i32.const 65536)
                 (i32.const {len}) (local.get $s) (i32.const 2000000) (i32.const 4096)))
               (br_if $again (i32.ge_s (local.get $n) (i32.const 0))))
             (local.get $n))"#
    ))
}

/// Fills the memory from 65,536 on with a list of zeros of this length.
fn zeros(len: usize) -> String {
    format!(
        "(memory.fill (i32.const 65536) (i32.const 0x30) (i32.const {len}))
         (local.set $n (i32.const 65536))
         (loop $fill
           (i32.store8 (local.get $n) (i32.const 0x2c))
           (local.set $n (i32.add (local.get $n) (i32.const 2)))
           (br_if $fill (i32.lt_u (local.get $n) (i32.const {end}))))
         (i32.store8 (i32.const 65536) (i32.const 0x5b))
         (i32.store8 (i32.const {end}) (i32.const 0x5d))",
        end = 65_536 + len - 1
    )
}

fn limited() -> Policy {
    Policy::default().limits(Limits::default().deadline(Duration::from_millis(300)))
}

/// The error of a call in words, and the time that it took.
fn outcome(wasm: &[u8]) -> (String, Duration) {
    let plugin = load(wasm, limited());
    let start = Instant::now();
    let error = call(&plugin).unwrap_err();
    (format!("{}: {error}", error.code()), start.elapsed())
}

/// Definitions of which each refers to the next one twice.
fn doubling(depth: usize) -> String {
    let mut schema = String::from("{\"$defs\":{");
    for level in 0..depth {
        let next = format!("{{\"$ref\":\"#/$defs/d{}\"}}", level + 1);
        schema.push_str(&format!("\"d{level}\":{{\"allOf\":[{next},{next}]}},"));
    }
    schema + &format!("\"d{depth}\":true}},\"$ref\":\"#/$defs/d0\"}}")
}

#[test]
fn exploding_schemas_end_with_a_status() {
    for (name, schema) in [
        ("doubling", doubling(30)),
        ("a circle", r##"{"$ref": "#"}"##.into()),
        ("two circles", r##"{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}"##.into()),
        (
            "a circle of names",
            r##"{"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}"##.into(),
        ),
    ] {
        let (error, took) =
            outcome(&checking(&schema, "(i32.store8 (i32.const 65536) (i32.const 0x30))", 1));
        assert!(error.contains("TooLarge"), "{name}: {error}");
        assert!(took < Duration::from_secs(3), "{name}: {took:?}");
    }
}

#[test]
fn refused_schemas_cost_little() {
    let unknown = format!("{{\"allOf\":[{}]}}", vec![r#"{"proprties":1}"#; 4000].join(","));
    for schema in [
        "{\"not\":".repeat(100) + "true" + &"}".repeat(100),
        "[".repeat(60_000),
        unknown,
        format!("{{\"enum\":[{}]}}", "[".repeat(10_000)),
        format!("{{\"const\":\"{}\"}}", "a".repeat(65_536 - 12)),
    ] {
        let (error, took) = outcome(&checking(&schema, "", 1));
        assert!(error.contains("Malformed"), "{error}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

#[test]
fn checks_without_end_end_with_the_deadline() {
    let fill = zeros(60_001);
    let values: Vec<String> = (0..10_000).map(|value| value.to_string()).collect();
    for schema in [
        r#"{"items": {"type": "integer"}, "uniqueItems": true}"#.into(),
        format!("{{\"items\": {{\"enum\": [{}]}}}}", values.join(",")),
        r#"{"items": {"type": "string"}}"#.into(),
    ] {
        let wasm = checking(&schema, &fill, 60_001);
        let ((error, took), peak) = measured(|| outcome(&wasm));
        assert!(error.starts_with("timeout") || error.contains("TooLarge"), "{error}");
        assert!(took < Duration::from_secs(3), "{took:?}");
        // Beside the plugin: its memory, the value, and the schema.
        assert!(peak < (24 << 20), "{peak} bytes");
    }
}

#[test]
fn schemas_without_end_come_to_a_quota() {
    // The same 20,000 bytes, with another digit each time.
    let schema = format!("{{\"title\":\"{}\",\"minimum\":10}}", "a".repeat(20_000));
    let (len, digit) = (schema.len(), schema.len() - 2);
    let wasm = guest(&format!(
        r#"(data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32) (local $s i32) (local $n i32)
             (loop $again
               (i32.store8 (i32.const {digit}) (i32.add (i32.const 0x30) (i32.rem_u (local.get $n) (i32.const 10))))
               (i32.store8 (i32.const {tens}) (i32.add (i32.const 0x31) (i32.div_u (local.get $n) (i32.const 10))))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (local.set $s (call $schema (i32.const 0) (i32.const {len}) (i32.const 32000) (i32.const 64)))
               (br_if $again (i32.and (i32.ge_s (local.get $s) (i32.const 0)) (i32.lt_u (local.get $n) (i32.const 90)))))
             (if (i32.gt_u (local.get $n) (i32.const 20)) (then (return (i32.const 1))))
             (local.get $s))"#,
        data(schema.as_bytes()),
        tens = digit - 1,
    ));
    let error = call(&load(&wasm, Policy::default())).unwrap_err();
    assert!(error.to_string().contains("QuotaExceeded"), "{error}");
}
