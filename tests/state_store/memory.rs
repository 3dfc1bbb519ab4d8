//! The store in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cpex_wasmi::{MemoryState, StateError, StateKey, StateQuota, StateStore};
use proptest::prelude::*;

use super::suite::{self, Of, Tested, done};

/// A store with a clock that only tests move.
#[derive(Default)]
struct Memory {
    store: MemoryState,
    milliseconds: AtomicU64,
}

impl Tested for Memory {
    fn store(&self) -> &dyn StateStore {
        &self.store
    }

    fn key<'a>(&self, plugin: &'a str, key: &'a str) -> StateKey<'a> {
        let now = self.milliseconds.load(Ordering::Relaxed);
        StateKey::new(plugin, key).at(Duration::from_millis(now))
    }

    fn wait(&self, time: Duration) {
        self.milliseconds.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }
}

#[test]
fn values_are_kept_and_removed() {
    suite::values_are_kept_and_removed(&Memory::default());
}

#[test]
fn numbers_are_counted() {
    suite::numbers_are_counted(&Memory::default());
}

#[test]
fn a_value_is_set_if_another_is_there() {
    suite::a_value_is_set_if_another_is_there(&Memory::default());
}

#[test]
fn values_end() {
    suite::values_end(&Memory::default());
}

#[test]
fn plugins_do_not_see_each_other() {
    suite::plugins_do_not_see_each_other(&Memory::default());
}

#[test]
fn quotas_hold() {
    suite::quotas_hold(&Memory::default());
}

#[test]
fn operations_are_atomic() {
    suite::operations_are_atomic(&Memory::default(), 8, 500);
}

#[test]
fn a_value_with_an_end_takes_a_clock() {
    let store = MemoryState::new();
    let key = StateKey::new("p", "k");
    let failed = |result| matches!(result, Err(StateError::Failed(_)));
    assert!(failed(done(store.set(&key, b"1".into(), Some(suite::SOME)))));
    assert!(failed(done(store.increment(&key, 1, Some(suite::SOME))).map(drop)));
    assert_eq!(done(store.get(&key)), Ok(None));
    done(store.set(&key, b"1".into(), None)).unwrap();
    assert!(failed(done(store.expire(&key, Some(suite::SOME))).map(drop)));
    assert_eq!(done(store.get(&key)), Ok(Some(b"1".into())));
}

#[test]
fn clones_have_one_state() {
    let (one, other) = (MemoryState::new(), MemoryState::new());
    let key = StateKey::new("p", "k");
    done(one.clone().set(&key, b"1".into(), None)).unwrap();
    assert_eq!(done(one.get(&key)), Ok(Some(b"1".into())));
    assert_eq!(done(other.get(&key)), Ok(None));
}

#[test]
fn a_clock_that_jumps_neither_panics_nor_revives() {
    let memory = Memory::default();
    let of = Of(&memory, "p");
    of.set("k", b"1", Some(suite::SOME)).unwrap();
    of.set("far", b"1", Some(Duration::MAX)).unwrap();
    memory.milliseconds.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(of.get("k"), Ok(None));
    of.set("late", b"1", Some(Duration::MAX)).unwrap();
    memory.milliseconds.store(0, Ordering::Relaxed);
    assert_eq!(of.get("k"), Ok(None));
    assert_eq!(of.get("late"), Ok(Some(b"1".into())));
}

/// One operation, on one of a few keys.
#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Set(u8, Vec<u8>, Option<u8>),
    Add(u8, i64, Option<u8>),
    Swap(u8, Option<Vec<u8>>, Option<Vec<u8>>, Option<u8>),
    Expire(u8, Option<u8>),
    Remove(u8),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..4_u8;
    let ttl = || prop::option::of(1..5_u8);
    let value =
        || prop::sample::select(vec![&b""[..], b"0", b"7", b"-3", b"xyz"]).prop_map(Vec::from);
    prop_oneof![
        key().prop_map(Step::Get),
        (key(), value(), ttl()).prop_map(|(key, value, ttl)| Step::Set(key, value, ttl)),
        (key(), -2..3_i64, ttl()).prop_map(|(key, by, ttl)| Step::Add(key, by, ttl)),
        (key(), prop::option::of(value()), prop::option::of(value()), ttl())
            .prop_map(|(key, expected, value, ttl)| Step::Swap(key, expected, value, ttl)),
        (key(), ttl()).prop_map(|(key, ttl)| Step::Expire(key, ttl)),
        key().prop_map(Step::Remove),
        (1..3_u8).prop_map(Step::Wait),
    ]
}

