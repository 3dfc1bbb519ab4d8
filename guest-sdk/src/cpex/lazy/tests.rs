//! Lazy maps and sets hold the same as CPEX's own, whatever was looked at first and changed since.

use alloc::sync::Arc;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::prelude::v1::*;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{LazyMap, LazySet};
use crate::cpex::wire::{Reader, Wire, from_bytes, to_bytes};

/// One step with a map or a set.
#[derive(Clone, Debug)]
enum Step {
    Get(String),
    Insert(String, u64),
    Remove(String),
    Double,
    List,
    /// Goes on with what it dereferences to.
    Hash,
    InsertHashed(String, u64),
    Clone,
    /// Goes on with what crosses the boundary.
    Cross,
}

fn name() -> impl Strategy<Value = String> {
    "[a-cé]{0,2}"
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        name().prop_map(Step::Get),
        (name(), any::<u64>()).prop_map(|(name, value)| Step::Insert(name, value)),
        name().prop_map(Step::Remove),
        Just(Step::Double),
        Just(Step::List),
        Just(Step::Hash),
        (name(), any::<u64>()).prop_map(|(name, value)| Step::InsertHashed(name, value)),
        Just(Step::Clone),
        Just(Step::Cross),
    ];
    prop::collection::vec(step, 0..12)
}

fn crossed<T: Wire>(value: &T) -> T {
    from_bytes(to_bytes(value)).unwrap()
}

proptest! {
    #[test]
    fn a_lazy_map_is_a_map(
        entries: BTreeMap<String, u64>,
        steps in steps(),
    ) {
        let mut expected: HashMap<_, _> = entries.into_iter().collect();
        let mut map = crossed(&LazyMap::from(expected.clone()));
        for step in steps {
            match step {
                Step::Get(name) => {
                    prop_assert_eq!(map.get(&name), expected.get(&name));
                    prop_assert_eq!(map.contains_key(&name), expected.contains_key(&name));
                    prop_assert_eq!(map.get_mut(&name), expected.get_mut(&name));
                }
                Step::Insert(name, value) => {
                    prop_assert_eq!(map.insert(name.clone(), value), expected.insert(name, value));
                }
                Step::Remove(name) => prop_assert_eq!(map.remove(&name), expected.remove(&name)),
                Step::Double => {
                    map.values_mut().for_each(|value| *value = value.wrapping_mul(2));
                    expected.values_mut().for_each(|value| *value = value.wrapping_mul(2));
                }
                Step::List => {
                    let names: BTreeSet<_> = map.keys().collect();
                    prop_assert_eq!(names, expected.keys().collect());
                    prop_assert_eq!(map.values().count(), expected.len());
                }
                Step::Hash => prop_assert_eq!(&*map, &expected),
                Step::InsertHashed(name, value) => {
                    HashMap::insert(&mut map, name.clone(), value);
                    expected.insert(name, value);
                }
                Step::Clone => map = map.clone(),
                Step::Cross => map = crossed(&map),
            }
            prop_assert_eq!(map.len(), expected.len());
            prop_assert_eq!(&map, &expected);
        }
        let sorted: BTreeMap<_, _> = expected.clone().into_iter().collect();
        prop_assert_eq!(to_bytes(&map), to_bytes(&sorted));
        prop_assert_eq!(json!(map), json!(expected));
        prop_assert_eq!(HashMap::from(map), expected);
    }

    #[test]
    fn a_lazy_set_is_a_set(members: BTreeSet<String>, steps in steps()) {
        let mut expected: HashSet<_> = members.into_iter().collect();
        let mut set = crossed(&LazySet::from(expected.clone()));
        for step in steps {
            match step {
                Step::Get(name) => prop_assert_eq!(set.contains(&name), expected.contains(&name)),
                Step::Insert(name, _) => {
                    prop_assert_eq!(set.insert(name.clone()), expected.insert(name));
                }
                Step::Remove(name) => prop_assert_eq!(set.remove(&name), expected.remove(&name)),
                Step::Double | Step::List => {
                    prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
                }
                Step::Hash => prop_assert_eq!(&*set, &expected),
                Step::InsertHashed(name, _) => {
                    HashSet::insert(&mut set, name.clone());
                    expected.insert(name);
                }
                Step::Clone => set = set.clone(),
                Step::Cross => set = crossed(&set),
            }
            prop_assert_eq!(&set, &expected);
        }
        let sorted: LazySet = expected.iter().cloned().collect();
        prop_assert_eq!(to_bytes(&set), to_bytes(&sorted));
        prop_assert_eq!(HashSet::from(set), expected);
    }

    #[test]
    fn a_value_is_passed_over_as_it_is_read(values: Vec<(String, i64, bool)>) {
        let value = json!({ "list": values, "none": null, "half": 0.5, "text": "ü".repeat(200) });
        let bytes = to_bytes(&value);
        let bytes = Arc::new(bytes);
        let mut reader = Reader::of(&bytes, 0..bytes.len());
        Value::skip(&mut reader);
        prop_assert!(reader.is_sound() && reader.rest().is_empty());
        for cut in 0..bytes.len() {
            let mut reader = Reader::of(&bytes, 0..cut);
            Value::skip(&mut reader);
            prop_assert!(!reader.is_sound() || !reader.rest().is_empty() || cut == 0);
        }
    }
}

#[test]
fn an_unchanged_map_crosses_in_any_order() {
    // CPEX's own map has none.
    let map: LazyMap<Value> = [("b".into(), json!(1)), ("a".into(), json!({ "x": [] }))].into();
    let bytes = to_bytes(&map);
    let read: LazyMap<Value> = from_bytes(bytes.clone()).unwrap();
    assert!(read.get("a").is_some() && read.get("c").is_none());
    assert_eq!(to_bytes(&read), bytes);
    assert_eq!(std::format!("{read:?}"), r#"{"a": Object {"x": Array []}, "b": Number(1)}"#);
}

#[test]
fn a_map_without_order_never_looks_complete() {
    for names in [["b", "a"], ["a", "a"]] {
        let mut bytes = vec![2];
        for name in names {
            String::from(name).write(&mut bytes);
            1_u64.write(&mut bytes);
        }
        let map: LazyMap<u64> = from_bytes(bytes).unwrap();
        let look = std::panic::AssertUnwindSafe(|| map.get("b").is_some());
        assert!(std::panic::catch_unwind(look).is_err(), "{names:?}");
    }
}

#[test]
fn a_set_without_order_misses_nothing() {
    let members = ["b", "c", "a"].map(String::from);
    let set: LazySet = from_bytes(to_bytes(&Vec::from(members.clone()))).unwrap();
    for member in &members {
        assert!(set.contains(member) && set.clone().remove(member));
    }
    assert_eq!((set.len(), set.iter().count()), (3, 3));
}
