//! The outcome of a call, as the engine takes it.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::any::Any;

use super::upstream::context::PluginContext;
use super::upstream::error::PluginViolation;
use super::upstream::executor::ErasedResultFields;
use super::upstream::extensions::{
    DelegationExtension, Extensions, Guarded, HttpExtension, OwnedExtensions,
};
use cpex_wasmi_abi::Violation;
use cpex_wasmi_abi::model::{self, from_wire};

use super::errors;
use super::payload::TypedPayload;
use crate::pipeline::convert::{FromModel, Unfit};
use crate::{Changes, Receipt};

/// The part of an outcome that the engine is given. The context is written at once; the rest is for its own
/// merge, which has the last word. A denial has the receipt among its details, if there is one.
pub(super) fn erased(
    violation: Option<Box<Violation>>,
    changes: Option<Box<Changes>>,
    payload: TypedPayload<'_>,
    extensions: &Extensions,
    context: &mut PluginContext,
    receipt: Option<&Receipt>,
) -> Result<Box<dyn Any + Send + Sync>, Unfit> {
    // Made where it stays: it is a kilobyte, most of it unused.
    let fields = ErasedResultFields {
        continue_processing: violation.is_none(),
        modified_payload: None,
        modified_extensions: None,
        violation: None,
    };
    let mut fields = Box::write(Box::new_uninit(), fields);
    if let Some(violation) = violation {
        let mut violated = violated(*violation);
        // In the place of one that the plugin stated.
        violated.details.extend(receipt.into_iter().flat_map(errors::receipt));
        fields.violation = Some(violated);
    }
    if let Some(changes) = changes {
        modify(&mut fields, *changes, payload, extensions, context)?;
    }
    Ok(fields)
}

fn modify(
    fields: &mut ErasedResultFields,
    changes: Changes,
    payload: TypedPayload<'_>,
    extensions: &Extensions,
    context: &mut PluginContext,
) -> Result<(), Unfit> {
    let Changes {
        payload: changed,
        labels,
        http,
        delegation,
        candidate_constraint,
        custom,
        local_state,
        global_state,
    } = changes;
    let touched = labels.is_some()
        || http.is_some()
        || delegation.is_some()
        || candidate_constraint.is_some()
        || custom.is_some();
    fields.modified_payload = changed.map(|changed| payload.changed(changed)).transpose()?;
    if touched {
        let mut owned = extensions.cow_copy();
        // What is not handed back stays as it is. The copy has no more than the plugin may see, and
        // the engine would take it for all the tokens that there are.
        owned.raw_credentials = None;
        match labels {
            Some(labels) => add_labels(&mut owned, labels),
            None => owned.security = None,
        }
        match http {
            Some(http) => set_headers(&mut owned, http)?,
            None => owned.http = None,
        }
        match delegation {
            Some(delegation) => extend_chain(&mut owned, delegation)?,
            None => owned.delegation = None,
        }
        if let Some(constraint) = candidate_constraint {
            owned.candidate_constraint = FromModel::from_model(constraint)?;
        }
        if let Some(custom) = custom {
            owned.custom = Some(FromModel::from_model(custom)?);
        }
        fields.modified_extensions = Some(owned);
    }
    if let Some(state) = local_state {
        context.local_state = FromModel::from_model(state)?;
    }
    if let Some(state) = global_state {
        context.global_state = FromModel::from_model(state)?;
    }
    Ok(())
}

fn add_labels(owned: &mut OwnedExtensions, labels: BTreeSet<String>) {
    let security = owned.security.get_or_insert_default();
    for label in labels {
        if !security.labels.contains(&label) {
            security.add_label(label);
        }
    }
}

/// Sets the headers, where the engine gave the token for it: it does not where nothing may change.
fn set_headers(owned: &mut OwnedExtensions, http: model::HttpExtension) -> Result<(), Unfit> {
    let Some(token) = &owned.http_write_token else { return Ok(()) };
    let slot = owned.http.get_or_insert_with(|| Guarded::new(HttpExtension::default()));
    let slot = slot.write(token);
    slot.request_headers = FromModel::from_model(http.request_headers)?;
    slot.response_headers = FromModel::from_model(http.response_headers)?;
    Ok(())
}

/// Adds what is new to the chain. What was there stays what it was to the letter.
fn extend_chain(
    owned: &mut OwnedExtensions,
    changed: model::DelegationExtension,
) -> Result<(), Unfit> {
    let slot: &mut DelegationExtension = owned.delegation.get_or_insert_default();
    for hop in changed.chain.into_iter().skip(slot.chain.len()) {
        slot.chain.push(FromModel::from_model(hop)?);
    }
    slot.depth = changed.depth;
    slot.delegated = changed.delegated;
    slot.origin_subject_id = changed.origin_subject_id;
    slot.actor_subject_id = changed.actor_subject_id;
    slot.age_seconds = changed.age_seconds;
    Ok(())
}

fn violated(violation: Violation) -> PluginViolation {
    let Violation { code, reason, description, details, proto_error_code } = violation;
    let mut violated = PluginViolation::new(code, reason);
    violated.description = description;
    // Checked when it was stated.
    violated.details =
        details.into_iter().filter_map(|(name, value)| Some((name, from_wire(value)?))).collect();
    violated.proto_error_code = proto_error_code;
    violated
}
