//! Calls that end before the function does that their plugin waits for.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use cpex_wasmi::{Clock, EngineBuilder, ErrorKind, Invocation, Limits, Policy, Status};

use super::script::*;

/// Counts those that are there.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicU32>);

struct One(Alive);

impl Alive {
    fn one(&self) -> One {
        self.0.fetch_add(1, Ordering::Relaxed);
        One(self.clone())
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn policy(deadline: Option<Duration>) -> Policy {
    let limits = Limits::default().deadline(deadline);
    granting(|access| access.functions = vec!["f".into()]).limits(limits)
}

/// A guest that waits for what never comes, in an instance that would be kept.
fn waiting(
    alive: &Alive,
    deadline: Option<Duration>,
    set: impl FnOnce(EngineBuilder) -> EngineBuilder,
) -> Running {
    let alive = alive.clone();
    let script = Script::asking(&["function:f"]).calls("f", "null");
    Running::on(
        |engine| {
            set(engine).function_async("f", move |_: &mut Invocation<'_>, ()| {
                let one = alive.one();
                async move {
                    pending::<()>().await;
                    drop(one);
                    Ok::<u32, Status>(1)
                }
            })
        },
        &script,
        policy(deadline).pooled(1),
    )
}

#[test]
fn a_blocking_call_ends_at_its_deadline() {
    let alive = Alive::default();
    let running = waiting(&alive, Some(Duration::from_millis(30)), |engine| engine);
    let begun = Instant::now();
    assert_eq!(running.failed().0, ErrorKind::Timeout);
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert_eq!(alive.count(), 0);
    assert_eq!(running.audit.taken(), ["function call f failed 4 0"]);
}

/// Tokio's clock, with its timers.
struct Tokio(Instant);

impl Clock for Tokio {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        Some(Box::pin(tokio::time::sleep(time)))
    }
}

#[test]
fn an_asynchronous_call_ends_at_its_deadline() {
    let alive = Alive::default();
    let deadline = Some(Duration::from_millis(30));
    let running = waiting(&alive, deadline, |engine| engine.clock(Tokio(Instant::now())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (one, other) = tokio::join!(calling(&running.plugin), calling(&running.plugin));
        for result in [one, other] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Timeout);
        }
    });
    assert_eq!(alive.count(), 0);
    assert_eq!(running.audit.taken(), ["function call f failed 4 0"; 2]);
}

#[test]
fn who_drops_the_call_drops_what_it_waits_for() {
    let alive = Alive::default();
    let running = waiting(&alive, None, |engine| engine);
    let mut context = Context::from_waker(Waker::noop());
    for _call in 0..3 {
        let mut call = Box::pin(calling(&running.plugin));
        assert!(call.as_mut().poll(&mut context).is_pending());
        assert!(call.as_mut().poll(&mut context).is_pending());
        assert_eq!(alive.count(), 1);
        assert!(running.audit.taken().is_empty());
        drop(call);
        assert_eq!(alive.count(), 0);
        assert_eq!(running.audit.taken(), ["function call f failed 4 0"]);
    }
}

#[test]
fn a_future_that_panics_on_drop_is_abandoned_like_any() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let script = Script::asking(&["function:f"]).calls("f", "null");
    let running = Running::on(
        |engine| {
            engine.function_async("f", |_: &mut Invocation<'_>, ()| async {
                let _grenade = Grenade;
                pending::<Result<u32, Status>>().await
            })
        },
        &script,
        policy(None),
    );
    let mut call = Box::pin(calling(&running.plugin));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(call);
    assert_eq!(running.audit.taken(), ["function call f failed 4 0"]);
}

#[test]
fn the_time_that_a_function_is_told_runs_out() {
    let script = Script::asking(&["function:f"]).calls("f", "null").calls("f", "null");
    let running = Running::on(
        |engine| {
            engine.function_async("f", |invocation: &mut Invocation<'_>, ()| {
                let remaining = invocation.remaining();
                async move {
                    std::thread::sleep(Duration::from_millis(5));
                    Ok::<_, Status>(remaining.map(|time| time.as_micros() as u64))
                }
            })
        },
        &script,
        policy(Some(Duration::from_secs(60))),
    );
    let told: Vec<u64> = running.logged().iter().map(|line| line.parse().unwrap()).collect();
    assert!(told[0] <= 60_000_000 && told[1] + 4_000 <= told[0], "{told:?}");
}
