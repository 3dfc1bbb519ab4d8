//! Finds secrets, masks them and hashes, as a plugin for CPEX does.

use std::borrow::Cow;
use std::sync::LazyLock;

#[cfg(feature = "host")]
use cpex_wasmi_guest::regex::Regex;
#[cfg(feature = "crates")]
use regex::Regex;
use serde_json::Value;

use crate::{MARK, PATTERNS};

static SECRETS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| PATTERNS.iter().map(|pattern| Regex::new(pattern).unwrap()).collect());

/// Compiles the patterns, if that was not done.
pub fn prepare() {
    LazyLock::force(&SECRETS);
}

/// The number of secrets in a text.
pub fn count(text: &str) -> usize {
    SECRETS.iter().map(|pattern| pattern.find_iter(text).count()).sum()
}

/// Masks the secrets in all strings of a value. True if there were some.
pub fn mask(value: &mut Value) -> bool {
    match value {
        Value::String(text) => mask_text(text),
        Value::Array(values) => {
            values.iter_mut().fold(false, |masked, value| mask(value) || masked)
        }
        Value::Object(members) => {
            members.values_mut().fold(false, |masked, value| mask(value) || masked)
        }
        _ => false,
    }
}

fn mask_text(text: &mut String) -> bool {
    let mut changed = false;
    for pattern in SECRETS.iter() {
        if let Cow::Owned(masked) = pattern.replace_all(text, MARK) {
            *text = masked;
            changed = true;
        }
    }
    changed
}

/// Masks the secrets in all strings of JSON; `None` if there are none.
pub fn masked_json(json: &str) -> Option<String> {
    let mut value = serde_json::from_str(json).unwrap();
    mask(&mut value).then(|| value.to_string())
}

/// The SHA-256 of a text, in hex.
pub fn sha256(text: &str) -> String {
    #[cfg(feature = "host")]
    let hash = cpex_wasmi_guest::hash::sha256(text).unwrap();
    #[cfg(feature = "crates")]
    let hash = <sha2::Sha256 as sha2::Digest>::digest(text);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
