//! Values that are no values, or too large, too wide or too deep.

use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{Capability, Request};

use super::common::data;
use super::harness::{Case, check};

/// A write to `custom.evil`, whose status is the verdict, of `len` bytes at 65,536.
fn write(function: &str, len: usize) -> String {
    format!(
        "(call ${function} (i32.const 0x0600) (i32.const 0) (i32.const 65000) (i32.const 4)
           (i32.const 65536) (i32.const {len}))"
    )
}

/// A memory for such a value.
const MEMORY: &str = r#"(memory (export "memory") 40)"#;

/// A plugin that writes these bytes.
fn writes(name: &str, function: &str, bytes: &[u8], status: &str) -> Case {
    let fields = format!("(data (i32.const 0) \"{}\")", data(bytes));
    let body = write(function, bytes.len()).replace("65536", "0");
    came_to(Case::with(name, &fields, &body, expected(status)), status)
}

/// A plugin that writes what it has made at 65,536.
fn makes(name: &str, function: &str, made: &str, len: usize, status: &str) -> Case {
    let body = format!("{made} {}", write(function, len));
    came_to(Case::with(name, MEMORY, &body, expected(status)), status)
}

fn expected(status: &str) -> &'static str {
    if status == "allow" { "allow" } else { "plugin_failed" }
}

fn came_to(case: Case, status: &str) -> Case {
    if status == "allow" { case } else { case.status(status) }
}

fn fill(at: usize, byte: u8, len: usize) -> String {
    format!(
        "(memory.fill (i32.const {}) (i32.const {byte}) (i32.const {len}))",
        at.saturating_add(65536)
    )
}

/// Writes two bytes, again and again.
fn pairs(first: u8, second: u8, count: usize) -> String {
    let pair = u16::from_le_bytes([first, second]);
    format!(
        "(loop $l
           (i32.store16 offset=65536 (i32.shl (local.get $n) (i32.const 1)) (i32.const {pair}))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $n) (i32.const {count}))))"
    )
}

#[test]
fn postcard_that_is_not_in_its_one_form_is_refused() {
    let cases: [(&str, &[u8], &str); 24] = [
        ("a null", &[0], "allow"),
        ("nothing", &[], "Malformed"),
        ("a byte left over", &[0, 0], "Malformed"),
        ("a text that is cut short", &[5, 10, b'a'], "Malformed"),
        ("a text of 4 GiB", &[5, 0xff, 0xff, 0xff, 0xff, 0x0f, b'a'], "Malformed"),
        ("a text of 16 EiB", &[5, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], "Malformed"),
        ("an overlong number", &[2, 0x80, 0], "Malformed"),
        ("an overlong length", &[5, 0x81, 0, b'a'], "Malformed"),
        ("an overlong variant", &[0x80, 0], "Malformed"),
        ("a number of 65 bits", &[2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 3], "Malformed"),
        ("a number without end", &[0xff; 64], "Malformed"),
        ("a variant there is not", &[8], "Malformed"),
        ("a truth that is neither", &[1, 2], "Malformed"),
        ("a text that is no UTF-8", &[5, 1, 0xff], "Malformed"),
        ("a surrogate", &[5, 3, 0xed, 0xa0, 0x80], "Malformed"),
        ("a NaN", &[4, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], "Malformed"),
        ("infinity", &[4, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f], "Malformed"),
        ("minus infinity", &[4, 0, 0, 0, 0, 0, 0, 0xf0, 0xff], "Malformed"),
        ("a float that is cut short", &[4, 0, 0, 0, 0, 0, 0, 0xf0], "Malformed"),
        // An object may come in any order (`Value`); what is a map by its type may not.
        ("keys that are not sorted", &[7, 2, 1, b'b', 0, 1, b'a', 0], "allow"),
        ("a key that comes twice", &[7, 2, 1, b'a', 0, 1, b'a', 0], "Malformed"),
        ("a list of a billion", &[6, 0x80, 0x94, 0xeb, 0xdc, 3], "TooLarge"),
        (
            "a list of a billion that begins",
            &[6, 0x80, 0x94, 0xeb, 0xdc, 3, 6, 0, 6, 0],
            "TooLarge",
        ),
        ("an object of 16 EiB", &[7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], "Malformed"),
    ];
    for (name, bytes, status) in cases {
        check(&writes(name, "write", bytes, status));
    }
}

