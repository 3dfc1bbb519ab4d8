//! The view of the request's metadata.

use crate::Field;
use crate::raw::Place;
use crate::text::{json_fields, text_fields};

/// The request slot: where the operation comes from.
#[derive(Clone, Copy, Debug)]
pub struct Request(());

impl Request {
    pub(crate) const VIEW: Self = Self(());

    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    text_fields! {
        /// The environment, such as `production`.
        environment, environment_is => RequestEnvironment;
        /// The identifier of the request.
        id => RequestId;
        /// When the request came, as the host was told.
        timestamp => RequestTimestamp;
        /// The identifier of the distributed trace.
        trace_id => RequestTraceId;
        /// The identifier of the span in the trace.
        span_id => RequestSpanId;
    }

    json_fields! {
        /// All of it.
        json => Request;
    }
}
