//! The settings of `sql`: those of its defaults.

use crate::rules::{OTHER_RULES, RULES};

/// The settings.
pub(crate) struct Settings {
    /// The statements that are allowed; all, if `None`.
    pub(crate) allow: Option<Vec<String>>,
}

impl Settings {
    pub(crate) const DEFAULT: Self = Self { allow: None };

    /// True if this rule denies.
    pub(crate) fn denies(&self, rule: &str) -> bool {
        RULES.contains(&(rule, true)) || OTHER_RULES.contains(&rule)
    }
}
