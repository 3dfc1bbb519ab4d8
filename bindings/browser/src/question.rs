//! A question of the page: a request, and what the plugin is granted.

use std::collections::BTreeMap;

use cpex_wasmi::{Access, Engine, EngineBuilder, Error, Manifest, Policy, Request, StubAnswer};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Failure;

/// The question as the page writes it. What a person wrote as JSON is a text, in which a fault has a place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hook: String,
    payload: String,
    extensions: String,
    context: String,
    config: String,
    capabilities: Vec<String>,
    access: Vec<String>,
    policy: Map<String, Value>,
    functions: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

/// A request, and the settings under which a plugin gets it.
pub(crate) struct Question {
    pub(crate) hook: String,
    pub(crate) request: Request,
    pub(crate) setting: Setting,
}

/// The settings of a plugin: its policy, and the offers of the engine.
#[derive(PartialEq)]
pub(crate) struct Setting {
    /// An entry of a configuration.
    entry: Value,
    /// The lines of the manifest's `access` that are granted.
    access: Vec<String>,
    /// The answers of functions by name.
    functions: BTreeMap<String, Value>,
    environment: BTreeMap<String, String>,
}

impl Question {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Failure> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|error| Failure::invalid(format!("the page's question: {error}")))?;
        let Written { hook, payload, extensions, context, config, capabilities, .. } = written;
        let Written { access, mut policy, functions, environment, .. } = written;

        let payload = parse("the payload", &payload)?;
        let request = Request::from_value(json!({
            "payload_type": payload_type(&hook),
            "payload": payload,
            "extensions": parse("the extensions", &extensions)?,
            "context": parse("the context", &context)?,
        }))?;
        let mut config = match parse("the configuration", &config)? {
            Value::Null => Map::new(),
            Value::Object(config) => config,
            _ => return Err(Failure::invalid("the configuration is not an object".into())),
        };
        if config.contains_key(SANDBOX_POLICY) {
            let problem = "`sandbox_policy` has a field of its own, below the grants";
            return Err(Failure::invalid(format!("the configuration: {problem}")));
        }
        policy.retain(|_, value| !value.is_null());
        config.insert(SANDBOX_POLICY.into(), policy.into());
        let functions = functions
            .into_iter()
            .map(|(name, answer)| {
                let value = parse(&format!("the answer of `{name}`"), &answer)?;
                Ok((name, value))
            })
            .collect::<Result<_, Failure>>()?;
        let entry = json!({ "capabilities": capabilities, "config": config });
        Ok(Self { hook, request, setting: Setting { entry, access, functions, environment } })
    }
}

impl Setting {
    /// Makes an engine with what the settings offer.
    pub(crate) fn engine(&self, mut builder: EngineBuilder) -> Result<Engine, Error> {
        for (name, answer) in &self.functions {
            builder = builder.stub(name, StubAnswer::Json(answer.clone()));
        }
        builder.environment(self.environment.clone()).build()
    }

    /// The policy for a plugin with this manifest.
    pub(crate) fn policy(&self, manifest: &Manifest) -> Result<Policy, Error> {
        let mut policy = Policy::from_value(&self.entry)?;
        let mut granted = manifest.clone();
        granted.access.retain(|line| self.access.contains(line));
        policy.access.extend(Access::asked_for(&granted));
        Ok(policy)
    }
}

const SANDBOX_POLICY: &str = "sandbox_policy";

/// The kind of payload that a hook has.
fn payload_type(hook: &str) -> &'static str {
    match hook {
        "identity.resolve" => "identity",
        "token.delegate" => "delegation",
        "elicit" => "elicitation",
        _ => "message",
    }
}

/// Reads JSON that a person wrote. A text without any is `null`.
fn parse(what: &str, text: &str) -> Result<Value, Failure> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|error| Failure::invalid(format!("{what}: {error}")))
}
