//! Values that are made once for all threads, up to a bound on what is kept.

use alloc::sync::Arc;
use core::hash::Hash;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// Values by key. Beyond a bound on their weight, others are made each time.
#[derive(Debug)]
pub(crate) struct Shared<K, V>(Mutex<Kept<K, V>>);

#[derive(Debug)]
struct Kept<K, V> {
    values: HashMap<K, Arc<V>>,
    weight: usize,
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Kept { values: HashMap::new(), weight: 0 }))
    }
}

impl<K: Hash + Eq, V> Shared<K, V> {
    /// Returns the value of a key, made the first time. It is kept unless all together would weigh more than `most`.
    pub(crate) fn get_or_make<E>(
        &self,
        key: K,
        most: usize,
        weigh: impl Fn(&V) -> usize,
        make: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(value) = self.with(|kept| kept.values.get(&key).cloned()) {
            return Ok(value);
        }
        // Without the lock: another thread may make the same meanwhile, and either is fine.
        let value = Arc::new(make(&key)?);
        self.insert(key, value.clone(), most, weigh(&value));
        Ok(value)
    }

    /// Keeps a value, if there is room for it.
    pub(crate) fn insert(&self, key: K, value: Arc<V>, most: usize, weight: usize) {
        self.with(|kept| {
            let total = kept.weight.saturating_add(weight);
            if total <= most && kept.values.try_insert(key, value).is_ok() {
                kept.weight = total;
            }
        });
    }

    fn with<R>(&self, run: impl FnOnce(&mut Kept<K, V>) -> R) -> R {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_once_up_to_a_bound() {
        let shared = Shared::default();
        let made = core::cell::Cell::new(0);
        let get = |key: usize| {
            shared.get_or_make(
                key,
                10,
                |value| *value,
                |key| {
                    made.set(made.get() + 1);
                    if *key == 0 { Err("none") } else { Ok(*key) }
                },
            )
        };
        assert_eq!((get(6), get(6), made.get()), (Ok(Arc::new(6)), Ok(Arc::new(6)), 1));
        // There is room for four more.
        assert_eq!((get(5), get(5), made.get()), (Ok(Arc::new(5)), Ok(Arc::new(5)), 3));
        assert_eq!((get(4).is_ok(), get(4).is_ok(), made.get()), (true, true, 4));
        assert_eq!((get(0), get(0), made.get()), (Err("none"), Err("none"), 6));
    }
}
