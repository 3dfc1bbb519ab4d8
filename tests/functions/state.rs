//! `state.get` and the like.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use cpex_wasmi::{
    Access, Clock, EngineBuilder, ErrorKind, Limits, MemoryState, Policy, StateAnswer, StateError,
    StateKey, StateStore,
};

use super::common;
use super::script::*;

fn granted() -> Policy {
    Policy::default().access(Access::default().state("calls/*").state("b"))
}

fn asking() -> Script {
    Script::asking(&["state:calls/*", "state:b"])
}

fn as_it_is(engine: EngineBuilder) -> EngineBuilder {
    engine
}

#[test]
fn values_are_read_and_written_in_json() {
    let script = asking()
        .calls("state.get", r#""b""#)
        .calls("state.set", r#"{"key":"b","value":"ä"}"#)
        .calls("state.get", r#""b""#)
        .calls("state.set", r#"{"key":"b","value":[255,0],"ttl_ms":60000}"#)
        .calls("state.get", r#""b""#)
        .calls("state.compare_and_set", r#"{"key":"b","expected":"x","value":"y"}"#)
        .calls("state.compare_and_set", r#"{"key":"b","expected":[255,0],"value":"y"}"#)
        .calls("state.expire", r#"{"key":"b","ttl_ms":1000}"#)
        .calls("state.expire", r#"{"key":"b"}"#)
        .calls("state.compare_and_set", r#"{"key":"b","expected":"y"}"#)
        .calls("state.remove", r#""b""#)
        .calls("state.increment", r#"{"key":"calls/a","by":-3,"ttl_ms":60000}"#)
        .calls("state.increment", r#"{"key":"calls/a","by":1}"#)
        .calls("state.remove", r#""calls/a""#);
    let running = Running::on(as_it_is, &script, granted());
    let told = [
        "null", "null", "\"ä\"", "null", "[255,0]", "false", "true", "true", "true", "true",
        "false", "-3", "-2", "true",
    ];
    assert_eq!(running.logged(), told);
    let events = running.audit.taken();
    assert_eq!(events[1], "state set b allowed 2 4");
    assert_eq!(events[2], "state get b allowed 0 4");
    assert_eq!(events[6], "state compare_and_set b allowed 3 4");
    assert_eq!(events[11], "state increment calls/a allowed 8 2");
}

#[test]
fn instances_and_threads_count_together() {
    let script = asking().calls("state.increment", r#"{"key":"calls/a","by":1}"#);
    for policy in [granted(), granted().pooled(4)] {
        let running = Running::on(as_it_is, &script, policy);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| drop(running.call().unwrap())));
            }
        });
        let mut sums: Vec<u32> =
            running.logs.messages().iter().map(|sum| sum.parse().unwrap()).collect();
        sums.sort_unstable();
        assert_eq!(sums, (1..=200).collect::<Vec<_>>());
    }
}

#[test]
fn state_is_that_of_the_name_and_of_clones_of_the_engine() {
    let wasm = asking().calls("state.increment", r#"{"key":"b","by":1}"#).wasm();
    let logs = common::Logs::default();
    let builder = logs.engine();
    for (builder, name) in [
        (builder.clone(), "one"),
        (builder.clone(), "other"),
        (builder.clone(), "one"),
        (builder.clone().own_state(), "one"),
        (builder.clone().state_store(MemoryState::new()), "one"),
        (builder, "one"),
    ] {
        let policy = granted().named(name);
        let plugin = cpex_wasmi::Plugin::load(&builder.build().unwrap(), &wasm, policy).unwrap();
        common::call(&plugin).unwrap();
    }
    assert_eq!(logs.messages(), ["1", "1", "2", "1", "1", "3"]);
}

/// A clock that is moved by hand.
#[derive(Clone, Default)]
struct ByHand(Arc<AtomicU32>);

impl Clock for ByHand {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed).into())
    }
}

#[test]
fn values_end_by_the_clock_of_the_engine() {
    let clock = ByHand::default();
    let script = asking().calls("state.increment", r#"{"key":"b","by":1,"ttl_ms":60000}"#);
    let running = Running::on(|engine| engine.clock(clock.clone()), &script, granted());
    let mut told = Vec::new();
    for seconds in [0, 30, 59, 60, 100, 119, 120] {
        clock.0.store(seconds, Ordering::Relaxed);
        told.extend(running.logged());
    }
    assert_eq!(told, ["1", "2", "3", "1", "2", "3", "1"]);
}

#[test]
fn keys_take_manifest_and_policy() {
    let calls = |key: &str| asking().calls("state.get", &format!("{key:?}"));
    for key in ["c", "call/a", "bb", ""] {
        let running = Running::on(as_it_is, &calls(key), granted());
        let (kind, message) = running.failed();
        if key.is_empty() {
            assert_eq!(kind, ErrorKind::PluginFailed);
            assert!(message.contains("InvalidArgument"), "{message}");
            continue;
        }
        assert_eq!(kind, ErrorKind::AccessDenied, "{message}");
        assert!(message.contains("the system access `state`"), "{message}");
        assert_eq!(running.audit.taken(), [format!("state get {key} denied 0 0")]);
    }
    // More is granted than is asked for.
    let all = Policy::default().access(Access::default().state("*"));
    assert_eq!(Running::on(as_it_is, &calls("c"), all).failed().0, ErrorKind::AccessDenied);
    // More is asked for than is granted.
    let error = common::load_error(&calls("b").wasm(), Policy::default());
    let message = error.to_string();
    assert!(message.contains(r#"`allowed_state: ["calls/*"]`"#), "{message}");
    assert!(message.contains("if it may keep state under the keys `calls/*`"), "{message}");
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let longest = format!("calls/{}", "x".repeat(250));
    for (name, argument, status) in [
        ("state.get", "1", "Malformed"),
        ("state.get", r#"{"key":"b"}"#, "Malformed"),
        ("state.get", &format!("\"{longest}x\""), "InvalidArgument"),
        ("state.set", r#"{"key":"b"}"#, "Malformed"),
        ("state.set", r#"{"key":"b","value":"","ttl":1}"#, "Malformed"),
        ("state.set", r#"{"key":"b","value":[256]}"#, "Malformed"),
        ("state.set", r#"{"key":"b","value":"","ttl_ms":0}"#, "InvalidArgument"),
        ("state.set", r#"{"key":"b","value":"","ttl_ms":315360000001}"#, "InvalidArgument"),
        ("state.set", r#"{"key":"b","value":"","ttl_ms":-1}"#, "Malformed"),
        ("state.increment", r#"{"key":"b","by":9223372036854775808}"#, "Malformed"),
        ("state.increment", r#"{"key":"b","by":1.5}"#, "Malformed"),
        ("state.expire", r#"{"key":"b","ttl_ms":0}"#, "InvalidArgument"),
    ] {
        let running = Running::on(as_it_is, &asking().calls(name, argument), granted());
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        assert!(message.contains(status), "{name} {argument}: {message}");
    }
    let fits = asking()
        .calls("state.get", &format!("\"{longest}\""))
        .calls("state.set", r#"{"key":"b","value":"","ttl_ms":315360000000}"#);
    assert_eq!(Running::on(as_it_is, &fits, granted()).logged(), ["null", "null"]);
}

#[test]
fn limits_bound_keys_bytes_and_values() {
    let set = |key: &str, value: &str| {
        asking().calls("state.set", &format!(r#"{{"key":"calls/{key}","value":"{value}"}}"#))
    };
    let under = |limits: Limits, script: &Script| {
        Running::on(as_it_is, script, granted().limits(limits)).failed().1
    };
    let script = set("1", "").calls("state.set", r#"{"key":"calls/2","value":""}"#);
    let message = under(Limits::default().state_keys(1), &script);
    assert!(message.contains("QuotaExceeded"), "{message}");
    let message = under(Limits::default().state_bytes(10), &set("1", "four"));
    assert!(message.contains("QuotaExceeded"), "{message}");
    let message = under(Limits::default().state_value_bytes(3), &set("1", "four"));
    assert!(message.contains("TooLarge"), "{message}");
    let fits = Limits::default().state_keys(1).state_bytes(11).state_value_bytes(4);
    let running = Running::on(as_it_is, &set("1", "four"), granted().limits(fits));
    assert_eq!(running.logged(), ["null"]);
}

#[test]
fn a_value_longer_than_the_limit_is_an_error() {
    let store = MemoryState::new();
    let key = StateKey::new("guest", "b");
    let StateAnswer::Ready(set) = store.set(&key, b"four".into(), None) else { panic!("later") };
    set.unwrap();
    let script = asking().calls("state.get", r#""b""#);
    let policy = granted().limits(Limits::default().state_value_bytes(3));
    let running = Running::on(|engine| engine.state_store(store), &script, policy);
    let (_, message) = running.failed();
    assert!(message.contains("TooLarge"), "{message}");
    assert_eq!(running.audit.taken(), ["state get b failed 0 0"]);
}

/// A store that does to all operations what it is told to.
#[derive(Clone, Copy)]
enum Broken {
    Fails,
    FailsLater,
    Panics,
    PanicsLater,
    Hangs,
}

impl Broken {
    fn answer<T: Send + 'static>(self) -> StateAnswer<T> {
        let failed = || Err(StateError::Failed("no route to\nthe store".into()));
        match self {
            Self::Fails => StateAnswer::Ready(failed()),
            Self::FailsLater => StateAnswer::later(async move {
                Yield(false).await;
                failed()
            }),
            Self::Panics => panic!("the store panics"),
            Self::PanicsLater => StateAnswer::later(async {
                Yield(false).await;
                panic!("the store panics later")
            }),
            Self::Hangs => StateAnswer::later(std::future::pending()),
        }
    }
}

/// Is ready when it is polled again.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    }
}

impl StateStore for Broken {
    fn get(&self, _: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>> {
        self.answer()
    }

    fn set(&self, _: &StateKey<'_>, _: Vec<u8>, _: Option<Duration>) -> StateAnswer<()> {
        self.answer()
    }

    fn increment(&self, _: &StateKey<'_>, _: i64, _: Option<Duration>) -> StateAnswer<i64> {
        self.answer()
    }

    fn compare_and_set(
        &self,
        _: &StateKey<'_>,
        _: Option<Vec<u8>>,
        _: Option<Vec<u8>>,
        _: Option<Duration>,
    ) -> StateAnswer<bool> {
        self.answer()
    }

    fn expire(&self, _: &StateKey<'_>, _: Option<Duration>) -> StateAnswer<bool> {
        self.answer()
    }

    fn remove(&self, _: &StateKey<'_>) -> StateAnswer<bool> {
        self.answer()
    }
}

/// Each operation, with an argument.
const OPERATIONS: [(&str, &str); 6] = [
    ("get", r#""b""#),
    ("set", r#"{"key":"b","value":""}"#),
    ("increment", r#"{"key":"b","by":1}"#),
    ("compare_and_set", r#"{"key":"b"}"#),
    ("expire", r#"{"key":"b"}"#),
    ("remove", r#""b""#),
];

#[test]
fn a_store_that_fails_is_an_error_to_the_plugin() {
    for (operation, argument) in OPERATIONS {
        for broken in [Broken::Fails, Broken::FailsLater, Broken::Panics, Broken::PanicsLater] {
            let script = asking().calls(&format!("state.{operation}"), argument);
            let running = Running::on(|engine| engine.state_store(broken), &script, granted());
            let (kind, message) = running.failed();
            assert_eq!(kind, ErrorKind::PluginFailed, "{operation}");
            assert!(message.contains("Unavailable"), "{operation}: {message}");
            let events = running.audit.taken();
            assert_eq!(events.len(), 1, "{events:?}");
            assert!(events[0].starts_with(&format!("state {operation} b failed ")), "{events:?}");
            let reason = match broken {
                Broken::Fails | Broken::FailsLater => "no route to\\nthe store",
                _ => "the store panicked",
            };
            let line = format!("state.{operation} `b` failed: {reason}");
            match broken {
                Broken::PanicsLater => assert!(running.logs.messages().is_empty()),
                _ => assert_eq!(running.logs.messages(), [line]),
            }
        }
    }
}

#[test]
fn a_store_that_hangs_ends_the_call_at_its_deadline() {
    for (operation, argument) in OPERATIONS {
        let script = asking().calls(&format!("state.{operation}"), argument);
        let policy = granted().limits(Limits::default().deadline(Duration::from_millis(20)));
        let running = Running::on(|engine| engine.state_store(Broken::Hangs), &script, policy);
        assert_eq!(running.failed().0, ErrorKind::Timeout);
        let [event] = &running.audit.taken()[..] else { panic!("one event") };
        assert!(event.starts_with(&format!("state {operation} b failed ")), "{event}");
    }
}

/// A store that takes a moment for each operation, and has its state in memory.
struct Slow(MemoryState);

impl Slow {
    fn later<T: Send + 'static>(answer: StateAnswer<T>) -> StateAnswer<T> {
        let StateAnswer::Ready(result) = answer else { panic!("later") };
        StateAnswer::later(async move {
            Yield(false).await;
            result
        })
    }
}

impl StateStore for Slow {
    fn get(&self, key: &StateKey<'_>) -> StateAnswer<Option<Vec<u8>>> {
        Self::later(self.0.get(key))
    }

    fn set(&self, key: &StateKey<'_>, value: Vec<u8>, ttl: Option<Duration>) -> StateAnswer<()> {
        Self::later(self.0.set(key, value, ttl))
    }

    fn increment(&self, key: &StateKey<'_>, by: i64, ttl: Option<Duration>) -> StateAnswer<i64> {
        Self::later(self.0.increment(key, by, ttl))
    }

    fn compare_and_set(
        &self,
        key: &StateKey<'_>,
        expected: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        ttl: Option<Duration>,
    ) -> StateAnswer<bool> {
        Self::later(self.0.compare_and_set(key, expected, value, ttl))
    }

    fn expire(&self, key: &StateKey<'_>, ttl: Option<Duration>) -> StateAnswer<bool> {
        Self::later(self.0.expire(key, ttl))
    }

    fn remove(&self, key: &StateKey<'_>) -> StateAnswer<bool> {
        Self::later(self.0.remove(key))
    }
}

#[test]
fn a_store_that_takes_time_is_waited_for() {
    let script = asking()
        .calls("state.increment", r#"{"key":"b","by":2}"#)
        .calls("state.set", r#"{"key":"calls/a","value":"x"}"#)
        .calls("state.get", r#""calls/a""#);
    let slow = |engine: EngineBuilder| engine.state_store(Slow(MemoryState::new()));
    let running = Running::on(slow, &script, granted());
    assert_eq!(running.logged(), ["2", "null", "\"x\""]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(calling(&running.plugin)).unwrap();
    assert_eq!(running.logs.messages()[3..], ["4", "null", "\"x\""]);
    let events = running.audit.taken();
    assert_eq!(events[0], "state increment b allowed 8 1");
}

#[test]
fn fuel_goes_by_argument_and_result_alone() {
    let fuel = |set: &dyn Fn(EngineBuilder) -> EngineBuilder, script: &Script| {
        let running = Running::on(set, script, granted());
        let mut fuel: Vec<_> = (0..3).map(|_| running.call().unwrap().receipt.fuel).collect();
        fuel.dedup();
        assert_eq!(fuel.len(), 1, "{fuel:?}");
        fuel[0]
    };
    let script = asking()
        .calls("state.set", r#"{"key":"calls/a","value":"x"}"#)
        .calls("state.get", r#""calls/a""#)
        .calls("state.remove", r#""calls/a""#);
    let quick = fuel(&as_it_is, &script);
    assert_eq!(fuel(&|engine| engine.state_store(Slow(MemoryState::new())), &script), quick);
    // Among many keys as among few.
    let store = MemoryState::new();
    for at in 0..5000 {
        let name = format!("calls/{at}");
        let StateAnswer::Ready(set) = store.set(&StateKey::new("guest", &name), vec![1; 10], None)
        else {
            panic!("later")
        };
        set.unwrap();
    }
    assert_eq!(fuel(&|engine| engine.state_store(store.clone()), &script), quick);
    let long = format!(r#"{{"key":"b","value":"{}"}}"#, "x".repeat(60_000));
    assert!(fuel(&as_it_is, &asking().calls("state.set", &long)) > 60_000 / 2);
}

#[test]
fn an_initialisation_that_uses_state_is_done_each_time() {
    let script = asking().at_init("state.increment", r#"{"key":"b","by":1}"#);
    let running = Running::on(as_it_is, &script, granted());
    running.call().unwrap();
    running.call().unwrap();
    assert_eq!(running.logs.messages(), ["1", "2"]);
}

#[test]
fn keys_with_secrets_are_masked_in_events_and_lines() {
    let script = asking().calls("state.get", r#""calls/hunter2-hunter2""#);
    let set = |engine: EngineBuilder| engine.redact(["hunter2-hunter2"]).state_store(Broken::Fails);
    let running = Running::on(set, &script, granted());
    running.failed();
    assert_eq!(running.audit.taken(), ["state get calls/[redacted] failed 0 0"]);
    let [line] = &running.logs.messages()[..] else { panic!("one line") };
    assert!(line.starts_with("state.get `calls/[redacted]` failed"), "{line}");
}
