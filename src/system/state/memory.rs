//! A store of state in memory.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::BuildHasher as _;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::hash::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use super::{StateAnswer, StateError, StateKey, StateQuota, StateStore};

/// The parts of a plugin's state that have a lock each.
const SHARDS: usize = 16;

/// A store of state in the memory of this process, which engines have without an embedder's.
///
/// The state of a plugin is shared by all its instances and calls, and gone when the process ends. Clones have one state.
///
/// Values end by the engine's clock; where there is none, a value with an end is refused. Nothing is dropped to make room: what
/// would be more than the quota is refused. Beside the bytes of the quota, a key takes up to 300 more.
#[derive(Clone, Default)]
pub struct MemoryState(Arc<RwLock<BTreeMap<Box<str>, Arc<Space>>>>);

impl MemoryState {
    /// A store without any state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Works on a key while no other does.
    fn with<T>(
        &self,
        key: &StateKey<'_>,
        act: impl Fn(&mut Place<'_>) -> Result<T, StateError>,
    ) -> StateAnswer<T> {
        let space = self.space(key.plugin);
        let mut result = act(&mut space.place(key));
        if matches!(result, Err(StateError::QuotaExceeded)) {
            // Some of what counts may have ended.
            space.sweep(key.now);
            result = act(&mut space.place(key));
        }
        StateAnswer::Ready(result)
    }

    fn space(&self, plugin: &str) -> Arc<Space> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned();
        known.unwrap_or_else(|| {
            let mut spaces = self.0.write().unwrap_or_else(PoisonError::into_inner);
            spaces.entry(plugin.into()).or_default().clone()
        })
    }
}

impl StateStore for MemoryState {
    fn get(&self, key: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>> {
        self.with(key, |place| Ok(place.value().map(Vec::from)))
    }

    fn set(&self, key: &StateKey<'_>, value: Vec<u8>, ttl: Option<Duration>) -> StateAnswer<()> {
        self.with(key, |place| place.put(&value, place.end(ttl)?))
    }

    fn increment(&self, key: &StateKey<'_>, by: i64, ttl: Option<Duration>) -> StateAnswer<i64> {
        self.with(key, |place| {
            let (before, end) = match place.entry() {
                Some(entry) => (number(&entry.value)?, entry.end),
                None => (0, place.end(ttl)?),
            };
            let sum = before.checked_add(by).ok_or(StateError::NotANumber)?;
            place.put(sum.to_string().as_bytes(), end)?;
            Ok(sum)
        })
    }

    fn compare_and_set(
        &self,
        key: &StateKey<'_>,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        ttl: Option<Duration>,
    ) -> StateAnswer<bool> {
        self.with(key, |place| {
            if place.value() != expected.as_deref() {
                return Ok(false);
            }
            match &value {
                Some(value) => place.put(value, place.end(ttl)?)?,
                None => {
                    place.remove();
                }
            }
            Ok(true)
        })
    }

    fn expire(&self, key: &StateKey<'_>, ttl: Option<Duration>) -> StateAnswer<bool> {
        self.with(key, |place| {
            let end = place.end(ttl)?;
            let Some(value) = place.value().map(Vec::from) else { return Ok(false) };
            place.put(&value, end)?;
            Ok(true)
        })
    }

    fn remove(&self, key: &StateKey<'_>) -> StateAnswer<bool> {
        self.with(key, |place| Ok(place.remove()))
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryState").finish_non_exhaustive()
    }
}

/// The state of one plugin.
#[derive(Default)]
struct Space {
    shards: [Mutex<Shard>; SHARDS],
    /// Chooses the shard of a key. It is seeded, so that no plugin chooses keys of one shard.
    hasher: RandomState,
    keys: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Shard {
    entries: BTreeMap<Arc<str>, Entry>,
    /// The entries that end, in the order in which they do.
    ends: BTreeSet<(Duration, Arc<str>)>,
}

struct Entry {
    value: Box<[u8]>,
    end: Option<Duration>,
}

impl Space {
    /// The place of a key. Others wait until it is dropped.
    fn place<'a>(&'a self, key: &'a StateKey<'a>) -> Place<'a> {
        let shards = u64::try_from(SHARDS).unwrap_or(u64::MAX);
        let at = self.hasher.hash_one(key.key).checked_rem(shards).unwrap_or(0);
        let [first, ..] = &self.shards;
        let shard = usize::try_from(at).ok().and_then(|at| self.shards.get(at)).unwrap_or(first);
        let mut shard = locked(shard);
        self.drop_ended(&mut shard, key.now);
        Place { space: self, shard, key }
    }

