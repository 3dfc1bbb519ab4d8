//! Functions of the embedder's own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use cpex_wasmi::{
    Engine, EngineBuilder, ErrorKind, Invocation, Limits, Plugin, Policy, Request, Status,
};

use super::common::*;
use super::script::*;

fn functions(names: &[&str]) -> Policy {
    granting(|access| access.functions = names.iter().map(|name| (*name).into()).collect())
}

/// A guest that calls `f` with this, on an engine that has it, and may.
fn running(argument: &str, set: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Running {
    let script = Script::asking(&["function:f"]).calls("f", argument);
    Running::on(set, &script, functions(&["f"]))
}

/// Panics, where a function is not to be called or where it is to be seen what comes of it.
fn never() -> Result<u32, Status> {
    panic!("it was called")
}

/// A result that another thread has ready after a while.
fn from_another_thread<T: Clone + Send + 'static>(
    result: T,
) -> impl Future<Output = T> + Send + 'static {
    let shared: Arc<Mutex<(Option<T>, Option<Waker>)>> = Arc::default();
    let theirs = shared.clone();
    let mut begun = false;
    std::future::poll_fn(move |context| {
        let mut state = shared.lock().unwrap();
        if let Some(result) = state.0.take() {
            return Poll::Ready(result);
        }
        state.1 = Some(context.waker().clone());
        if !std::mem::replace(&mut begun, true) {
            let (theirs, result) = (theirs.clone(), result.clone());
            thread::spawn(move || {
                let mut state = theirs.lock().unwrap();
                state.0 = Some(result);
                state.1.take().unwrap().wake();
            });
        }
        Poll::Pending
    })
}

#[test]
fn a_function_is_given_a_value_and_gives_one() {
    let running = running(r#"{"a":[1,2],"b":[3]}"#, |engine| {
        engine.function(
            "f",
            |invocation: &mut Invocation<'_>, given: BTreeMap<String, Vec<u32>>| {
                assert_eq!((invocation.plugin(), invocation.hook()), ("guest", HOOK));
                assert!(invocation.remaining().is_some());
                Ok(given.into_iter().map(|(key, numbers)| (key, numbers.len())).collect::<Vec<_>>())
            },
        )
    });
    assert_eq!(running.logged(), [r#"[["a",2],["b",1]]"#]);
    assert_eq!(running.audit.taken(), ["function call f allowed 19 17"]);
}

#[test]
fn an_argument_with_an_unknown_member_is_refused() {
    #[derive(serde::Deserialize)]
    struct Given {
        rows: Vec<Row>,
    }
    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(alias = "number")]
        n: u32,
    }
    let sum = |argument| {
        running(argument, |engine| {
            engine.function("f", |_: &mut Invocation<'_>, given: Given| {
                Ok(given.rows.iter().map(|row| row.n).sum::<u32>())
            })
        })
    };
    assert_eq!(sum(r#"{"rows":[{"n":1},{"number":2}]}"#).logged(), ["3"]);
    let misspelt = sum(r#"{"rows":[{"n":1},{"n":2,"m":3}]}"#);
    let (kind, message) = misspelt.failed();
    assert_eq!(kind, ErrorKind::PluginFailed);
    assert!(message.ends_with("`f`: `rows[1].m` is not known"), "{message}");
}

#[test]
fn who_calls_waits_for_a_result_of_another_thread() {
    let running = running("7", |engine| {
        engine.function_async("f", |_: &mut Invocation<'_>, number: u32| {
            from_another_thread(Ok::<_, Status>(number + 1))
        })
    });
    assert_eq!(running.logged(), ["8"]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // Two calls at once, on one thread that neither of them blocks.
        let (one, other) = tokio::join!(calling(&running.plugin), calling(&running.plugin));
        assert!(one.unwrap().decision.is_allow() && other.unwrap().decision.is_allow());
    });
    assert_eq!(running.logs.messages(), ["8"; 3]);
    assert_eq!(running.audit.taken(), ["function call f allowed 1 1"; 3]);
}

