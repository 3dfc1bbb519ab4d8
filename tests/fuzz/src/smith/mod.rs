//! Plugins of arbitrary code that call the host a lot.

mod base;
mod fields;
mod plan;
mod script;
mod sections;
mod words;

use std::future::Future as _;
use std::task::{Context, Waker};

use cpex_wasmi::{
    Changes, Engine, Error, ErrorKind, Isolation, Limits, Outcome, Plugin, Policy, Receipt, Request,
};

use crate::common::finish;
use crate::session::shows_token;
use plan::{Plan, allowing, limits};

/// Loads a module that is made of the bytes and calls it in every way there is. What a call comes to
/// depends on the module and the request alone: not on whether it yields, nor on whether each instance
/// is initialised on its own, nor on calls that failed.
pub fn smith(data: &[u8]) {
    let Some(plan) = Plan::new(data) else { return };
    let engine = Engine::new().unwrap();
    let yielding = Engine::builder().fuel_slice(plan.slice).build().unwrap();
    let neighbour = Plugin::load(&engine, &allowing().unwrap(), Policy::default()).unwrap();
    let load = |engine, policy: Policy| Plugin::load(engine, &plan.wasm, policy);
    let policy = || plan.policy.clone();
    let loaded = (
        load(&engine, policy()),
        load(&yielding, policy()),
        load(&engine, policy().without_snapshot()),
    );
    let (plugin, other, each) = match loaded {
        (Ok(plugin), Ok(other), Ok(each)) => (plugin, other, each),
        (Err(error), Err(_), Err(_)) => {
            let kind = error.kind();
            assert!(matches!(kind, ErrorKind::InvalidModule | ErrorKind::MemoryLimit), "{error}");
            return;
        }
        loaded => panic!("not all of them loaded: {loaded:?}"),
    };

    let knows_token = shows_token(&String::from_utf8_lossy(data));
    let call = |hook: &String| {
        let blocking = seen(plugin.call(hook, plan.request.clone()), limits().fuel);
        let yielding = finish(other.call_async(hook, plan.request.clone()));
        assert_same(&blocking, &seen(yielding, limits().fuel));
        assert_same(&blocking, &seen(each.call(hook, plan.request.clone()), limits().fuel));
        if let Ok((outcome, _)) = &blocking {
            assert!(
                knows_token || !shows_token(&format!("{:?}", outcome.decision)),
                "a token was told"
            );
        }
        blocking
    };
    let initialised = begun(plugin.initialize());
    assert_same(&initialised, &begun(finish(other.initialize_async())));
    assert_same(&initialised, &begun(each.initialize()));
    let Some(first) = plan.hooks.first() else { return };
    let fresh = call(first);
    let is_new = fresh.is_err() && !plan.stateful;
    if is_new || plan.policy.isolation == Isolation::PerCall {
        assert_same(&fresh, &call(first));
    }
    for hook in plan.hooks.iter().skip(1) {
        let _ = call(hook);
    }
    // What is abandoned is gone.
    let mut abandoned = Box::pin(other.call_async(first, plan.request.clone()));
    let _ = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(abandoned);
    let ending = ended(plugin.shutdown());
    let _ = ended(finish(other.shutdown_async()));
    assert_same(&ending, &ended(each.shutdown()));
    assert!(ending.is_ok() || plan.policy.isolation == Isolation::Pooled);
    if plan.stateful {
        assert_eq!(plugin.call(first, plan.request.clone()).unwrap_err().code(), "shut_down");
    } else {
        assert_same(&fresh, &call(first));
    }
    let outcome = neighbour.call("cmf.tool_pre_invoke", Request::tool_call("search")).unwrap();
    assert!(outcome.decision.is_allow() && outcome.changes.is_empty());
}

/// The result of an execution, and its cost.
type Seen<T> = Result<(T, Receipt), Box<(ErrorKind, String, Receipt)>>;

/// Checks what must be true of every call.
fn seen(result: Result<Outcome, Error>, fuel: u64) -> Seen<Outcome> {
    match result {
        Ok(mut outcome) => {
            let receipt = checked(outcome.receipt, fuel);
            outcome.receipt = receipt;
            if !outcome.decision.is_allow() {
                let mut others = outcome.changes.clone();
                (others.local_state, others.global_state) = (None, None);
                assert!(others == Changes::default(), "what is denied is changed: {others:?}");
            }
            Ok((outcome, receipt))
        }
        Err(error) => Err(failure(&error, fuel)),
    }
}

/// The receipt of an initialisation.
fn begun(result: Result<Receipt, Error>) -> Seen<()> {
    let fuel = limits().init_fuel;
    let seen = result.map(|receipt| ((), checked(receipt, fuel)));
    seen.map_err(|error| failure(&error, fuel))
}

/// The receipt of a shutdown.
fn ended(result: Result<(), Error>) -> Seen<()> {
    let fuel = limits().init_fuel;
    result.map(|()| ((), Receipt::default())).map_err(|error| failure(&error, fuel))
}

fn failure(error: &Error, fuel: u64) -> Box<(ErrorKind, String, Receipt)> {
    assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
    let receipt = error.receipt();
    assert!(receipt.is_some(), "a failed call has no receipt: {error}");
    let receipt = checked(receipt.copied().unwrap_or_default(), fuel);
    Box::new((error.kind(), error.to_string(), receipt))
}

/// A receipt within the limits, without the slices, which depend on the engine.
fn checked(mut receipt: Receipt, fuel: u64) -> Receipt {
    let Limits { memory_bytes, host_calls, bytes_read, bytes_written, log_bytes, .. } = limits();
    assert!(receipt.fuel <= fuel, "{receipt:?}");
    assert!(receipt.peak_memory_bytes <= u64::try_from(memory_bytes).unwrap(), "{receipt:?}");
    // A call that goes over one of these ends with it.
    assert!(receipt.host_calls <= host_calls.saturating_add(1), "{receipt:?}");
    assert!(receipt.bytes_read <= bytes_read, "{receipt:?}");
    assert!(receipt.bytes_written <= bytes_written, "{receipt:?}");
    assert!(receipt.log_bytes <= log_bytes, "{receipt:?}");
    receipt.slices = 0;
    receipt
}

fn assert_same<T: PartialEq + std::fmt::Debug>(one: &Seen<T>, two: &Seen<T>) {
    // A float that is no number is not equal to itself.
    assert!(one == two || format!("{one:?}") == format!("{two:?}"), "{one:#?}\n{two:#?}");
}
