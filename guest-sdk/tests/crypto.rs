//! Signatures and tokens of plugins that run natively.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cpex_wasmi_guest::crypto::{self, Algorithm, TokenFault, TokenRules};
use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;
use cpex_wasmi_guest::testing::{
    Access, Capability, ClockGrant, Decision, Harness, Policy, Request,
};
use cpex_wasmi_guest::{Field, codec};

const HOOK: &str = "cmf.tool_pre_invoke";

/// The key and the token of RFC 7515, A.3. It expires at 1300819380.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

plugin! {
    name: "guard",
    capabilities: ["read_headers"],
    access: ["clock"],
    hooks: { "cmf.tool_pre_invoke" => guard },
}

fn rules() -> TokenRules {
    TokenRules::new(KEY).algorithm("ES256").issuer("joe").leeway(Duration::from_secs(10))
}

fn guard(_: &Call) -> Result<Verdict> {
    let token = Place::of(Field::HttpRequestHeaders).entry("authorization");
    match rules().check(token)? {
        Ok(claims) if claims.get("iss").is_some_and(|iss| iss.as_str() == Some("joe")) => allow(),
        Ok(_) => deny("stranger", "only joe may do this"),
        Err(fault) => deny(fault.code(), fault.reason()),
    }
}

fn decision(now: u64, header: &str) -> Decision {
    let clock = ClockGrant::Fixed(Duration::from_secs(now));
    let policy = Policy::default().access(Access::default().clock(clock));
    let mut harness = Harness::new(&PLUGIN).under(policy).grant([Capability::ReadHeaders]);
    harness
        .call(HOOK, Request::tool_call("search").header("Authorization", header))
        .unwrap()
        .decision
}

fn code(decision: &Decision) -> &str {
    match decision {
        Decision::Deny(violation) => &violation.code,
        _ => "allowed",
    }
}

#[test]
fn a_guard_checks_the_token_of_a_header() {
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(code(&decision(1_300_819_389, &bearer)), "allowed");
    assert_eq!(code(&decision(1_300_819_390, &bearer)), TokenFault::Expired.code());
    assert_eq!(code(&decision(1_300_819_389, "Bearer x")), TokenFault::Malformed.code());
    let changed = bearer.replace("eyJpc3Mi", "eyJpc3Mj");
    assert_eq!(code(&decision(1_300_819_389, &changed)), TokenFault::BadSignature.code());
}

#[test]
fn each_fault_has_a_code_that_is_read_back() {
    for fault in TokenFault::ALL {
        assert_eq!(TokenFault::from_code(fault.code()), Some(*fault));
        assert!(fault.code().len() + fault.reason().len() < 100, "it fits a small buffer");
    }
}

#[test]
fn a_signature_is_verified_without_a_harness() {
    let (signed, signature) = TOKEN.rsplit_once('.').unwrap();
    let signature = codec::base64url::decode(signature).unwrap();
    let [x, y] = [31, 81].map(|at| codec::base64url::decode(&KEY[at..][..43]).unwrap());
    let key = [&[4][..], &x, &y].concat();
    let valid = crypto::verify(Algorithm::EcdsaP256, &key, signed, &signature);
    assert!(valid.unwrap());
    let error = crypto::verify(Algorithm::Ed25519, &key, signed, &signature).unwrap_err();
    assert_eq!(error.status(), Status::Malformed);
}
