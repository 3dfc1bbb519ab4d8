//! The host functions of JSON Web Tokens.

use alloc::format;

use cpex_wasmi_abi::model::to_wire;
use cpex_wasmi_abi::{Status, TokenFault, TokenRules};
use serde_json::Value;

use super::operand::Operand;
use super::{Answer, Service, Session};
use crate::Error;
use crate::boundary::{Decoding, Format, Input, Span};
use crate::crypto::{Keys, Rules, token_work};
use crate::system::{AccessKind, AuditOutcome, Used, time};

/// The longest rules that are read, in bytes.
const MAX_RULES_BYTES: usize = 16 << 10;

/// The places of rules, keys and the room for claims.
pub(super) struct Places {
    pub(super) rules: Span,
    pub(super) keys: Span,
    pub(super) out: Span,
}

impl Service<'_> {
    /// Checks a token by rules and keys of the plugin's, and gives its claims, or the fault.
    pub(super) fn token(
        &mut self,
        format: Format,
        operand: Operand,
        places: &Places,
        memory: &mut [u8],
    ) -> Answer {
        let (rules, keys) = (places.rules.of(memory)?, places.keys.of(memory)?);
        places.out.of(memory)?;
        self.session.usage.moved(token_work(rules.len().saturating_add(keys.len())));
        let prepared = self.rules(format, rules).and_then(|rules| Ok((rules, Keys::read(keys)?)));
        let (rules, keys) = match prepared {
            Ok(prepared) => prepared,
            Err(status) => return Ok(status.code()),
        };
        // Whatever the token says of time: what is not granted is never guessed.
        let now = match self.session.token_time() {
            Ok(now) => now,
            Err(status) => return Ok(status.code()),
        };
        let mut work = 0;
        let checked =
            self.with_input(operand, memory, |token| rules.check(token, &keys, now, &mut work))?;
        self.session.usage.moved(work);
        match checked {
            Err(status) => Ok(status.code()),
            Ok(Err(fault)) => self.refuse_token(fault, places.out, memory),
            Ok(Ok(claims)) => {
                let claims = Value::Object(claims);
                let claims = match format {
                    Format::Postcard => format.encode(&to_wire(&claims)),
                    Format::Json | Format::Text => format.encode(&claims),
                };
                self.hand_out_bytes(operand, claims.map(Ok), places.out, memory)
            }
        }
    }

    /// Reads the rules.
    fn rules(&mut self, format: Format, bytes: &[u8]) -> Result<Rules, Status> {
        if bytes.len() > MAX_RULES_BYTES {
            return Err(Status::TooLarge);
        }
        let decoding = Decoding::new(self.session.usage.elements_left());
        let rules = Input { format, bytes, decoding: &decoding }.record::<TokenRules>();
        self.session.decoded("rules", decoding);
        Rules::new(rules?)
    }

    /// Writes the fault of a token to the plugin's buffer, as much as that holds.
    fn refuse_token(
        &mut self,
        fault: TokenFault,
        out: Span,
        memory: &mut [u8],
    ) -> Result<i32, Error> {
        let fault = format!("{}: {}", fault.code(), fault.reason());
        self.session.usage.moved(fault.len());
        self.hand_out_cut(&fault, out, memory)?;
        Ok(Status::InvalidToken.code())
    }
}

impl Session {
    /// The time of the clock that the plugin was granted, in seconds since the beginning of 1970.
    fn token_time(&mut self) -> Result<f64, Status> {
        let Some(clock) = self.grants.granted.access.clock else {
            self.refuse(AccessKind::Clock, "now", "", 0);
            return Err(Status::AccessDenied);
        };
        if clock == crate::ClockGrant::System {
            self.varies("jwt");
        }
        let time = time::since_1970(clock, self.grants.services.clock.as_ref());
        let outcome = if time.is_some() { AuditOutcome::Allowed } else { AuditOutcome::Failed };
        self.tell(&Used::new(AccessKind::Clock, "now", time::name(clock), outcome));
        Ok(time.ok_or(Status::Unavailable)?.as_secs_f64())
    }
}