#[test]
fn a_slow_function_costs_the_fuel_of_a_fast_one() {
    let at_once = running("[1,2,3]", |engine| {
        engine.function("f", |_: &mut Invocation<'_>, given: Vec<u32>| Ok(given))
    });
    let later = running("[1,2,3]", |engine| {
        engine.function_async("f", |_: &mut Invocation<'_>, given: Vec<u32>| {
            from_another_thread(Ok::<_, Status>(given))
        })
    });
    let (at_once, later) = (at_once.call().unwrap().receipt, later.call().unwrap().receipt);
    assert_eq!(at_once.fuel, later.fuel);
    assert_eq!((at_once.slices, later.slices), (1, 2));
}

#[test]
fn a_function_has_to_be_asked_for_and_granted() {
    let set = |engine: EngineBuilder| {
        engine
            .function("f", |_: &mut Invocation<'_>, ()| Ok(1))
            .function("g", |_: &mut Invocation<'_>, ()| never())
    };
    let script = Script::asking(&["function:f"]).calls("g", "null");
    let not_asked = Running::on(set, &script, functions(&["f", "g"]));
    let (kind, message) = not_asked.failed();
    assert_eq!(kind, ErrorKind::AccessDenied);
    assert!(message.contains("denied the system access `function`"), "{message}");
    assert_eq!(not_asked.audit.taken(), ["function call g denied 4 0"]);
    let load = |asked: &str, granted: &[&str]| {
        let wasm = Script::asking(&[asked]).calls("f", "null").wasm();
        Running::load(set, &wasm, functions(granted)).err().unwrap()
    };
    let not_granted = load("function:g", &["f"]);
    assert_eq!(not_granted.kind(), ErrorKind::AccessDenied);
    assert!(not_granted.to_string().contains("allowed_functions: [g]"), "{not_granted}");
    let not_registered = load("function:ff", &["ff"]);
    assert_eq!(not_registered.kind(), ErrorKind::AccessDenied);
    let hint = "has no such function; known are `f`, `g`";
    assert!(not_registered.to_string().contains(hint), "{not_registered}");
}

#[test]
fn a_name_that_no_function_has_is_told_to_the_plugin() {
    for name in ["h", "F", "f ", "", "env.get.", "\\00", "\\ff"] {
        let script = Script::asking(&["function:f"]).calls(name, "null");
        let wasm = script.wasm();
        let set = |engine: EngineBuilder| engine.function("f", |_: &mut Invocation<'_>, ()| Ok(1));
        let running = Running::load(set, &wasm, functions(&["f"])).unwrap();
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        assert!(message.contains("`UnknownFunction`"), "{name}: {message}");
        assert!(running.audit.taken().is_empty());
    }
}

#[test]
fn names_are_checked_and_belong_to_one_function() {
    let built = |names: &[&str]| {
        let mut engine = Engine::builder();
        for name in names {
            engine = engine.function(*name, |_: &mut Invocation<'_>, ()| Ok(()));
        }
        engine.build().map(drop).map_err(|error| (error.kind(), error.to_string()))
    };
    assert_eq!(built(&["f", "F", "acme.rate-limit_2"]), Ok(()));
    let long = "f".repeat(129);
    for names in
        [&["f", "f"][..], &["env.get"], &["http.send"], &["command.run"], &[""], &["a b"], &[&long]]
    {
        assert_eq!(built(names).unwrap_err().0, ErrorKind::InvalidConfig, "{names:?}");
    }
}

#[test]
fn an_argument_of_another_type_is_not_given_to_the_function() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let many = format!("[{}1]", "1,".repeat(70_000));
    for (argument, status) in [
        ("", "Malformed"),
        ("{", "Malformed"),
        ("[1", "Malformed"),
        ("[\"1\"]", "Malformed"),
        ("[-1]", "Malformed"),
        ("[1] 2", "Malformed"),
        (&deep, "Malformed"),
        (&many, "TooLarge"),
    ] {
        let running = running(argument, |engine| {
            engine.function("f", |_: &mut Invocation<'_>, _: Vec<u32>| never())
        });
        let (kind, message) = running.failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        assert!(message.contains(&format!("`{status}`")), "{argument:.20}: {message}");
        let sent = argument.len();
        assert_eq!(running.audit.taken(), [format!("function call f failed {sent} 0")]);
    }
    // Two values for one key: which of them counts would be open.
    let twice = running(r#"{"a":1,"a":2}"#, |engine| {
        engine.function("f", |_: &mut Invocation<'_>, _: BTreeMap<String, u32>| Ok(()))
    });
    assert!(twice.failed().1.contains("`Malformed`"));
}

/// A guest that calls `f` with this in postcard, and gives up with what it answers.
fn postcard(argument: &[u8]) -> Vec<u8> {
    guest_wanting(
        &["function:f"],
        &format!(
            r#"(data (i32.const 0) "f{}")
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (local.set $len (call $call (i32.const 0) (i32.const 1) (i32.const 1)
                   (i32.const {}) (i32.const 1024) (i32.const 64)))
                 (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
                 (drop (call $log (i32.const 3) (i32.const 1024) (local.get $len)))
                 (i32.const 0))"#,
            data(argument),
            argument.len()
        ),
    )
}

#[test]
fn arguments_in_postcard_are_as_strict() {
    let echo = |engine: EngineBuilder| {
        engine.function("f", |_: &mut Invocation<'_>, texts: Vec<String>| Ok(texts.concat()))
    };
    let run =
        |argument: &[u8]| Running::load(echo, &postcard(argument), functions(&["f"])).unwrap();
    assert_eq!(run(b"\x02\x01a\x02bc").logged(), ["\\u{3}abc"]);
    for wrong in [
        &b""[..],
        b"\x02\x01a",
        b"\x01\x01a\x00",
        b"\xff\xff\xff\xff\x0f",
        b"\x01\xff\xff\xff\xff\x0f",
        b"\x01\x01\xff",
        b"\x81\x00\x01a",
    ] {
        let (kind, message) = run(wrong).failed();
        assert_eq!(kind, ErrorKind::PluginFailed, "{wrong:?}");
        assert!(
            message.contains("`Malformed`") || message.contains("`TooLarge`"),
            "{wrong:?}: {message}"
        );
    }
}

/// A guest that calls `f` with a buffer of `room` bytes, and then runs this with the length.
fn fetching(room: u32, then: &str) -> Vec<u8> {
    guest_wanting(
        &["function:f"],
        &format!(
            r#"(data (i32.const 0) "fnull")
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (local.set $len (call $call_json (i32.const 0) (i32.const 1) (i32.const 1)
                   (i32.const 4) (i32.const 1024) (i32.const {room})))
                 {then})"#
        ),
    )
}

fn long(engine: EngineBuilder) -> EngineBuilder {
    engine.function("f", |_: &mut Invocation<'_>, ()| Ok("0123456789"))
}

/// Logs this part of the result.
fn part(offset: i64, room: u32) -> String {
    format!(
        "(local.set $len (call $call_result (i32.const {offset}) (i32.const 2048)
           (i32.const {room})))
         (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
         (drop (call $log (i32.const 3) (i32.const 2048) (local.get $len)))"
    )
}

#[test]
fn a_result_that_does_not_fit_is_fetched_in_parts() {
    let then = format!(
        // Nothing was copied, and the length is told.
        "(if (i32.ne (local.get $len) (i32.const 12)) (then (unreachable)))
         (if (i32.load8_u (i32.const 1024)) (then (unreachable)))
         {} {} {} {} (i32.const 0)",
        part(0, 5),
        part(5, 60_000),
        part(11, 1),
        part(12, 1)
    );
    let running = Running::load(long, &fetching(11, &then), functions(&["f"])).unwrap();
    assert_eq!(running.logged(), ["\"0123", "456789\"", "\"", ""]);
    // Each byte that is copied counts.
    assert_eq!(running.call().unwrap().receipt.bytes_read, 5 + 7 + 1);
    for (offset, room) in [(13, 1), (0xffff_ffff, 0), (0x8000_0000, 1)] {
        let wasm = fetching(11, &format!("{} (i32.const 0)", part(offset, room)));
        let (kind, message) = Running::load(long, &wasm, functions(&["f"])).unwrap().failed();
        assert_eq!(kind, ErrorKind::PluginFailed);
        assert!(message.contains("`InvalidArgument`"), "{message}");
    }
    for (offset, room) in [(0, 63_489), (13, 0xffff_ffff)] {
        let wasm = fetching(11, &format!("{} (i32.const 0)", part(offset, room)));
        let (kind, _) = Running::load(long, &wasm, functions(&["f"])).unwrap().failed();
        assert_eq!(kind, ErrorKind::AbiViolation);
    }
}

#[test]
fn a_buffer_outside_of_the_memory_ends_the_call_first() {
    let wasm = fetching(70_000, "(i32.const 0)");
    let set = |engine: EngineBuilder| engine.function("f", |_: &mut Invocation<'_>, ()| never());
    let running = Running::load(set, &wasm, functions(&["f"])).unwrap();
    assert_eq!(running.failed().0, ErrorKind::AbiViolation);
    assert!(running.audit.taken().is_empty());
}

#[test]
fn no_result_is_left_for_the_next_pooled_call() {
    // The first call keeps a result; each later one looks for it.
    let wasm = guest_wanting(
        &["function:f"],
        &format!(
            r#"(data (i32.const 0) "fnull") (global $called (mut i32) (i32.const 0))
               (func (export "cpex_invoke") (param i32) (result i32) (local $len i32)
                 (if (i32.eqz (global.get $called)) (then
                   (global.set $called (i32.const 1))
                   (return (i32.mul (i32.const 0) (call $call_json (i32.const 0) (i32.const 1)
                     (i32.const 1) (i32.const 4) (i32.const 1024) (i32.const 0))))))
                 {} (local.get $len))"#,
            part(0, 100)
        ),
    );
    let running = Running::load(long, &wasm, functions(&["f"]).pooled(1)).unwrap();
    assert!(running.logged().is_empty());
    assert_eq!(running.logged(), [""]);
}

#[test]
fn what_a_function_fails_with_is_told_to_the_plugin() {
    for (status, kind, told) in [
        (Status::QuotaExceeded, ErrorKind::PluginFailed, "failed"),
        (Status::Unavailable, ErrorKind::PluginFailed, "failed"),
        (Status::AccessDenied, ErrorKind::AccessDenied, "denied"),
    ] {
        let at_once = running("null", |engine| {
            engine.function("f", move |_: &mut Invocation<'_>, ()| Err::<(), _>(status))
        });
        let later = running("null", |engine| {
            engine.function_async("f", move |_: &mut Invocation<'_>, ()| {
                from_another_thread(Err::<(), _>(status))
            })
        });
        for running in [at_once, later] {
            assert_eq!(running.failed().0, kind);
            assert_eq!(running.audit.taken(), [format!("function call f {told} 4 0")]);
        }
    }
}

/// Panics when it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_function_that_panics_fails_and_harms_nobody() {
    let at_once =
        running("null", |engine| engine.function("f", |_: &mut Invocation<'_>, ()| never()));
    let before = running("null", |engine| {
        engine.function_async("f", |_: &mut Invocation<'_>, ()| {
            assert!(std::env::args().count() == 0, "before there is a future");
            async { Ok(1) }
        })
    });
    let later = running("null", |engine| {
        engine.function_async("f", |_: &mut Invocation<'_>, ()| async {
            from_another_thread(()).await;
            never()
        })
    });
    let in_the_end = running("null", |engine| {
        engine.function_async("f", |_: &mut Invocation<'_>, ()| {
            let grenade = Grenade;
            std::future::poll_fn(move |_| {
                let _held = &grenade;
                Poll::Ready(Err::<u32, _>(Status::Unavailable))
            })
        })
    });
    for running in [at_once, before, later, in_the_end] {
        for _call in 0..2 {
            let (kind, message) = running.failed();
            assert_eq!(kind, ErrorKind::PluginFailed);
            assert!(message.contains("`Unavailable`"), "{message}");
            assert_eq!(running.audit.taken(), ["function call f failed 4 0"]);
        }
    }
}

#[test]
fn a_function_may_charge_more_than_there_is() {
    let charging = |bytes: usize| {
        running("null", move |engine| {
            engine.function("f", move |invocation: &mut Invocation<'_>, ()| {
                invocation.charge(bytes);
                Ok(0)
            })
        })
    };
    let fuel = |bytes| charging(bytes).call().unwrap().receipt.fuel;
    assert_eq!(fuel(20_000) - fuel(0), 10_000);
    let limits = |fuel| Limits::default().fuel(fuel);
    let exact = fuel(20_000);
    for (fuel, enough) in [(exact, true), (exact - 1, false), (1000, false)] {
        let script = Script::asking(&["function:f"]).calls("f", "null");
        let set = |engine: EngineBuilder| {
            engine.function("f", |invocation: &mut Invocation<'_>, ()| {
                invocation.charge(20_000);
                Ok(0)
            })
        };
        let running = Running::on(set, &script, functions(&["f"]).limits(limits(fuel)));
        match running.call() {
            Ok(_) => assert!(enough, "{fuel}"),
            Err(error) => {
                assert!(!enough, "{fuel}: {error}");
                assert_eq!(error.kind(), ErrorKind::FuelExhausted);
            }
        }
        // It was done: that the plugin cannot pay for it is known afterwards.
        assert_eq!(running.audit.taken(), ["function call f allowed 4 1"]);
    }
    assert_eq!(charging(usize::MAX).failed().0, ErrorKind::FuelExhausted);
}

#[test]
fn who_uses_up_a_slice_waiting_goes_on_with_the_next() {
    // Each charge is more than a slice, and the results of all come back right.
    let script = (0..20).fold(Script::asking(&["function:f"]), |script, number| {
        script.calls("f", &number.to_string())
    });
    let set = |engine: EngineBuilder| {
        engine.fuel_slice(500).function_async(
            "f",
            |invocation: &mut Invocation<'_>, number: u32| {
                invocation.charge(1500);
                from_another_thread(Ok::<_, Status>(number))
            },
        )
    };
    let running = Running::on(set, &script, functions(&["f"]));
    let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(running.logged(), expected);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(calling(&running.plugin)).unwrap();
    assert_eq!(outcome.receipt, running.call().unwrap().receipt);
}

