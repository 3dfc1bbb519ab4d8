//! One host function, from its arguments to its answer.

use alloc::boxed::Box;
use alloc::format;

use cpex_wasmi_abi::{HostFunction, Status};

use super::{Answer, RequestSource, Session};
use crate::boundary::{Format, Span};
use crate::view::{Borrowed, PayloadKind};
use crate::{Error, ErrorKind, Payload};

/// A hook that is handled.
pub(super) struct Handling {
    /// The hook, by position.
    pub(super) hook: usize,
    pub(super) request: RequestSource,
    /// A payload that is only borrowed, in the request model, once the plugin means to change it or to
    /// look into what has to be converted for that. Or why there is no such copy.
    pub(super) copied: Option<Result<Box<Payload>, Status>>,
}

impl Handling {
    /// Payload and context, wherever they are.
    pub(super) fn borrowed<'a>(&'a self, borrowed: Option<Borrowed<'a>>) -> Option<Borrowed<'a>> {
        let borrowed = self.request.own().or(borrowed);
        match &self.copied {
            Some(Ok(payload)) => {
                borrowed.map(|borrowed| Borrowed { payload: &**payload, ..borrowed })
            }
            _ => borrowed,
        }
    }

    /// Copies a payload that is only borrowed into the request model, once.
    pub(super) fn copy_payload(&mut self, borrowed: Option<Borrowed<'_>>) -> Result<(), Status> {
        if let (None, None, Some(borrowed)) = (self.request.own(), &self.copied, borrowed) {
            self.copied =
                Some(borrowed.payload.to_model().map(|payload| Box::new(payload.into_owned())));
        }
        match &self.copied {
            Some(Err(status)) => Err(*status),
            _ => Ok(()),
        }
    }

    /// Does so for a value that would be converted each time.
    pub(super) fn copy_converted(&mut self, borrowed: Option<Borrowed<'_>>) -> Result<(), Status> {
        match borrowed {
            Some(borrowed) if borrowed.payload.kind() != PayloadKind::Message => {
                self.copy_payload(Some(borrowed))
            }
            _ => Ok(()),
        }
    }
}

/// A host function that is served.
pub(super) struct Service<'s> {
    pub(super) session: &'s mut Session,
    /// The part of the request that the session has not kept.
    pub(super) borrowed: Option<Borrowed<'s>>,
}

impl Service<'_> {
    pub(super) fn serve(
        mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Answer {
        use HostFunction as F;
        match (function, args) {
            (F::Read, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Postcard, field, index, spans, memory)
            }
            (F::ReadJson, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Json, field, index, spans, memory)
            }
            (F::ReadText, &[field, index, key, key_len, out, out_len]) => {
                let spans = (Span::new(key, key_len), Span::new(out, out_len));
                self.read(Format::Text, field, index, spans, memory)
            }
            (F::ReadKey, &[field, index, position, out, out_len]) => {
                self.read_key(field, index, position, Span::new(out, out_len), memory)
            }
            (F::Contains, &[field, index, key, key_len]) => {
                self.contains(field, index, Span::new(key, key_len), memory)
            }
            (F::Count, &[field, index]) => self.count(field, index),
            (F::Slots, &[]) => Ok(self.slots()),
            (F::Write, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Postcard, field, index, spans, memory)
            }
            (F::WriteJson, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Json, field, index, spans, memory)
            }
            (F::WriteText, &[field, index, key, key_len, value, len]) => {
                let spans = (Span::new(key, key_len), Span::new(value, len));
                self.write(Format::Text, field, index, spans, memory)
            }
            (F::Remove, &[field, index, key, key_len]) => {
                self.remove(field, index, Span::new(key, key_len), memory)
            }
            (F::Deny, &[violation, len]) => {
                self.session.deny(Format::Postcard, Span::new(violation, len), memory)
            }
            (F::DenyJson, &[violation, len]) => {
                self.session.deny(Format::Json, Span::new(violation, len), memory)
            }
            (F::DenyText, &[code, code_len, reason, reason_len]) => self.session.deny_text(
                Span::new(code, code_len),
                Span::new(reason, reason_len),
                memory,
            ),
            // What these do is the embedder's, and may take long.
            (F::Call, &[name, name_len, argument, len, out, out_len]) => {
                let (name, argument) = (Span::new(name, name_len), Span::new(argument, len));
                let out = Span::new(out, out_len);
                self.session.start_clock();
                self.session.call(Format::Postcard, (name, argument, out), memory)
            }
            (F::CallJson, &[name, name_len, argument, len, out, out_len]) => {
                let (name, argument) = (Span::new(name, name_len), Span::new(argument, len));
                let out = Span::new(out, out_len);
                self.session.start_clock();
                self.session.call(Format::Json, (name, argument, out), memory)
            }
            (F::CallResult, &[offset, out, len]) => {
                self.session.call_result(offset, Span::new(out, len), memory)
            }
            #[cfg(feature = "crypto")]
            (function, args) if function.info().feature == Some("crypto") => {
                self.serve_crypto(function, args, memory)
            }
            #[cfg(feature = "text")]
            (function, args) if function.info().feature.is_some() => {
                self.serve_text(function, args, memory)
            }
            (F::Log, &[level, message, len]) => {
                self.session.start_clock();
                self.session.log(level, Span::new(message, len), memory)
            }
            (F::Panic, &[message, len]) => {
                self.session.record_panic(Span::new(message, len), memory)
            }
            (F::Fail, &[status]) => Err(self.session.failed(status.cast_signed())),
            (F::Metric, &[name, len, value]) => {
                self.session.metric(Span::new(name, len), value, memory)
            }
            (F::Metadata, &[key, key_len, value, len]) => {
                let (key, value) = (Span::new(key, key_len), Span::new(value, len));
                self.session.metadata(Format::Postcard, key, value, memory)
            }
            (F::MetadataJson, &[key, key_len, value, len]) => {
                let (key, value) = (Span::new(key, key_len), Span::new(value, len));
                self.session.metadata(Format::Json, key, value, memory)
            }
            _ => Err(Error::new(
                ErrorKind::AbiViolation,
                format!("`{function}` was called with {} arguments", args.len()),
            )),
        }
    }
}

/// The crate feature of a host function that this host was built without.
pub(crate) fn missing_feature(function: HostFunction) -> Option<&'static str> {
    function.info().feature.filter(|feature| match *feature {
        "text" => !cfg!(feature = "text"),
        "url" => !cfg!(feature = "url"),
        "public-suffix" => !cfg!(feature = "public-suffix"),
        "crypto" => !cfg!(feature = "crypto"),
        _ => true,
    })
}
