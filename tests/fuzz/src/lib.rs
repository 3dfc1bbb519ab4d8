//! The bodies of the fuzz targets: each takes arbitrary bytes and must neither panic nor take long.
//!
//! `scripts/fuzz SECONDS` runs the targets; `cargo test` runs these functions over the committed
//! corpora.
#![forbid(unsafe_code)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed assertion is a finding")]

mod common;
mod computed;
mod crypto;
mod guest;
mod http;
mod json;
mod manifest;
mod policy;
mod roundtrip;
mod schema;
mod session;
mod smith;
mod texts;
mod view;
mod wasi;

use cpex_wasmi::abi::codec::{Bounds, decode as decode_bytes, encode};
use cpex_wasmi::model::{
    CandidateConstraintExtension, DelegationExtension, DelegationPayload, ElicitationPayload,
    IdentityPayload, MessagePayload, RawCredentialsExtension, from_wire, to_wire,
};
use cpex_wasmi::{
    Engine, Error, ErrorKind, Limits, Manifest, Plugin, Policy, Request, Value, Violation,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use computed::computed;
pub use crypto::crypto;
pub use guest::guest;
pub use http::http;
pub use json::json;
pub use manifest::manifest;
pub use policy::{policy, yaml};
pub use roundtrip::roundtrip;
pub use schema::schema;
pub use session::session;
pub use smith::smith;
pub use texts::texts;
pub use view::view;
pub use wasi::wasi;

/// The body of a target.
pub type Body = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: &[(&str, Body)] = &[
    ("computed", computed),
    ("crypto", crypto),
    ("decode", decode),
    ("guest", guest),
    ("http", http),
    ("json", json),
    ("manifest", manifest),
    ("module", module),
    ("policy", policy),
    ("roundtrip", roundtrip),
    ("schema", schema),
    ("session", session),
    ("smith", smith),
    ("texts", texts),
    ("view", view),
    ("wasi", wasi),
    ("yaml", yaml),
];

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
    survives::<MessagePayload>(data);
    survives::<ElicitationPayload>(data);
    survives::<DelegationExtension>(data);
    survives::<CandidateConstraintExtension>(data);
    // These have tokens, which are not written again.
    let _ = decode_bytes::<IdentityPayload>(data, Bounds::DEFAULT);
    let _ = decode_bytes::<DelegationPayload>(data, Bounds::DEFAULT);
    let _ = decode_bytes::<RawCredentialsExtension>(data, Bounds::DEFAULT);
}

/// A decoded value is equal when it is encoded and decoded again.
fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) {
    if let Ok(value) = decode_bytes::<T>(data, Bounds::DEFAULT) {
        let mut again = Vec::new();
        encode(&value, &mut again).unwrap();
        // A float that is no number is not equal to itself.
        let back = decode_bytes::<T>(&again, Bounds::DEFAULT).unwrap();
        assert!(back == value || format!("{back:?}") == format!("{value:?}"));
    }
}

/// Loads bytes as a plugin, and calls what loads.
pub fn module(data: &[u8]) {
    let engine = Engine::new().unwrap();
    let limits = Limits::default().fuel(100_000).init_fuel(10_000);
    // Pooled, so that there is something to shut down.
    let policy = Policy::default().limits(limits).pooled(1);
    let plugin = match Plugin::load(&engine, data, policy) {
        Ok(plugin) => plugin,
        Err(error) => return assert_ne!(error.kind(), ErrorKind::Internal, "{error}"),
    };
    sound(plugin.initialize().map(drop));
    for hook in &plugin.module().manifest().hooks {
        let request = Request::tool_call("search").argument("a", 1);
        sound(plugin.call(hook, request).map(drop));
    }
    sound(plugin.shutdown());
}

/// Asserts that the host does not fail, even if a plugin does.
fn sound(result: Result<(), Error>) {
    if let Err(error) = result {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        assert!(error.receipt().is_some(), "a failed call has no receipt: {error}");
    }
}
