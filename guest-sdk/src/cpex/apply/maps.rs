//! Differences between a map as the host handed it out, in bytes, and as the plugin left it.

use serde_json::Value;

use crate::cpex::lazy::Bytes;
use crate::cpex::wire::{Entries, Wire, sort_entries, to_bytes};
use crate::raw::Place;
use crate::{Field, Result};

/// Tells the host which entries were removed, added or changed.
#[inline(never)]
pub(in crate::cpex) fn differences(
    field: Field,
    before: Option<&Bytes>,
    mut left: Entries<'_>,
) -> Result<()> {
    if let Some(before) = before {
        let mut reader = before.elements();
        for _ in 0..before.len() {
            let name = reader.text();
            let start = reader.rest();
            Value::skip(&mut reader);
            let end = start.len().saturating_sub(reader.rest().len());
            match left.iter().position(|(other, _)| *other == name) {
                Some(position) => {
                    let same = |(_, value): &(&str, &dyn Wire)| {
                        start.get(..end) == Some(&*to_bytes(*value))
                    };
                    if left.get(position).is_some_and(same) {
                        left.swap_remove(position);
                    }
                }
                None => {
                    Place::of(field).entry(&name).remove()?;
                }
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
