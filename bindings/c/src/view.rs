//! Requests that stay with the embedder, which looks up one field at a time.

use core::ffi::c_void;

use cpex_wasmi::abi::Field;
use cpex_wasmi::{FieldValue, LookUpError, RequestView};

use crate::callback::{Callback, Count, Data, LookUps, Value};
use crate::error::Failure;
use crate::raw::{Text, given};

/// Returned by the callback `count`: the count is not known, which fails the call.
pub const CPEX_WASMI_COUNT_FAILED: i64 = -1;

/// Returned by the callback `count`: the elements are those in the whole payload.
pub const CPEX_WASMI_COUNT_IN_WHOLE: i64 = -2;

/// A request that stays with the embedder. It is used during one call of `cpex_wasmi_plugin_call_view`, on the thread of
/// that call.
///
/// A field has a number, `CPEX_WASMI_FIELD_…`. Each is asked for when the plugin first touches it, once a call, and only
/// if the plugin may read it. A look-up that fails fails the call.
#[repr(C)]
pub struct View<'a> {
    /// Given to the callbacks.
    pub data: *mut c_void,
    /// The kind of the payload: `message` if it is empty, `identity`, `delegation`, `elicitation`, or a name of your own.
    pub payload_type: Text<'a>,
    /// Counts the elements of a field with an `[index]`. Of a whole slot, such as `CPEX_WASMI_FIELD_HTTP`, returns 1 if it
    /// is there, else 0. No other fields are counted. A negative number fails the call, but for
    /// `CPEX_WASMI_COUNT_IN_WHOLE`.
    pub count: Count,
    /// Looks up a field, of one with an `[index]` the element there, and puts it into `answer`. Whole slots and
    /// `CPEX_WASMI_FIELD_PAYLOAD` are given as JSON.
    pub value: Value,
}

/// A view's callbacks, for the library.
pub(crate) struct Looking {
    payload_type: String,
    callback: Callback<LookUps>,
}

impl Looking {
    pub(crate) fn new(view: &View<'_>) -> Result<Self, Failure> {
        let look_ups = LookUps {
            count: Some(given(view.count, "the callback `count`")?),
            value: Some(given(view.value, "the callback `value`")?),
        };
        let payload_type = match view.payload_type.read("the type of the payload")? {
            "" => "message",
            name => name,
        };
        Ok(Self {
            payload_type: payload_type.into(),
            callback: Callback { function: look_ups, data: Data::new(view.data, None) },
        })
    }
}

impl RequestView for Looking {
    fn payload_type(&self) -> Result<String, LookUpError> {
        Ok(self.payload_type.clone())
    }

    fn count(&self, field: Field) -> Result<Option<usize>, LookUpError> {
        match self.callback.count(field) {
            CPEX_WASMI_COUNT_IN_WHOLE => Ok(None),
            CPEX_WASMI_COUNT_FAILED => Err("the callback failed".into()),
            count => match usize::try_from(count) {
                Ok(count) => Ok(Some(count)),
                Err(_) => Err(format!("the callback returned {count}").into()),
            },
        }
    }

    fn value(&self, field: Field, index: usize) -> Result<FieldValue, LookUpError> {
        let (answered, answer) = self.callback.value(field, index);
        Ok(answer.into_field(answered)?)
    }
}
