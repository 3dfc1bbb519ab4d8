//! Tells the host what a handler changed in the extensions.

use alloc::string::String;
use core::mem::ManuallyDrop;

use super::maps;
use crate::cpex::extensions::container::{Extensions, Slot as _};
use crate::cpex::extensions::{DelegationExtension, MonotonicSet, OwnedExtensions};
use crate::cpex::lazy::{Bytes, LazyMap};
use crate::cpex::run::Registered;
use crate::cpex::wire::{Entries, Wire, sort_entries, to_bytes};
use crate::log::line;
use crate::raw::Place;
use crate::{Field, Result};

const WARN: u32 = 2;

/// Tells the host what was changed, as far as CPEX would take it: if something was changed that
/// must not be, nothing.
#[inline(always)]
pub(super) fn apply<R: Registered>(
    read: &Extensions<R>,
    modified: OwnedExtensions,
    custom: Option<&Bytes>,
) -> Result<()> {
    // Over an error the instance ends, and needs no code to drop anything.
    let modified = ManuallyDrop::new(modified);
    match tampering::<R>(read, &modified) {
        Some(reason) => line(WARN, reason),
        None => write::<R>(read, &modified, custom)?,
    }
    ManuallyDrop::into_inner(modified).dispose::<R>(R::RIGHTS);
    Ok(())
}

/// The read-only value that was changed.
#[inline(always)]
fn tampering<R: Registered>(
    read: &Extensions<R>,
    modified: &OwnedExtensions,
) -> Option<&'static str> {
    if !read.validate_immutable(modified) {
        return Some("no extension was changed: a read-only one was changed too");
    }
    if let (Some(read), Some(modified)) = (read.security.get(), &modified.security)
        && !modified.labels.is_superset(&read.labels)
    {
        return Some("no extension was changed: a label was removed");
    }
    if const { !R::RIGHTS.constraint } && constraint_changed::<R>(read, modified) {
        return Some("no extension was changed: `write_candidate_constraint` was not granted");
    }
    None
}

#[inline(always)]
fn constraint_changed<R: Registered>(read: &Extensions<R>, modified: &OwnedExtensions) -> bool {
    modified.candidate_constraint.as_ref() != read.candidate_constraint.get().map(|slot| &**slot)
}

#[inline(always)]
fn write<R: Registered>(
    read: &Extensions<R>,
    modified: &OwnedExtensions,
    custom: Option<&Bytes>,
) -> Result<()> {
    if const { R::RIGHTS.headers }
        && let Some(http) = &modified.http
    {
        let (http, read) = (http.read(), read.http.get());
        let request = read.map(|http| &http.request_headers);
        headers(Field::HttpRequestHeaders, request, &http.request_headers)?;
        let response = read.map(|http| &http.response_headers);
        headers(Field::HttpResponseHeaders, response, &http.response_headers)?;
    }
    if const { R::RIGHTS.labels }
        && let Some(security) = &modified.security
    {
        let read = read.security.get().map(|security| &security.labels);
        add_labels(read, &security.labels)?;
    }
    if const { R::RIGHTS.constraint } && constraint_changed::<R>(read, modified) {
        let place = Place::of(Field::CandidateConstraint);
        match &modified.candidate_constraint {
            Some(constraint) => place.write(&to_bytes(constraint))?,
            None => place.remove().map(drop)?,
        }
    }
    if const { R::RIGHTS.delegation }
        && let Some(delegation) = &modified.delegation
    {
        append(read.delegation.get().map(|slot| &**slot), delegation)?;
    }
    let entries = modified.custom.iter().flatten();
    let entries: Entries<'_> = entries.map(|(name, value)| (name.as_str(), value as _)).collect();
    if custom.is_none() && entries.is_empty() {
        return Ok(());
    }
    maps::differences(Field::Custom, custom, entries)
}

type Labels = MonotonicSet<String>;

fn add_labels(read: Option<&Labels>, labels: &Labels) -> Result<()> {
    let new = labels.iter().filter(|label| read.is_none_or(|read| !read.contains(label)));
    let mut new: Entries<'_> = new.map(|label| (label.as_str(), &() as &dyn Wire)).collect();
    sort_entries(&mut new);
    for (label, _) in new {
        Place::of(Field::SecurityLabels).write_text(label)?;
    }
    Ok(())
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

/// Appends hops, and sets who acts. A chain that does not continue the one that was read is left
/// out, with all that belongs to it.
fn append(read: Option<&DelegationExtension>, modified: &DelegationExtension) -> Result<()> {
    let chain = read.map(|read| &*read.chain).unwrap_or_default();
    if !modified.continues(chain) {
        return Ok(());
    }
    for hop in modified.chain.iter().skip(chain.len()) {
        Place::of(Field::DelegationHop).all().write(&to_bytes(hop))?;
    }
    let origin = read.and_then(|read| read.origin_subject_id.as_ref());
    if let (None, Some(origin)) = (origin, &modified.origin_subject_id) {
        Place::of(Field::DelegationOrigin).write_text(origin)?;
    }
    let actor = read.and_then(|read| read.actor_subject_id.as_ref());
    match &modified.actor_subject_id {
        new if new.as_ref() == actor => {}
        Some(new) => Place::of(Field::DelegationActor).write_text(new)?,
        // The host says that it does not do that.
        None => Place::of(Field::DelegationActor).remove().map(drop)?,
    }
    let age = read.map_or(0.0, |read| read.age_seconds);
    if modified.age_seconds.to_bits() != age.to_bits() {
        Place::of(Field::DelegationAge).write(&to_bytes(&modified.age_seconds))?;
    }
    Ok(())
}
