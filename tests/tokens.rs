//! JSON Web Tokens: the clock, what may be read, what they cost, and what plugins are told.
#![cfg(feature = "crypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use common::boundary::Caller;
use common::*;
use cpex_wasmi::abi::{Field, MEMORY, codec};
use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{
    Access, AuditEvent, Capability, ClockGrant, Engine, HostFunction, Limits, Plugin, Policy,
    Request, Status, Value,
};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;

const RULES: &str = r#"{"algorithms":["EdDSA"]}"#;

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn signing() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn keys() -> String {
    let x = base64url(&signing().verifying_key().to_bytes());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}).to_string()
}

fn token(claims: &serde_json::Value) -> String {
    let header = base64url(br#"{"alg":"EdDSA"}"#);
    let signed = format!("{header}.{}", base64url(claims.to_string().as_bytes()));
    format!("{signed}.{}", base64url(&signing().sign(signed.as_bytes()).to_bytes()))
}

/// A token with another signature.
fn changed(token: &str) -> String {
    let last = if token.ends_with('A') { 'Q' } else { 'A' };
    format!("{}{last}", &token[..token.len() - 1])
}

fn timed(policy: Policy, now: u64) -> Policy {
    policy.access(Access::default().clock(ClockGrant::Fixed(Duration::from_secs(now))))
}

/// A plugin that checks tokens.
struct Checker(Caller);

impl Checker {
    fn new(policy: Policy, request: Request, access: &[&str]) -> Self {
        Self(Caller::new(policy, request, access))
    }

    fn at(now: u64) -> Self {
        Self::new(timed(trusting(), now), Request::tool_call("search"), &["clock"])
    }

    /// The answer, and the buffer.
    fn ask(
        &mut self,
        function: HostFunction,
        (field, input): (u32, Option<&[u8]>),
        rules: &[u8],
        keys: &[u8],
    ) -> (i32, Vec<u8>) {
        let [at, len] = self.0.place_key(input);
        let [rules, rules_len] = self.0.place(rules);
        let [keys, keys_len] = self.0.place(keys);
        let [out, room] = self.0.place(&[0; 512]);
        let args = [field, 0, at, len, rules, rules_len, keys, keys_len, out, room];
        (self.0.call(function, &args), self.0.memory[out as usize..].to_vec())
    }

    fn json(&mut self, token: &str) -> Result<serde_json::Value, String> {
        let place = (MEMORY, Some(token.as_bytes()));
        let (answer, out) =
            self.ask(HostFunction::JwtJson, place, RULES.as_bytes(), keys().as_bytes());
        if answer >= 0 {
            return Ok(serde_json::from_slice(&out[..usize::try_from(answer).unwrap()]).unwrap());
        }
        assert_eq!(answer, Status::InvalidToken.code());
        let text = out.split(|byte| *byte == 0).next().unwrap();
        Err(String::from_utf8(text.to_vec()).unwrap())
    }
}

#[test]
fn claims_come_as_json_and_as_postcard() {
    let claims = json!({"exp": 2000, "sub": "alice", "roles": ["a"]});
    let token = token(&claims);
    let mut checker = Checker::at(1000);
    assert_eq!(checker.json(&token), Ok(claims));
    let mut rules = Vec::new();
    codec::encode(&(vec!["EdDSA"], Vec::<String>::new(), vec!["a"; 0], 0_u32, false), &mut rules)
        .unwrap();
    let place = (MEMORY, Some(token.as_bytes()));
    let (len, out) = checker.ask(HostFunction::Jwt, place, &rules, keys().as_bytes());
    let claims: Value =
        codec::decode(&out[..usize::try_from(len).unwrap()], codec::Bounds::DEFAULT).unwrap();
    assert_eq!(claims.get("sub").and_then(Value::as_str), Some("alice"));
}

#[test]
fn the_fault_of_a_token_is_told_in_words() {
    let token = token(&json!({"exp": 2000, "nbf": 1000}));
    assert!(Checker::at(1000).json(&token).is_ok());
    let fault = |now, token: &str| Checker::at(now).json(token).unwrap_err();
    assert_eq!(fault(2000, &token), "token_expired: the token has expired");
    assert_eq!(fault(999, &token), "token_not_yet_valid: the token is not valid yet");
    assert_eq!(fault(1000, "x"), "token_malformed: it is no signed JSON Web Token");
    assert_eq!(
        fault(1000, &changed(&token)),
        "token_bad_signature: the token's signature is not valid"
    );
}

/// Neither a token that never expires nor rules that allow it make do without a clock.
#[test]
fn no_token_is_valid_without_the_clock() {
    let rules = br#"{"algorithms":["EdDSA"],"without_expiry":true}"#;
    for claims in [json!({}), json!({"exp": 1}), json!({"exp": 9_999_999_999_u64})] {
        let token = token(&claims);
        for input in [token.as_bytes(), b"x"] {
            let mut checker = Checker::new(trusting(), Request::tool_call("search"), &[]);
            let place = (MEMORY, Some(input));
            let (answer, out) = checker.ask(HostFunction::JwtJson, place, rules, keys().as_bytes());
            assert_eq!(answer, Status::AccessDenied.code());
            assert_eq!(out, [0; 512]);
        }
    }
    // Granted, and not asked for.
    let request = Request::tool_call("search");
    let mut checker = Checker::new(timed(trusting(), 1000), request, &[]);
    let place = (MEMORY, Some(&b"x"[..]));
    let (answer, _) = checker.ask(HostFunction::JwtJson, place, rules, keys().as_bytes());
    assert_eq!(answer, Status::AccessDenied.code());
}

#[test]
fn a_header_is_checked_as_it_stands() {
    let token = token(&json!({"exp": 2000}));
    let request =
        || Request::tool_call("search").header("Authorization", format!("Bearer {token}"));
    let place = (Field::HttpRequestHeaders.number(), Some(&b"authorization"[..]));
    let ask = |policy, place| {
        let mut checker = Checker::new(timed(policy, 1000), request(), &["clock"]);
        checker.ask(HostFunction::JwtJson, place, RULES.as_bytes(), keys().as_bytes()).0
    };
    assert_eq!(ask(Policy::default(), place), Status::CapabilityDenied.code());
    let reader = || Policy::default().grant([Capability::ReadHeaders]);
    assert_eq!(ask(reader(), place), r#"{"exp":2000}"#.len() as i32);
    let missing = (place.0, Some(&b"cookie"[..]));
    assert_eq!(ask(reader(), missing), Status::Absent.code());
}

/// Claims say what a token says: who may not read it gets neither, nor whether it is valid.
#[test]
fn a_raw_token_takes_what_reading_it_takes() {
    let token = token(&json!({"exp": 2000}));
    let place = (Field::PayloadRawToken.number(), None);
    let capability = [Capability::ReadInboundCredentials];
    for (policy, expected) in [
        (Policy::default(), Status::CapabilityDenied.code()),
        (Policy::default().allow_raw_credentials(), Status::CapabilityDenied.code()),
        (Policy::default().grant(capability), Status::CredentialsDenied.code()),
        (Policy::default().grant(capability).allow_raw_credentials(), 12),
    ] {
        let request = Request::new(IdentityPayload::new(token.as_str(), "bearer"));
        let mut checker = Checker::new(timed(policy, 1000), request, &["clock"]);
        let (answer, _) =
            checker.ask(HostFunction::JwtJson, place, RULES.as_bytes(), keys().as_bytes());
        assert_eq!(answer, expected);
    }
}

#[test]
fn rules_and_keys_that_are_wrong_are_no_fault_of_the_token() {
    let token = token(&json!({"exp": 2000}));
    let mut checker = Checker::at(1000);
    let mut ask = |rules: &[u8], keys: &[u8]| {
        checker.ask(HostFunction::JwtJson, (MEMORY, Some(token.as_bytes())), rules, keys).0
    };
    let keys = keys();
    for (rules, status) in [
        (&b""[..], Status::Malformed),
        (b"{}", Status::Malformed),
        (br#"{"algorithms":["EdDSA"],"issuer":"joe"}"#, Status::Malformed),
        (br#"{"algorithms":["EdDSA"],"algorithms":["ES256"]}"#, Status::Malformed),
        (br#"{"algorithms":["none"]}"#, Status::InvalidArgument),
        (br#"{"algorithms":[]}"#, Status::InvalidArgument),
        (&[b' '; (16 << 10) + 1], Status::TooLarge),
    ] {
        let shown = String::from_utf8_lossy(rules);
        assert_eq!(ask(rules, keys.as_bytes()), status.code(), "{shown}");
    }
    let rules = RULES.as_bytes();
    assert_eq!(ask(rules, b"{"), Status::Malformed.code());
    assert_eq!(ask(rules, &[b' '; (128 << 10) + 1]), Status::TooLarge.code());
    assert_eq!(ask(rules, b"no key"), Status::InvalidToken.code());
}

/// A module that checks a token once, by rules and keys in its memory.
fn module(token: &str, rules: &str, keys: &str) -> Vec<u8> {
    let (rules_at, keys_at) = (token.len(), token.len() + rules.len());
    let out = keys_at + keys.len();
    guest_wanting(
        &["clock"],
        &format!(
            r#"(memory (export "memory") 8) (data (i32.const 0) "{}")
               (func (export "cpex_invoke") (param i32) (result i32)
                 (i32.lt_s (call $jwt_json (i32.const -1) (i32.const 0) (i32.const 0) (i32.const {rules_at})
                   (i32.const {rules_at}) (i32.const {}) (i32.const {keys_at}) (i32.const {})
                   (i32.const {out}) (i32.const 512)) (i32.const 0)))"#,
            data([token, rules, keys].concat().as_bytes()),
            rules.len(),
            keys.len()
        ),
    )
}

fn fuel(token: &str, keys: &str) -> u64 {
    let policy = timed(trusting(), 1000).limits(Limits::default().fuel(50_000_000));
    call(&load(&module(token, RULES, keys), policy)).unwrap().receipt.fuel
}

#[test]
fn a_check_is_paid_for_by_what_it_takes() {
    let (valid, keys) = (token(&json!({"exp": 2000})), keys());
    let price = fuel(&valid, &keys);
    assert!(price > 55_000, "{price}");
    assert_eq!(fuel(&valid, &keys), price, "the same each time");
    // Claims and faults are of different lengths.
    assert!(fuel(&changed(&valid), &keys).abs_diff(price) < 100, "whether it is valid or not");
    assert!(fuel(&"x".repeat(10_000), &keys) > 150_000, "by length");
    let padded = format!("{}{keys}", " ".repeat(10_000));
    assert!(fuel(&valid, &padded) > price + 150_000, "by keys");
}

#[test]
fn the_clock_that_is_used_is_told_to_the_audit_sink() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let builder = Engine::builder().audit_sink(move |event: &AuditEvent<'_>| {
        let told =
            format!("{} {} {} {}", event.access, event.operation, event.target, event.outcome);
        sink.lock().unwrap().push(told);
    });
    let wasm = module(&token(&json!({"exp": 2000})), RULES, &keys());
    let plugin = Plugin::load(&builder.build().unwrap(), &wasm, timed(trusting(), 1000)).unwrap();
    call(&plugin).unwrap();
    assert_eq!(*events.lock().unwrap(), ["clock now fixed allowed"]);
}

/// Keys, headers and claims that take long to read, or much memory.
#[test]
fn what_a_stranger_sends_is_soon_refused() {
    let valid = token(&json!({"exp": 2000}));
    let parts: Vec<_> = valid.split('.').collect();
    let deep = |len: usize| format!(r#"{{"alg":"EdDSA","a":{}"#, "[".repeat(len));
    let wide = format!(r#"{{"alg":"EdDSA","a":[{}0]}}"#, "0,".repeat(20_000));
    let many: String = (0..9000).map(|n| format!(r#""{n}":0,"#)).collect();
    let many = format!(r#"{{{many}"alg":"EdDSA"}}"#);
    let long = "A".repeat((4 << 20) - 10);
    let start = Instant::now();
    let mut checker = Checker::at(1000);
    for header in [deep(100), deep(40_000), wide, many] {
        let token = format!("{}.{}.{}", base64url(header.as_bytes()), parts[1], parts[2]);
        assert!(checker.json(&token).unwrap_err().starts_with("token_malformed"));
    }
    for token in [long.clone(), format!("{long}.A.A"), format!("A.A.{long}"), ".".repeat(1 << 20)] {
        assert!(checker.json(&token).unwrap_err().starts_with("token_malformed"));
    }
    let token = format!("{}.{}.{}", parts[0], parts[1], "A".repeat(60_000));
    assert!(checker.json(&token).unwrap_err().starts_with("token_bad_signature"));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}
