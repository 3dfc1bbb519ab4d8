//! Tokens: who may read them, and that they come out nowhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::boundary::{Boundary, at};
use common::*;
use cpex_wasmi::abi::{Field, HostFunction, Status, codec};
use cpex_wasmi::model::{
    DelegationKey, DelegationMode, DelegationPayload, IdentityPayload, RawCredentialsExtension,
    RawDelegatedToken, RawInboundToken, TokenKind,
};
use cpex_wasmi::{Capability, Decision, ErrorKind, Plugin, Policy, Request, Violation};
use serde_json::json;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.payload.signature";
const MINTED: &str = "minted-0123456789";

fn credentials() -> RawCredentialsExtension {
    let token = RawInboundToken {
        token: TOKEN.into(),
        source_header: "Authorization".into(),
        kind: TokenKind::Jwt,
    };
    let key = DelegationKey {
        subject_id: "alice".into(),
        workload_id: None,
        client_id: None,
        audience: "hr".into(),
        scopes: vec!["read".into()],
        mode: DelegationMode::OnBehalfOfUser,
        delegator_name: None,
        target_name: None,
    };
    let minted = RawDelegatedToken {
        token: MINTED.into(),
        outbound_header: "Authorization".into(),
        audience: "hr".into(),
        scopes: vec!["read".into()],
        expires_at: "2030-01-01T00:00:00Z".into(),
        outbound_prefix: None,
    };
    RawCredentialsExtension {
        inbound_tokens: [("user".to_owned(), token)].into(),
        delegated_tokens: vec![(key, minted)],
    }
}

fn request() -> Request {
    let mut request = Request::tool_call("search");
    request.extensions.raw_credentials = Some(credentials());
    request
}

fn both() -> Policy {
    Policy::default().grant([Capability::ReadInboundCredentials, Capability::ReadDelegatedTokens])
}

const USER: (Field, u32, Option<&str>) = (Field::InboundToken, 0, Some("user"));

#[test]
fn a_token_takes_the_capability_and_the_operator_s_word() {
    let read = |policy: Policy| {
        let mut boundary = Boundary::new(policy, request());
        (boundary.text(USER), boundary.text(at(Field::DelegatedToken)))
    };
    let denied = || Err(Status::CapabilityDenied);
    assert_eq!(read(Policy::default()), (denied(), denied()));
    assert_eq!(read(Policy::default().allow_raw_credentials()), (denied(), denied()));
    let closed = || Err(Status::CredentialsDenied);
    assert_eq!(read(both()), (closed(), closed()));
    assert_eq!(read(both().allow_raw_credentials()), (Ok(TOKEN.into()), Ok(MINTED.into())));
    // One capability does not open what the other does.
    let inbound = Policy::default().grant([Capability::ReadInboundCredentials]);
    assert_eq!(read(inbound.allow_raw_credentials()), (Ok(TOKEN.into()), denied()));
}

#[test]
fn what_is_known_of_a_token_is_readable_without_it() {
    let mut boundary = Boundary::new(both(), request());
    let header = "/inbound_tokens/user/source_header";
    assert_eq!(boundary.text((Field::RawCredentials, 0, Some(header))).unwrap(), "Authorization");
    assert_eq!(boundary.count(Field::DelegatedToken, u32::MAX), Err(Status::CredentialsDenied));
    let policy = Policy::default().grant([Capability::ReadDelegatedTokens]);
    let seen = Boundary::new(policy, request()).json(at(Field::RawCredentials)).unwrap();
    assert_eq!(seen["inbound_tokens"], json!({}));
    assert_eq!(seen["delegated_tokens"][0][0]["audience"], "hr");
}

#[test]
fn no_record_in_no_encoding_holds_a_token() {
    let mut boundary = Boundary::new(trusting().allow_raw_credentials(), request());
    for field in Field::ALL {
        if matches!(field, Field::InboundToken | Field::DelegatedToken) {
            continue;
        }
        for bytes in [
            boundary.read(at(*field)),
            boundary.json(at(*field)).map(|json| json.to_string().into()),
        ] {
            let bytes = bytes.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(TOKEN) && !text.contains(MINTED), "{field}: {text}");
        }
    }
}

