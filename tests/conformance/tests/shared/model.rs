//! The model is the engine's: the same JSON in, the same JSON out, and a plugin sees what a
//! native one would.

use std::collections::HashSet;

use cpex_wasmi::Capability;
use cpex_wasmi::abi::codec;
use cpex_wasmi::model::{Extensions, PluginContext};
use cpex_wasmi_conformance::strategies::{
    capabilities, delegation_payload, elicitation, extensions, identity, json_map, payload,
    raw_credentials,
};
use cpex_wasmi_conformance::{sorted, to_json};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::upstream;

/// Ours as theirs and back again.
fn same_json<Ours, Theirs>(ours: &Ours) -> Result<(), TestCaseError>
where
    Ours: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    Theirs: Serialize + DeserializeOwned,
{
    let theirs: Theirs = upstream::of_ours(ours);
    let seen = upstream::seen(serde_json::to_value(&theirs).unwrap());
    prop_assert_eq!(sorted(seen.clone()), to_json(ours));
    let back: Ours = serde_json::from_value(seen).unwrap();
    prop_assert_eq!(&back, ours);
    // Theirs, over the wire, is theirs again.
    let again: Theirs = upstream::of_ours(&over_the_wire(&back));
    prop_assert_eq!(to_json(&again), to_json(&theirs));
    Ok(())
}

/// The engine has no JSON for delegated tokens.
fn without_delegated_tokens(mut extensions: Extensions) -> Extensions {
    if let Some(credentials) = &mut extensions.raw_credentials {
        credentials.delegated_tokens.clear();
    }
    extensions
}

proptest! {
    #[test]
    fn payloads_have_the_engines_json(payload in payload()) {
        same_json::<_, upstream::cmf::MessagePayload>(&payload)?;
    }

    #[test]
    fn identities_have_the_engines_json(payload in identity()) {
        same_json::<_, upstream::identity::IdentityPayload>(&payload)?;
    }

    #[test]
    fn delegations_have_the_engines_json(payload in delegation_payload()) {
        same_json::<_, upstream::delegation::DelegationPayload>(&payload)?;
    }

    #[test]
    fn elicitations_have_the_engines_json(payload in elicitation()) {
        same_json::<_, upstream::elicitation::ElicitationPayload>(&payload)?;
    }

    #[test]
    fn extensions_have_the_engines_json(extensions in extensions()) {
        let extensions = without_delegated_tokens(extensions);
        same_json::<_, upstream::extensions::Extensions>(&extensions)?;
    }

    #[test]
    fn contexts_have_the_engines_json(local_state in json_map(), global_state in json_map()) {
        let context = PluginContext { local_state, global_state };
        let ours = to_json(&context);
        let theirs: upstream::context::PluginContext =
            serde_json::from_value(serde_json::to_value(&context).unwrap()).unwrap();
        prop_assert_eq!(&to_json(&theirs), &ours);
    }

    #[test]
    fn capabilities_hide_what_the_engine_hides(
        extensions in upstream::widened(extensions()),
        capabilities in capabilities(),
    ) {
        let extensions = without_delegated_tokens(extensions);
        let theirs: upstream::extensions::Extensions = upstream::extensions_of(&extensions);
        let names: HashSet<String> =
            capabilities.iter().map(|capability| capability.name().to_owned()).collect();
        let filtered = upstream::extensions::filter_extensions(&theirs, &names);
        prop_assert_eq!(to_json(&extensions.visible_to(capabilities)), upstream::slots(&filtered));
    }

    #[test]
    fn capabilities_hide_the_tokens_that_the_engine_hides(
        credentials in raw_credentials(),
        capabilities in capabilities(),
    ) {
        let theirs = upstream::extensions::RawCredentialsExtension {
            inbound_tokens: upstream::of_ours(&credentials.inbound_tokens),
            delegated_tokens: credentials
                .delegated_tokens
                .iter()
                .map(|(key, token)| (upstream::of_ours(key), upstream::of_ours(token)))
                .collect(),
        };
        let names: HashSet<String> =
            capabilities.iter().map(|capability| capability.name().to_owned()).collect();
        let extensions = upstream::extensions::Extensions {
            raw_credentials: Some(theirs.into()),
            ..Default::default()
        };
        let filtered = upstream::extensions::filter_extensions(&extensions, &names);
        let seen = credentials.visible_to(capabilities);
        prop_assert_eq!(seen.is_some(), filtered.raw_credentials.is_some());
        if let (Some(ours), Some(theirs)) = (seen, filtered.raw_credentials) {
            prop_assert_eq!(to_json(&ours.inbound_tokens), to_json(&theirs.inbound_tokens));
            let known = |key| theirs.delegated_tokens.contains_key(&upstream::of_ours(key));
            prop_assert!(ours.delegated_tokens.iter().all(|(key, _)| known(key)));
            prop_assert!(ours.delegated_tokens.len() >= theirs.delegated_tokens.len());
        }
    }
}

/// Through postcard and back.
fn over_the_wire<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let mut bytes = Vec::new();
    codec::encode(value, &mut bytes).unwrap();
    codec::decode(&bytes, codec::Bounds::DEFAULT).unwrap()
}

proptest! {
    #[test]
    fn payloads_survive_the_wire(payload in payload()) {
        prop_assert_eq!(over_the_wire(&payload), payload);
    }

    #[test]
    fn identities_survive_the_wire(payload in identity()) {
        prop_assert_eq!(over_the_wire(&payload), payload);
    }

    #[test]
    fn delegations_survive_the_wire(payload in delegation_payload()) {
        prop_assert_eq!(over_the_wire(&payload), payload);
    }

    #[test]
    fn elicitations_survive_the_wire(payload in elicitation()) {
        prop_assert_eq!(over_the_wire(&payload), payload);
    }

    #[test]
    fn extensions_survive_the_wire(extensions in extensions()) {
        prop_assert_eq!(over_the_wire(&extensions), extensions);
    }
}

#[test]
fn capabilities_have_the_engines_names() {
    use upstream::extensions::Capability as Theirs;
    let theirs = [
        Theirs::ReadSubject,
        Theirs::ReadRoles,
        Theirs::ReadTeams,
        Theirs::ReadClaims,
        Theirs::ReadPermissions,
        Theirs::ReadClient,
        Theirs::ReadWorkload,
        Theirs::ReadAgent,
        Theirs::ReadHeaders,
        Theirs::WriteHeaders,
        Theirs::ReadLabels,
        Theirs::AppendLabels,
        Theirs::ReadDelegation,
        Theirs::AppendDelegation,
        Theirs::ReadInboundCredentials,
        Theirs::ReadDelegatedTokens,
    ];
    let theirs = theirs.into_iter().chain(upstream::capabilities());
    for theirs in theirs {
        let Json::String(name) = serde_json::to_value(theirs).unwrap() else { unreachable!() };
        assert!(Capability::from_name(&name).is_some(), "{name} is missing");
    }
}
