//! The verdict of a call: denials, and the outcome.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use cpex_wasmi_abi::model::to_wire;
use cpex_wasmi_abi::{Status, VERDICT_ALLOW, VERDICT_DENY, Violation};
use serde::{Deserialize, Serialize};

use super::{Answer, Session};
use crate::boundary::{Decoding, Format, Input, Span};
use crate::logging::visible;
use crate::outcome::{RawOutcome, UNEXPLAINED, unexplained};
use crate::{AccessKind, Error, ErrorKind, Receipt};

impl Session {
    pub(super) fn deny(&mut self, format: Format, violation: Span, memory: &[u8]) -> Answer {
        let bytes = violation.of(memory)?;
        self.count_written(bytes.len())?;
        let decoding = Decoding::new(self.usage.elements_left());
        let input = Input { format, bytes, decoding: &decoding };
        let decoded = match format {
            Format::Json => input.known::<JsonViolation>().map(Into::into),
            Format::Postcard | Format::Text => input.encoded::<Violation>().and_then(checked),
        };
        self.decoded("violation", decoding);
        let Some(work) = self.secrets.work(bytes.len()) else {
            return self.record_denial(Err(Status::TooLarge));
        };
        self.usage.moved(work);
        let decoded = decoded.map(|violation| {
            let (violation, work) = self.secrets.redact_violation(violation);
            self.usage.moved(work);
            violation
        });
        self.record_denial(decoded)
    }

    pub(super) fn deny_text(&mut self, code: Span, reason: Span, memory: &[u8]) -> Answer {
        let (code, reason) = (code.of(memory)?, reason.of(memory)?);
        self.count_written(code.len().saturating_add(reason.len()))?;
        let violation = Violation::new(self.message_of(code), self.message_of(reason));
        self.record_denial(Ok(violation))
    }

    /// Notes that the plugin denies. That a violation cannot be understood does not undo it.
    fn record_denial(&mut self, violation: Result<Violation, Status>) -> Answer {
        if self.call.is_none() {
            return Ok(Status::NotDuringInit.code());
        }
        if self.violation.is_some() {
            return Ok(Status::AlreadyDenied.code());
        }
        let (mut violation, answer) = match violation {
            Ok(violation) => (violation, 0),
            Err(status) => {
                let reason = format!("the plugin's violation could not be read. {status}");
                let reason = self.explained(reason, status);
                (Violation::new(UNEXPLAINED, reason), status.code())
            }
        };
        if violation.code.is_empty() {
            violation.code = UNEXPLAINED.into();
        }
        self.violation = Some(Box::new(violation));
        Ok(answer)
    }

    /// The result of the call, by the number that `cpex_invoke` returned.
    ///
    /// A denial stands whatever the number says: a plugin cannot take it back.
    pub(crate) fn finish(&mut self, verdict: i32, receipt: Receipt) -> Result<RawOutcome, Error> {
        let (changes, violation) = (self.changes.take(), self.violation.take());
        let telemetry = self.telemetry.take();
        let violation = match (verdict, violation) {
            (VERDICT_ALLOW | VERDICT_DENY, Some(violation)) => violation,
            (VERDICT_DENY, None) => Box::new(unexplained()),
            (VERDICT_ALLOW, None) => {
                return Ok(RawOutcome { violation: None, changes, telemetry, receipt });
            }
            (code, _) => {
                let error = self.gave_up(code, cpex_wasmi_abi::EXPORT_INVOKE);
                return Err(error.with_receipt(receipt));
            }
        };
        let changes = changes.map(|changes| Box::new(changes.keep_context()));
        Ok(RawOutcome { violation: Some(violation), changes, telemetry, receipt })
    }

    /// The error of a plugin that called `fail`.
    pub(super) fn failed(&self, code: i32) -> Error {
        match (Status::from_code(code), &self.call) {
            (None, _) => Error::new(
                ErrorKind::AbiViolation,
                format!("`fail` takes the code of a status, not {code}"),
            ),
            (Some(_), Some(_)) => self.gave_up(code, cpex_wasmi_abi::EXPORT_INVOKE),
            (Some(_), None) => self.gave_up(code, cpex_wasmi_abi::EXPORT_INIT),
        }
    }

