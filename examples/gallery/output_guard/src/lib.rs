//! Keeps tool results short, and words out of them that the operator lists.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod settings;

use alloc::string::String;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;

plugin! {
    name: "output-guard",
    description: "Bounds the length of tool results, and blocks or masks listed words in them",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_post_invoke" => check },
}

/// Matches each text once.
static TEXTS: Patterns = Patterns::new(&[r"\A"]);

/// The end of a text that was cut.
const CUT: &str = " […]";

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    for index in 0..u32::try_from(call.tool_results()?.len()).unwrap_or(u32::MAX) {
        let content = Place::of(Field::ToolResultContent).at(index);
        // Nothing is copied for that: only the length is asked for.
        let len = content.read_json(&mut [])?;
        if settings.max_bytes.is_some_and(|most| len > most) {
            call.count("output.too_long", 1)?;
            return deny("output_too_long", "the tool's result is longer than it may be");
        }
        if let Some(listed) = &settings.listed
            && let Some(verdict) = look(call, listed, settings.masks, content)?
        {
            return Ok(verdict);
        }
        if let Some(most) = settings.max_text_chars
            && len > most
        {
            let cut = TEXTS.rewrite_texts(content, |text, _| Ok(shortened(text, most)))?;
            if cut > 0 {
                call.count("output.cut", u32::try_from(cut).unwrap_or(u32::MAX))?;
            }
        }
    }
    allow()
}

/// Masks what is listed, or denies the result.
fn look(
    call: &Call,
    listed: &Patterns,
    masks: bool,
    content: Place<'_>,
) -> Result<Option<Verdict>> {
    if masks {
        let masked = listed.mask(content, '*', 0, 0)?;
        if masked > 0 {
            call.count("output.masked", u32::try_from(masked).unwrap_or(u32::MAX))?;
        }
        return Ok(None);
    }
    if !listed.is_in(content)? {
        return Ok(None);
    }
    call.count("output.denied", 1)?;
    deny("output_denied", "the tool's result has a word that may not leave").map(Some)
}

/// The beginning of a text, if it has more characters than it may have.
fn shortened(text: &str, most: usize) -> Option<String> {
    let (end, _) = text.char_indices().nth(most)?;
    Some([text.get(..end).unwrap_or_default(), CUT].concat())
}

#[cfg(test)]
mod tests;
