//! The payload of the hooks `http.request` and `http.response`, which has no fields.

use alloc::boxed::Box;
use core::any::Any;

use praxis_policy_core::hooks::PluginPayload;
use praxis_policy_core::http_hook::HttpPayload;
use serde::{Deserialize, Serialize};

use super::adapter::payload::CustomType;
use crate::{Payload, PayloadType};

/// The name that plugins know the payload by.
const NAME: &str = "http";

/// The type of the payload, for plugins.
pub(super) struct HttpType;

/// The payload as JSON: an object without members.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

impl HttpType {
    fn of_plugins() -> PayloadType<NoFields> {
        PayloadType::new(NAME)
    }
}

impl CustomType for HttpType {
    fn name(&self) -> &str {
        NAME
    }

    fn is_type_of(&self, payload: &dyn Any) -> bool {
        payload.is::<HttpPayload>()
    }

    fn to_model(&self, _: &dyn Any) -> Option<Payload> {
        Self::of_plugins().payload(&NoFields {}).ok().map(Payload::Custom)
    }

    fn make(&self, changed: &Payload) -> Option<Box<dyn PluginPayload>> {
        Self::of_plugins().read(changed).ok().map(|NoFields {}| Box::new(HttpPayload) as _)
    }
}
