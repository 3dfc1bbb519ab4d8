//! The behaviour of any store. Each test of a store runs it.

use std::collections::HashSet;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use cpex_wasmi::{StateAnswer, StateError, StateKey, StateQuota, StateStore};

/// A store under test, and its time.
pub(crate) trait Tested: Sync {
    fn store(&self) -> &dyn StateStore;

    /// A key as it is now.
    fn key<'a>(&self, plugin: &'a str, key: &'a str) -> StateKey<'a>;

    /// Lets time go by.
    fn wait(&self, time: Duration);
}

/// Some time, and what is less.
pub(crate) const SOME: Duration = Duration::from_millis(300);
const LESS: Duration = Duration::from_millis(100);

pub(crate) fn done<T>(answer: StateAnswer<T>) -> Result<T, StateError> {
    let mut future = match answer {
        StateAnswer::Ready(result) => return result,
        StateAnswer::Later(future) => future,
    };
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        thread::yield_now();
    }
}

/// A store with names that are short.
pub(crate) struct Of<'a>(pub(crate) &'a dyn Tested, pub(crate) &'a str);

type Answer<T> = Result<T, StateError>;

impl Of<'_> {
    pub(crate) fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        done(self.0.store().get(&self.0.key(self.1, key)))
    }

    pub(crate) fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Answer<()> {
        done(self.0.store().set(&self.0.key(self.1, key), value.into(), ttl))
    }

    pub(crate) fn add(&self, key: &str, by: i64, ttl: Option<Duration>) -> Answer<i64> {
        done(self.0.store().increment(&self.0.key(self.1, key), by, ttl))
    }

    pub(crate) fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
        ttl: Option<Duration>,
    ) -> Answer<bool> {
        let (expected, value) = (expected.map(Into::into), value.map(Into::into));
        done(self.0.store().compare_and_set(&self.0.key(self.1, key), expected, value, ttl))
    }

    pub(crate) fn expire(&self, key: &str, ttl: Option<Duration>) -> Answer<bool> {
        done(self.0.store().expire(&self.0.key(self.1, key), ttl))
    }

    pub(crate) fn remove(&self, key: &str) -> Answer<bool> {
        done(self.0.store().remove(&self.0.key(self.1, key)))
    }
}

pub(crate) fn values_are_kept_and_removed(tested: &dyn Tested) {
    let of = Of(tested, "values");
    assert_eq!((of.get("a"), of.remove("a")), (Ok(None), Ok(false)));
    let odd = b"\0\xff\r\n{}*";
    for value in [&b""[..], b"text", odd, &[b'x'; 100_000]] {
        of.set("a", value, None).unwrap();
        assert_eq!(of.get("a"), Ok(Some(value.into())));
    }
    for key in ["", " ", "a\0b", "{a}", "*", "ä", &"k".repeat(256)] {
        of.set(key, key.as_bytes(), None).unwrap();
        assert_eq!(of.get(key), Ok(Some(key.into())));
        assert_eq!((of.remove(key), of.get(key)), (Ok(true), Ok(None)));
    }
    assert_eq!(of.get("a").unwrap().unwrap().len(), 100_000);
}

pub(crate) fn numbers_are_counted(tested: &dyn Tested) {
    let of = Of(tested, "numbers");
    assert_eq!((of.add("n", 2, None), of.add("n", -5, None)), (Ok(2), Ok(-3)));
    assert_eq!(of.get("n"), Ok(Some(b"-3".into())));
    of.set("n", b"9223372036854775806", None).unwrap();
    assert_eq!(of.add("n", 1, None), Ok(i64::MAX));
    assert_eq!(of.add("n", 1, None), Err(StateError::NotANumber));
    assert_eq!(of.get("n"), Ok(Some(i64::MAX.to_string().into())));
    assert_eq!(of.add("min", i64::MIN, None), Ok(i64::MIN));
    assert_eq!(of.add("min", -1, None), Err(StateError::NotANumber));
    assert_eq!(of.add("zero", 0, None), Ok(0));
    for text in ["", "x", "1x", " 1", "1 ", "+1", "01", "-0", "1.0", "9223372036854775808", "\0"] {
        of.set("t", text.as_bytes(), None).unwrap();
        assert_eq!(of.add("t", 1, None), Err(StateError::NotANumber), "{text:?}");
        assert_eq!(of.get("t"), Ok(Some(text.into())));
    }
}

