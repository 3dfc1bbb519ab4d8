//! Arbitrary calls of host functions with arbitrary arguments.

use cpex_wasmi::abi::Field;
use cpex_wasmi::model::{
    CandidateConstraintExtension, ContentPart, DelegationExtension, DelegationPayload,
    ElicitationOp, ElicitationPayload, IdentityPayload, Message, PromptResult, Resource, Role,
};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{
    Access, Capability, CustomPayload, ErrorKind, HostFunction, LogRecord, Manifest, Payload,
    Policy, Request,
};

use crate::common::capabilities;

/// The first of the bytes that stand for a field.
const FIELDS: u8 = 112;

const _: () = assert!(Field::ALL.len() <= 254 - FIELDS as usize, "a field has no byte");

/// Takes the bytes apart: first the capabilities, then the memory, then one call after the other.
pub(crate) struct Script<'a>(pub(crate) &'a [u8]);

impl<'a> Script<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(len).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    /// Three bytes as bits.
    pub(crate) fn mask(&mut self) -> u32 {
        let [low, middle, high] = [(); 3].map(|()| self.byte().unwrap_or(0));
        u32::from_le_bytes([low, middle, high, 0])
    }

    /// A number that is often small, often a field's, and sometimes anything.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let byte = self.byte()?;
        Some(match byte {
            0..FIELDS => byte.into(),
            FIELDS..=253 => {
                let position = usize::from(byte.checked_sub(FIELDS)?);
                Field::ALL.get(position).map_or(u32::MAX, |field| field.number())
            }
            254 => u32::MAX,
            _ => {
                let mut number = [0; 4];
                let taken = self.bytes(4);
                number.get_mut(..taken.len())?.copy_from_slice(taken);
                u32::from_le_bytes(number)
            }
        })
    }
}

/// True if a host function may end the call with an error of this kind. A plugin that calls `fail` has the host's reason for it.
fn may_end(function: HostFunction, kind: ErrorKind) -> bool {
    let is_refused = matches!(
        kind,
        ErrorKind::PluginFailed
            | ErrorKind::CapabilityDenied(_)
            | ErrorKind::AccessDenied
            | ErrorKind::NetworkDenied
    );
    matches!(kind, ErrorKind::AbiViolation | ErrorKind::LimitExceeded)
        || function == HostFunction::Fail && is_refused
}