#[test]
fn tokens_of_payloads_have_fields_of_their_own() {
    let policy = || both().allow_raw_credentials();
    let mut identity = Boundary::new(policy(), Request::new(IdentityPayload::new(TOKEN, "bearer")));
    assert_eq!(identity.text(at(Field::PayloadRawToken)).unwrap(), TOKEN);
    assert_eq!(identity.text(at(Field::PayloadBearerToken)), Err(Status::WrongPayload));
    let mut payload = DelegationPayload::new(TOKEN, "tool");
    payload.actor_token = MINTED.into();
    let mut delegation = Boundary::new(policy(), Request::new(payload.clone()));
    assert_eq!(delegation.text(at(Field::PayloadBearerToken)).unwrap(), TOKEN);
    assert_eq!(delegation.text(at(Field::PayloadActorToken)).unwrap(), MINTED);
    let mut closed = Boundary::new(both(), Request::new(payload));
    assert_eq!(closed.text(at(Field::PayloadBearerToken)), Err(Status::CredentialsDenied));
}

/// A session that has read both tokens.
fn knowing() -> Boundary {
    let mut boundary = Boundary::new(both().allow_raw_credentials(), request());
    assert_eq!(boundary.text(USER).unwrap(), TOKEN);
    assert_eq!(boundary.text(at(Field::DelegatedToken)).unwrap(), MINTED);
    boundary
}

#[test]
fn a_log_line_shows_no_token() {
    let mut boundary = knowing();
    boundary.log(format!("user={TOKEN}; minted={MINTED}{MINTED}").as_bytes());
    boundary.log(&[b"\xff", TOKEN.as_bytes(), b"\xff"].concat());
    // One that begins just before the line is cut.
    boundary.log(format!("{}{TOKEN}", "x".repeat(4090)).as_bytes());
    let lines = boundary.logs.messages();
    assert_eq!(lines[0], "user=[redacted]; minted=[redacted][redacted]");
    assert_eq!(lines[1], "\u{fffd}[redacted]\u{fffd}");
    assert!(!lines[2].contains("eyJ"), "{}", &lines[2][4080..]);
}

#[test]
fn a_long_token_leaves_no_piece_in_a_cut_line() {
    let token = "t".repeat(1200);
    let mut request = Request::new(IdentityPayload::new(token.as_str(), "bearer"));
    request.extensions = Default::default();
    let mut policy = both().allow_raw_credentials();
    policy.limits.log_bytes = 1 << 20;
    let mut boundary = Boundary::new(policy, request);
    boundary.text(at(Field::PayloadRawToken)).unwrap();
    for pad in [0, 1, 497, 1000, 4095] {
        boundary.log(format!("{}{}", "x".repeat(pad), token.repeat(6)).as_bytes());
    }
    for line in boundary.logs.messages() {
        assert!(!line.contains("tt"), "{line}");
    }
}

#[test]
fn a_violation_shows_no_token_however_it_is_given() {
    let nested = json!({"a": [{"b": format!("x{TOKEN}")}], TOKEN: 1});
    let json = json!({
        "code": format!("c-{TOKEN}"), "reason": TOKEN, "description": MINTED, "details": nested
    });
    let mut violation = Violation::new(TOKEN, MINTED);
    violation.description = Some(format!("<{TOKEN}>"));
    violation.details = vec![(MINTED.into(), TOKEN.into())];
    let mut postcard = Vec::new();
    codec::encode(&violation, &mut postcard).unwrap();

    let deny: [&dyn Fn(&mut Boundary); 3] = [
        &|boundary| boundary.deny_text(TOKEN, MINTED).unwrap(),
        &|boundary| boundary.deny(HostFunction::Deny, &postcard).unwrap(),
        &|boundary| {
            boundary.deny(HostFunction::DenyJson, json.to_string().as_bytes()).unwrap();
        },
    ];
    for deny in deny {
        let mut boundary = knowing();
        deny(&mut boundary);
        let outcome = boundary.end(1);
        let shown = format!("{outcome:?}");
        assert!(!shown.contains(TOKEN) && !shown.contains(MINTED), "{shown}");
        assert!(shown.contains("[redacted]"));
        let Decision::Deny(violation) = outcome.decision else { panic!("allowed") };
        assert!(violation.code.contains("[redacted]"), "{violation:?}");
    }
}

