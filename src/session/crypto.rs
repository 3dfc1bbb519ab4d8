//! Host functions of signatures and tokens.

use cpex_wasmi_abi::{HostFunction, MEMORY, Status};

use super::jwt::Places;
use super::operand::Operand;
use super::{Answer, Service};
use crate::boundary::{Format, Span};
use crate::crypto::{Algorithm, PublicKey, key_work};

impl Service<'_> {
    /// Serves a function of signatures and tokens.
    pub(super) fn serve_crypto(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Answer {
        use HostFunction as F;
        let Some((operand, args)) = Operand::split(args) else {
            return Ok(Status::InvalidArgument.code());
        };
        operand.check(memory)?;
        // Before anything is worked out for an input that the plugin may not read.
        if operand.field != MEMORY {
            if let Err(status) = self.readable(operand.field) {
                return Ok(status.code());
            }
            if self.session.call.is_none() {
                return Ok(Status::NotDuringInit.code());
            }
        }
        match (function, args) {
            (F::Verify, &[algorithm, key, key_len, signature, len]) => {
                let (key, signature) = (Span::new(key, key_len), Span::new(signature, len));
                self.verify(operand, algorithm, (key, signature), memory)
            }
            (F::Jwt | F::JwtJson, &[rules, rules_len, keys, keys_len, out, len]) => {
                let format = if function == F::Jwt { Format::Postcard } else { Format::Json };
                let places = Places {
                    rules: Span::new(rules, rules_len),
                    keys: Span::new(keys, keys_len),
                    out: Span::new(out, len),
                };
                self.token(format, operand, &places, memory)
            }
            _ => Ok(Status::InvalidArgument.code()),
        }
    }

    /// Verifies a signature of an input.
    fn verify(
        &mut self,
        operand: Operand,
        algorithm: u32,
        (key, signature): (Span, Span),
        memory: &[u8],
    ) -> Answer {
        let (key, signature) = (key.of(memory)?, signature.of(memory)?);
        let Some(algorithm) = Algorithm::from_number(algorithm) else {
            return Ok(Status::InvalidArgument.code());
        };
        self.session.usage.moved(key_work(key.len()));
        let key = match PublicKey::read(algorithm, key) {
            Ok(key) => key,
            Err(status) => return Ok(status.code()),
        };
        let work = |len| algorithm.work(&key, len);
        let verify = |input: &[u8]| algorithm.verify(&key, input, signature);
        let valid = self.worked(operand, memory, work, verify)?;
        Ok(valid.map_or_else(Status::code, i32::from))
    }
}
