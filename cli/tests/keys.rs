//! Keys and values of JSON that is given: what stands twice, what is not known, what is not repeated.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::PAYLOAD;
use common::calling::{CALL, payload, place, with};

#[test]
fn a_key_that_stands_twice_is_refused_in_every_input() {
    let place = place();
    let wrong = |option: &str, text: &str, message: &str| {
        place.file("twice.json", text);
        let code = if option == "--policy" { "invalid_policy" } else { "invalid_input" };
        let ran = place.run(with(&[option, "twice.json"])).gives(2);
        ran.complains(&format!("error[{code}]: twice.json:{message}"));
        let json = place.run(with(&[option, "twice.json", "--json"])).gives(2).json();
        assert_eq!(json["error"]["code"], code);
    };
    wrong(
        "--config",
        "{\"limit\": 1,\n \"limit\": 1000000}",
        "2:8: in the configuration: the key `limit` stands twice",
    );
    wrong(
        "--config",
        r#"{"a": [{}, {"b": 1, "b": 2}]}"#,
        "1:23: in the configuration: `a[1]`: the key `b` stands twice",
    );
    wrong(
        "--context",
        r#"{"local_state": {"n": {"x": 1, "x": 2}}}"#,
        "1:34: in the context: `local_state.n`: the key `x` stands twice",
    );
    wrong(
        "--extensions",
        r#"{"custom": {"x": 1, "x": 2}}"#,
        "1:23: in the extensions: `custom`: the key `x` stands twice",
    );
    wrong("--policy", "{\"resources\": {}, \"resources\": {}}", "1:19: `resources` stands twice");
    payload(
        &PAYLOAD.replace("\"limit\": 3", "\"limit\": 3, \"limit\": 4"),
        "`message.content[0].content.arguments`: the key `limit` stands twice",
    );
    let twice = PAYLOAD.replacen('{', "{\"message\": {}, ", 1);
    payload(&twice, "in the payload: the key `message` stands twice");
    place.file("twice.json", "{\"x\": {\"y\": 1, \"y\": 2}}");
    place
        .run(["call", "guest.wat", "--payload", "twice.json", "--payload-type", "acme.order"])
        .gives(2)
        .complains("in the payload: `x`: the key `y` stands twice");
    place.file(
        "m.yaml",
        "{\"name\": \"a\", \"name\": \"b\", \"version\": \"1\", \"hooks\": [\"x\"]}",
    );
    place
        .run(["embed", "guest.wat", "--manifest", "m.yaml", "-o", "x.wasm"])
        .gives(2)
        .complains("m.yaml:1:15: in the manifest: `name` stands twice");
}

#[test]
fn keys_that_are_not_known_are_named_and_do_no_harm() {
    let place = place();
    place.file(
        "e.json",
        r#"{"raw_credentials": {"x": 1}, "security": {"labels": [], "lables": []}}"#,
    );
    place.run(with(&["--extensions", "e.json"])).gives(0).complains(
        "warning: e.json: in the extensions, not known to this version and not seen by the plugin: `raw_credentials.x`, `security.lables`",
    );
    place.file("payload.json", r#"{"message": {"role": "user", "mood": "good"}, "more": 1}"#);
    let ran = place.run(with(&["--json"])).gives(0).complains("`message.mood`, `more`");
    assert_eq!(ran.json()["decision"], "allow");
}

#[test]
fn what_may_be_a_token_is_not_repeated() {
    let place = place();
    place.file("payload.json", PAYLOAD);
    for credentials in [
        r#"{"inbound_tokens": {"user": "eyJ.secret"}}"#,
        r#"{"inbound_tokens": {"user": {"token": ["eyJ.secret"], "source_header": "A"}}}"#,
        r#"{"inbound_tokens": {"user": {"token": 4711815, "source_header": "A", "kind": "jwt"}}}"#,
    ] {
        place.file("e.json", format!(r#"{{"raw_credentials": {credentials}}}"#));
        for json in [&[][..], &["--json"]] {
            let ran = place.run(with(&[&["--extensions", "e.json"], json].concat())).gives(2);
            let shown = [ran.stdout, ran.stderr].concat();
            assert!(shown.contains("token"), "{shown}");
            assert!(!shown.contains("eyJ") && !shown.contains("4711815"), "{shown}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_harmless() {
    let place = place();
    place.file("payload.json", format!("\u{feff}{PAYLOAD}"));
    place.run(CALL).gives(0);
}

#[test]
fn a_whole_number_beyond_64_bits_is_refused_as_written() {
    let place = place();
    place.file("payload.json", PAYLOAD);
    for more in
        [["--config", r#"{"a": 99999999999999999999}"#], ["--set", "a=99999999999999999999"]]
    {
        let ran = place.run(with(&more)).gives(2);
        ran.complains("99999999999999999999 is too large: whole numbers go from");
    }
    place.run(with(&["--set", "a=1e999"])).gives(2);
    place.run(with(&["--set", "a=18446744073709551615"])).gives(0);
    place.run(with(&["--config", "[]"])).gives(2).complains("the JSON given");
    payload(
        &PAYLOAD.replacen('{', "{\n\"large\": -99999999999999999999,", 1),
        "payload.json:2:10: in the payload: -99999999999999999999 is too large",
    );
}