#[test]
fn metrics_and_metadata_show_no_token() {
    let mut boundary = knowing();
    boundary.metric(MINTED, 1).unwrap();
    boundary.metadata_json(TOKEN, &json!({ TOKEN: [format!("x{MINTED}")] })).unwrap();
    let shown = format!("{:?}", boundary.end(0).telemetry);
    assert!(!shown.contains(TOKEN) && !shown.contains(MINTED), "{shown}");
    assert_eq!(shown.matches("[redacted]").count(), 4, "{shown}");
}

/// A module that reads the user's token to where `$token` is, its length to `$len`, and goes on.
fn module(then: &str) -> Vec<u8> {
    let number = Field::InboundToken.number();
    guest_with(
        &["read_inbound_credentials"],
        &format!(
            r#"(data (i32.const 0) "user")
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (if (i32.load8_u (i32.const 512)) (then (return (i32.const 1))))
                 (local.set $len (call $read_text (i32.const {number}) (i32.const 0)
                   (i32.const 0) (i32.const 4) (i32.const 512) (i32.const 256)))
                 (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
                 {then})"#
        ),
    )
}

fn allowed() -> Policy {
    Policy::default().grant([Capability::ReadInboundCredentials]).allow_raw_credentials()
}

#[test]
fn a_panic_an_error_and_a_receipt_show_no_token() {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let wasm = module(
        "(drop (call $panic (i32.const 512) (local.get $len)))
         (drop (call $log (i32.const 3) (i32.const 512) (local.get $len)))
         (unreachable)",
    );
    let plugin = Plugin::load(&engine, &wasm, allowed()).unwrap();
    let error = plugin.call(HOOK, request()).unwrap_err();
    assert_eq!(error.code(), "wasm_trap");
    let shown = format!("{error} {error:?} {:?} {:?}", error.problems(), error.receipt());
    assert!(shown.contains("panicked in `cpex_invoke`: [redacted]"), "{shown}");
    assert!(!shown.contains("eyJ"), "{shown}");
    assert_eq!(logs.messages(), ["[redacted]"]);
}

#[test]
fn a_plugin_with_tokens_finds_nothing_of_earlier_calls() {
    // It denies if it finds what it read before.
    let plugin = load(&module("(i32.const 0)"), allowed());
    for _ in 0..3 {
        assert!(plugin.call(HOOK, request()).unwrap().decision.is_allow());
    }
    // Nor can the operator ask for instances to be kept.
    let error = load_error(&module("(i32.const 0)"), allowed().pooled(1));
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("set `isolation: per_call`"), "{error}");
}

#[test]
fn who_gives_up_over_a_token_is_told_which_line_is_missing() {
    let policy = Policy::default().grant([Capability::ReadInboundCredentials]);
    let plugin = load(&module("(i32.const 0)"), policy);
    assert!(
        plugin.warnings().iter().any(|warning| warning.contains("allow_raw_credentials: true"))
    );
    let error = plugin.call(HOOK, request()).unwrap_err();
    assert_eq!(error.code(), "access_denied");
    assert!(error.to_string().contains("`allow_raw_credentials: true`"), "{error}");
}

#[test]
fn the_policy_says_so_in_yaml_s_words() {
    let entry = json!({
        "kind": "wasm://a.wasm",
        "capabilities": ["read_inbound_credentials"],
        "config": {"sandbox_policy": {"allow_raw_credentials": true}}
    });
    assert!(Policy::from_value(&entry).unwrap().allow_raw_credentials);
    let wrong = json!({"sandbox_policy": {"allow_raw_credentials": "yes"}});
    let error = Policy::from_value(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("`sandbox_policy.allow_raw_credentials` must be true or false"),
        "{error}"
    );
    let misspelt = json!({"sandbox_policy": {"allow_raw_credential": true}});
    let error = Policy::from_value(&misspelt).unwrap_err().to_string();
    assert!(error.contains("did you mean `allow_raw_credentials`?"), "{error}");
}