    /// The error of a plugin whose export returned another code than success.
    pub(crate) fn gave_up(&self, code: i32, export: &str) -> Error {
        match Status::from_code(code) {
            Some(Status::CapabilityDenied) => match self.denied {
                Some(capability) => Error::new(
                    ErrorKind::CapabilityDenied(capability),
                    format!(
                        "it needs the capability `{capability}`, which is not granted; \
                         add it to the plugin's manifest and to `capabilities` in the policy"
                    ),
                ),
                None => Error::new(
                    ErrorKind::AbiViolation,
                    format!("`{export}` gave up over a capability, but none was denied"),
                ),
            },
            Some(Status::CredentialsDenied) => Error::new(
                ErrorKind::AccessDenied,
                "it needs raw credentials, which are not allowed; set `allow_raw_credentials: \
                 true` under `sandbox_policy:` if it may read tokens",
            ),
            Some(Status::AccessDenied) => match self.calls.refused {
                Some(access) => Error::new(
                    if access == AccessKind::Network {
                        ErrorKind::NetworkDenied
                    } else {
                        ErrorKind::AccessDenied
                    },
                    format!(
                        "it was denied the system access `{access}`, which its manifest does not \
                         ask for or its policy does not grant"
                    ),
                ),
                None => Error::new(
                    ErrorKind::AbiViolation,
                    format!("`{export}` gave up over system access, but none was denied"),
                ),
            },
            Some(status) => Error::new(
                ErrorKind::PluginFailed,
                self.with_reason(self.explained(
                    format!("`{export}` gave up with the status `{}`. {status}", status.name()),
                    status,
                )),
            ),
            None => Error::new(
                ErrorKind::AbiViolation,
                format!("`{export}` returned {code}, which is not a verdict"),
            ),
        }
    }
}

impl Session {
    /// Keeps what came of decoding what the plugin gave for `place`.
    pub(super) fn decoded(&mut self, place: &str, decoding: Decoding) {
        self.usage.keep_elements(decoding.elements_left());
        self.malformed = decoding.into_problem().map(|problem| {
            let (problem, work) = self.secrets.redact_start(&problem, MAX_PROBLEM_BYTES);
            self.usage.moved(work);
            format!("`{place}`: {}", visible(&problem))
        });
    }

    /// A message about a plugin that gave up, with the reason that it gave.
    fn with_reason(&self, message: String) -> String {
        match &self.panic {
            Some(reason) => format!("{}: {reason}", message.strip_suffix('.').unwrap_or(&message)),
            None => message,
        }
    }

    /// A message about a status, with what was wrong with the JSON that it is about.
    fn explained(&self, message: String, status: Status) -> String {
        match &self.malformed {
            Some(problem) if status == Status::Malformed => {
                let message = message.strip_suffix('.').unwrap_or(&message);
                format!("{message}: {problem}")
            }
            _ => message,
        }
    }
}

/// The most bytes of a message about malformed JSON: a plugin's names may be in it.
const MAX_PROBLEM_BYTES: usize = 512;

/// Values of a violation's details become JSON later, so that what JSON cannot hold is refused.
fn checked(violation: Violation) -> Result<Violation, Status> {
    let valid = violation
        .details
        .iter()
        .all(|(_, value)| cpex_wasmi_abi::model::from_wire(value.clone()).is_some());
    if valid { Ok(violation) } else { Err(Status::Malformed) }
}

/// A violation as CPEX writes it in JSON.
#[derive(Serialize, Deserialize)]
struct JsonViolation {
    code: String,
    reason: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    details: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    proto_error_code: Option<i64>,
    /// CPEX fills it in afterwards, so that the plugin's word for it is dropped.
    #[serde(default)]
    plugin_name: Option<String>,
}

impl From<JsonViolation> for Violation {
    fn from(violation: JsonViolation) -> Self {
        let JsonViolation { code, reason, description, details, proto_error_code, plugin_name: _ } =
            violation;
        let details = details.into_iter().map(|(name, value)| (name, to_wire(&value))).collect();
        Self { code, reason, description, details, proto_error_code }
    }
}
