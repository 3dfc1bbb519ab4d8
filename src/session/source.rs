//! The request of a session, by its source.

#[cfg(feature = "std")]
use alloc::boxed::Box;
use alloc::sync::Arc;

#[cfg(feature = "std")]
use super::LookedUp;
use crate::Request;
use crate::view::{Borrowed, ExtensionsView};

/// The part of a request that a session keeps while it is handled.
#[allow(clippy::large_enum_variant, reason = "a box would be memory of each call")]
pub(crate) enum RequestSource {
    /// All of it.
    Model(Arc<Request>),
    /// All of it, as far as it was asked for.
    #[cfg(feature = "std")]
    View(Box<LookedUp>),
    /// The extensions, as `cpex-core` has them. Payload and context are borrowed.
    #[cfg(feature = "cpex-core")]
    Cpex(cpex_core::extensions::Extensions),
    /// The extensions, as praxis-policy has them. Payload and context are borrowed.
    #[cfg(feature = "praxis-policy")]
    Praxis(Box<crate::view::PraxisExtensions>),
    /// Nothing: the plugin has no way to look at it.
    #[cfg(feature = "pipeline")]
    Unseen,
}

impl RequestSource {
    pub(crate) fn extensions(&self) -> &dyn ExtensionsView {
        match self {
            Self::Model(request) => &request.extensions,
            #[cfg(feature = "std")]
            Self::View(view) => &**view,
            #[cfg(feature = "cpex-core")]
            Self::Cpex(extensions) => extensions,
            #[cfg(feature = "praxis-policy")]
            Self::Praxis(extensions) => &**extensions,
            #[cfg(feature = "pipeline")]
            Self::Unseen => {
                static NONE: std::sync::LazyLock<crate::model::Extensions> =
                    std::sync::LazyLock::new(Default::default);
                &*NONE
            }
        }
    }

    /// True if payload and context are here.
    pub(crate) fn is_own(&self) -> bool {
        match self {
            Self::Model(_) => true,
            #[cfg(feature = "std")]
            Self::View(_) => true,
            #[cfg(feature = "pipeline")]
            _ => false,
        }
    }

    /// Payload and context, if they are here.
    pub(crate) fn own(&self) -> Option<Borrowed<'_>> {
        match self {
            Self::Model(request) => Some(Borrowed {
                payload: &request.payload,
                local_state: &request.context.local_state,
                global_state: &request.context.global_state,
            }),
            #[cfg(feature = "std")]
            Self::View(view) => Some(view.borrowed()),
            #[cfg(feature = "pipeline")]
            _ => None,
        }
    }
}

impl From<Arc<Request>> for RequestSource {
    fn from(request: Arc<Request>) -> Self {
        Self::Model(request)
    }
}

#[cfg(feature = "std")]
impl From<LookedUp> for RequestSource {
    fn from(view: LookedUp) -> Self {
        Self::View(Box::new(view))
    }
}

#[cfg(feature = "cpex-core")]
impl From<cpex_core::extensions::Extensions> for RequestSource {
    fn from(extensions: cpex_core::extensions::Extensions) -> Self {
        Self::Cpex(extensions)
    }
}

#[cfg(feature = "praxis-policy")]
impl From<praxis_policy_core::extensions::Extensions> for RequestSource {
    fn from(extensions: praxis_policy_core::extensions::Extensions) -> Self {
        Self::Praxis(Box::new(extensions.into()))
    }
}
