//! An initialisation that uses what may be different the next time is not done once for all.

use std::sync::atomic::{AtomicU32, Ordering};

use cpex_wasmi::{Invocation, Policy};

use super::script::*;

/// The log of the initialisation of three instances.
fn initialised(wish: &str, name: &str, argument: &str, policy: &Policy) -> Vec<String> {
    let script = Script::asking(&[wish]).at_init(name, argument);
    let next = AtomicU32::new(0);
    let running = Running::on(
        |engine| {
            engine.function("acme.next", move |_: &mut Invocation<'_>, ()| {
                Ok(next.fetch_add(1, Ordering::Relaxed))
            })
        },
        &script,
        policy.clone(),
    );
    for _call in 0..3 {
        running.call().unwrap();
    }
    running.logs.messages()
}

#[test]
fn what_the_embedder_gives_is_asked_for_by_each_instance() {
    let policy = granting(|access| access.functions = vec!["acme.next".into()]);
    assert_eq!(initialised("function:acme.next", "acme.next", "null", &policy), ["0", "1", "2"]);
}

mod of_the_system {
    use std::time::Duration;

    use cpex_wasmi::{ClockGrant, RandomGrant};

    use super::*;

    fn access(clock: ClockGrant, random: RandomGrant) -> Policy {
        granting(|access| {
            access.clock = Some(clock);
            access.random = Some(random);
        })
    }

    #[test]
    fn what_stands_still_is_looked_at_once() {
        let policy = access(ClockGrant::Fixed(Duration::from_secs(1)), RandomGrant::Seeded(0));
        assert_eq!(initialised("clock", "clock.now", "null", &policy), ["1000000000"]);
        assert_eq!(initialised("random", "random.bytes", "1", &policy), ["[118]"]);
        // The numbers begin anew in each initialisation that there is.
        let policy = policy.without_snapshot();
        assert_eq!(initialised("random", "random.bytes", "1", &policy), ["[118]"; 3]);
    }

    #[test]
    fn what_differs_is_looked_at_for_each_instance() {
        let policy = access(ClockGrant::System, RandomGrant::System);
        let mut times = initialised("clock", "clock.now", "null", &policy);
        times.dedup();
        assert_eq!(times.len(), 3);
        let mut numbers = initialised("random", "random.bytes", "16", &policy);
        numbers.dedup();
        assert_eq!(numbers.len(), 3);
    }
}
