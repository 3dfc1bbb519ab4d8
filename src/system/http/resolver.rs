//! Names to addresses that a request may go to.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::{self, Vec};
use core::future::{Future, poll_fn};
use core::net::{IpAddr, SocketAddr};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io;
use std::net::ToSocketAddrs as _;
use std::sync::{Mutex, PoisonError};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::AddressGuard;

/// The names resolved at once for plugins that have none under way, and for others.
const MAX_FIRST: usize = 32;
const MAX_MORE: usize = 32;
/// The further lookups of one plugin: one that waits for slow names holds up no other.
const MAX_MORE_EACH: usize = 3;

/// The number of threads that it takes.
pub(super) const LOOKUP_THREADS: usize = MAX_FIRST + MAX_MORE;

/// The request that names are looked up for.
#[derive(Clone)]
struct Asking {
    /// The number of its plugin.
    plugin: u64,
    /// Is closed when the request is over.
    under_way: watch::Receiver<()>,
}

tokio::task_local! {
    static ASKING: Asking;
}

/// Sends something for a plugin, so that names are looked up for it, and not beyond its end.
pub(super) fn sending_for<T: Future>(plugin: u64, sending: T) -> impl Future<Output = T::Output> {
    let (over, under_way) = watch::channel(());
    let sending = ASKING.scope(Asking { plugin, under_way }, sending);
    async move {
        let sent = sending.await;
        drop(over);
        sent
    }
}

/// A way to resolve names.
#[derive(Clone)]
pub(super) struct Lookup(Arc<dyn Fn(String) -> LookupFuture + Send + Sync>);

type LookupFuture = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

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
        let (all, shares) = (Share::new(MAX_FIRST, MAX_MORE), Shares::default());
        Self::by(move |name| {
            let asking = ASKING.try_with(Clone::clone).ok();
            let share = shares.of(asking.as_ref().map_or(u64::MAX, |asking| asking.plugin));
            let all = all.clone();
            async move {
                let permit = while_under_way(asking, permit(share, all)).await?;
                let resolved = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
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

/// A quota of lookups.
#[derive(Clone)]
struct Share {
    first: Arc<Semaphore>,
    more: Arc<Semaphore>,
}

impl Share {
    fn new(first: usize, more: usize) -> Self {
        Self { first: Arc::new(Semaphore::new(first)), more: Arc::new(Semaphore::new(more)) }
    }

    fn is_taken(&self) -> bool {
        Arc::strong_count(&self.first) > 1 || Arc::strong_count(&self.more) > 1
    }
}

/// The shares of plugins that have a part of theirs.
#[derive(Default)]
struct Shares(Mutex<BTreeMap<u64, Share>>);

impl Shares {
    fn of(&self, plugin: u64) -> Share {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.is_taken());
        shares.entry(plugin).or_insert_with(|| Share::new(1, MAX_MORE_EACH)).clone()
    }
}

/// The permits of a lookup: one of its plugin's, and one of all.
type LookupPermits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// The first of a plugin's, or one more, whichever is there first.
async fn permit(own: Share, all: Share) -> io::Result<LookupPermits> {
    let both = async |own: Arc<Semaphore>, all: Arc<Semaphore>| {
        let own = own.acquire_owned().await.map_err(io::Error::other)?;
        Ok((own, all.acquire_owned().await.map_err(io::Error::other)?))
    };
    let mut first = pin!(both(own.first, all.first));
    let mut more = pin!(both(own.more, all.more));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(permit) => Poll::Ready(permit),
        Poll::Pending => more.as_mut().poll(context),
    })
    .await
}

/// Waits for something as long as the request is under way that it is for.
async fn while_under_way<T>(
    asking: Option<Asking>,
    waiting: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let Some(Asking { mut under_way, .. }) = asking else { return waiting.await };
    let (mut over, mut waiting) = (pin!(under_way.changed()), pin!(waiting));
    poll_fn(|context| match over.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(Err(io::ErrorKind::Interrupted.into())),
        Poll::Pending => waiting.as_mut().poll(context),
    })
    .await
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
    use alloc::format;
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
                let polled =
                    poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
                assert!(polled.await);
            }
            *OPEN.lock().unwrap() = true;
            OPENED.notify_all();
            // As many as there may be are free again.
            lookup(&guarded).await.unwrap();
        });
        drop(runtime);
        assert!(BEGUN.load(Ordering::Relaxed) <= 2 + MAX_MORE_EACH);
    }

    #[test]
    fn the_documents_say_how_many_names_are_resolved_at_once() {
        let each = MAX_MORE_EACH + 1;
        let limits = include_str!("../../../docs/limits.md");
        let said = format!("resolves {LOOKUP_THREADS} names at once, {each} of one plugin");
        assert!(limits.contains(&said), "docs/limits.md: {said}");
        let policy = include_str!("../../../docs/policy.md");
        let said = format!("looks up {LOOKUP_THREADS} names at once, {each} of one plugin");
        assert!(policy.contains(&said), "docs/policy.md: {said}");
    }
}
