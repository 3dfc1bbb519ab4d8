//! Runs sandboxed policy plugins for CPEX, the policy enforcement runtime for AI agents, on the
//! wasmi interpreter: where a JIT is forbidden, and anywhere else.
//!
//! A plugin is a WebAssembly module that looks at an operation of an agent (a tool call, say) and
//! allows, denies or changes it. It sees what its operator granted, uses no more than its limits,
//! and has no way out of its sandbox but the functions of `cpex-wasmi-abi`.
//!
//! ```
//! use cpex_wasmi::{Capability, Decision, Engine, Plugin, Policy, Request};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let wasm = std::fs::read("fixtures/pii_guard.wasm")?;
//! let policy = Policy::default().grant([Capability::ReadLabels, Capability::ReadRoles]);
//! let plugin = Plugin::load(&Engine::new()?, &wasm, policy)?;
//!
//! let request = Request::tool_call("get_compensation").label("PII").role("engineer");
//! let outcome = plugin.call("cmf.tool_pre_invoke", request)?;
//! match outcome.decision {
//!     Decision::Allow => println!("allowed"),
//!     Decision::Deny(violation) => println!("denied: {}", violation.reason),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The pieces
//!
//! - An [`Engine`] is made once and shared.
//! - A [`Module`] is a plugin's code, checked and translated, with its [`Manifest`].
//! - A [`Policy`] is what an operator grants one plugin: capabilities, [`Limits`], configuration.
//! - A [`Plugin`] is a module under a policy. It is called from any number of threads at once,
//!   blocking ([`Plugin::call`]) or as a future of any runtime ([`Plugin::call_async`]). What it does
//!   before and after all calls can be asked for: [`Plugin::initialize`], [`Plugin::shutdown`].
//! - A call takes a [`Request`] and gives an [`Outcome`]: the [`Decision`], the [`Changes`] and a
//!   [`Receipt`] of what it cost; or an [`Error`] with a stable [code](Error::code), which is never
//!   an allow.
//!
//! # Crate features
//!
//! | feature | default | what it adds | without it |
//! | --- | --- | --- | --- |
//! | `std` | yes | deadlines on the system's clock, a pool of warm instances; plugins may be given environment variables, the time, random numbers, state that outlasts a call ([`Access`]) | an embedder supplies a [`Clock`]; each call gets an instance of its own; a plugin that asks for any of these is refused |
//! | `portable-dispatch` | no | the interpreter goes from one instruction to the next in a loop, in any build | it does so by tail calls, which is faster, or in a loop with `opt-level` 0 or 1; an optimised `wasmi` with debug assertions, or for size, makes [`EngineBuilder::build`] fail |
//! | `text` | yes | the host runs regular expressions, JSON Schemas, hashes and encodings for plugins | a module that imports these functions is refused |
//! | `url` | no | the host reads URLs for plugins as browsers do | a module that imports these functions is refused |
//! | `public-suffix` | no | the host tells plugins which part of a host name is registered, by a list of 0.8 MB | a module that imports this function is refused |
//! | `crypto` | no | the host verifies signatures (Ed25519, ECDSA on P-256, RSA) and JSON Web Tokens for plugins | a module that imports these functions is refused |
//! | `simd` | no | plugins may use the fixed-width SIMD instructions | a module that uses them is refused |
//! | `http` | no | plugins may send HTTP requests, by an `HttpTransport` of the embedder's | a plugin that asks for it is refused |
//! | `http-client` | no | a transport: HTTP/1.1 on hyper, TLS by rustls (`EngineBuilder::http_client`) | an embedder brings its own |
//! | `exec` | no | plugins may be allowed programs ([`CommandGrant`]), on Unix | a plugin that asks for one is refused |
//! | `redact` | no | what regular expressions match is masked in all that plugins say (`EngineBuilder::redact_patterns`) | only texts can be masked ([`EngineBuilder::redact`]) |
//! | `state-redis` | no | a place for state that outlasts a call, and the process: a Redis (`RedisState`) | state is in memory, or in a [`StateStore`] of the embedder's |
//! | `wasi` | no | modules may import WASI preview 1: output goes to the log; files (through cap-std), variables, time and random numbers as far as they are granted | a module that does is refused, as is a plugin that asks for files |
//! | `yaml` | no | policies and whole configurations are read from YAML, with the place of all that is wrong: `Policy::from_yaml`, the module `config` | an embedder parses them: [`Policy::from_value`] |
//! | `cpex-core` | no | `cpex-core` 0.2.3 loads plugins from its own configuration: the module `cpex`, described in `docs/cpex.md` | |
//! | `praxis-policy` | no | praxis-policy 0.5.0, the engine of cpex 0.3, loads plugins: the module `praxis`, described in `docs/praxis.md` | |
//!
//! A feature lets the host offer something. A plugin gets it only if its manifest asks for it and its [`Policy`] grants it.
#![no_std]
#![forbid(unsafe_code)]
// Nothing that a guest gives may panic the host; an exception says why it cannot.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::allow_attributes_without_reason
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(all(doctest, feature = "cpex-core"))]
#[doc = include_str!("../docs/cpex.md")]
mod guide {}

