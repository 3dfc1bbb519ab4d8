//! The tokio runtime that a client runs on: its own, or the embedder's.

use alloc::string::{String, ToString as _};
use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime that a client runs on.
pub(super) enum ClientRuntime {
    /// One of the client's, once there is one.
    Own(Mutex<Option<Own>>),
    Given(Handle),
}

/// A runtime that does not wait for what runs on it when it is dropped, which may be in a task.
pub(super) struct Own(Option<Runtime>);

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl ClientRuntime {
    pub(super) fn own() -> Self {
        Self::Own(Mutex::default())
    }

    /// The runtime of another client that is set up like this one.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Own(_) => Self::own(),
            Self::Given(handle) => Self::Given(handle.clone()),
        }
    }

    /// A handle of the runtime, which is started with one thread if it is the client's own and not there yet.
    pub(super) fn handle(
        &self,
        thread: &str,
        set: impl FnOnce(&mut Builder) -> &mut Builder,
    ) -> Result<Handle, String> {
        let own = match self {
            Self::Given(handle) => return Ok(handle.clone()),
            Self::Own(own) => own,
        };
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Own(Some(runtime))) = &*own {
            return Ok(runtime.handle().clone());
        }
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name(thread).enable_all();
        // Who cannot start one now may be able to later.
        let started = set(&mut builder).build().map_err(|error: io::Error| error.to_string())?;
        let handle = started.handle().clone();
        *own = Some(Own(Some(started)));
        Ok(handle)
    }
}
