//! Private keys, whose text a pattern of bounded size cannot cover.

use alloc::string::String;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::{Found, Record};

use crate::formats::PRIVATE_KEY;
use crate::settings::Settings;

/// The line that ends a key, up to the kind of key.
const END: &str = "-----END ";

/// The text in the place of a key.
const MARK: &str = "[private key]";

/// Cuts private keys out of the texts of a record. A key goes from the line that begins it to the line that ends it, or to the
/// end of the text.
pub(crate) fn cut(settings: &Settings, found: &[Found], record: Record, part: &str) -> Result<()> {
    let is_key = |found: &&Found| settings.names.get(found.pattern) == Some(&PRIVATE_KEY);
    let mut keys = found.iter().filter(is_key).peekable();
    while let Some(first) = keys.next() {
        let pointer = [part, &first.pointer].concat();
        let Some(text) = record.text(&pointer)? else { continue };
        let mut kept = String::new();
        let mut at = 0;
        let mut key = Some(first);
        while let Some(found) = key {
            // A second beginning within a key is part of it.
            if let Some(before) = text.get(at..found.range.start) {
                kept.push_str(before);
                kept.push_str(MARK);
                at = end_of(&text, found.range.end);
            }
            key = keys.next_if(|next| next.pointer == first.pointer);
        }
        kept.push_str(text.get(at..).unwrap_or_default());
        record.set_text(&pointer, &kept)?;
    }
    Ok(())
}

/// The place behind the line that ends a key.
fn end_of(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let Some((key, end)) = rest.split_once(END) else { return text.len() };
    match end.split_once("-----") {
        Some((kind, _)) => from + key.len() + END.len() + kind.len() + 5,
        None => text.len(),
    }
}
