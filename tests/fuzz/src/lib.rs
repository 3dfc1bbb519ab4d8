//! What the fuzz targets do: each takes arbitrary bytes and must neither panic nor take long.
//!
//! `scripts/fuzz SECONDS` runs the targets; `cargo test` runs these functions over the committed
//! corpora.
#![forbid(unsafe_code)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed assertion is a finding")]

mod session;

use cpex_wasmi::abi::codec::{Bounds, decode as decode_bytes, encode};
use cpex_wasmi::model::{MessagePayload, from_wire, to_wire};
use cpex_wasmi::{Engine, ErrorKind, Limits, Manifest, Plugin, Policy, Request, Value, Violation};

pub use session::session;

/// What a target does with its bytes.
pub type Body = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: &[(&str, Body)] =
    &[("decode", decode), ("module", module), ("policy", policy), ("session", session)];

/// Decodes bytes as each type that a plugin gives the host. What is accepted has one form only,
/// and JSON values survive the way to `serde_json` and back.
pub fn decode(data: &[u8]) {
    if let Ok(value) = decode_bytes::<Value>(data, Bounds::DEFAULT) {
        let mut again = Vec::new();
        encode(&value, &mut again).unwrap();
        assert_eq!(again, data, "there are two ways to write a value");
        if let Some(json) = from_wire(value) {
            assert_eq!(from_wire(to_wire(&json)), Some(json));
        }
    }
    let _ = decode_bytes::<Violation>(data, Bounds::DEFAULT);
    let _ = Manifest::decode(data);
    if let Ok(payload) = decode_bytes::<MessagePayload>(data, Bounds::DEFAULT) {
        let mut again = Vec::new();
        encode(&payload, &mut again).unwrap();
        assert_eq!(decode_bytes::<MessagePayload>(&again, Bounds::DEFAULT), Ok(payload));
    }
}

/// Loads bytes as a plugin, and calls what loads.
pub fn module(data: &[u8]) {
    let engine = Engine::new().unwrap();
    let mut limits = Limits::default();
    limits.fuel = 100_000;
    limits.init_fuel = 10_000;
    let policy = Policy::default().limits(limits);
    let plugin = match Plugin::load(&engine, data, policy) {
        Ok(plugin) => plugin,
        Err(error) => return assert_ne!(error.kind(), ErrorKind::Internal, "{error}"),
    };
    for hook in &plugin.module().manifest().hooks {
        if let Err(error) = plugin.call(hook, Request::tool_call("search").argument("a", 1)) {
            assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
            assert!(error.receipt().is_some(), "a failed call has no receipt: {error}");
        }
    }
}

/// Reads JSON as a policy.
pub fn policy(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(data)
        && let Err(error) = Policy::from_json(&value)
    {
        assert_eq!(error.kind(), ErrorKind::InvalidPolicy);
        assert!(!error.problems().is_empty());
    }
}
