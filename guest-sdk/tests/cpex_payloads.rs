//! Hooks with other payloads than messages, and credentials.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

use cpex_wasmi_guest::cpex::extensions::{
    CandidateConstraintExtension, DelegationHop, DelegationStrategy, RawDelegatedToken,
    SubjectExtension, TokenRole,
};
use cpex_wasmi_guest::cpex::{
    CmfHook, DelegationPayload, HookHandler, IdentityHook, IdentityPayload, MessagePayload, Plugin,
    PluginConfig, PluginContext, PluginResult, PluginViolation, TokenDelegateHook, cpex_plugin,
    define_hook, impl_plugin_payload,
};
use cpex_wasmi_guest::testing::{Harness, Payload, Request, model};
use serde_json::json;

/// Declares a plugin that does nothing yet.
macro_rules! plugin_type {
    ($name:ident) => {
        struct $name {
            config: PluginConfig,
        }

        impl Plugin for $name {
            fn config(&self) -> &PluginConfig {
                &self.config
            }
        }
    };
}

mod custom {
    use super::*;
    use cpex_wasmi::CustomPayload;
    use serde::{Deserialize, Serialize};

    plugin_type!(Payments);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Payment {
        amount: u64,
        #[serde(default)]
        notes: Vec<String>,
        kind: Kind,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Kind {
        Card,
        Transfer { iban: String },
    }

    impl_plugin_payload!(Payment);

    define_hook! {
        /// Before a payment is made.
        PaymentHook, "payment.pre" => {
            payload: Payment,
            result: PluginResult<Payment>,
        }
    }

    impl HookHandler<PaymentHook> for Payments {
        async fn handle(
            &self,
            payment: &Payment,
            _: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<Payment> {
            if payment.amount > 1000 {
                return PluginResult::deny(PluginViolation::new("limit", "too much"));
            }
            let mut payment = payment.clone();
            payment.notes.push("checked".into());
            payment.kind = Kind::Transfer { iban: "DE00".into() };
            PluginResult::modify_payload(payment)
        }
    }

    cpex_plugin! {
        name: "payments",
        plugin: Payments = |config| Payments { config },
        hooks: { "payment.pre" => PaymentHook },
    }

    fn request(value: serde_json::Value) -> Request {
        Request::new(Payload::Custom(CustomPayload::untyped("payment", value).unwrap()))
    }

    #[test]
    fn a_type_of_the_author_s_own_is_a_payload() {
        let mut harness = Harness::new(&PLUGIN);
        let payment = json!({ "amount": 7, "kind": "card" });
        let outcome = harness.call("payment.pre", request(payment)).unwrap();
        let Some(Payload::Custom(changed)) = outcome.changes.payload else { panic!("none") };
        let expected = json!({ "amount": 7, "notes": ["checked"], "kind": { "transfer": { "iban": "DE00" } } });
        assert_eq!(*changed.value(), expected);

        let payment = json!({ "amount": 7000, "kind": { "transfer": { "iban": "x" } } });
        let outcome = harness.call("payment.pre", request(payment)).unwrap();
        assert_eq!(outcome.decision.violation().unwrap().code, "limit");

        let failure = harness.call("payment.pre", request(json!({ "sum": 7 }))).unwrap_err();
        assert_eq!(failure.code(), "plugin_failed");
    }
}

mod not_granted {
    use super::*;

    plugin_type!(Blind);

    impl HookHandler<IdentityHook> for Blind {
        async fn handle(
            &self,
            payload: &IdentityPayload,
            _: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<IdentityPayload> {
            if payload.client_port() == Some(443) || payload.raw_token().is_empty() {
                return PluginResult::allow();
            }
            PluginResult::deny(PluginViolation::new("token", "none may pass"))
        }
    }

    cpex_plugin! {
        name: "blind",
        plugin: Blind = |config| Blind { config },
        hooks: { "identity.resolve" => IdentityHook },
    }

    #[test]
    fn a_token_that_is_not_granted_fails_the_call() {
        let mut payload = model::IdentityPayload::new("t", "bearer");
        let request = |payload| Request::new(Payload::Identity(Box::new(payload)));
        let failure =
            Harness::new(&PLUGIN).call("identity.resolve", request(payload.clone())).unwrap_err();
        assert!(failure.to_string().contains("it needs the capability"), "{failure}");

        // The rest of the payload is there.
        payload.client_port = Some(443);
        let outcome = Harness::new(&PLUGIN).call("identity.resolve", request(payload)).unwrap();
        assert!(outcome.decision.is_allow());
    }
}

mod tokens {
    use super::*;

    plugin_type!(Tokens);

    impl HookHandler<IdentityHook> for Tokens {
        async fn handle(
            &self,
            payload: &IdentityPayload,
            _: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<IdentityPayload> {
            assert_eq!((payload.raw_token(), payload.client_port()), ("eyJ.in", Some(443)));
            let mut resolved = payload.clone();
            resolved.subject =
                Some(SubjectExtension { id: Some("alice".into()), ..Default::default() });
            resolved.raw_claims.insert("iss".into(), json!("me"));
            PluginResult::modify_payload(resolved)
        }
    }

    impl HookHandler<TokenDelegateHook> for Tokens {
        async fn handle(
            &self,
            payload: &DelegationPayload,
            extensions: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<DelegationPayload> {
            assert_eq!((payload.bearer_token(), payload.actor_token()), ("eyJ.in", "eyJ.act"));
            let credentials = extensions.raw_credentials.as_ref().unwrap();
            assert_eq!(&**credentials.inbound_tokens[&TokenRole::User].token, "eyJ.user");
            let mut delegated: Vec<_> = credentials.delegated_tokens.values().collect();
            delegated.sort_by_key(|token| token.audience.clone());
            let tokens: Vec<&str> = delegated.iter().map(|token| &**token.token).collect();
            assert_eq!(tokens, ["eyJ.a", "eyJ.b"]);
            let mut minted = payload.clone();
            let expires = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
            minted.delegated_token = Some(RawDelegatedToken::new(
                "eyJ.minted",
                "Authorization",
                "api",
                vec!["read".into()],
                expires,
            ));
            PluginResult::modify_payload(minted)
        }
    }

    cpex_plugin! {
        name: "tokens",
        capabilities: ["read_inbound_credentials", "read_delegated_tokens"],
        plugin: Tokens = |config| Tokens { config },
        hooks: { "identity.resolve" => IdentityHook, "token.delegate" => TokenDelegateHook },
    }

    fn harness() -> Harness {
        let harness = Harness::new(&PLUGIN).grant_all();
        let policy = harness.policy().clone().allow_raw_credentials();
        harness.under(policy)
    }

    #[test]
    fn a_token_becomes_an_identity() {
        let mut payload = model::IdentityPayload::new("eyJ.in", "bearer");
        payload.client_port = Some(443);
        let request = Request::new(Payload::Identity(Box::new(payload)));
        let outcome = harness().call("identity.resolve", request).unwrap();
        let Some(Payload::Identity(resolved)) = outcome.changes.payload else { panic!("none") };
        assert_eq!(resolved.subject.unwrap().id.as_deref(), Some("alice"));
        assert_eq!(resolved.raw_token.expose(), "eyJ.in");
        assert_eq!(resolved.raw_claims["iss"], "me");
    }

    #[test]
    fn a_token_is_minted_of_others() {
        let mut payload = model::DelegationPayload::new("eyJ.in", "search");
        payload.actor_token = "eyJ.act".into();
        let mut request = Request::new(Payload::Delegation(Box::new(payload)));
        let mut credentials = model::RawCredentialsExtension::default();
        credentials.inbound_tokens.insert(
            "user".into(),
            model::RawInboundToken {
                token: "eyJ.user".into(),
                source_header: "authorization".into(),
                kind: model::TokenKind::Jwt,
            },
        );
        for audience in ["b", "a"] {
            let key = model::DelegationKey {
                subject_id: "alice".into(),
                workload_id: None,
                client_id: None,
                audience: audience.into(),
                scopes: vec![],
                mode: model::DelegationMode::OnBehalfOfUser,
                delegator_name: None,
                target_name: None,
            };
            let token = model::RawDelegatedToken {
                token: format!("eyJ.{audience}").into(),
                outbound_header: "authorization".into(),
                audience: audience.into(),
                scopes: vec![],
                expires_at: "2030-01-01T00:00:00Z".into(),
                outbound_prefix: None,
            };
            credentials.delegated_tokens.push((key, token));
        }
        request.extensions.raw_credentials = Some(credentials);
        let outcome = harness().call("token.delegate", request).unwrap();
        let Some(Payload::Delegation(minted)) = outcome.changes.payload else { panic!("none") };
        let token = minted.delegated_token.unwrap();
        assert_eq!(token.token.expose(), "eyJ.minted");
        assert_eq!(token.expires_at, "2027-01-15T08:00:00Z");
    }
}

mod refused_credentials {
    use super::*;

    plugin_type!(Blind);

    impl HookHandler<CmfHook> for Blind {
        async fn handle(
            &self,
            _: &MessagePayload,
            extensions: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<MessagePayload> {
            let credentials = extensions.raw_credentials.as_ref().unwrap();
            let user = &credentials.inbound_tokens[&TokenRole::User];
            if user.source_header == "x-user" || user.token.is_empty() {
                return PluginResult::allow();
            }
            PluginResult::deny(PluginViolation::new("token", "none may pass"))
        }
    }

    cpex_plugin! {
        name: "blind",
        capabilities: ["read_inbound_credentials"],
        plugin: Blind = |config| Blind { config },
        hooks: { "cmf.tool_pre_invoke" => CmfHook },
    }

    fn request(header: &str) -> Request {
        let token = model::RawInboundToken {
            token: "eyJ.user".into(),
            source_header: header.into(),
            kind: model::TokenKind::Jwt,
        };
        let mut credentials = model::RawCredentialsExtension::default();
        credentials.inbound_tokens.insert("user".into(), token);
        let mut request = Request::tool_call("a");
        request.extensions.raw_credentials = Some(credentials);
        request
    }

    #[test]
    fn a_token_that_is_not_allowed_fails_the_call() {
        // Without `allow_raw_credentials`.
        let harness = || Harness::new(&PLUGIN).grant_all();
        let outcome = harness().call("cmf.tool_pre_invoke", request("x-user")).unwrap();
        assert!(outcome.decision.is_allow());
        let failure = harness().call("cmf.tool_pre_invoke", request("authorization")).unwrap_err();
        assert!(
            failure.to_string().contains("raw credentials, which are not allowed"),
            "{failure}"
        );
    }
}

mod routing {
    use super::*;

    plugin_type!(Routing);

    impl HookHandler<CmfHook> for Routing {
        async fn handle(
            &self,
            _: &MessagePayload,
            extensions: &Extensions,
            _: &mut PluginContext,
        ) -> PluginResult<MessagePayload> {
            let mut modified = extensions.cow_copy();
            let delegation = modified.delegation.as_mut().unwrap();
            delegation.append_hop(DelegationHop {
                subject_id: "gateway".into(),
                strategy: Some(DelegationStrategy::TokenExchange),
                ..Default::default()
            });
            delegation.actor_subject_id = Some("gateway".into());
            delegation.age_seconds = 2.5;
            delegation.origin_subject_id = Some("nobody".into());
            modified.candidate_constraint = match modified.candidate_constraint {
                Some(_) => None,
                None => Some(
                    CandidateConstraintExtension {
                        deny_models: vec!["gpt-*".into()],
                        ..Default::default()
                    }
                    .into(),
                ),
            };
            PluginResult::modify_extensions(modified)
        }
    }

    cpex_plugin! {
        name: "routing",
        capabilities: ["read_delegation", "append_delegation", "write_candidate_constraint"],
        plugin: Routing = |config| Routing { config },
        hooks: { "cmf.llm_input" => CmfHook },
    }

    fn request() -> Request {
        let hop: model::DelegationHop =
            serde_json::from_value(json!({ "subject_id": "alice" })).unwrap();
        let mut request = Request::tool_call("a");
        request.extensions.delegation = Some(model::DelegationExtension {
            chain: vec![hop],
            depth: 1,
            origin_subject_id: Some("alice".into()),
            actor_subject_id: Some("alice".into()),
            delegated: true,
            age_seconds: 1.0,
        });
        request
    }

    #[test]
    fn hops_are_appended_and_candidates_constrained() {
        let outcome = Harness::new(&PLUGIN).grant_all().call("cmf.llm_input", request()).unwrap();
        let delegation = outcome.changes.delegation.unwrap();
        let who: Vec<_> = delegation.chain.iter().map(|hop| hop.subject_id.as_str()).collect();
        assert_eq!(who, ["alice", "gateway"]);
        assert_eq!(delegation.chain[1].strategy.as_deref(), Some("token_exchange"));
        assert_eq!((delegation.depth, delegation.age_seconds), (2, 2.5));
        assert_eq!(delegation.actor_subject_id.as_deref(), Some("gateway"));
        // As in CPEX, who came first stays so.
        assert_eq!(delegation.origin_subject_id.as_deref(), Some("alice"));
        let constraint = outcome.changes.candidate_constraint.unwrap().unwrap();
        assert_eq!(constraint.deny_models, ["gpt-*"]);
    }

    #[test]
    fn a_constraint_can_be_taken_away() {
        let mut request = request();
        request.extensions.candidate_constraint = Some(Default::default());
        let outcome = Harness::new(&PLUGIN).grant_all().call("cmf.llm_input", request).unwrap();
        assert_eq!(outcome.changes.candidate_constraint, Some(None));
    }
}
