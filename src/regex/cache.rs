//! The patterns of one plugin, shared by all its instances.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{MAX_STATES, Pattern, Refusal};
use crate::sync::Shared;

/// The most states of all patterns that are shared.
const SHARED_STATES: usize = 2 * MAX_STATES;

/// Compiled patterns by flags and text.
#[derive(Debug, Default)]
pub(crate) struct Cache(Shared<(u32, Box<str>), Pattern>);

impl Cache {
    /// Returns the pattern with this text, compiled the first time. Once the bound of shared states is reached, others are
    /// compiled each time.
    pub(crate) fn pattern(&self, text: &str, flags: u32) -> Result<Arc<Pattern>, Refusal> {
        let key = (flags, Box::from(text));
        self.0.get_or_make(key, SHARED_STATES, Pattern::states, |(flags, text)| {
            Pattern::new(text, *flags)
        })
    }

    /// Patterns that a module lists, which are compiled already.
    pub(crate) fn of(patterns: &[Arc<Pattern>]) -> Self {
        let cache = Self::default();
        for pattern in patterns {
            let key = (pattern.flags, pattern.text.clone());
            cache.0.insert(key, pattern.clone(), SHARED_STATES, pattern.states());
        }
        cache
    }
}