    /// Drops all that has ended.
    fn sweep(&self, now: Option<Duration>) {
        for shard in &self.shards {
            self.drop_ended(&mut locked(shard), now);
        }
    }

    fn drop_ended(&self, shard: &mut Shard, now: Option<Duration>) {
        let Some(now) = now else { return };
        while let Some((end, key)) = shard.ends.first()
            && *end <= now
        {
            let key = key.clone();
            self.remove(shard, &key);
        }
    }

    fn remove(&self, shard: &mut Shard, key: &str) -> bool {
        let Some((key, Entry { value, end })) = shard.entries.remove_entry(key) else {
            return false;
        };
        self.keys.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(size(&key, &value), Ordering::Relaxed);
        if let Some(end) = end {
            shard.ends.remove(&(end, key));
        }
        true
    }

    /// Counts an entry in the place of another, unless that is more than the quota.
    fn reserve(&self, before: Option<u64>, after: u64, quota: StateQuota) -> bool {
        let grow = |used: &AtomicU64, less: u64, more: u64, most: u64| {
            let grown = |used: u64| {
                let after = used.saturating_sub(less).saturating_add(more);
                // What shrinks fits, whatever the quota is now.
                (after <= most || more <= less).then_some(after)
            };
            used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
        };
        let added = u64::from(before.is_none());
        if !grow(&self.keys, 0, added, quota.keys) {
            return false;
        }
        let fits = grow(&self.bytes, before.unwrap_or(0), after, quota.bytes);
        if !fits {
            self.keys.fetch_sub(added, Ordering::Relaxed);
        }
        fits
    }
}

/// The place of a key, which no other works on.
struct Place<'a> {
    space: &'a Space,
    shard: MutexGuard<'a, Shard>,
    key: &'a StateKey<'a>,
}

impl Place<'_> {
    fn entry(&self) -> Option<&Entry> {
        self.shard.entries.get(self.key.key)
    }

    fn value(&self) -> Option<&[u8]> {
        self.entry().map(|entry| &*entry.value)
    }

    /// The time at which a value ends that is gone after `ttl`.
    fn end(&self, ttl: Option<Duration>) -> Result<Option<Duration>, StateError> {
        let Some(ttl) = ttl else { return Ok(None) };
        match self.key.now {
            Some(now) => Ok(Some(now.saturating_add(ttl))),
            None => Err(StateError::Failed("a value that ends takes a clock".into())),
        }
    }

    fn put(&mut self, value: &[u8], end: Option<Duration>) -> Result<(), StateError> {
        let (name, shard) = (self.key.key, &mut *self.shard);
        let before = shard.entries.get(name).map(|entry| size(name, &entry.value));
        if !self.space.reserve(before, size(name, value), self.key.quota) {
            return Err(StateError::QuotaExceeded);
        }
        let known = shard.entries.remove_entry(name);
        let (key, was) = known.map_or_else(|| (name.into(), None), |(key, was)| (key, was.end));
        if was != end {
            if let Some(was) = was {
                shard.ends.remove(&(was, Arc::clone(&key)));
            }
            if let Some(end) = end {
                shard.ends.insert((end, Arc::clone(&key)));
            }
        }
        shard.entries.insert(key, Entry { value: value.into(), end });
        Ok(())
    }

    fn remove(&mut self) -> bool {
        self.space.remove(&mut self.shard, self.key.key)
    }
}

/// The bytes of an entry that count.
fn size(key: &str, value: &[u8]) -> u64 {
    u64::try_from(key.len().saturating_add(value.len())).unwrap_or(u64::MAX)
}

/// The number that a value is: as it is written, and not in another way.
fn number(value: &[u8]) -> Result<i64, StateError> {
    let number = core::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    let plain = number.filter(|number| number.to_string().as_bytes() == value);
    plain.ok_or(StateError::NotANumber)
}

/// A lock that another thread cannot leave broken: nothing between its changes panics.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