/// The functions that the fixture `quota` calls: a rate limiter, which knows no `mallory`, and a store.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<BTreeMap<String, u32>>>);

impl Shop {
    fn on(&self, engine: EngineBuilder) -> EngineBuilder {
        let (costs, kept) = (self.clone(), self.clone());
        engine
            .function("acme.take", |_: &mut Invocation<'_>, (user, cost): (String, u32)| {
                Ok((user != "mallory").then(|| 10_u32.checked_sub(cost)).flatten())
            })
            .function_async("acme.get", move |_: &mut Invocation<'_>, key: String| {
                from_another_thread(Ok::<_, Status>(costs.0.lock().unwrap().get(&key).copied()))
            })
            .function_async("acme.put", move |_: &mut Invocation<'_>, (key, n): (String, u32)| {
                kept.0.lock().unwrap().insert(key, n);
                from_another_thread(Ok::<_, Status>(()))
            })
    }
}

#[test]
fn a_plugin_of_the_sdk_calls_functions_with_their_types() {
    let shop = Shop::default();
    shop.0.lock().unwrap().insert("cost/search".into(), 4);
    let names = ["acme.take", "acme.get", "acme.put"];
    let policy = functions(&names).grant([cpex_wasmi::Capability::ReadSubject]);
    let engine = shop.on(Engine::builder()).build().unwrap();
    let plugin = Plugin::load(&engine, &fixture("quota"), policy).unwrap();
    let request = |user: &str| Request::tool_call("search").subject(user);
    let allowed = plugin.call(HOOK, request("alice")).unwrap();
    assert!(allowed.decision.is_allow());
    assert_eq!(shop.0.lock().unwrap().get("left/alice"), Some(&6));
    let denied = plugin.call(HOOK, request("mallory")).unwrap();
    assert_eq!(denied.decision.violation().unwrap().code, "quota_exceeded");
}
