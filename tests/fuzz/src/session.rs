//! Arbitrary calls of host functions with arbitrary arguments.

use cpex_wasmi::abi::Field;
use cpex_wasmi::{
    Capability, ErrorKind, HostFunction, LogRecord, Manifest, Policy, Request, Session,
};

/// Takes the bytes apart: first the capabilities, then the memory, then one call after the other.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(len).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    /// A number that is often small, often a field's, and sometimes anything.
    fn number(&mut self) -> Option<u32> {
        let byte = self.byte()?;
        Some(match byte {
            0..=127 => byte.into(),
            128..=223 => {
                let position = usize::from(byte).checked_sub(128)?;
                Field::ALL.get(position).map_or(u32::MAX, |field| field.number())
            }
            224..=239 => u32::MAX,
            _ => {
                let mut number = [0; 4];
                let taken = self.bytes(4);
                number.get_mut(..taken.len())?.copy_from_slice(taken);
                u32::from_le_bytes(number)
            }
        })
    }
}

/// Makes arbitrary calls of host functions: none may panic, none may show or change what the
/// capabilities do not open, and a denial counts.
pub fn session(data: &[u8]) {
    let mut script = Script(data);
    let mask = u32::from(script.byte().unwrap_or(0)) | u32::from(script.byte().unwrap_or(0)) << 8;
    let granted: Vec<Capability> = (0..)
        .zip(Capability::ALL)
        .filter(|(bit, _)| mask & (1_u32 << bit) != 0)
        .map(|(_, capability)| *capability)
        .collect();
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    let policy = Policy::default().grant(granted.iter().copied()).config("secret", 1);
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    let len = usize::from(script.byte().unwrap_or(0));
    let mut memory = script.bytes(len).to_vec();
    memory.resize(256, 0);

    let request = request();
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
                let kind = error.kind();
                assert!(
                    matches!(kind, ErrorKind::AbiViolation | ErrorKind::LimitExceeded),
                    "{error}"
                );
                return;
            }
        }
        if !granted.contains(&Capability::ReadLabels) {
            let seen = memory.windows(LABEL.len()).any(|window| window == LABEL.as_bytes());
            assert!(!seen, "a label was shown");
        }
    }
    let outcome = session.end(0).unwrap();
    assert_eq!(outcome.decision.is_allow(), !denied);
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
    if denied {
        assert!(changes.payload.is_none() && changes.custom.is_none());
    }
}

/// A label that no other part of the request spells.
const LABEL: &str = "SECRET-LABEL-4711";

fn request() -> Request {
    Request::tool_call("search")
        .argument("a", 1)
        .argument("text", "long enough to be more than a few bytes")
        .label(LABEL)
        .subject("alice")
        .role("admin")
        .claim("iss", "x")
        .header("A", "b")
        .custom("k", true)
}
