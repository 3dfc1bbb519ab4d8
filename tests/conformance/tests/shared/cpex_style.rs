//! Plugins in the cpex style, from one source file, natively in the engine and in the sandbox: equal decisions and
//! equal changes.

/// The module that the plugins' source calls `crate::cpex`.
pub(crate) mod cpex {
    pub(crate) use crate::upstream::delegation::{DelegationPayload, TokenDelegateHook};
    pub(crate) use crate::upstream::extensions::raw_credentials::{
        DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken, TokenKind,
        TokenRole,
    };
    pub(crate) use crate::upstream::extensions::{
        DelegationExtension, DelegationHop, SubjectExtension, security::SubjectType,
    };
    pub(crate) use crate::upstream::identity::{IdentityHook, IdentityPayload};
    pub(crate) use crate::upstream::sdk::*;
}

#[allow(
    unreachable_pub,
    clippy::arithmetic_side_effects,
    reason = "it is written for a crate of its own"
)]
#[path = "../../../../fixtures/cpex_style/plugins.rs"]
mod plugins;

use std::sync::{Arc, LazyLock};

use cpex_wasmi::model::{
    ContentPart, DelegationPayload, Extensions, IdentityPayload, MessagePayload, ToolResult,
};
use cpex_wasmi::{Capability, Decision, Payload, Plugin, Policy, Request};
use cpex_wasmi_conformance::strategies::{delegation_payload, extensions, identity, payload, text};
use cpex_wasmi_conformance::{sorted, to_json};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::common::{fixture, load};
use crate::upstream;
use crate::upstream::PipelineEngine;
use crate::upstream::plugin::PluginConfig;
use crate::upstream::sdk::{CmfHook, HookHandler, HookTypeDef, Plugin as Native, PluginResult};

/// The result of a call, in either world, as JSON.
#[derive(Debug, PartialEq)]
struct Came {
    violation: Option<Value>,
    payload: Value,
    /// Tokens are in no JSON.
    tokens: Vec<String>,
    extensions: Value,
    local_state: Value,
    global_state: Value,
}

/// A plugin in the sandbox, and what it has to be granted.
struct Sandboxed {
    plugin: Plugin,
    hook: &'static str,
    capabilities: Vec<&'static str>,
    config: Value,
}

