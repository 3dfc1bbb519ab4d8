//! Rewrites a module before it is translated: its growth is bounded, and its state can be captured.
//!
//! The two rewrites change other sections, so that the module is written once.

mod encode;
mod globals;
mod memory_grow;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use super::operators::CodeFacts;
use super::sections::Sections;

pub(super) use globals::PREFIX;
pub(super) use memory_grow::stays_invalid;

/// A module as it is to be translated.
pub(super) struct Rewritten<'a> {
    pub(super) wasm: Cow<'a, [u8]>,
    /// True if it may leave frames on the host's stack as it grows its memory.
    pub(super) grows: bool,
    /// The names that its mutable globals are exported under, if its instances have no other state but
    /// their memory.
    pub(super) globals: Option<Box<[Box<str>]>>,
}

/// Rewrites a module. Where its growth is to be bounded, it is valid or [stays invalid](stays_invalid).
pub(super) fn rewrite<'a>(
    wasm: &'a [u8],
    sections: &Sections,
    code: &CodeFacts,
    bounds_growth: bool,
) -> Result<Rewritten<'a>, String> {
    let mut funnelled = if bounds_growth {
        memory_grow::funnel(wasm, sections, code)?
    } else {
        memory_grow::Funnelled::default()
    };
    // Without `std`, there are no snapshots that they are for.
    let exported = if cfg!(feature = "std") { globals::export(wasm, sections, code) } else { None };
    let globals = exported.map(|exported| {
        funnelled.changed.extend(exported.changed);
        exported.names
    });
    let wasm = match &*funnelled.changed {
        [] => Cow::Borrowed(wasm),
        changed => Cow::Owned(
            encode::with_sections(wasm, sections, changed)
                .ok_or("the module cannot be rewritten")?,
        ),
    };
    Ok(Rewritten { wasm, grows: funnelled.grows, globals })
}
