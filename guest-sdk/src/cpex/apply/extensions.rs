//! Tells the host what a handler changed in the extensions.

use alloc::string::String;

use cpex_wasmi_abi::{Capability, CapabilitySet};
use serde_json::Value;

use super::maps;
use crate::cpex::extensions::granted::GrantedSlot as _;
use crate::cpex::extensions::owned::Owned;
use crate::cpex::extensions::{
    CandidateConstraintExtension, DelegationExtension, Extensions, Guarded, HttpExtension,
    MonotonicSet, OwnedExtensions, SecurityExtension,
};
use crate::cpex::lazy::LazyMap;
use crate::cpex::run::Registered;
use crate::cpex::wire::{Entries, Wire, entries, sort_entries, to_bytes};
use crate::log::line;
use crate::raw::Place;
use crate::{Field, Result};

const WARN: u32 = 2;

/// The change of a constraint that was not granted.
const NO_CONSTRAINT: &str =
    "no extension was changed: `write_candidate_constraint` was not granted";

/// Tells the host what was changed, as far as CPEX would take it: if something was changed that
/// must not be, nothing.
pub(super) fn apply<R: Registered>(read: &Extensions<R>, modified: &OwnedExtensions) -> Result<()> {
    match tampering(read, modified) {
        Some(reason) => {
            line(WARN, reason);
            Ok(())
        }
        None => write(read, modified),
    }
}

/// The change that no plugin may make, or that this one may not.
fn tampering<R: Registered>(
    read: &Extensions<R>,
    modified: &OwnedExtensions,
) -> Option<&'static str> {
    let granted = R::CAPABILITIES;
    if !read.validate_immutable(modified) {
        return Some("no extension was changed: a read-only one was changed too");
    }
    let security = modified.security.as_ref();
    if let Some(reason) = security.and_then(|own| own.tampering(read.security.as_ref(), granted)) {
        return Some(reason);
    }
    match (&modified.candidate_constraint, read.candidate_constraint.as_ref()) {
        (Some(own), constraint) => own.tampering(constraint, granted),
        (None, Some(_)) if !may_constrain(granted) => Some(NO_CONSTRAINT),
        (None, _) => None,
    }
}

fn may_constrain(granted: CapabilitySet) -> bool {
    granted.contains(Capability::WriteCandidateConstraint)
}

fn write<R: Registered>(read: &Extensions<R>, modified: &OwnedExtensions) -> Result<()> {
    let granted = R::CAPABILITIES;
    if let Some(http) = modified.http.as_ref().map(Guarded::read) {
        http.write(read.http.slot(), granted)?;
    }
    if let Some(security) = &modified.security {
        security.write(read.security.as_ref(), granted)?;
    }
    match (&modified.candidate_constraint, read.candidate_constraint.as_ref()) {
        (Some(own), constraint) => own.write(constraint, granted)?,
        (None, Some(_)) => Place::of(Field::CandidateConstraint).remove().map(drop)?,
        (None, None) => {}
    }
    if let Some(delegation) = &modified.delegation {
        delegation.write(read.delegation.slot(), granted)?;
    }
    match (&modified.custom, read.custom.as_ref()) {
        (Some(own), custom) => own.write(custom, granted),
        (None, Some(custom)) => maps::differences(Field::Custom, custom.encoded(), Entries::new()),
        (None, None) => Ok(()),
    }
}

impl Owned for SecurityExtension {
    const RIGHT: Option<Capability> = Some(Capability::AppendLabels);

    fn add(&mut self, added: &Self) {
        added.labels.iter().for_each(|label| self.add_label(label));
    }

    fn tampering(&self, read: Option<&Self>, _: CapabilitySet) -> Option<&'static str> {
        let read = visible(read)?;
        match self.labels.is_superset(read) {
            true => None,
            false => Some("no extension was changed: a label was removed"),
        }
    }

    fn write(&self, read: Option<&Self>) -> Result<()> {
        if self.labels.is_hidden() {
            return Ok(());
        }
        let read = visible(read);
        let new = self.labels.iter().filter(|label| read.is_none_or(|read| !read.contains(label)));
        let mut new: Entries<'_> = new.map(|label| (label.as_str(), &() as &dyn Wire)).collect();
        sort_entries(&mut new);
        for (label, _) in new {
            Place::of(Field::SecurityLabels).write_text(label)?;
        }
        Ok(())
    }
}

/// The labels, unless the capabilities of the plugin hide them.
fn visible(security: Option<&SecurityExtension>) -> Option<&MonotonicSet<String>> {
    security.map(|security| &security.labels).filter(|labels| !labels.is_hidden())
}

