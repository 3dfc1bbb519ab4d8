//! Tokens that are valid, and tokens that are not.

use std::time::Duration;

use cpex_wasmi_guest::testing::{
    Access, Capability, ClockGrant, Decision, Harness, Policy, Request,
};
use serde_json::{Value, json};

use crate::PLUGIN;

const PRE: &str = "cmf.tool_pre_invoke";

/// The token of RFC 7515, A.3, which is from `joe` and expires at 1300819380.
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const BEFORE: u64 = 1_300_819_379;

fn keys() -> Value {
    json!({"keys": [{
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]})
}

/// The code of the denial, or `allowed`.
fn outcome(config: Value, now: u64, header: (&str, &str)) -> String {
    let access = Access::default().clock(ClockGrant::Fixed(Duration::from_secs(now)));
    let mut policy = Policy::default().access(access).grant([Capability::ReadHeaders]);
    for (name, value) in config.as_object().unwrap() {
        policy = policy.config(name, value.clone());
    }
    let mut harness = Harness::new(&PLUGIN)
        .under(policy)
        .module_file_if_built("../../../target/gallery/token_guard.wasm");
    let request = Request::tool_call("search").header(header.0, header.1);
    match harness.call(PRE, request).unwrap().decision {
        Decision::Deny(violation) => violation.code,
        _ => "allowed".into(),
    }
}

#[test]
fn a_valid_token_is_let_through() {
    let bearer = format!("Bearer {TOKEN}");
    let config = json!({"keys": keys(), "algorithms": ["ES256"], "issuers": ["joe"]});
    assert_eq!(outcome(config.clone(), BEFORE, ("Authorization", &bearer)), "allowed");
    assert_eq!(outcome(config.clone(), BEFORE, ("Authorization", TOKEN)), "allowed");
    assert_eq!(outcome(config.clone(), BEFORE + 1, ("Authorization", &bearer)), "token_expired");
    let mut lenient = config;
    lenient["leeway_seconds"] = json!(10);
    assert_eq!(outcome(lenient, BEFORE + 10, ("Authorization", &bearer)), "allowed");
}

#[test]
fn other_tokens_are_denied() {
    let es256 = json!({"keys": keys(), "algorithms": ["ES256"]});
    let with = |name: &str, value: Value| {
        let mut config = es256.clone();
        config[name] = value;
        config
    };
    for (config, token, expected) in [
        (with("issuers", json!(["moe"])), TOKEN, "token_wrong_issuer"),
        (with("audiences", json!(["us"])), TOKEN, "token_wrong_audience"),
        (with("scopes", json!(["read"])), TOKEN, "token_scope"),
        (with("algorithms", json!(["RS256"])), TOKEN, "token_algorithm_not_allowed"),
        (with("header", json!("x-token")), TOKEN, "token_missing"),
        (with("keys", json!({"keys": []})), TOKEN, "token_unknown_key"),
        (with("keys", json!("no key")), TOKEN, "token_unusable_key"),
        (es256.clone(), &TOKEN[1..], "token_malformed"),
        (es256.clone(), &TOKEN.replace(".DtEh", ".DtEi"), "token_bad_signature"),
    ] {
        assert_eq!(outcome(config, BEFORE, ("Authorization", token)), expected);
    }
}

#[test]
fn another_header_can_have_the_token() {
    let config = json!({"keys": keys(), "algorithms": ["ES256"], "header": "X-Token"});
    assert_eq!(outcome(config, BEFORE, ("x-token", TOKEN)), "allowed");
}