pub(crate) fn a_value_is_set_if_another_is_there(tested: &dyn Tested) {
    let of = Of(tested, "swap");
    assert_eq!(of.swap("k", Some(b"a"), Some(b"b"), None), Ok(false));
    assert_eq!(of.swap("k", Some(b""), Some(b"b"), None), Ok(false), "nothing is not empty");
    assert_eq!(of.swap("k", None, None, None), Ok(true), "nothing is left nothing");
    assert_eq!(of.get("k"), Ok(None));
    assert_eq!(of.swap("k", None, Some(b"a"), None), Ok(true));
    assert_eq!(of.swap("k", None, Some(b"b"), None), Ok(false));
    assert_eq!(of.swap("k", Some(b"ab"), None, None), Ok(false));
    assert_eq!(of.get("k"), Ok(Some(b"a".into())));
    assert_eq!(of.swap("k", Some(b"a"), Some(b""), None), Ok(true));
    assert_eq!(of.get("k"), Ok(Some(b"".into())));
    assert_eq!(of.swap("k", Some(b""), None, None), Ok(true));
    assert_eq!(of.get("k"), Ok(None));
}

pub(crate) fn values_end(tested: &dyn Tested) {
    let of = Of(tested, "ends");
    let some = Some(SOME);
    of.set("set", b"1", some).unwrap();
    of.set("stays", b"1", some).unwrap();
    of.set("stays", b"2", None).unwrap();
    of.add("counted", 1, some).unwrap();
    of.swap("swapped", None, Some(b"1"), some).unwrap();
    of.set("kept", b"1", some).unwrap();
    of.set("told to", b"1", None).unwrap();
    of.set("longer", b"1", some).unwrap();
    assert_eq!((of.expire("kept", None), of.expire("told to", some)), (Ok(true), Ok(true)));
    assert_eq!(of.expire("missing", some), Ok(false));
    tested.wait(LESS);
    // A sum ends when the number would have.
    assert_eq!(of.add("counted", 1, Some(SOME * 100)), Ok(2));
    assert_eq!(of.add("stays", 1, some), Ok(3));
    of.expire("longer", Some(SOME * 100)).unwrap();
    for key in ["set", "counted", "swapped", "kept", "told to", "longer", "stays"] {
        assert!(of.get(key).unwrap().is_some(), "{key}");
    }
    tested.wait(SOME);
    for key in ["set", "counted", "swapped", "told to"] {
        assert_eq!(of.get(key), Ok(None), "{key}");
        assert_eq!(of.expire(key, None), Ok(false), "{key}");
        assert_eq!(of.remove(key), Ok(false), "{key}");
    }
    for key in ["kept", "longer", "stays"] {
        assert!(of.get(key).unwrap().is_some(), "{key}");
    }
    assert_eq!(of.add("counted", 5, None), Ok(5), "it counts anew");
    assert_eq!(of.swap("swapped", None, Some(b"2"), None), Ok(true));
}

pub(crate) fn plugins_do_not_see_each_other(tested: &dyn Tested) {
    let names = ["one", "other", "one:a", "{one}", "on", "", "*", "o\0ne"];
    for (at, name) in names.iter().enumerate() {
        Of(tested, name).set("k", at.to_string().as_bytes(), None).unwrap();
    }
    for (at, name) in names.iter().enumerate() {
        assert_eq!(Of(tested, name).get("k"), Ok(Some(at.to_string().into())), "{name:?}");
        assert_eq!(Of(tested, name).get("a:k"), Ok(None), "{name:?}");
    }
    assert_eq!(Of(tested, "one").remove("k"), Ok(true));
    assert_eq!(Of(tested, "other").get("k"), Ok(Some(b"1".into())));
}

