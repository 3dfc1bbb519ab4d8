//! Names to addresses that a request may go to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::{self, Vec};
use core::future::Future;
use core::net::{IpAddr, SocketAddr};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use hyper_util::client::legacy::connect::dns::Name;

use super::AddressGuard;

/// A way to resolve names.
#[derive(Clone)]
pub(super) struct Lookup(Arc<dyn Fn(String) -> Found + Send + Sync>);

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

impl Lookup {
    /// As the system does.
    pub(super) fn system() -> Self {
        Self::by(|name| async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
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
