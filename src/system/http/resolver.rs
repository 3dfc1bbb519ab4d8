//! Names to addresses that a request may go to.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::{self, Vec};
use core::future::Future;
use core::net::{IpAddr, SocketAddr};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::net::ToSocketAddrs as _;
use std::sync::{Mutex, PoisonError};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;

use super::AddressGuard;

/// How many names are resolved at once.
pub(super) const MAX_LOOKUPS: usize = 32;
/// The same, for one plugin: who waits for slow names of its own holds up no other.
const MAX_LOOKUPS_EACH: usize = 4;

tokio::task_local! {
    /// The plugin that a request is for.
    static PLUGIN: Arc<str>;
}

/// Sends something for a plugin, so that names are looked up for it.
pub(super) fn sending_for<T: Future>(
    plugin: &str,
    sending: T,
) -> impl Future<Output = T::Output> + use<T> {
    PLUGIN.scope(plugin.into(), sending)
}

/// A way to resolve names.
#[derive(Clone)]
pub(super) struct Lookup(Arc<dyn Fn(String) -> Found + Send + Sync>);

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

impl Lookup {
    /// As the system does.
    pub(super) fn system() -> Self {
        Self::blocking(|name| {
            let found = (name, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    /// By a function that blocks its thread. It cannot be stopped, and may take far longer than the request
    /// that it is for: so many run at once, and those that nobody waits for any more are not begun.
    pub(super) fn blocking(resolve: fn(&str) -> io::Result<Vec<IpAddr>>) -> Self {
        let (free, shares) = (Arc::new(Semaphore::new(MAX_LOOKUPS)), Shares::default());
        Self::by(move |name| {
            let (free, share) = (free.clone(), shares.of_who_asks());
            async move {
                let share = share.acquire_owned().await.map_err(io::Error::other)?;
                let permit = free.acquire_owned().await.map_err(io::Error::other)?;
                let resolved = tokio::task::spawn_blocking(move || {
                    let _permits = (share, permit);
                    resolve(&name)
                });
                resolved.await.map_err(io::Error::other)?
            }
        })
    }

    pub(super) fn by<F, T>(resolve: F) -> Self
    where
        F: Fn(String) -> T + Send + Sync + 'static,
        T: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        Self(Arc::new(move |name| Box::pin(resolve(name))))
    }
}

/// What of the lookups each plugin may take, as long as it does.
#[derive(Default)]
struct Shares(Mutex<BTreeMap<Arc<str>, Arc<Semaphore>>>);

impl Shares {
    fn of_who_asks(&self) -> Arc<Semaphore> {
        let plugin = PLUGIN.try_with(Clone::clone).unwrap_or_default();
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody has a part of any more.
        shares.retain(|_, share| Arc::strong_count(share) > 1);
        let share = || Arc::new(Semaphore::new(MAX_LOOKUPS_EACH));
        shares.entry(plugin).or_insert_with(share).clone()
    }
}

/// Gives a connector the addresses that a guard permits, and no others: it connects to these.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) lookup: Lookup,
    pub(super) guard: AddressGuard,
}

impl tower_service::Service<Name> for Guarded {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn core::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (found, guard) = ((self.lookup.0)(name.as_str().into()), self.guard);
        Box::pin(async move {
            let found = found.await?;
            let any = !found.is_empty();
            let permitted = found.into_iter().filter(|address| guard.permits(*address));
            // The connector sets the port.
            let permitted: Vec<_> = permitted.map(|address| SocketAddr::new(address, 0)).collect();
            if any && permitted.is_empty() {
                return Err(Refused.into());
            }
            Ok(permitted.into_iter())
        })
    }
}

/// None of a name's addresses is permitted.
#[derive(Debug, thiserror::Error)]
#[error("none of the name's addresses is permitted")]
pub(super) struct Refused;

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    use super::*;

    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static OPEN: Mutex<bool> = Mutex::new(false);
    static OPENED: Condvar = Condvar::new();

    /// Takes until the gate is open.
    fn slow(_: &str) -> io::Result<Vec<IpAddr>> {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        let open = OPEN.lock().unwrap();
        drop(OPENED.wait_while(open, |open| !*open).unwrap());
        Ok(Vec::new())
    }

    #[test]
    fn lookups_that_nobody_waits_for_any_more_are_not_begun() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let guarded = Guarded { lookup: Lookup::blocking(slow), guard: AddressGuard::any() };
        let lookup = |guarded: &Guarded| (guarded.lookup.0)("slow.test".into());
        runtime.block_on(async {
            for _ in 0..100 {
                let mut waiting = lookup(&guarded);
                let polled = core::future::poll_fn(|context| {
                    Poll::Ready(waiting.as_mut().poll(context).is_pending())
                });
                assert!(polled.await);
            }
            *OPEN.lock().unwrap() = true;
            OPENED.notify_all();
            // As many as there may be are free again.
            lookup(&guarded).await.unwrap();
        });
        drop(runtime);
        assert!(BEGUN.load(Ordering::Relaxed) <= MAX_LOOKUPS_EACH + 1);
    }
}
