//! Finds secrets that are encoded, in base64, hex or percent-encoding, on their way out.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod decode;
mod entropy;
/// The formats of the plugin `secrets`.
#[allow(dead_code, reason = "names are not told here")]
#[path = "../../secrets/src/formats.rs"]
mod formats;
mod settings;

use cpex_wasmi_guest::Searchable;
use cpex_wasmi_guest::prelude::*;

use settings::Settings;

plugin! {
    name: "exfiltration",
    description: "Blocks or masks secrets that are hidden in base64, hex or percent-encoding",
    config_schema: include_str!("../config.schema.json"),
    init: settings::prepare,
    hooks: { "cmf.tool_pre_invoke" => check, "cmf.tool_post_invoke" => check },
}

/// The text in the place of a secret.
const MARK: &str = "[encoded secret]";

/// The number of times that a decoded text is decoded again.
const DEPTH: u32 = 3;

fn check(call: &Call) -> Result<Verdict> {
    let settings = settings::SETTINGS.get()?;
    let mut found = 0;
    for tool in call.tool_calls()? {
        look(settings, tool, &mut found)?;
    }
    for result in call.tool_results()? {
        look(settings, result, &mut found)?;
    }
    if found == 0 {
        return allow();
    }
    call.count("exfiltration.found", found)?;
    match settings.masks {
        true => allow(),
        false => {
            deny("encoded_secret", "there is an encoded secret in the arguments or the result")
        }
    }
}

/// Decodes what looks encoded in the texts of a value, and looks for secrets in that.
fn look(settings: &Settings, value: impl Searchable, found: &mut u32) -> Result<()> {
    let mut failed = Ok(());
    settings.candidates.rewrite(value, |encoding, text| {
        let hidden = is_random(settings, text)
            || hides_anywhere(settings, encoding, text).unwrap_or_else(|error| {
                failed = Err(error);
                false
            });
        if !hidden {
            return None;
        }
        *found = found.saturating_add(1);
        settings.masks.then(|| MARK.into())
    })?;
    failed
}

/// True if a text is more random than the operator lets pass.
fn is_random(settings: &Settings, text: &str) -> bool {
    settings.max_entropy.is_some_and(|most| entropy::of(text.as_bytes()) > most)
}

/// True if a text decodes to a secret. Up to three letters may be before what is base64, to hide where it begins.
fn hides_anywhere(settings: &Settings, encoding: usize, text: &str) -> Result<bool> {
    let before = if encoding == decode::BASE64 { 0..4 } else { 0..1 };
    for before in before {
        if hides(settings, encoding, text.get(before..).unwrap_or_default(), DEPTH)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// True if a text decodes to a secret, perhaps one that is encoded once more.
fn hides(settings: &Settings, encoding: usize, text: &str, depth: u32) -> Result<bool> {
    let Some(decoded) = decode::decoded(encoding, text).map(decode::text) else { return Ok(false) };
    if settings.secrets.is_match(&decoded)? {
        return Ok(true);
    }
    for encoding in 0..decode::ENCODINGS.len() {
        if depth > 1 && hides(settings, encoding, decoded.trim(), depth - 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