impl Owned for HttpExtension {
    const RIGHT: Option<Capability> = Some(Capability::WriteHeaders);

    fn add(&mut self, added: &Self) {
        let copied = |(name, value): (&String, &String)| (name.clone(), value.clone());
        self.request_headers.extend(added.request_headers.iter().map(copied));
        self.response_headers.extend(added.response_headers.iter().map(copied));
    }

    fn tampering(&self, _: Option<&Self>, _: CapabilitySet) -> Option<&'static str> {
        None
    }

    fn write(&self, read: Option<&Self>) -> Result<()> {
        let request = read.map(|http| &http.request_headers);
        headers(Field::HttpRequestHeaders, request, &self.request_headers)?;
        let response = read.map(|http| &http.response_headers);
        headers(Field::HttpResponseHeaders, response, &self.response_headers)
    }
}

/// Tells which headers were changed. Removes first: the host takes names that differ in case only for the same.
fn headers(field: Field, read: Option<&LazyMap<String>>, modified: &LazyMap<String>) -> Result<()> {
    if let (Some(read), Some(modified)) = (read.and_then(LazyMap::encoded), modified.encoded())
        && read.is(modified)
    {
        return Ok(());
    }
    for name in read.into_iter().flat_map(LazyMap::keys) {
        if !modified.contains_key(name) {
            Place::of(field).entry(name).remove()?;
        }
    }
    let changed = modified
        .iter()
        .filter(|(name, value)| read.and_then(|read| read.get(*name)) != Some(value))
        .map(|(name, value)| (name.as_str(), value as &dyn Wire));
    maps::write_entries(field, changed.collect())
}

impl Owned for CandidateConstraintExtension {
    const RIGHT: Option<Capability> = Some(Capability::WriteCandidateConstraint);

    fn add(&mut self, _: &Self) {}

    fn tampering(&self, read: Option<&Self>, granted: CapabilitySet) -> Option<&'static str> {
        (!may_constrain(granted) && read != Some(self)).then_some(NO_CONSTRAINT)
    }

    fn write(&self, read: Option<&Self>) -> Result<()> {
        if read == Some(self) {
            return Ok(());
        }
        Place::of(Field::CandidateConstraint).write(&to_bytes(self))
    }
}

impl Owned for DelegationExtension {
    const RIGHT: Option<Capability> = Some(Capability::AppendDelegation);

    fn add(&mut self, added: &Self) {
        added.chain.iter().for_each(|hop| self.append_hop(hop.clone()));
    }

    fn tampering(&self, _: Option<&Self>, _: CapabilitySet) -> Option<&'static str> {
        None
    }

    /// Appends hops, and sets who acts. A chain that does not continue the one that was read is left
    /// out, with all that belongs to it.
    fn write(&self, read: Option<&Self>) -> Result<()> {
        let chain = read.map(|read| &*read.chain).unwrap_or_default();
        if !self.continues(chain) {
            return Ok(());
        }
        for hop in self.chain.iter().skip(chain.len()) {
            Place::of(Field::DelegationHop).all().write(&to_bytes(hop))?;
        }
        let origin = read.and_then(|read| read.origin_subject_id.as_ref());
        if let (None, Some(origin)) = (origin, &self.origin_subject_id) {
            Place::of(Field::DelegationOrigin).write_text(origin)?;
        }
        let actor = read.and_then(|read| read.actor_subject_id.as_ref());
        match &self.actor_subject_id {
            new if new.as_ref() == actor => {}
            Some(new) => Place::of(Field::DelegationActor).write_text(new)?,
            // The host says that it does not do that.
            None => Place::of(Field::DelegationActor).remove().map(drop)?,
        }
        let age = read.map_or(0.0, |read| read.age_seconds);
        if self.age_seconds.to_bits() != age.to_bits() {
            Place::of(Field::DelegationAge).write(&to_bytes(&self.age_seconds))?;
        }
        Ok(())
    }
}

impl Owned for LazyMap<Value> {
    const RIGHT: Option<Capability> = None;

    fn add(&mut self, added: &Self) {
        self.extend(added.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    fn tampering(&self, _: Option<&Self>, _: CapabilitySet) -> Option<&'static str> {
        None
    }

    fn write(&self, read: Option<&Self>) -> Result<()> {
        let before = read.and_then(Self::encoded);
        match (before, self.encoded()) {
            (Some(before), Some(after)) if before.is(after) => Ok(()),
            _ => maps::differences(Field::Custom, before, entries(self)),
        }
    }
}
