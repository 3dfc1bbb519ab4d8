//! The policies, for plugins that get the whole request. `src/engines/native.rs` has the native ones.
#![no_std]

extern crate alloc;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::{format, vec};

use compare_wire::{Outcome, Part, Request, ToolCall, Violation};

pub fn noop<'a>(_: &Request<'a>) -> Outcome<'a> {
    Outcome::default()
}

pub fn pii_guard<'a>(request: &Request<'a>) -> Outcome<'a> {
    let Some(security) = &request.security else { return Outcome::default() };
    if !security.labels.iter().any(|label| label.eq_ignore_ascii_case("PII")) {
        return Outcome::default();
    }
    let subject = security.subject.as_ref();
    if subject.is_some_and(|subject| subject.roles.contains(&"hr_admin")) {
        return Outcome::default();
    }
    let Some(call) = tool_calls(request).next() else { return Outcome::default() };
    let who = subject.and_then(|subject| subject.id).unwrap_or("nobody");
    let reason = [who, " may not pass personal data to ", call.name].concat();
    let violation = Violation { code: "pii_access", reason: Cow::Owned(reason) };
    Outcome { violation: Some(violation), ..Outcome::default() }
}

pub fn compute<'a>(request: &Request<'a>) -> Outcome<'a> {
    let mut outcome = Outcome::default();
    for call in tool_calls(request) {
        let mut summary = String::from(call.name);
        if let Some(security) = &request.security {
            let mut labels = security.labels.clone();
            labels.sort_unstable();
            for label in labels {
                summary.push(' ');
                summary.push_str(label);
            }
        }
        let headers = request.http.iter().flat_map(|http| &http.request_headers);
        if let Some((_, id)) =
            headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"))
        {
            summary.push(' ');
            summary.push_str(id);
        }
        let hash = format!("{:016x}", fnv1a(call.arguments.as_bytes()));
        outcome.state = vec![("summary", Cow::Owned(summary)), ("hash", Cow::Owned(hash))];
    }
    outcome
}

pub fn tool_name<'a>(request: &Request<'a>) -> Outcome<'a> {
    if tool_calls(request).any(|call| call.name == "shell") {
        let violation = Violation { code: "tool", reason: Cow::Borrowed("no shells") };
        return Outcome { violation: Some(violation), ..Outcome::default() };
    }
    Outcome::default()
}

pub fn hash_text<'a>(request: &Request<'a>) -> Outcome<'a> {
    let mut hash = FNV_OFFSET;
    for part in &request.message.content {
        if let Part::Text(text) = part {
            hash = fnv1a_from(hash, text.as_bytes());
        }
    }
    Outcome { state: vec![("hash", Cow::Owned(format!("{hash:016x}")))], ..Outcome::default() }
}

pub fn secrets<'a>(request: &Request<'a>) -> Outcome<'a> {
    let found: usize = texts(request).map(compare_texts::count).sum();
    let call = tool_calls(request).next();
    let arguments = call.and_then(|call| compare_texts::masked_json(&call.arguments));
    Outcome {
        state: vec![("found", Cow::Owned(found.to_string()))],
        arguments: arguments.map(Cow::Owned),
        ..Outcome::default()
    }
}

/// The plugin of the gallery that the tool is called like.
pub fn gallery<'a>(request: &Request<'a>) -> Outcome<'a> {
    let call = tool_calls(request).next();
    let changed = |call: &ToolCall<'_>| compare_gallery::changed_json(call.name, &call.arguments);
    let arguments = call.and_then(changed);
    Outcome { arguments: arguments.map(Cow::Owned), ..Outcome::default() }
}

pub fn sha256<'a>(request: &Request<'a>) -> Outcome<'a> {
    let hash = texts(request).next().map(compare_texts::sha256).unwrap_or_default();
    Outcome { state: vec![("sha256", Cow::Owned(hash))], ..Outcome::default() }
}

pub fn rate_limit<'a>(request: &Request<'a>) -> Outcome<'a> {
    let subject = request.security.as_ref().and_then(|security| security.subject.as_ref());
    let user = subject.and_then(|subject| subject.id).unwrap_or_default();
    let time = request.request.as_ref().and_then(|request| request.timestamp).unwrap_or_default();
    if compare_texts::calls_in_minute(user, time) > compare_texts::MOST_CALLS {
        let violation = Violation { code: "rate_limited", reason: Cow::Borrowed("too many calls") };
        return Outcome { violation: Some(violation), ..Outcome::default() };
    }
    Outcome::default()
}

fn texts<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'r str> {
    request.message.content.iter().filter_map(|part| match part {
        Part::Text(text) => Some(*text),
        _ => None,
    })
}

fn tool_calls<'r, 'a>(request: &'r Request<'a>) -> impl Iterator<Item = &'r ToolCall<'a>> {
    request.message.content.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    })
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv1a(bytes: &[u8]) -> u64 {
    fnv1a_from(FNV_OFFSET, bytes)
}

fn fnv1a_from(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(hash, step)
}