/// The most naive store: values with the millisecond at which they end.
#[derive(Default)]
struct Naive {
    now: u64,
    values: BTreeMap<u8, (Vec<u8>, Option<u64>)>,
}

const QUOTA: StateQuota = StateQuota { keys: 3, bytes: 9, value_bytes: u64::MAX };

impl Naive {
    fn end(&self, ttl: Option<u8>) -> Option<u64> {
        ttl.map(|ttl| self.now + u64::from(ttl))
    }

    fn put(&mut self, key: u8, value: Vec<u8>, end: Option<u64>) -> Result<(), StateError> {
        let size = |value: &Vec<u8>| 1 + value.len() as u64;
        let others: u64 =
            self.values.iter().filter(|(k, _)| **k != key).map(|(_, (v, _))| size(v)).sum();
        let before = self.values.get(&key).map(|(value, _)| size(value));
        let keys = self.values.len() as u64 + u64::from(before.is_none());
        let grows = before.is_none_or(|before| size(&value) > before);
        if keys > QUOTA.keys && before.is_none() || grows && others + size(&value) > QUOTA.bytes {
            return Err(StateError::QuotaExceeded);
        }
        self.values.insert(key, (value, end));
        Ok(())
    }

    /// The answer of a step, as text.
    fn take(&mut self, step: &Step) -> String {
        let now = self.now;
        self.values.retain(|_, (_, end)| end.is_none_or(|end| end > now));
        match step.clone() {
            Step::Get(key) => format!("{:?}", self.values.get(&key).map(|(value, _)| value)),
            Step::Set(key, value, ttl) => format!("{:?}", self.put(key, value, self.end(ttl))),
            Step::Add(key, by, ttl) => {
                let (before, end) = match self.values.get(&key) {
                    Some((value, end)) => {
                        (String::from_utf8_lossy(value).parse::<i64>().ok(), *end)
                    }
                    None => (Some(0), self.end(ttl)),
                };
                let sum = before.map(|before| before + by).ok_or(StateError::NotANumber);
                let put = |sum: i64| self.put(key, sum.to_string().into(), end).map(|()| sum);
                format!("{:?}", sum.and_then(put))
            }
            Step::Swap(key, expected, value, ttl) => {
                if self.values.get(&key).map(|(value, _)| value) != expected.as_ref() {
                    return "Ok(false)".into();
                }
                let result = match value {
                    Some(value) => self.put(key, value, self.end(ttl)),
                    None => {
                        self.values.remove(&key);
                        Ok(())
                    }
                };
                format!("{:?}", result.map(|()| true))
            }
            Step::Expire(key, ttl) => {
                let end = self.end(ttl);
                let found = self.values.get_mut(&key).map(|value| value.1 = end);
                format!("{:?}", Ok::<_, StateError>(found.is_some()))
            }
            Step::Remove(key) => {
                format!("{:?}", Ok::<_, StateError>(self.values.remove(&key).is_some()))
            }
            Step::Wait(time) => {
                self.now += u64::from(time);
                String::new()
            }
        }
    }
}

fn taken(memory: &Memory, step: &Step) -> String {
    let names = ["a", "b", "c", "d"];
    let at = |key: &u8| memory.key("p", names[usize::from(*key)]).within(QUOTA);
    let ttl = |ttl: &Option<u8>| ttl.map(|ttl| Duration::from_millis(ttl.into()));
    let store = &memory.store;
    match step {
        Step::Get(key) => format!("{:?}", done(store.get(&at(key))).unwrap()),
        Step::Set(key, value, end) => {
            format!("{:?}", done(store.set(&at(key), value.clone(), ttl(end))))
        }
        Step::Add(key, by, end) => format!("{:?}", done(store.increment(&at(key), *by, ttl(end)))),
        Step::Swap(key, expected, value, end) => {
            let (expected, value) = (expected.clone(), value.clone());
            format!("{:?}", done(store.compare_and_set(&at(key), expected, value, ttl(end))))
        }
        Step::Expire(key, end) => format!("{:?}", done(store.expire(&at(key), ttl(end)))),
        Step::Remove(key) => format!("{:?}", done(store.remove(&at(key)))),
        Step::Wait(time) => {
            memory.wait(Duration::from_millis((*time).into()));
            String::new()
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_a_naive_store_does(steps in prop::collection::vec(step(), 1..60)) {
        let (memory, mut naive) = (Memory::default(), Naive::default());
        for step in &steps {
            prop_assert_eq!(taken(&memory, step), naive.take(step), "{:?}", step);
        }
    }
}
