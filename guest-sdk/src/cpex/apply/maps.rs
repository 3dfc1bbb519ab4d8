//! Differences between a map as the host handed it out, in bytes, and as the plugin left it.

use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use serde_json::Value;

use crate::cpex::wire::{Entries, Reader, Wire, entries, sort_entries, to_bytes};
use crate::raw::Place;
use crate::{Field, Result};

/// Tells the host which entries were removed, added or changed.
#[inline]
pub(super) fn apply(
    field: Field,
    before: &[u8],
    after: Option<&HashMap<String, Value>>,
) -> Result<()> {
    match after {
        Some(after) if !after.is_empty() => differences(field, before, entries(after)),
        _ if before.is_empty() => Ok(()),
        _ => differences(field, before, Vec::new()),
    }
}

#[inline(never)]
pub(in crate::cpex) fn differences(
    field: Field,
    before: &[u8],
    mut left: Entries<'_>,
) -> Result<()> {
    let mut reader = Reader::new(before);
    let len = if before.is_empty() { 0 } else { reader.len() };
    for _ in 0..len {
        let name = reader.text();
        let start = reader.rest();
        Value::read(&mut reader);
        let end = start.len().saturating_sub(reader.rest().len());
        match left.iter().position(|(other, _)| *other == name) {
            Some(position) => {
                let same =
                    |(_, value): &(&str, &dyn Wire)| start.get(..end) == Some(&*to_bytes(*value));
                if left.get(position).is_some_and(same) {
                    left.swap_remove(position);
                }
            }
            None => {
                Place::of(field).entry(&name).remove()?;
            }
        }
    }
    write_entries(field, left)
}

/// Writes entries in the order of their names.
pub(in crate::cpex) fn write_entries(field: Field, mut entries: Entries<'_>) -> Result<()> {
    sort_entries(&mut entries);
    for (name, value) in entries {
        let place = Place::of(field).entry(name);
        match value.as_json_text() {
            Some(text) => place.write_text(text)?,
            None => place.write(&to_bytes(value))?,
        }
    }
    Ok(())
}