#[cfg(all(doctest, feature = "cpex-core"))]
#[doc = include_str!("../docs/pipeline.md")]
mod pipeline_guide {}

#[cfg(all(doctest, feature = "praxis-policy"))]
#[doc = include_str!("../docs/praxis.md")]
mod praxis_guide {}

#[cfg(all(doctest, feature = "yaml"))]
#[doc = include_str!("../docs/library.md")]
mod library_guide {}

mod boundary;
#[cfg(feature = "text")]
mod codec;
#[cfg(feature = "yaml")]
pub mod config;
#[cfg(feature = "cpex-core")]
pub mod cpex;
#[cfg(feature = "crypto")]
mod crypto;
mod engine;
mod error;
mod host;
mod instance;
mod logging;
mod module;
mod outcome;
#[cfg(feature = "pipeline")]
mod pipeline;
mod plugin;
mod policy;
#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "praxis-policy")]
pub mod praxis;
mod receipt;
#[cfg(feature = "text")]
mod regex;
mod request;
#[cfg(feature = "text")]
mod schemas;
mod session;
mod sync;
mod system;
pub mod testing;
mod text;
mod view;
#[cfg(feature = "wasi")]
mod wasi;

#[doc(no_inline)]
pub use cpex_wasmi_abi as abi;
pub use cpex_wasmi_abi::model;
#[doc(inline)]
pub use cpex_wasmi_abi::{
    AccessKind, AccessRequest, Capability, CapabilitySet, HostFunction, Manifest, Stateful, Status,
    Value, Violation,
};

pub use engine::{Engine, EngineBuilder};
pub use error::{Error, ErrorKind, Place, Problem, Trap};
pub use logging::{
    LOG_TARGET, Level, LevelFilter, LogRecord, LogSink, quoted, visible, yaml_scalar,
};
pub use module::{Module, ModuleInfo, WasiImport};
pub use outcome::{Changes, Decision, Outcome, Telemetry};
pub use plugin::Plugin;
pub use policy::{
    Access, AddressGuard, ClockGrant, CommandGrant, Digest, FileGrant, FilePermission, HostPattern,
    InvalidHost, InvalidMethod, Isolation, Limits, Method, NetworkGrant, PathKind, Policy,
    RandomGrant, Scheme, WhenExhausted,
};
pub use receipt::{Receipt, Timing};
pub use request::{CustomPayload, Payload, PayloadType, Request};
#[cfg(feature = "std")]
pub use request::{FieldValue, LookUpError, RequestView};
pub use sync::{Clock, Instances};
#[cfg(feature = "http-client")]
pub use system::http::HttpClient;
#[cfg(feature = "http")]
pub use system::http::{
    HttpTransport, ResponseBody, SendFuture, TransportError, TransportRequest, TransportResponse,
};
#[cfg(feature = "state-redis")]
pub use system::state::RedisState;
#[cfg(feature = "std")]
pub use system::state::{MemoryState, StateAnswer, StateError, StateKey, StateQuota, StateStore};
pub use system::{AuditEvent, AuditOutcome, AuditSink, Encoding, Invocation, StubAnswer};