pub(crate) fn quotas_hold(tested: &dyn Tested) {
    let within = |keys, bytes| StateQuota { keys, bytes, value_bytes: u64::MAX };
    let full = Err(StateError::QuotaExceeded);
    let set = |key: &str, value: &[u8], quota, ttl| {
        let key = tested.key("quotas", key).within(quota);
        done(tested.store().set(&key, value.into(), ttl))
    };
    let three = within(3, 1000);
    for key in ["a", "b", "c"] {
        set(key, b"1", three, None).unwrap();
    }
    assert_eq!(set("d", b"1", three, None), full);
    let d = tested.key("quotas", "d").within(three);
    assert_eq!(done(tested.store().increment(&d, 1, None)), Err(StateError::QuotaExceeded));
    let swap = tested.store().compare_and_set(&d, None, Some(b"1".into()), None);
    assert_eq!(done(swap), Err(StateError::QuotaExceeded));
    assert_eq!(done(tested.store().get(&d)), Ok(None));
    // What is there goes on.
    set("a", b"22", three, None).unwrap();
    let of = Of(tested, "quotas");
    assert_eq!(of.add("b", 1, None), Ok(2));
    // A key less is room for one.
    of.remove("c").unwrap();
    set("d", b"1", three, None).unwrap();

    // `a` with 22, `b` and `d` with a byte each: 7 bytes.
    let bytes = |most| within(100, most);
    assert_eq!(set("a", b"333", bytes(7), None), full);
    assert_eq!(of.get("a"), Ok(Some(b"22".into())));
    set("a", b"333", bytes(8), None).unwrap();
    assert_eq!(set("e", b"", bytes(8), None), full);
    set("e", b"", bytes(9), None).unwrap();
    // What shrinks fits, though there is too much already.
    set("a", b"", bytes(1), None).unwrap();
    assert_eq!(set("a", b"1", bytes(1), None), full);
    for key in ["a", "b", "d", "e"] {
        assert_eq!(of.remove(key), Ok(true));
    }
    set("a", b"12345678", bytes(9), None).unwrap();
    of.remove("a").unwrap();

    // What has ended does not count.
    for at in 0..50 {
        set(&format!("{at}"), b"1", within(50, 1000), Some(SOME)).unwrap();
    }
    assert_eq!(set("new", b"1", within(50, 1000), None), full);
    tested.wait(SOME * 2);
    for at in 0..50 {
        set(&format!("n{at}"), b"1", within(50, 1000), None).unwrap();
    }
}

pub(crate) fn operations_are_atomic(tested: &dyn Tested, threads: usize, each: i64) {
    let of = Of(tested, "atomic");
    let barrier = Barrier::new(threads);
    let quota = StateQuota { keys: 10, bytes: 10_000, value_bytes: u64::MAX };
    let sums = thread::scope(|scope| {
        let count = || {
            barrier.wait();
            let mut sums = Vec::new();
            for n in 0..each {
                sums.push(of.add("count", 1, Some(Duration::from_secs(600))).unwrap());
                // Adds one by comparing.
                loop {
                    let was = of.get("swapped").unwrap();
                    let number: i64 = was
                        .as_ref()
                        .map_or(0, |was| std::str::from_utf8(was).unwrap().parse().unwrap());
                    let next = (number + 1).to_string();
                    if of.swap("swapped", was.as_deref(), Some(next.as_bytes()), None).unwrap() {
                        break;
                    }
                }
                // More keys than there is room for, by all threads.
                let name = format!("key {}", n % 20);
                let key = tested.key("atomic", &name).within(quota);
                match done(tested.store().set(&key, b"1".into(), None)) {
                    Ok(()) if n % 3 == 0 => drop(of.remove(&name).unwrap()),
                    Ok(()) | Err(StateError::QuotaExceeded) => {}
                    other => panic!("{other:?}"),
                }
            }
            sums
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let total = i64::try_from(threads).unwrap() * each;
    let distinct: HashSet<_> = sums.iter().collect();
    assert_eq!(i64::try_from(distinct.len()).unwrap(), total, "no sum was given twice");
    assert_eq!(of.add("count", 0, None), Ok(total));
    assert_eq!(of.get("swapped"), Ok(Some(total.to_string().into())));
    let there = (0..20).filter(|n| of.get(&format!("key {n}")).unwrap().is_some()).count();
    assert!(there <= 8, "{there} keys and two counters, of ten");
    for n in 0..20 {
        of.remove(&format!("key {n}")).unwrap();
    }
    // Nothing is counted that is not there.
    for n in 0..8 {
        let name = format!("key {n}");
        let key = tested.key("atomic", &name).within(quota);
        done(tested.store().set(&key, b"1".into(), None)).unwrap();
    }
}
