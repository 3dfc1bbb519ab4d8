//! Functions of an embedder's own: a rate limiter in the host's memory, and a key-value store.
//!
//! ```console
//! $ cargo functions
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};

use cpex_wasmi::{
    Access, AuditEvent, Capability, Decision, Engine, Invocation, Plugin, Policy, Request, Status,
};

/// The rest of users' quotas. It outlives all calls, and plugins share it.
#[derive(Default)]
struct Limiter {
    left: Mutex<BTreeMap<String, u32>>,
    refused: AtomicU32,
}

impl Limiter {
    const EACH: u32 = 5;

    /// Takes so much of what a user has left; gives the rest, or nothing if there is not enough.
    fn take(&self, user: String, cost: u32) -> Option<u32> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = left.entry(user).or_insert(Self::EACH);
        let rest = left.checked_sub(cost);
        match rest {
            Some(rest) => *left = rest,
            None => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        rest
    }
}

/// A store that takes time, as one does that is reached by a network.
#[derive(Clone, Default)]
struct Store(Arc<tokio::sync::Mutex<BTreeMap<String, u32>>>);

impl Store {
    async fn get(self, key: String) -> Result<Option<u32>, Status> {
        tokio::task::yield_now().await;
        Ok(self.0.lock().await.get(&key).copied())
    }

    async fn put(self, key: String, value: u32) -> Result<(), Status> {
        // A plugin is told why it cannot: here, that it may not write everywhere.
        if !key.starts_with("left/") {
            return Err(Status::AccessDenied);
        }
        self.0.lock().await.insert(key, value);
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (limiter, store) = (Arc::new(Limiter::default()), Store::default());
    store.0.lock().await.insert("cost/export".into(), 3);

    let (take, get, put) = (limiter.clone(), store.clone(), store.clone());
    let engine = Engine::builder()
        // At once: the thread that runs the plugin looks it up.
        .function("acme.take", move |_: &mut Invocation<'_>, (user, cost): (String, u32)| {
            Ok(take.take(user, cost))
        })
        // In time: the plugin is suspended, and no thread waits.
        .function_async("acme.get", move |call: &mut Invocation<'_>, key: String| {
            call.charge(key.len());
            get.clone().get(key)
        })
        .function_async("acme.put", move |_: &mut Invocation<'_>, (key, value)| {
            put.clone().put(key, value)
        })
        .audit_sink(|event: &AuditEvent<'_>| {
            println!(
                "    {} {} {}: {}",
                event.plugin, event.operation, event.target, event.outcome
            );
        })
        .build()?;

    let access = Access::default().function("acme.take").function("acme.get").function("acme.put");
    let policy = Policy::default().grant([Capability::ReadSubject]).access(access);
    let plugin = Plugin::load(&engine, &std::fs::read("fixtures/quota.wasm")?, policy)?;

    for (user, tool) in
        [("alice", "search"), ("alice", "export"), ("alice", "export"), ("bob", "export")]
    {
        println!("{user} calls {tool}");
        let request = Request::tool_call(tool).subject(user);
        match plugin.call_async("cmf.tool_pre_invoke", request).await?.decision {
            Decision::Allow => println!("  allowed"),
            Decision::Deny(violation) => {
                println!("  denied, {}: {}", violation.code, violation.reason)
            }
        }
    }
    println!("kept: {:?}", store.0.lock().await);
    println!("refused: {}", limiter.refused.load(Ordering::Relaxed));
    Ok(())
}