#[test]
fn json_that_is_none_is_refused() {
    let cases: [(&str, &[u8], &str); 19] = [
        ("a null", b" null ", "allow"),
        ("a key that comes twice", br#"{"a":1,"a":2}"#, "Malformed"),
        ("a key that comes twice, spelt otherwise", br#"[{"a":1,"\u0061":2}]"#, "Malformed"),
        ("nothing", b"", "Malformed"),
        ("a second value", b"1 2", "Malformed"),
        ("a list that is cut short", b"[1,", "Malformed"),
        ("a text that is cut short", b"\"a", "Malformed"),
        ("a NaN", b"NaN", "Malformed"),
        ("infinity", b"Infinity", "Malformed"),
        ("a number that is too large", b"1e999", "Malformed"),
        ("a number that begins with 0", b"01", "Malformed"),
        ("a text that is no UTF-8", b"\"\xff\"", "Malformed"),
        ("a surrogate", b"\"\\ud800\"", "Malformed"),
        ("a zero", b"0\0", "Malformed"),
        ("a mark at the beginning", b"\xef\xbb\xbfnull", "Malformed"),
        ("a trailing comma", b"[1,]", "Malformed"),
        ("a comment", b"/**/1", "Malformed"),
        ("a key that is no text", b"{1:2}", "Malformed"),
        ("a line break in a text", b"\"\n\"", "Malformed"),
    ];
    for (name, bytes, status) in cases {
        check(&writes(name, "write_json", bytes, status));
    }
    check(&writes("a text that is no UTF-8", "write_text", b"\xff", "Malformed"));
}

#[test]
fn nothing_is_read_that_is_nested_too_deeply() {
    let json = |levels: usize| [fill(0, b'[', levels), fill(levels, b']', levels)].concat();
    let objects: Vec<u8> = br#"{"a":"#.repeat(10_000);
    let cases = [
        makes("127 lists in JSON", "write_json", &json(127), 254, "allow"),
        makes("100,000 lists in JSON", "write_json", &json(100_000), 200_000, "TooLarge"),
        makes("half of them", "write_json", &json(100_000), 100_000, "TooLarge"),
        makes("1,000 lists in JSON", "write_json", &json(1000), 2000, "Malformed"),
        makes("60,000 lists in JSON", "write_json", &json(60_000), 120_000, "Malformed"),
        writes("10,000 objects in JSON", "write_json", &objects, "Malformed"),
        makes("100 lists", "write", &pairs(6, 1, 100), 201, "allow"),
        makes("100,000 lists", "write", &pairs(6, 1, 100_000), 200_001, "TooLarge"),
        makes("half of them", "write", &pairs(6, 1, 100_000), 100_000, "TooLarge"),
    ];
    for case in cases {
        check(&case.peak_kib(4 << 10));
    }
}

#[test]
fn nothing_is_read_that_is_too_large_or_too_wide() {
    let mebibyte = 1 << 20;
    let text = |len: usize| fill(0, b'a', len);
    let list = |count: usize| {
        // `[1,1,…,1]`, or the same in postcard: 6, the count, and nulls.
        [pairs(b',', b'1', count), fill(0, b'[', 1), fill(2 * count, b']', 1)].concat()
    };
    let nulls = |count: [u8; 3]| {
        let bytes = [6, count[0], count[1], count[2]];
        format!("(i32.store (i32.const 65536) (i32.const {}))", u32::from_le_bytes(bytes))
    };
    let cases = [
        makes("a mebibyte", "write_text", &text(mebibyte), mebibyte, "allow"),
        makes("a byte more", "write_text", &text(mebibyte + 1), mebibyte + 1, "TooLarge"),
        makes("a byte more in JSON", "write_json", &text(mebibyte), mebibyte + 1, "TooLarge"),
        makes("a byte more in postcard", "write", &text(mebibyte), mebibyte + 1, "TooLarge"),
        makes("65,536 elements", "write_json", &list(65_536), 131_073, "allow"),
        makes("one more", "write_json", &list(65_537), 131_075, "TooLarge"),
        makes("65,536 elements in postcard", "write", &nulls([0x80, 0x80, 4]), 65_540, "allow"),
        makes("one more in postcard", "write", &nulls([0x81, 0x80, 4]), 65_541, "TooLarge"),
    ];
    for case in cases {
        check(&case.peak_kib(6 << 10));
    }
}

#[test]
fn floats_that_are_none_do_not_get_into_a_field_of_floats() {
    let age = |name: &str, function: &str, bytes: &[u8], status: &str| {
        let fields = format!("(data (i32.const 0) \"{}\")", data(bytes));
        let body = format!(
            "(call ${function} (i32.const 0x0a05) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const {}))",
            bytes.len()
        );
        let capabilities = [Capability::ReadDelegation, Capability::AppendDelegation];
        let case = Case::with(name, &fields, &body, expected(status));
        came_to(case, status).policy(|policy| policy.grant(capabilities))
    };
    let cases = [
        age("a number", "write_text", b"1.5", "allow"),
        age("NaN", "write_text", b"NaN", "Malformed"),
        age("inf", "write_text", b"inf", "Malformed"),
        age("a number that is too large", "write_text", b"1e999", "Malformed"),
        age("a number that is too large in JSON", "write_json", b"1e999", "Malformed"),
        age("a NaN", "write", &f64::NAN.to_le_bytes(), "Malformed"),
        age("infinity", "write", &f64::INFINITY.to_le_bytes(), "Malformed"),
        age("minus infinity", "write", &f64::NEG_INFINITY.to_le_bytes(), "Malformed"),
    ];
    cases.iter().for_each(check);
}

#[test]
fn violations_that_cannot_be_read_deny_all_the_same() {
    let cases: [(&str, &str, &[u8]); 7] = [
        ("nothing", "deny", b""),
        ("a code of 4 GiB", "deny", &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ("a billion details", "deny", &[1, b'c', 1, b'r', 0, 0x80, 0x94, 0xeb, 0xdc, 3]),
        ("no UTF-8", "deny", &[1, 0xff, 0, 0, 0, 0]),
        ("JSON that is cut short", "deny_json", b"{\"code\":"),
        ("JSON of another kind", "deny_json", b"[]"),
        ("50,000 brackets", "deny_json", &[b'['; 50_000]),
    ];
    for (name, function, bytes) in cases {
        let fields = format!("(data (i32.const 0) \"{}\")", data(bytes));
        let body = format!(
            "(drop (call ${function} (i32.const 0) (i32.const {}))) (i32.const 0)",
            bytes.len()
        );
        check(&Case::with(name, &fields, &body, "deny").says("could not be read"));
    }
}

#[test]
fn a_payload_is_of_its_kind() {
    let payload = |name: &str, function: &str, bytes: &[u8], status: &str| {
        let fields = format!("(data (i32.const 0) \"{}\")", data(bytes));
        let body = format!(
            "(call ${function} (i32.const 0x0100) (i32.const 0) (i32.const 0) (i32.const -1)
               (i32.const 0) (i32.const {}))",
            bytes.len()
        );
        came_to(Case::with(name, &fields, &body, expected(status)), status)
    };
    let identity = || Request::new(IdentityPayload::new("the-token", "bearer"));
    let message = br#"{"message":{"role":"user","content":[]}}"#;
    // schema_version "", role, a billion parts.
    let parts = [0, 3, 0x80, 0x94, 0xeb, 0xdc, 3];
    let field = "(call $read_text (i32.const 0x0104) (i32.const 0) (i32.const 0) (i32.const -1)
        (i32.const 0) (i32.const 0))";
    let cases = [
        payload("a message", "write_json", message, "allow"),
        payload("a message for an identity", "write_json", message, "Malformed")
            .request(identity()),
        payload("an identity for a message", "write_json", br#"{"raw_token":"x"}"#, "Malformed"),
        payload("a number for a message", "write_json", b"1", "Malformed"),
        payload("a message of a billion parts", "write", &parts, "TooLarge"),
        Case::body("a field of messages in an identity", field, "plugin_failed")
            .request(identity())
            .status("WrongPayload"),
    ];
    cases.iter().for_each(check);
}
