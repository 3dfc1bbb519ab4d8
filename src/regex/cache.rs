//! The patterns of one plugin, shared by all its instances.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use std::sync::Mutex;

use hashbrown::HashMap;

use super::{MAX_STATES, Pattern};

/// The most states of all patterns that are shared.
const SHARED_STATES: usize = 2 * MAX_STATES;

/// Compiled patterns by flags and text.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    patterns: HashMap<(u32, Box<str>), Arc<Pattern>>,
    states: usize,
}

impl Cache {
    /// Returns the pattern with this text, compiled the first time. Once the bound of shared states is reached, others are
    /// compiled each time.
    pub(crate) fn pattern(&self, text: &str, flags: u32) -> Result<Arc<Pattern>, String> {
        let key = (flags, Box::from(text));
        let shared = |shared: &mut Shared| shared.patterns.get(&key).cloned();
        if let Some(pattern) = self.with(shared) {
            return Ok(pattern);
        }
        // Without the lock: another thread may compile the same meanwhile, and either is fine.
        let pattern = Arc::new(Pattern::new(text, flags)?);
        self.with(|shared| {
            let states = shared.states.saturating_add(pattern.states());
            if states <= SHARED_STATES {
                shared.states = states;
                shared.patterns.insert(key, pattern.clone());
            }
        });
        Ok(pattern)
    }

    /// Patterns that a module lists, which are compiled already.
    pub(crate) fn of(patterns: &[Arc<Pattern>]) -> Self {
        let mut shared = Shared::default();
        for pattern in patterns {
            shared.states = shared.states.saturating_add(pattern.states());
            shared.patterns.insert((pattern.flags, pattern.text.clone()), pattern.clone());
        }
        Self(Mutex::new(shared))
    }

    fn with<R>(&self, run: impl FnOnce(&mut Shared) -> R) -> R {
        let mut shared = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        run(&mut shared)
    }
}