impl Sandboxed {
    fn new(name: &str, capabilities: &[&'static str], config: Value) -> Self {
        let granted = capabilities.iter().filter_map(|name| Capability::from_name(name));
        let mut policy = Policy::default().grant(granted).allow_raw_credentials();
        for (name, value) in config.as_object().unwrap() {
            policy = policy.config(name, value.clone());
        }
        let plugin = load(&fixture(name), policy);
        let hook = plugin.module().manifest().hooks[0].clone().leak();
        Self { plugin, hook, capabilities: capabilities.to_vec(), config }
    }

    fn call(&self, request: &Request) -> Came {
        let outcome = self.plugin.call(self.hook, request.clone()).unwrap();
        let violation = match outcome.decision {
            Decision::Allow => None,
            Decision::Deny(violation) => {
                let details: serde_json::Map<_, _> = violation
                    .details
                    .into_iter()
                    .map(|(name, value)| (name, cpex_wasmi::model::from_wire(value).unwrap()))
                    .collect();
                Some(json!({
                    "code": violation.code, "reason": violation.reason,
                    "description": violation.description, "details": details,
                    "proto": violation.proto_error_code,
                }))
            }
        };
        let mut after = request.clone();
        after.apply(outcome.changes);
        Came {
            violation,
            payload: to_json(&after.payload),
            tokens: tokens(&after.payload),
            extensions: to_json(&after.extensions),
            local_state: to_json(&after.context.local_state),
            global_state: to_json(&after.context.global_state),
        }
    }

    /// This call by the engine, of a plugin made of this source.
    fn natively<H, P>(
        &self,
        new: fn(PluginConfig) -> P,
        payload: H::Payload,
        extensions: &Extensions,
    ) -> Came
    where
        H: HookTypeDef,
        H::Result: Into<PluginResult<H::Payload>>,
        H::Payload: Clone + Serialize + HasTokens,
        P: Native + HookHandler<H> + 'static,
    {
        let config = PluginConfig {
            name: "native".into(),
            kind: "native".into(),
            hooks: vec![self.hook.into()],
            capabilities: self.capabilities.iter().map(|name| (*name).to_owned()).collect(),
            config: Some(self.config.clone()),
            ..PluginConfig::default()
        };
        let manager = PipelineEngine::default();
        let plugin = Arc::new(new(config.clone()));
        manager.register_handler_for_names::<H, P>(plugin, config, &[self.hook]).unwrap();
        let before = payload.clone();
        let theirs: upstream::extensions::Extensions = upstream::extensions_of(extensions);
        let (result, _) = RUNTIME.block_on(async {
            manager.initialize().await.unwrap();
            manager.invoke_named::<H>(self.hook, payload, theirs, None).await
        });
        assert!(result.errors.is_empty(), "{:?}", result.errors);
        let violation = result.violation.as_ref().map(|violation| {
            json!({
                "code": violation.code, "reason": violation.reason,
                "description": violation.description, "details": violation.details,
                "proto": violation.proto_error_code,
            })
        });
        let after = result
            .modified_payload
            .as_ref()
            .and_then(|payload| payload.as_any().downcast_ref::<H::Payload>())
            .cloned()
            .unwrap_or(before);
        let local = result.context_table.local_states.values().next().cloned();
        Came {
            violation,
            payload: sorted(upstream::seen(serde_json::to_value(&after).unwrap())),
            tokens: after.tokens(),
            extensions: upstream::slots(&result.modified_extensions.unwrap()),
            local_state: to_json(&local.unwrap_or_default()),
            global_state: to_json(&result.context_table.global_state),
        }
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());

/// The tokens of a payload of theirs.
trait HasTokens {
    fn tokens(&self) -> Vec<String>;
}

impl HasTokens for upstream::cmf::MessagePayload {
    fn tokens(&self) -> Vec<String> {
        Vec::new()
    }
}

impl HasTokens for upstream::identity::IdentityPayload {
    fn tokens(&self) -> Vec<String> {
        let inbound = self.raw_credentials.iter().flat_map(|raw| raw.inbound_tokens.values());
        let mut tokens = vec![self.raw_token().to_owned()];
        tokens.extend(inbound.map(|token| token.token.to_string()));
        tokens.sort();
        tokens
    }
}

impl HasTokens for upstream::delegation::DelegationPayload {
    fn tokens(&self) -> Vec<String> {
        let minted = self.delegated_token.iter().map(|token| token.token.to_string());
        let mut tokens = vec![self.bearer_token().to_owned(), self.actor_token().to_owned()];
        tokens.extend(minted);
        tokens
    }
}

/// The tokens of a payload of ours.
fn tokens(payload: &Payload) -> Vec<String> {
    match payload {
        Payload::Identity(identity) => {
            let inbound =
                identity.raw_credentials.iter().flat_map(|raw| raw.inbound_tokens.values());
            let mut tokens = vec![identity.raw_token.expose().to_owned()];
            tokens.extend(inbound.map(|token| token.token.expose().to_owned()));
            tokens.sort();
            tokens
        }
        Payload::Delegation(delegation) => {
            let minted =
                delegation.delegated_token.iter().map(|token| token.token.expose().to_owned());
            let mut tokens = vec![
                delegation.bearer_token.expose().to_owned(),
                delegation.actor_token.expose().to_owned(),
            ];
            tokens.extend(minted);
            tokens
        }
        _ => Vec::new(),
    }
}

/// Extensions that both worlds can write as JSON.
fn slots() -> BoxedStrategy<Extensions> {
    extensions()
        .prop_map(|mut extensions| {
            if let Some(credentials) = &mut extensions.raw_credentials {
                credentials.delegated_tokens.clear();
            }
            extensions
        })
        .boxed()
}

static PII_GUARD: LazyLock<Sandboxed> = LazyLock::new(|| {
    let capabilities = ["read_labels", "read_subject", "read_roles"];
    Sandboxed::new("cpex_pii_guard", &capabilities, json!({"role": "admin"}))
});
static HEADERS: LazyLock<Sandboxed> = LazyLock::new(|| {
    Sandboxed::new("cpex_headers", &["read_headers", "write_headers"], json!({"tenant": "acme"}))
});
static REDACTOR: LazyLock<Sandboxed> =
    LazyLock::new(|| Sandboxed::new("cpex_redactor", &["read_labels", "append_labels"], json!({})));
static IDENTITY: LazyLock<Sandboxed> =
    LazyLock::new(|| Sandboxed::new("cpex_identity", &["read_inbound_credentials"], json!({})));
static ATTENUATOR: LazyLock<Sandboxed> = LazyLock::new(|| {
    let capabilities = ["read_inbound_credentials", "read_delegation"];
    Sandboxed::new("cpex_attenuator", &capabilities, json!({}))
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_pii_guard_decides_the_same(
        message in payload(),
        mut extensions in slots(),
        label in prop::sample::select(vec!["PII", "pii", "public"]),
        role in prop::sample::select(vec!["admin", "user"]),
    ) {
        if let Some(security) = &mut extensions.security {
            security.labels.insert(label.into());
            if let Some(subject) = &mut security.subject {
                subject.roles.insert(role.into());
            }
        }
        let native = PII_GUARD.natively::<CmfHook, _>(
            plugins::pii_guard::PiiGuard::new, upstream::of_ours(&message), &extensions);
        let request = Request::new(message).extensions(extensions);
        prop_assert_eq!(PII_GUARD.call(&request), native);
    }

    #[test]
    fn the_header_injector_changes_the_same(
        message in payload(),
        mut extensions in slots(),
        tenant in prop::option::of(prop::sample::select(vec!["X-Tenant", "x-tenant", "X-TENANT"])),
        debug in any::<bool>(),
    ) {
        if let Some(http) = &mut extensions.http {
            http.request_headers.extend(tenant.map(|name| (name.into(), "given".into())));
            http.request_headers.extend(debug.then(|| ("X-Debug".into(), "1".into())));
        }
        let native = HEADERS.natively::<CmfHook, _>(
            plugins::header_injector::HeaderInjector::new, upstream::of_ours(&message), &extensions);
        let request = Request::new(message).extensions(extensions);
        prop_assert_eq!(HEADERS.call(&request), native);
    }

    #[test]
    fn the_redactor_changes_the_same(
        message in payload(),
        extensions in slots(),
        secrets in any::<[bool; 2]>(),
    ) {
        let mut message: MessagePayload = message;
        if secrets[0] {
            message.message.content.push(ContentPart::Text { text: "123-45-6789".into() });
        }
        if secrets[1] {
            let content = json!({"rows": [{"ssn": "123-45-6789"}, "987-65-4321", "no"]});
            let content = ToolResult { content, ..ToolResult::default() };
            message.message.content.insert(0, ContentPart::ToolResult { content });
        }
        let native = REDACTOR.natively::<CmfHook, _>(
            plugins::result_redactor::ResultRedactor::new, upstream::of_ours(&message), &extensions);
        let request = Request::new(message).extensions(extensions);
        prop_assert_eq!(REDACTOR.call(&request), native);
    }

    #[test]
    fn the_identity_checker_resolves_the_same(
        mut payload in identity(),
        extensions in slots(),
        token in prop_oneof![text(), "[a-z]{0,3}:[a-z]{0,3},[a-z]{0,3}"],
    ) {
        let payload: &mut IdentityPayload = &mut payload;
        payload.source = "bearer".into();
        let mut theirs = upstream::identity::IdentityPayload::new(
            token.as_str(), upstream::identity::TokenSource::Bearer)
            .with_headers(payload.headers.clone().into_iter().collect());
        if let Some(header) = &payload.source_header {
            theirs = theirs.with_source_header(header);
        }
        if let Some(host) = &payload.client_host {
            theirs = theirs.with_client_host(host);
        }
        if let Some(port) = payload.client_port {
            theirs = theirs.with_client_port(port);
        }
        let rest: upstream::identity::IdentityPayload = upstream::of_ours(payload);
        theirs.merge(rest);
        payload.raw_token = token.into();
        let native = IDENTITY.natively::<upstream::identity::IdentityHook, _>(
            plugins::identity_checker::IdentityChecker::new, theirs, &extensions);
        let request = Request::new(payload.clone()).extensions(extensions);
        prop_assert_eq!(IDENTITY.call(&request), native);
    }

    #[test]
    fn the_attenuator_mints_the_same(
        mut payload in delegation_payload(),
        extensions in slots(),
        // One that is in no reason for a denial, where it would be redacted.
        token in "tok-[a-z]{8}",
        allowed in any::<bool>(),
    ) {
        let payload: &mut DelegationPayload = &mut payload;
        payload.actor_role = None;
        if let (true, Some(route)) = (allowed, &mut payload.route_attenuation) {
            route.capabilities.extend(payload.required_permissions.iter().cloned());
        }
        let theirs = delegation(payload, &token);
        payload.bearer_token = token.into();
        let native = ATTENUATOR.natively::<upstream::delegation::TokenDelegateHook, _>(
            plugins::token_attenuator::TokenAttenuator::new, theirs, &extensions);
        let request = Request::new(payload.clone()).extensions(extensions);
        prop_assert_eq!(ATTENUATOR.call(&request), native);
    }
}

/// A payload of theirs with a token, which JSON does not carry.
fn delegation(ours: &DelegationPayload, token: &str) -> upstream::delegation::DelegationPayload {
    use upstream::delegation::DelegationPayload;
    let rest: DelegationPayload = upstream::of_ours(ours);
    let mut theirs = DelegationPayload::new(token, &*ours.target_name)
        .with_subject(rest.subject().clone())
        .with_target_type(rest.target_type().clone())
        .with_required_permissions(rest.required_permissions().to_vec())
        .with_auth_enforced_by(rest.auth_enforced_by());
    if let Some(audience) = rest.target_audience() {
        theirs = theirs.with_target_audience(audience);
    }
    if let Some(domain) = rest.trust_domain() {
        theirs = theirs.with_trust_domain(domain);
    }
    if let Some(route) = rest.route_attenuation() {
        theirs = theirs.with_route_attenuation(route.clone());
    }
    theirs.merge(rest);
    theirs
}