/// Makes arbitrary calls of host functions: none may panic, none may show or change what the
/// capabilities do not open, and a denial counts.
pub fn session(data: &[u8]) {
    let mut script = Script(data);
    let mask = script.mask();
    let granted = capabilities(mask);
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.access.push("state:*".into());
    let mut policy = Policy::default().grant(granted.iter().copied()).config("secret", 1);
    policy = policy.access(Access::default().state("*"));
    policy.allow_raw_credentials = mask & 1 << 20 != 0;
    let opens_tokens = policy.allow_raw_credentials && policy.capabilities.opens_credentials();
    // Who brings the tokens or the label along does not have them from us.
    let brings = |text: &str| data.windows(text.len()).any(|window| window == text.as_bytes());
    let (knows, knows_label) = (brings(TOKEN) || brings(MINTED), brings(LABEL));
    let check = move |record: &LogRecord<'_>| assert!(knows || !shows_token(record.message));
    let mut session = Session::new(&manifest, policy, check).unwrap();
    let len = usize::from(script.byte().unwrap_or(0));
    let mut memory = script.bytes(len).to_vec();
    memory.resize(256, 0);

    let request = request(mask >> 21);
    session.start("cmf.tool_pre_invoke", request.clone()).unwrap();
    let mut denied = false;
    while let Some(function) = script.byte() {
        let position = usize::from(function).checked_rem(HostFunction::ALL.len()).unwrap_or(0);
        let Some(function) = HostFunction::ALL.get(position).copied() else { return };
        let args: Option<Vec<u32>> = (0..function.arity()).map(|_| script.number()).collect();
        let Some(args) = args else { break };
        match session.dispatch(function, &args, &mut memory) {
            Ok(_) => {
                denied |= matches!(
                    function,
                    HostFunction::Deny | HostFunction::DenyText | HostFunction::DenyJson
                );
            }
            Err(error) => {
                assert!(may_end(function, error.kind()), "{error}");
                assert!(knows || !shows_token(&format!("{error:?} {error}")), "a token was told");
                return;
            }
        }
        if !granted.contains(&Capability::ReadLabels) && !knows_label {
            let seen = memory.windows(LABEL.len()).any(|window| window == LABEL.as_bytes());
            assert!(!seen, "a label was shown");
        }
        if !opens_tokens {
            assert!(knows || !shows_token(&String::from_utf8_lossy(&memory)), "a token was shown");
        }
    }
    let outcome = session.end(0).unwrap();
    assert_eq!(outcome.decision.is_allow(), !denied);
    assert!(knows || !shows_token(&format!("{:?}", outcome.decision)), "a token was told");
    assert!(knows || !shows_token(&format!("{:?}", outcome.telemetry)), "a token was reported");
    let changes = outcome.changes;
    if !granted.contains(&Capability::AppendLabels) || denied {
        assert!(changes.labels.is_none());
    }
    if let Some(labels) = changes.labels {
        assert!(labels.contains(LABEL), "a label was removed");
    }
    if !granted.contains(&Capability::WriteHeaders) || denied {
        assert!(changes.http.is_none());
    }
    if !granted.contains(&Capability::AppendDelegation) || denied {
        assert!(changes.delegation.is_none());
    }
    if let Some(delegation) = changes.delegation {
        let before = &request.extensions.delegation.as_ref().unwrap().chain;
        assert!(delegation.chain.starts_with(before), "the chain was rewritten");
        assert_eq!(usize::try_from(delegation.depth), Ok(delegation.chain.len()));
    }
    if !granted.contains(&Capability::WriteCandidateConstraint) || denied {
        assert!(changes.candidate_constraint.is_none());
    }
    if denied {
        assert!(changes.payload.is_none() && changes.custom.is_none());
    }
    match (changes.payload, &request.payload) {
        (Some(Payload::Identity(after)), Payload::Identity(before)) => {
            assert!(after.same_input(before) && after.raw_token == before.raw_token);
        }
        (Some(Payload::Delegation(after)), Payload::Delegation(before)) => {
            assert!(after.same_input(before) && after.bearer_token == before.bearer_token);
        }
        (Some(Payload::Elicitation(after)), Payload::Elicitation(before)) => {
            assert!(after.same_input(before));
        }
        (after, before) => {
            assert!(after.is_none_or(|after| after.type_name() == before.type_name()));
        }
    }
}

const TOKEN: &str = "inbound-token-4711";
const MINTED: &str = "minted-token-4711";

pub(crate) fn shows_token(text: &str) -> bool {
    text.contains(TOKEN) || text.contains(MINTED)
}

/// A label that no other part of the request spells.
const LABEL: &str = "SECRET-LABEL-4711";

pub(crate) fn request(kind: u32) -> Request {
    let mut request = match kind & 7 {
        0 => Request::new(IdentityPayload::new(TOKEN, "bearer")),
        1 => Request::new(DelegationPayload::new(TOKEN, "tool")),
        2 => Request::new(ElicitationPayload::new(ElicitationOp::Check, "approval", "alice")),
        3 => {
            let value = serde_json::json!({"a": [{"b": 1}]});
            Request::new(CustomPayload::untyped("a", value).unwrap())
        }
        _ => Request::tool_call("search")
            .argument("a", 1)
            .argument("text", "long enough to be more than a few bytes")
            .part(ContentPart::Text { text: "text".into() })
            .part(ContentPart::Resource { content: Resource::default() })
            .part(ContentPart::PromptResult {
                content: PromptResult {
                    messages: vec![Message::text(Role::User, "nested")],
                    ..PromptResult::default()
                },
            }),
    };
    request = request.label(LABEL).subject("alice").role("admin").claim("iss", "x");
    request = request.header("A", "b").custom("k", true);
    let hop = serde_json::json!({"subject_id": "alice"});
    request.extensions.delegation = Some(DelegationExtension {
        chain: vec![serde_json::from_value(hop).unwrap()],
        depth: 1,
        ..DelegationExtension::default()
    });
    request.extensions.candidate_constraint = Some(CandidateConstraintExtension::default());
    let credentials = serde_json::json!({
        "inbound_tokens": {"user": {"token": TOKEN, "source_header": "A", "kind": "jwt"}},
        "delegated_tokens": [[
            {"subject_id": "", "audience": "a", "scopes": [], "mode": "as_client"},
            {"token": MINTED, "outbound_header": "A", "audience": "a", "scopes": [],
             "expires_at": "2030-01-01T00:00:00Z"}
        ]]
    });
    request.extensions.raw_credentials = Some(serde_json::from_value(credentials).unwrap());
    request
}
