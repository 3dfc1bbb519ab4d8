//! Requests in JSON.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::mem::MaybeUninit;
use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::error::{Code, Error, Failure, guarded, guarded_or, made};
use crate::json;
use crate::outcome::Outcome;
use crate::raw::{Text, given};

/// A request: what a hook is about. Any number of threads may read it at once; changing it takes one alone.
pub struct Request {
    pub(crate) request: Arc<cpex_wasmi::Request>,
    /// The JSON, once it is asked for.
    json: OnceLock<String>,
}

/// Reads a request from JSON.
pub(crate) fn parsed(text: Text<'_>) -> Result<cpex_wasmi::Request, Failure> {
    let failed = |message| Failure::new(Code::InvalidRequest, message);
    Ok(cpex_wasmi::Request::from_value(json::read(text, "the request", failed)?)?)
}

/// Reads a request from JSON: an object with `payload`, and beside it, as far as they are needed, `payload_type`,
/// `extensions` and `context`. A member that CPEX does not have is an error, at each level. Returns null and sets
/// `request`, or returns an error.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_request_parse(
    json: Text<'_>,
    request: Option<&mut MaybeUninit<Option<Box<Request>>>>,
) -> Option<Box<Error>> {
    made(request, "the place for the request", || {
        let request = Arc::new(parsed(json)?);
        Ok(Request { request, json: OnceLock::new() })
    })
}

/// Applies what a plugin changed, so that the next plugin sees it. An outcome that is an error has changed nothing, and is
/// refused here.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_request_apply(
    request: Option<&mut Request>,
    outcome: Option<&Outcome>,
) -> Option<Box<Error>> {
    guarded(move || {
        let request = given(request, "the request")?;
        let changes = given(outcome, "the outcome")?.changes()?;
        Arc::make_mut(&mut request.request).apply(changes.clone());
        request.json = OnceLock::new();
        Ok(())
    })
}

/// Returns the request as JSON, without tokens. It is valid until the request is changed or freed.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_request_json(request: Option<&Request>) -> Text<'_> {
    let text = |request: &'_ Request| {
        let cpex_wasmi::Request { payload, extensions, context } = &*request.request;
        let json = json!({
            "payload_type": payload.type_name(),
            "payload": payload,
            "extensions": extensions,
            "context": context,
        });
        json.to_string()
    };
    guarded_or(Text::new(""), || {
        Text::new(request.map_or("", |request| request.json.get_or_init(|| text(request))))
    })
}

/// Frees a request. Null is fine. Outcomes about it live on.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_request_free(request: Option<Box<Request>>) {
    guarded_or((), || drop(request));
}
