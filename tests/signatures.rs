//! Signatures: what they may read, what they cost, and keys and signatures that are hostile.
#![cfg(feature = "crypto")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::boundary::Caller;
use common::*;
use cpex_wasmi::abi::{Field, MEMORY, signature};
use cpex_wasmi::{Capability, ErrorKind, HostFunction, Limits, Policy, Request, Status};
use ed25519_dalek::Signer as _;

/// A key pair that is the same each time.
fn signing_key() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[7; 32])
}

/// A plugin that verifies signatures.
struct Verify(Caller);

impl Verify {
    fn new(policy: Policy, request: Request) -> Self {
        Self(Caller::new(policy, request, &[]))
    }

    fn ask(
        &mut self,
        (field, input): (u32, Option<&[u8]>),
        algorithm: u32,
        key: &[u8],
        signature: &[u8],
    ) -> i32 {
        let [at, len] = self.0.place_key(input);
        let ([key, key_len], [signature, signature_len]) =
            (self.0.place(key), self.0.place(signature));
        let args = [field, 0, at, len, algorithm, key, key_len, signature, signature_len];
        self.0.call(HostFunction::Verify, &args)
    }
}

#[test]
fn a_signature_of_a_field_is_verified_without_a_copy() {
    let signing = signing_key();
    let (key, body) = (signing.verifying_key().to_bytes(), "pay 5 to bob");
    let signature = signing.sign(body.as_bytes()).to_bytes();
    let request = || Request::tool_call("search").argument("body", body).argument("number", 42);
    let field = Field::ToolCallArguments.number();
    let mut verify = Verify::new(trusting(), request());
    let mut ask = |name: &str, signature: &[u8]| {
        verify.ask((field, Some(name.as_bytes())), signature::ED25519, &key, signature)
    };
    assert_eq!(ask("body", &signature), 1);
    assert_eq!(ask("body", &signature[..63]), 0);
    assert_eq!(ask("number", &signature), 0);
    assert_eq!(ask("number", &signing.sign(b"42").to_bytes()), 1, "a number is its JSON");
    assert_eq!(ask("missing", &signature), Status::Absent.code());
}

#[test]
fn an_input_is_checked_as_a_read_is() {
    let signing = signing_key();
    let (key, signature) = (signing.verifying_key().to_bytes(), signing.sign(b"").to_bytes());
    let mut verify = Verify::new(Policy::default(), Request::tool_call("search").label("PII"));
    let mut ask = |field| verify.ask((field, None), signature::ED25519, &key, &signature);
    assert_eq!(ask(Field::SecurityLabels.number()), Status::CapabilityDenied.code());
    assert_eq!(ask(0xdead), Status::UnknownField.code());
    assert_eq!(ask(Field::ToolResult.number()), Status::Absent.code());
}

/// A token is verified by who may read it: neither the capability nor the consent alone is enough.
#[test]
fn a_token_is_no_more_open_than_to_a_read() {
    use cpex_wasmi::model::IdentityPayload;
    let signing = signing_key();
    let token = "a-token-of-a-client";
    let key = signing.verifying_key().to_bytes();
    let signature = signing.sign(token.as_bytes()).to_bytes();
    let capability = [Capability::ReadInboundCredentials];
    for (policy, expected) in [
        (Policy::default(), Status::CapabilityDenied.code()),
        (Policy::default().allow_raw_credentials(), Status::CapabilityDenied.code()),
        (Policy::default().grant(capability), Status::CredentialsDenied.code()),
        (Policy::default().grant(capability).allow_raw_credentials(), 1),
    ] {
        let request = Request::new(IdentityPayload::new(token, "bearer"));
        let mut verify = Verify::new(policy, request);
        let place = (Field::PayloadRawToken.number(), None);
        assert_eq!(verify.ask(place, signature::ED25519, &key, &signature), expected);
    }
}

#[test]
fn keys_and_inputs_have_bounds() {
    let signing = signing_key();
    let (key, signature) = (signing.verifying_key().to_bytes(), signing.sign(b"").to_bytes());
    let mut verify = Verify::new(trusting(), Request::tool_call("search"));
    let mut ask = |input: &[u8], algorithm, key: &[u8]| {
        verify.ask((MEMORY, Some(input)), algorithm, key, &signature)
    };
    let ed25519 = signature::ED25519;
    assert_eq!(ask(&[], ed25519, &key), 1);
    assert_eq!(ask(&vec![0; (4 << 20) + 1], ed25519, &key), Status::TooLarge.code());
    assert_eq!(ask(&[], ed25519, &[b'x'; (16 << 10) + 1]), Status::TooLarge.code());
    assert_eq!(ask(&[], ed25519, &[]), Status::Malformed.code());
    for algorithm in 1..9 {
        assert_eq!(ask(&[], algorithm, &key), Status::Malformed.code(), "{algorithm}");
    }
    for algorithm in [9, u32::MAX] {
        assert_eq!(ask(&[], algorithm, &key), Status::InvalidArgument.code());
    }
}

/// A module that verifies a signature of so many bytes of its memory once, with a key at 0.
fn module(algorithm: u32, key: &[u8], len: usize, signature: usize) -> Vec<u8> {
    let key_len = key.len();
    guest(&format!(
        r#"(memory (export "memory") 2) (data (i32.const 0) "{}")
           (func (export "cpex_invoke") (param i32) (result i32)
             (drop (call $verify (i32.const -1) (i32.const 0) (i32.const 0) (i32.const {len})
               (i32.const {algorithm}) (i32.const 0) (i32.const {key_len}) (i32.const 0) (i32.const {signature})))
             (i32.const 0))"#,
        data(key)
    ))
}

fn fuel(algorithm: u32, key: &[u8], len: usize, signature: usize) -> u64 {
    let policy = trusting().limits(Limits::default().fuel(50_000_000));
    call(&load(&module(algorithm, key, len, signature), policy)).unwrap().receipt.fuel
}

#[test]
fn a_verification_is_paid_for_whether_it_succeeds_or_not() {
    let key = signing_key().verifying_key().to_bytes();
    let ed25519 = fuel(signature::ED25519, &key, 64, 64);
    assert!(ed25519 > 30_000, "{ed25519}");
    assert_eq!(fuel(signature::ED25519, &key, 64, 64), ed25519, "the same each time");
    assert_eq!(fuel(signature::ED25519, &key, 64, 0), ed25519, "without a signature");
    assert!(fuel(signature::ED25519, &key, 60_064, 64) >= ed25519 + 60_000, "by length");
    assert!(fuel(signature::ED25519, &[], 64, 64) > 10_000, "of no key");
    assert!(fuel(signature::RSA_PSS_SHA256, &[0x30; 4000], 64, 64) > 10_000, "of no key");
}

#[test]
fn a_plugin_without_fuel_for_it_fails() {
    let key = signing_key().verifying_key().to_bytes();
    let wasm = module(signature::ED25519, &key, 64, 64);
    let plugin = load(&wasm, trusting().limits(Limits::default().fuel(20_000)));
    assert_eq!(call(&plugin).unwrap_err().kind(), ErrorKind::FuelExhausted);
}
