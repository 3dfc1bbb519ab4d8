use alloc::sync::Arc;

use crate::Request;
use crate::view::{ExtensionsView, Lent};

/// What a session keeps of a request while it is handled.
pub(crate) enum Source {
    /// All of it.
    Model(Arc<Request>),
    /// The extensions, as `cpex-core` has them. Payload and context are lent.
    #[cfg(feature = "cpex-core")]
    Cpex(cpex_core::extensions::Extensions),
}

impl Source {
    pub(crate) fn extensions(&self) -> &dyn ExtensionsView {
        match self {
            Self::Model(request) => &request.extensions,
            #[cfg(feature = "cpex-core")]
            Self::Cpex(extensions) => extensions,
        }
    }

    /// Payload and context, if they are here.
    pub(crate) fn own(&self) -> Option<Lent<'_>> {
        match self {
            Self::Model(request) => Some(Lent {
                payload: &request.payload,
                local_state: &request.context.local_state,
                global_state: &request.context.global_state,
            }),
            #[cfg(feature = "cpex-core")]
            Self::Cpex(_) => None,
        }
    }
}

impl From<Arc<Request>> for Source {
    fn from(request: Arc<Request>) -> Self {
        Self::Model(request)
    }
}
