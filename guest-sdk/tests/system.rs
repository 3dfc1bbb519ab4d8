//! System access of plugins that run natively.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::system;
use cpex_wasmi_guest::testing::{
    Access, Capability, ClockGrant, Engine, Harness, Invocation, Policy, RandomGrant, Request,
};

#[allow(unused_attributes, unreachable_pub)]
#[path = "../../fixtures/plugins/quota/src/lib.rs"]
mod quota;

#[allow(unused_attributes, unreachable_pub)]
#[path = "../../fixtures/plugins/rate_limiter/src/lib.rs"]
mod rate_limiter;

const HOOK: &str = "cmf.tool_pre_invoke";

plugin! {
    name: "curious",
    access: ["env:API_*", "clock", "random"],
    hooks: { "cmf.tool_pre_invoke" => look },
}

fn look(_: &Call) -> Result<Verdict> {
    let mut random = [0; 3];
    system::random(&mut random)?;
    let mut much = vec![0; 70_000];
    system::random(&mut much)?;
    info!(
        "{:?} {:?} {:?} {random:?} {}",
        system::env("API_REGION")?,
        system::env("API_NONE")?,
        system::now()?,
        much.iter().any(|byte| *byte != 0)
    );
    match system::env("HOME") {
        Err(error) if error.status() == Status::AccessDenied => allow(),
        other => panic!("{other:?}"),
    }
}

mod salted {
    use super::*;

    plugin! {
        name: "salted",
        access: ["random"],
        stateful: per_instance,
        init: prepare,
        hooks: { "cmf.tool_pre_invoke" => look },
    }

    fn prepare(_: JsonMap) -> Result<()> {
        info!("{:?}", system::salt()?);
        Ok(())
    }

    fn look(_: &Call) -> Result<Verdict> {
        info!("{:?}", system::salt()?);
        allow()
    }
}

#[test]
fn a_salt_stays_the_same() {
    let access = Access::default().random(RandomGrant::System);
    let policy = Policy::default().access(access).pooled(2).allow_state();
    let mut harness = Harness::new(&salted::PLUGIN).under(policy);
    harness.call(HOOK, Request::tool_call("search")).unwrap();
    harness.call(HOOK, Request::tool_call("search")).unwrap();
    let lines = harness.take_log();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.message == lines[0].message && line.message.len() > 64));
}

#[test]
fn a_manifest_says_whose_state_it_is() {
    use cpex_wasmi_guest::rt::Stateful;
    assert_eq!(salted::PLUGIN.manifest.stateful, Stateful::PerInstance);
    assert_eq!(PLUGIN.manifest.stateful, Stateful::No);
}

#[test]
fn wrappers_give_what_is_granted() {
    let access = Access::default()
        .env("API_*")
        .clock(ClockGrant::Fixed(Duration::from_millis(1500)))
        .random(RandomGrant::Seeded(0));
    let mut harness = Harness::new(&PLUGIN)
        .under(Policy::default().access(access))
        .on(Engine::builder().environment([("API_REGION", "eu-1"), ("HOME", "/")]));
    for _call in 0..2 {
        assert!(harness.call(HOOK, Request::tool_call("search")).unwrap().decision.is_allow());
        let lines = harness.take_log();
        assert_eq!(lines[0].message, r#"Some("eu-1") None 1.5s [118, 184, 224] true"#);
    }
}

#[test]
fn functions_are_called_natively_and_by_the_module() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let engine = Engine::builder()
        .function("acme.get", |_: &mut Invocation<'_>, _: String| Ok(Some(2_u32)))
        .function("acme.put", |_: &mut Invocation<'_>, _: (String, u32)| Ok(()))
        .function("acme.take", move |_: &mut Invocation<'_>, (user, cost): (String, u32)| {
            seen.lock().unwrap().push((user, cost));
            Ok(Some(1_u32))
        });
    let access = Access::default().function("acme.get").function("acme.put").function("acme.take");
    let policy = Policy::default().access(access).grant([Capability::ReadSubject]);
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/quota.wasm");
    let mut harness =
        Harness::new(&quota::PLUGIN).under(policy).on(engine).module_file(Path::new(module));
    let request = Request::tool_call("search").subject("alice");
    assert!(harness.call(HOOK, request).unwrap().decision.is_allow());
    assert_eq!(*calls.lock().unwrap(), [("alice".to_owned(), 2), ("alice".to_owned(), 2)]);
}

#[test]
fn a_rate_limiter_counts_over_instances() {
    let access = Access::default().state("calls/*");
    let policy =
        Policy::default().access(access).grant([Capability::ReadSubject]).config("limit", 2);
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/rate_limiter.wasm");
    let mut harness =
        Harness::new(&rate_limiter::PLUGIN).under(policy).module_file_if_built(Path::new(module));
    let mut called = |user: &str| {
        let request = Request::tool_call("search").subject(user);
        let outcome = harness.call(HOOK, request).unwrap();
        harness.new_instance();
        outcome.decision.is_allow()
    };
    let decisions = ["alice", "alice", "bob", "alice", "bob", "bob"].map(&mut called);
    assert_eq!(decisions, [true, true, true, false, true, false]);
}

mod stateful {
    use super::*;
    use cpex_wasmi_guest::state;

    plugin! {
        name: "stateful",
        access: ["state:*"],
        hooks: { "cmf.tool_pre_invoke" => look },
    }

    fn look(_: &Call) -> Result<Verdict> {
        assert_eq!(state::get("a")?, None);
        assert_eq!(state::number("a")?, 0);
        state::set("a", "text", None)?;
        assert_eq!(state::get("a")?.as_deref(), Some(&b"text"[..]));
        assert_eq!(state::get_text("a")?.as_deref(), Some("text"));
        assert_eq!(state::number("a").map_err(|error| error.status()), Err(Status::Malformed));
        state::set("a", [0xff], Some(Duration::from_secs(9)))?;
        assert_eq!(state::get_text("a").map_err(|error| error.status()), Err(Status::Malformed));
        assert!(!state::compare_and_set("a", Some(b"text"), Some(b"5"), None)?);
        assert!(state::compare_and_set("a", Some(&[0xff]), Some(b"5"), None)?);
        assert_eq!(state::increment("a", -7, Some(Duration::from_millis(500)))?, -2);
        assert_eq!(state::number("a")?, -2);
        assert!(state::expire("a", Some(Duration::from_secs(60)))?);
        assert!(state::expire("a", None)?);
        assert!(state::remove("a")?);
        assert!(!state::remove("a")? && !state::expire("a", None)?);
        let short = state::set("a", "", Some(Duration::from_micros(9)));
        assert_eq!(short.map_err(|error| error.status()), Err(Status::InvalidArgument));
        allow()
    }
}

#[test]
fn state_is_kept_natively() {
    let policy = Policy::default().access(Access::default().state("*"));
    let mut harness = Harness::new(&stateful::PLUGIN).under(policy);
    assert!(harness.call(HOOK, Request::tool_call("search")).unwrap().decision.is_allow());
}
