//! The fuzz target `json`: our model and `cpex-core` read JSON alike.

use cpex_core::cmf::MessagePayload as TheirMessage;
use cpex_core::delegation::DelegationPayload as TheirDelegation;
use cpex_core::elicitation::ElicitationPayload as TheirElicitation;
use cpex_core::extensions::Extensions as TheirExtensions;
use cpex_core::identity::IdentityPayload as TheirIdentity;
use cpex_wasmi::abi::{Field, NO_KEY};
use cpex_wasmi::model::{
    DelegationPayload, ElicitationOp, ElicitationPayload, Extensions, IdentityPayload, Message,
    MessagePayload, Role, Strict,
};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, HostFunction, LogRecord, Manifest, Payload, Policy, Request};
use cpex_wasmi_arbitrary::to_json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads JSON text as a payload or as extensions: what `cpex-core` reads too, as the same. And a plugin
/// writes it as its payload: what is taken is what it says.
pub fn json(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    match kind {
        b'm' => {
            payload::<MessagePayload, TheirMessage>(text, Message::text(Role::User, "x").into());
        }
        b'i' => payload::<_, TheirIdentity>(text, IdentityPayload::new("token", "bearer")),
        b'd' => payload::<_, TheirDelegation>(text, DelegationPayload::new("token", "tool")),
        b'e' => {
            let asked = ElicitationPayload::new(ElicitationOp::Dispatch, "approval", "alice");
            payload::<_, TheirElicitation>(text, asked);
        }
        b'x' => drop(agreed::<Extensions, TheirExtensions>(text)),
        _ => {}
    }
}

/// The values that both read. Times are texts here, and `cpex-core` takes only those that it can read.
fn agreed<Ours, Theirs>(text: &[u8]) -> Option<Ours>
where
    Ours: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    Theirs: Serialize + DeserializeOwned,
{
    let ours: Option<Ours> = serde_json::from_slice(text).ok();
    let theirs: Option<Theirs> = match serde_json::from_slice(text) {
        Ok(theirs) => Some(theirs),
        Err(error) => {
            let error = error.to_string();
            let of_a_time = TIMES.iter().any(|problem| error.starts_with(problem));
            assert!(ours.is_none() || of_a_time, "only cpex-core refuses it: {error}");
            None
        }
    };
    if let Some(theirs) = &theirs {
        let read = to_json(theirs);
        let given = serde_json::from_slice(text).unwrap_or_default();
        if is_by_position(&given, &read) {
            return ours;
        }
        // In parts and the like, no key may come twice here.
        if ours.is_none() && serde_json::from_slice::<Strict>(text).is_err() {
            return None;
        }
        let ours = ours.as_ref().unwrap_or_else(|| panic!("cpex-core reads it"));
        let json = to_json(ours);
        assert_eq!(without_times(read), without_times(json.clone()));
        assert_eq!(serde_json::from_value(json.clone()).ok().as_ref(), Some(ours), "{json}");
    }
    ours
}

/// True if a structure was given as a list of its fields. serde takes that too, and tokens, which
/// `cpex-core` passes over, have a place in it here.
fn is_by_position(given: &Value, read: &Value) -> bool {
    match (given, read) {
        (Value::Array(_), Value::Object(_)) => true,
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).any(|(given, read)| is_by_position(given, read))
        }
        (Value::Object(given), Value::Object(read)) => given.iter().any(|(name, given)| {
            // Some are known by another name, and some are written beside what they are given in.
            given.is_array() && !read.get(name).is_some_and(Value::is_array)
                || read.get(name).is_some_and(|read| is_by_position(given, read))
        }),
        _ => false,
    }
}

/// Without the times that were read, which `cpex-core` writes in a form of its own.
fn without_times(mut json: Value) -> Value {
    const NAMES: &[&str] = &["timestamp", "attested_at", "expires_at", "resolved_at", "minted_at"];
    match &mut json {
        Value::Object(map) => {
            for (name, value) in map {
                let is_time = NAMES.contains(&name.as_str()) && value.is_string();
                *value = if is_time { Value::Null } else { without_times(value.take()) };
            }
        }
        Value::Array(values) => {
            values.iter_mut().for_each(|value| *value = without_times(value.take()));
        }
        _ => {}
    }
    json
}

/// The message about a text that is no time.
const TIMES: &[&str] = &[
    "input contains invalid characters",
    "input is not enough for unique date and time",
    "input is out of range",
    "no possible date and time matching input",
    "premature end of input",
    "trailing input",
];

fn payload<Ours, Theirs>(text: &[u8], other: Ours)
where
    Ours: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + Clone,
    Ours: Into<Payload>,
    Theirs: Serialize + DeserializeOwned,
{
    let ours = agreed::<Ours, Theirs>(text);
    // What a plugin may not change is the same then.
    let request = Request::new(ours.clone().unwrap_or(other));
    let taken = written(request, text);
    if let Some(taken) = taken {
        let ours = ours.unwrap_or_else(|| panic!("no payload was taken for one: {taken:?}"));
        assert_eq!(taken, ours.into());
    }
}

/// The payload that is left after a plugin wrote this text over it, if the host took it.
fn written(request: Request, text: &[u8]) -> Option<Payload> {
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("any".into());
    let policy = Policy::default().grant(Capability::ALL.iter().copied()).allow_raw_credentials();
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    session.start("any", request).unwrap();
    let len = u32::try_from(text.len()).unwrap();
    let args = [Field::Payload.number(), 0, 0, NO_KEY, 0, len];
    let answer = session.dispatch(HostFunction::WriteJson, &args, &mut text.to_vec()).ok()?;
    let changes = session.end(0).unwrap().changes;
    assert_eq!(changes.payload.is_some(), answer == 0);
    changes.payload
}
