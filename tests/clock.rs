//! Clocks that an embedder supplies and that do what no clock should: a call ends all the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::sync::Mutex;
use std::time::Duration;

use common::*;
use cpex_wasmi::{Clock, Engine, Limits, Plugin, Policy, Receipt};

const LOOP: &str = "(loop $forever (br $forever)) (unreachable)";
const FUEL: u64 = 4_000_000;
const DEADLINE: Duration = Duration::from_millis(50);

/// Shows these times, one at each look, and the last one from then on.
struct Scripted(Mutex<Vec<Duration>>);

impl Clock for Scripted {
    fn now(&self) -> Duration {
        let mut times = self.0.lock().unwrap();
        if times.len() > 1 { times.remove(0) } else { times[0] }
    }
}

/// Goes forth and back between the ends of time.
struct Torn(Mutex<bool>);

impl Clock for Torn {
    fn now(&self) -> Duration {
        let mut late = self.0.lock().unwrap();
        *late = !*late;
        if *late { Duration::ZERO } else { Duration::MAX }
    }
}

fn plugin(clock: impl Clock + 'static, deadline: Duration, body: &str) -> Plugin {
    let engine = Engine::builder().clock(clock).build().unwrap();
    let limits = Limits::default().fuel(FUEL).deadline(deadline);
    Plugin::load(&engine, &invoking(body), Policy::default().limits(limits)).unwrap()
}

fn scripted(times: &[Duration]) -> Scripted {
    Scripted(Mutex::new(times.to_vec()))
}

/// The result of a plugin without end.
fn ended(clock: impl Clock + 'static, deadline: Duration) -> (&'static str, Receipt) {
    let error = call(&plugin(clock, deadline, LOOP)).unwrap_err();
    (error.code(), *error.receipt().unwrap())
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_clock_that_jumps_ahead_ends_the_call_at_the_next_look() {
    for ahead in [DEADLINE, ms(1 << 40), Duration::MAX] {
        let (code, receipt) = ended(scripted(&[ms(0), ms(1), ahead]), DEADLINE);
        assert_eq!(code, "timeout", "{ahead:?}");
        assert_eq!(receipt.slices, 2, "{ahead:?}");
    }
}

#[test]
fn a_clock_that_jumps_back_leaves_the_call_to_its_fuel() {
    for begun in [ms(1000), Duration::MAX] {
        let (code, receipt) = ended(scripted(&[begun, ms(0)]), DEADLINE);
        assert_eq!(code, "fuel_exhausted", "{begun:?}");
        assert!(receipt.fuel <= FUEL, "{receipt:?}");
    }
    // At each look a little earlier.
    let back: Vec<_> = (0..1000).rev().map(ms).collect();
    assert_eq!(ended(scripted(&back), DEADLINE).0, "fuel_exhausted");
}

#[test]
fn the_deadline_holds_once_the_clock_catches_up() {
    let times = [ms(1000), ms(0), ms(500), ms(1049), ms(1050)];
    let (code, receipt) = ended(scripted(&times), DEADLINE);
    assert_eq!((code, receipt.slices), ("timeout", 4));
}

#[test]
fn calls_end_although_the_clock_stands_still_or_is_torn() {
    assert_eq!(ended(scripted(&[Duration::MAX]), DEADLINE).0, "fuel_exhausted");
    assert_eq!(ended(scripted(&[Duration::ZERO]), DEADLINE).0, "fuel_exhausted");
    assert_eq!(ended(Torn(Mutex::new(false)), DEADLINE).0, "timeout");
    assert_eq!(ended(Torn(Mutex::new(true)), DEADLINE).0, "fuel_exhausted");
}

#[test]
fn deadlines_at_the_ends_of_time_are_kept_to() {
    assert_eq!(ended(scripted(&[ms(7)]), Duration::ZERO).0, "timeout");
    let (code, _) = ended(scripted(&[ms(0), ms(1 << 40)]), Duration::MAX);
    assert_eq!(code, "fuel_exhausted");
    assert_eq!(ended(scripted(&[ms(0), Duration::MAX]), Duration::MAX).0, "timeout");
}

#[test]
fn after_a_jump_the_next_call_is_served() {
    let times = [ms(0), Duration::MAX, ms(0)];
    let looping = plugin(scripted(&times), DEADLINE, LOOP);
    assert_eq!(call(&looping).unwrap_err().code(), "timeout");
    assert_eq!(call(&looping).unwrap_err().code(), "fuel_exhausted");
    let prompt = plugin(scripted(&[Duration::MAX, ms(0)]), DEADLINE, "(i32.const 0)");
    for _ in 0..3 {
        assert!(call(&prompt).unwrap().decision.is_allow());
    }
}
