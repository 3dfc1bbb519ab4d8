//! Metrics and metadata that a plugin reports beside its decision.

use cpex_wasmi_abi::{Status, is_function_name};

use super::{Answer, Session};
use crate::boundary::{Decoding, Format, Input, Span};

/// The charge for a counter or a value beside its own bytes: about the memory that keeping it takes.
const ENTRY_BYTES: usize = 32;

/// The longest name of a counter or key of a value, in bytes.
const MAX_NAME_BYTES: usize = 128;

impl Session {
    /// Adds to a counter.
    pub(super) fn metric(&mut self, name: Span, value: u32, memory: &[u8]) -> Answer {
        let name = name.of(memory)?;
        if self.call.is_none() {
            return Ok(Status::NotDuringInit.code());
        }
        let Some(name) = self.telemetry_name(name).filter(|name| is_function_name(name)) else {
            return Ok(Status::InvalidArgument.code());
        };
        let name = self.message_of(name.as_bytes());
        let is_new = self.telemetry.as_ref().is_none_or(|it| !it.metrics.contains_key(&name));
        if is_new
            && !self.usage.telemetry(name.len().saturating_add(ENTRY_BYTES), &self.grants.limits)
        {
            return Ok(Status::QuotaExceeded.code());
        }
        let total = self.telemetry.get_or_insert_default().metrics.entry(name).or_default();
        *total = total.saturating_add(value.into());
        Ok(0)
    }

    /// Attaches a value.
    pub(super) fn metadata(
        &mut self,
        format: Format,
        key: Span,
        value: Span,
        memory: &[u8],
    ) -> Answer {
        let (key, value) = (key.of(memory)?, value.of(memory)?);
        if self.call.is_none() {
            return Ok(Status::NotDuringInit.code());
        }
        let Some(key) = self.telemetry_name(key).filter(|key| is_key(key)) else {
            return Ok(Status::InvalidArgument.code());
        };
        let key = self.message_of(key.as_bytes());
        let len = key.len().saturating_add(value.len()).saturating_add(ENTRY_BYTES);
        if !self.usage.telemetry(len, &self.grants.limits) {
            return Ok(Status::QuotaExceeded.code());
        }
        self.usage.moved(value.len());
        let decoding = Decoding::new(self.usage.elements_left());
        let decoded = Input { format, bytes: value, decoding: &decoding }.json();
        self.decoded("metadata", decoding);
        let json = match (decoded, self.secrets.work(value.len())) {
            (Ok(json), Some(work)) => {
                self.usage.moved(work);
                json
            }
            (Ok(_), None) => return Ok(Status::TooLarge.code()),
            (Err(status), _) => return Ok(status.code()),
        };
        let (json, work) = self.secrets.redact_json(json);
        self.usage.moved(work);
        self.telemetry.get_or_insert_default().metadata.insert(key, json);
        Ok(0)
    }

    /// The name of a counter or the key of a value, if it can be one.
    fn telemetry_name<'a>(&mut self, name: &'a [u8]) -> Option<&'a str> {
        if !(1..=MAX_NAME_BYTES).contains(&name.len()) {
            return None;
        }
        self.usage.moved(name.len());
        core::str::from_utf8(name).ok()
    }
}

fn is_key(key: &str) -> bool {
    !key.chars().any(char::is_control)
}
