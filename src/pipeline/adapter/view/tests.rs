//! A plugin reads the same bytes of the engine's types as of the request model.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::super::upstream::extensions::Extensions;
use cpex_wasmi_abi::{CapabilitySet, Field, Slot};
use cpex_wasmi_conformance::strategies;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::payload::TypedPayload;
use crate::session::RequestSource;
use crate::view::{Item, View};
use crate::{Payload, model};

/// One of theirs, by way of JSON, and what JSON leaves of ours: no tokens.
fn both<T: DeserializeOwned, O: Serialize + DeserializeOwned>(ours: &O) -> (T, O) {
    let json = serde_json::to_value(ours).unwrap();
    (serde_json::from_value(json.clone()).unwrap(), serde_json::from_value(json).unwrap())
}

/// A value in both encodings.
fn encoded(item: Option<Item<'_>>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut postcard, mut json) = (Vec::new(), Vec::new());
    let item = item?;
    item.postcard(&mut postcard)?;
    item.json(&mut json)?;
    Some((postcard, json))
}

fn same(
    theirs: &dyn View,
    ours: &dyn View,
    visible: CapabilitySet,
    of: impl Fn(Slot) -> bool,
) -> Result<(), TestCaseError> {
    for &field in Field::ALL.iter().filter(|field| of(field.info().slot)) {
        let counts = if field.info().indexed { ours.count(field).saturating_add(1) } else { 1 };
        if field.info().indexed {
            prop_assert_eq!(theirs.count(field), ours.count(field), "{}", field);
        }
        for index in 0..counts {
            let theirs = encoded(theirs.item(field, index, visible));
            prop_assert_eq!(theirs, encoded(ours.item(field, index, visible)), "{}", field);
        }
    }
    Ok(())
}

fn same_payload(theirs: &TypedPayload<'_>, ours: Payload) -> Result<(), TestCaseError> {
    same(theirs, &ours, CapabilitySet::EMPTY, |slot| slot == Slot::Payload)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn extensions_read_the_same(
        mut ours in strategies::extensions(),
        visible in strategies::capabilities(),
    ) {
        if let Some(credentials) = &mut ours.raw_credentials {
            // Theirs are in no JSON.
            credentials.delegated_tokens.clear();
        }
        let (theirs, ours): (Extensions, model::Extensions) = both(&ours);
        let theirs = RequestSource::from(theirs);
        same(theirs.extensions(), &ours, visible, |slot| {
            !matches!(slot, Slot::Payload | Slot::Context | Slot::Config)
        })?;
    }

    #[test]
    fn messages_read_the_same(ours in strategies::payload()) {
        let (theirs, ours) = both(&ours);
        same_payload(&TypedPayload::Message(&theirs), Payload::Message(ours))?;
    }

    #[test]
    fn identities_read_the_same(mut ours in strategies::identity()) {
        if let Some(credentials) = &mut ours.raw_credentials {
            credentials.delegated_tokens.clear();
        }
        let (theirs, ours) = both(&ours);
        same_payload(&TypedPayload::Identity(&theirs), Payload::Identity(Box::new(ours)))?;
    }

    #[test]
    fn delegations_read_the_same(ours in strategies::delegation_payload()) {
        let (theirs, ours) = both(&ours);
        same_payload(&TypedPayload::Delegation(&theirs), Payload::Delegation(Box::new(ours)))?;
    }

    #[test]
    fn elicitations_read_the_same(ours in strategies::elicitation()) {
        let (theirs, ours) = both(&ours);
        same_payload(&TypedPayload::Elicitation(&theirs), Payload::Elicitation(Box::new(ours)))?;
    }
}
