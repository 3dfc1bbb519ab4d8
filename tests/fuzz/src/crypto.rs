//! Signatures, keys and tokens, of which each may be anything.

use std::time::Duration;

use cpex_wasmi::abi::MEMORY;
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Access, ClockGrant, HostFunction, LogRecord, Manifest, Policy, Request, Status};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::Value;

/// The time of all checks, in seconds.
const NOW: u32 = 1_700_000_000;

/// The room for claims.
const ROOM: u32 = 4096;

/// Takes parts by the first byte: rules, keys and a token, or a header and claims to be signed, between zero bytes; or a key and a
/// signature for an algorithm, with their lengths before them, and a message.
pub fn crypto(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    match kind {
        b'r' => arbitrary_token(next(), next(), next()),
        b's' => signed(next(), next()),
        kind => {
            let (key, data) = counted(data);
            let (signature, message) = counted(data);
            verified(u32::from(*kind) % 9, key, signature, message);
        }
    }
}

/// As many bytes as the first two say, the lowest first, and the rest.
fn counted(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((len, data)) = data.split_first_chunk() else { return (data, &[]) };
    data.split_at(usize::from(u16::from_le_bytes(*len)).min(data.len()))
}

fn session(with_clock: bool) -> Session {
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    let clock = ClockGrant::Fixed(Duration::from_secs(u64::from(NOW)));
    let mut access = Access::default();
    if with_clock {
        manifest.access.push("clock".into());
        access = access.clock(clock);
    }
    let quiet = |_: &LogRecord<'_>| {};
    let mut session = Session::new(&manifest, Policy::default().access(access), quiet).unwrap();
    session.start("cmf.tool_pre_invoke", Request::tool_call("t")).unwrap();
    session
}

/// Memory with these parts one after another, and their places.
fn placed(parts: [&[u8]; 3]) -> (Vec<u8>, [u32; 6]) {
    let (mut memory, mut places) = (Vec::new(), Vec::new());
    for part in parts {
        let number = |len: usize| u32::try_from(len).unwrap();
        places.extend([number(memory.len()), number(part.len())]);
        memory.extend_from_slice(part);
    }
    (memory, places.try_into().unwrap())
}

/// A signature is valid for one message at most, each time.
fn verified(algorithm: u32, key: &[u8], signature: &[u8], message: &[u8]) {
    let mut session = session(false);
    let mut ask = |message: &[u8]| {
        let (mut memory, [a, b, c, d, e, f]) = placed([message, key, signature]);
        let args = [MEMORY, 0, a, b, algorithm, c, d, e, f];
        session.dispatch(HostFunction::Verify, &args, &mut memory).unwrap()
    };
    let answer = ask(message);
    let malformed = Status::Malformed.code();
    assert!([0, 1, malformed, Status::TooLarge.code()].contains(&answer), "{answer}");
    assert_eq!(ask(message), answer, "the same each time");
    if answer == 1 {
        assert_eq!(ask(&[message, b"!"].concat()), 0, "a signature of two messages");
    }
}

/// The answer about a token, and what is in the buffer.
fn ask(with_clock: bool, rules: &[u8], keys: &[u8], token: &[u8]) -> (i32, Vec<u8>) {
    let (mut memory, [a, b, c, d, e, f]) = placed([token, rules, keys]);
    let out = u32::try_from(memory.len()).unwrap();
    memory.resize(memory.len().saturating_add(usize::try_from(ROOM).unwrap()), 0);
    let args = [MEMORY, 0, a, b, c, d, e, f, out, ROOM];
    let answer = session(with_clock).dispatch(HostFunction::JwtJson, &args, &mut memory).unwrap();
    (answer, memory.split_off(usize::try_from(out).unwrap()))
}

/// A valid token has a clock and one signature. A fault is told in words.
fn arbitrary_token(rules: &[u8], keys: &[u8], token: &[u8]) {
    let (answer, out) = ask(true, rules, keys, token);
    let (timeless, _) = ask(false, rules, keys, token);
    assert!(timeless < 0, "valid without a clock");
    if answer == Status::InvalidToken.code() {
        let fault = out.split(|byte| *byte == 0).next().unwrap();
        assert!(fault.starts_with(b"token_") && fault.contains(&b':'));
    }
    if answer >= 0 {
        let mut changed = token.to_vec();
        // Of the last digit, some bits may mean nothing, and then have to be zero.
        let Some(last) = changed.last_mut() else { panic!("an empty token is valid") };
        *last = if *last == b'A' { b'Q' } else { b'A' };
        let (answer, _) = ask(true, rules, keys, &changed);
        assert_eq!(answer, Status::InvalidToken.code(), "a changed signature is valid");
    }
}

/// A valid token has claims that say so, in plain JSON.
fn signed(header: &[u8], claims: &[u8]) {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let token = format!("{}.{}", base64url(header), base64url(claims));
    let token = format!("{token}.{}", base64url(&signing.sign(token.as_bytes()).to_bytes()));
    let key = signing.verifying_key().to_bytes();
    let rules = br#"{"algorithms":["EdDSA"],"audiences":["us"]}"#;
    let (answer, out) = ask(true, rules, &key, token.as_bytes());
    let Ok(len) = usize::try_from(answer) else { return };
    let header: Value = serde_json::from_slice(header).unwrap();
    let algorithm = header.get("alg").unwrap();
    assert!(algorithm == "EdDSA" || algorithm == "Ed25519", "{header}");
    assert!(header.get("crit").is_none(), "{header}");
    let claims: Value = serde_json::from_slice(claims).unwrap();
    let time = |name: &str| claims.get(name).map(|time| time.as_f64().unwrap());
    assert!(time("exp").unwrap() > f64::from(NOW), "{claims}");
    assert!(time("nbf").is_none_or(|begins| begins <= f64::from(NOW)), "{claims}");
    let audience = claims.get("aud").unwrap();
    let names = audience.as_array().into_iter().flatten();
    assert!(names.chain([audience]).any(|name| name == "us"), "{claims}");
    if let Some(out) = out.get(..len) {
        assert_eq!(serde_json::from_slice::<Value>(out).unwrap(), claims);
    }
}

/// Base64 with `-` and `_`, and without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let group = |bytes: &[u8]| {
        let bits = bytes
            .iter()
            .chain(&[0; 2])
            .take(3)
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |shift: &usize| DIGITS.get(bits >> shift & 63).copied().map_or('?', char::from);
        [18, 12, 6, 0].iter().take(bytes.len().saturating_add(1)).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
