//! A plugin that uses environment, clock, randomness and a program: what it does with all of it granted, and
//! that it does nothing without.
#![cfg(all(target_os = "linux", feature = "exec"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use core::time::Duration;
use std::sync::{Arc, Mutex};

use common::*;
use cpex_wasmi::{
    Access, AuditEvent, ClockGrant, CommandGrant, Decision, Engine, ErrorKind, LogRecord, Plugin,
    Policy, RandomGrant,
};

/// All that it asks for, with a time and numbers that are the same each time.
fn granted() -> Access {
    Access::default()
        .env("API_*")
        .clock(ClockGrant::Fixed(Duration::from_secs(1_800_000_000)))
        .random(RandomGrant::Seeded(42))
        .command(CommandGrant::new("/bin/echo", ["noted", "*"]))
}

/// An engine in a region, and what comes to its log and its audit sink.
fn engine(region: &'static str) -> (Engine, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (lines, events) = (told.clone(), told.clone());
    let engine = Engine::builder()
        .environment([("API_REGION", region), ("API_SECRET", "hidden")])
        .log_sink(move |record: &LogRecord<'_>| {
            lines.lock().unwrap().push(format!("log {}", record.message));
        })
        .audit_sink(move |event: &AuditEvent<'_>| {
            let AuditEvent { access, target, outcome, .. } = event;
            events.lock().unwrap().push(format!("{access} {target} {outcome}"));
        })
        .build()
        .unwrap();
    (engine, told)
}

fn decision(engine: &Engine, access: Access) -> Decision {
    let policy = Policy::default().access(access);
    let plugin = Plugin::load(engine, &fixture("change_window"), policy).unwrap();
    call(&plugin).unwrap().decision
}

fn denial(decision: &Decision) -> &str {
    let Decision::Deny(violation) = decision else { panic!("allowed") };
    &violation.code
}

#[test]
fn with_all_of_it_granted_it_is_all_used_and_told() {
    let (engine, told) = engine("eu-1");
    assert!(decision(&engine, granted()).is_allow());
    let once = std::mem::take(&mut *told.lock().unwrap());
    let kinds: Vec<_> = once.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["env", "clock", "random", "exec", "log"], "{once:?}");
    assert!(once.iter().all(|line| line.starts_with("log noted ") || line.ends_with("allowed")));
    // The numbers are made from a seed.
    assert!(decision(&engine, granted()).is_allow());
    assert_eq!(*told.lock().unwrap(), once);
}

#[test]
fn it_decides_by_the_region_and_by_the_time() {
    assert_eq!(denial(&decision(&engine("us-2").0, granted())), "wrong_region");
    let mut early = granted();
    early.clock = Some(ClockGrant::Fixed(Duration::from_secs(1_700_000_000)));
    assert_eq!(denial(&decision(&engine("eu-1").0, early)), "too_early");
}

#[test]
fn without_any_part_of_it_the_plugin_is_not_loaded() {
    let without: [fn(&mut Access); 4] = [
        |access| access.env.clear(),
        |access| access.clock = None,
        |access| access.random = None,
        |access| access.commands.clear(),
    ];
    for take in without {
        let mut access = granted();
        take(&mut access);
        let policy = Policy::default().access(access);
        let error = Plugin::load(&engine("eu-1").0, &fixture("change_window"), policy).unwrap_err();
        assert_eq!((error.kind(), error.problems().len()), (ErrorKind::AccessDenied, 1), "{error}");
    }
}

#[test]
fn arguments_that_the_policy_does_not_have_are_denied() {
    let (engine, told) = engine("eu-1");
    let mut access = granted();
    access.commands = vec![CommandGrant::new("/bin/echo", ["something else"])];
    let policy = Policy::default().access(access);
    let plugin = Plugin::load(&engine, &fixture("change_window"), policy).unwrap();
    assert_eq!(call(&plugin).unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .any(|line| line.starts_with("exec") && line.ends_with("denied"))
    );
}
