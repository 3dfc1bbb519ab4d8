use alloc::sync::Arc;

use crate::view::Original;
use crate::{Payload, Request};

/// Where a request comes from.
pub(crate) enum Source {
    /// It is one of the request model.
    Model(Arc<Request>),
}

impl Source {
    pub(crate) fn original(&self) -> &dyn Original {
        match self {
            Self::Model(request) => &**request,
        }
    }

    /// The payload, if the request owns it. Otherwise it is lent for each look.
    pub(crate) fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Model(request) => Some(&request.payload),
        }
    }
}

impl From<Arc<Request>> for Source {
    fn from(request: Arc<Request>) -> Self {
        Self::Model(request)
    }
}
