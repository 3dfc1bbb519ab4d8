//! The operator's settings, made ready once.

use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;

use crate::kinds::KINDS;

/// The treatment of personal data of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Hides the data.
    Mask,
    /// Denies the tool call or the result.
    Block,
    /// Only counts.
    Count,
}

/// The settings with compiled patterns.
pub(crate) struct Settings {
    pub(crate) patterns: Patterns,
    /// For each pattern the kind, by its position, and what happens with it.
    pub(crate) kinds: Vec<(usize, Action)>,
}

pub(crate) static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration and compiles the patterns.
pub(crate) fn prepare(config: JsonMap) -> Result<()> {
    let otherwise = config.get("default")?;
    let configured = config.get("kinds")?;
    let mut kinds = Vec::new();
    let mut texts = Vec::new();
    for (position, kind) in KINDS.iter().enumerate() {
        let named = configured.as_ref().and_then(|kinds| kinds.get(kind.name));
        if let Some(action) = action(named.or(otherwise.as_ref())) {
            kinds.push((position, action));
            texts.push(kind.pattern);
        }
    }
    SETTINGS.set(Settings { patterns: Patterns::compiled(&texts)?, kinds })
}

/// The action of that name; `None` if the kind is not looked for. The host has held the names against the schema.
fn action(name: Option<&Value>) -> Option<Action> {
    match name.and_then(Value::as_str) {
        Some("off") => None,
        Some("block") => Some(Action::Block),
        Some("count") => Some(Action::Count),
        _ => Some(Action::Mask),
    }
}
