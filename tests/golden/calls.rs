//! The calls of the golden file, in words that the board has too: what a plugin is called with, and what became of it.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use cpex_wasmi::model::{
    DelegationPayload, Extensions, IdentityPayload, MessagePayload, PluginContext,
};
use cpex_wasmi::{
    Access, Changes, Decision, EngineBuilder, Error, Invocation, Limits, LogRecord, Module,
    Outcome, Plugin, Policy, RandomGrant, Receipt, Request, Status, Telemetry,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A request by its name in the golden file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    /// One tool call, and a subject.
    Small,
    /// Every field that there is.
    Full,
    /// A tool that plugins of the tests object to.
    Refused,
}

impl Given {
    pub(crate) const ALL: [Self; 3] = [Self::Small, Self::Full, Self::Refused];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Full => "full",
            Self::Refused => "refused",
        }
    }

    /// The request for a hook.
    pub(crate) fn request(self, hook: &str) -> Request {
        match (self, hook) {
            (Self::Full, "identity.resolve") => full(Request::new(full_identity())),
            (_, "identity.resolve") => Request::new(identity_token()),
            (Self::Full, "token.delegate") => full(Request::new(full_delegation())),
            (_, "token.delegate") => Request::new(DelegationPayload::default()),
            (Self::Full, _) => full(Request::new(full_message())),
            (_, "cmf.tool_post_invoke") => {
                let content = json!({ "text": "the key is AKIAIOSFODNN7EXAMPLE", "n": [1, 0.1] });
                Request::tool_result("search", content).subject("alice").role("engineer")
            }
            (Self::Small, _) => {
                Request::tool_call("search").argument("ssn", "123-45-6789").subject("alice")
            }
            (Self::Refused, _) => {
                Request::tool_call("boom").argument("n", 2.5).label("PII").role("engineer")
            }
        }
    }
}

fn full(request: Request) -> Request {
    let context = json!({ "local_state": { "n": 0.1 }, "global_state": { "seen": [1, "two"] } });
    let context = serde_json::from_value::<PluginContext>(context).unwrap_or_default();
    request.extensions(full_extensions()).context(context)
}

macro_rules! given {
    ($($name:ident: $type:ty = $file:literal;)*) => {
        $(
            fn $name() -> $type {
                let text = include_str!(concat!("../../fixtures/requests/", $file));
                serde_json::from_str(text).expect($file)
            }
        )*
    };
}

given! {
    full_extensions: Extensions = "full_extensions.json";
    full_message: MessagePayload = "full_message.json";
    full_identity: IdentityPayload = "full_identity.json";
    full_delegation: DelegationPayload = "full_delegation.json";
    identity_token: IdentityPayload = "identity_token.json";
}

/// Adds the functions that the fixture `quota` calls.
pub(crate) fn functions(engine: EngineBuilder) -> EngineBuilder {
    engine
        .function("acme.take", |_: &mut Invocation<'_>, (user, cost): (String, u32)| {
            Ok((user == "alice").then(|| 10_u32.saturating_sub(cost)))
        })
        .function("acme.get", |_: &mut Invocation<'_>, key: String| {
            Ok(u32::try_from(key.len()).ok())
        })
        .function("acme.put", |_: &mut Invocation<'_>, _: (String, u32)| Ok::<_, Status>(()))
}

/// A log line as text.
pub(crate) fn logged(record: &LogRecord<'_>) -> String {
    format!("{} {} {}", record.level, record.hook, record.message)
}

/// The policy of a fixture: all that it asks for, and limits that end what has no end of its own.
pub(crate) fn policy(fixture: &str, module: &Module) -> Policy {
    let access = Access::asked_for(module.manifest());
    let access =
        if access.random.is_some() { access.random(RandomGrant::Seeded(7)) } else { access };
    let limits = Limits::default().deadline(None).init_deadline(None);
    let limits = match fixture {
        "loops" => limits.fuel(1_000_000),
        "memory_hog" => limits.memory_bytes(128 << 10),
        _ => limits,
    };
    let policy = Policy::default()
        .grant(module.capabilities_to_grant().iter())
        .access(access)
        .limits(limits)
        .allow_raw_credentials();
    let keeps_state = module.manifest().stateful.is_kept();
    let policy = if keeps_state { policy.pooled(1).allow_state() } else { policy };
    if fixture == "rate_limiter" { policy.config("limit", 1) } else { policy }
}

/// The calls of a plugin as lines of the golden file. `logged` gives the lines that it has logged since the last time.
pub(crate) fn calls(
    plugin: &Plugin,
    mut logged: impl FnMut() -> Vec<String>,
    mut line: impl FnMut(String),
) {
    for hook in &plugin.module().manifest().hooks {
        for given in Given::ALL {
            let result = plugin.call(hook, given.request(hook));
            line(told(hook, given.name(), &result, &logged()));
        }
    }
}

/// A call as a line of the golden file.
fn told(hook: &str, request: &str, result: &Result<Outcome, Error>, logged: &[String]) -> String {
    let nothing = Receipt::default();
    let (ends, receipt, bytes) = match result {
        Ok(outcome) => {
            let ends = match &outcome.decision {
                Decision::Allow => "allow".to_string(),
                Decision::Deny(violation) => format!("deny {}", violation.code),
            };
            (ends, &outcome.receipt, bytes(outcome))
        }
        Err(error) => {
            let receipt = error.receipt().unwrap_or(&nothing);
            (format!("error {}", error.code()), receipt, json!(error.to_string()))
        }
    };
    let Receipt { fuel, init_fuel, host_calls, bytes_read, bytes_written, .. } = *receipt;
    let memory = receipt.peak_memory_bytes;
    let digest = digest(json!([bytes, logged]).to_string().as_bytes());
    format!(
        "{{ hook = {hook:?}, request = {request:?}, ends = {ends:?}, fuel = {fuel}, init_fuel = {init_fuel}, \
         host_calls = {host_calls}, read = {bytes_read}, written = {bytes_written}, memory = {memory}, \
         bytes = {digest:?} }}"
    )
}

/// All of an outcome but its receipt, as JSON.
fn bytes(outcome: &Outcome) -> Value {
    let Outcome { decision, changes, telemetry, .. } = outcome;
    let Changes {
        payload,
        labels,
        http,
        delegation,
        candidate_constraint,
        custom,
        local_state,
        global_state,
        ..
    } = changes;
    let Telemetry { metrics, metadata, .. } = telemetry;
    json!([
        decision.violation(),
        payload,
        labels,
        http,
        delegation,
        candidate_constraint,
        custom,
        local_state,
        global_state,
        metrics,
        metadata,
    ])
}

/// The beginning of a SHA-256 digest.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
