//! Host functions of hashes and encodings, addresses and URLs.

#[cfg(feature = "public-suffix")]
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Field, HostFunction, Status};

use super::operand::Operand;
use super::read::holds_tokens;
use super::{Answer, Service};
use crate::Error;
use crate::boundary::Span;
use crate::codec::{Algorithm, ENTROPY_WORK, Encoding, Mac, entropy, equal, in_networks};
use crate::view::wipe;
#[cfg(feature = "url")]
use crate::{
    boundary::Format,
    codec::{url_parts, url_work},
};

/// The longest input of one call, in bytes: some 10 milliseconds of work.
pub(super) const MAX_INPUT_BYTES: usize = 4 << 20;

/// A result for the plugin, or its length if that does not fit.
type Fitting = Result<Vec<u8>, usize>;

impl Service<'_> {
    /// Serves a function of hashes and encodings.
    pub(super) fn serve_bytes(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Answer {
        use HostFunction as F;
        let Some((operand, args)) = Operand::split(args) else {
            return Ok(Status::InvalidArgument.code());
        };
        match (function, args) {
            (F::Digest, &[algorithm, out, len]) => {
                let out = Span::new(out, len);
                out.of(memory)?;
                let Some(algorithm) = Algorithm::from_number(algorithm) else {
                    return Ok(Status::InvalidArgument.code());
                };
                let work = |len| algorithm.work(len);
                let digest = self.worked(operand, memory, work, |input| algorithm.digest(input))?;
                self.hand_out_bytes(operand, digest.map(Ok), out, memory)
            }
            (F::Hmac, &[algorithm, secret, secret_len, out, len]) => {
                let out = Span::new(out, len);
                out.of(memory)?;
                let Some(mac) = Mac::from_number(algorithm) else {
                    return Ok(Status::InvalidArgument.code());
                };
                let secret = Span::new(secret, secret_len).of(memory)?;
                if secret.len() > MAX_INPUT_BYTES {
                    return Ok(Status::TooLarge.code());
                }
                let work = |len: usize| mac.work(len.saturating_add(secret.len()));
                let code = self.worked(operand, memory, work, |input| mac.code(secret, input))?;
                self.hand_out_bytes(operand, code.map(Ok), out, memory)
            }
            (F::Encode | F::Decode, &[encoding, out, len]) => {
                let Some(encoding) = Encoding::from_number(encoding) else {
                    return Ok(Status::InvalidArgument.code());
                };
                let out = Span::new(out, len);
                let room = out.of(memory)?.len();
                let work = |len| encoding.work(len);
                let result = if function == F::Encode {
                    self.worked(operand, memory, work, |input| encoding.encode(input, room))?
                } else {
                    self.worked(operand, memory, work, |input| encoding.decode(input, room))?
                        .and_then(|decoded| decoded)
                };
                self.hand_out_bytes(operand, result, out, memory)
            }
            (F::Entropy, []) => {
                let work = |len: usize| len.saturating_add(ENTROPY_WORK);
                let bits = self.worked(operand, memory, work, entropy)?;
                Ok(bits.unwrap_or_else(Status::code))
            }
            (F::Equal, &[other, len]) => {
                let other = Span::new(other, len).of(memory)?;
                let work = |len: usize| len.saturating_add(other.len());
                let same = self.worked(operand, memory, work, |input| equal(input, other))?;
                Ok(same.map_or_else(Status::code, i32::from))
            }
            (F::InNetworks, &[networks, len]) => {
                let networks = Span::new(networks, len).of(memory)?;
                if networks.len() > MAX_INPUT_BYTES {
                    return Ok(Status::TooLarge.code());
                }
                let work = |len: usize| len.saturating_add(networks.len()).saturating_mul(8);
                let found =
                    self.worked(operand, memory, work, |text| in_networks(text, networks))?;
                Ok(found.and_then(|found| found).map_or_else(Status::code, i32::from))
            }
            #[cfg(feature = "url")]
            (F::Url | F::UrlJson, &[out, len]) => {
                let out = Span::new(out, len);
                out.of(memory)?;
                let format = if function == F::Url { Format::Postcard } else { Format::Json };
                let parts = self.worked(operand, memory, url_work, |text| {
                    url_parts(text).and_then(|parts| format.encode(&parts))
                })?;
                let parts = parts.and_then(|parts| parts);
                self.hand_out_bytes(operand, parts.map(Ok), out, memory)
            }
            #[cfg(feature = "public-suffix")]
            (F::PublicSuffix, &[part, out, len]) => {
                let out = Span::new(out, len);
                out.of(memory)?;
                let Some(part) = crate::codec::NamePart::from_number(part) else {
                    return Ok(Status::InvalidArgument.code());
                };
                let found = self.worked(operand, memory, url_work, |name| part.of(name))?;
                let found = found.and_then(|found| found).map(String::into_bytes);
                self.hand_out_bytes(operand, found.map(Ok), out, memory)
            }
            _ => Ok(Status::InvalidArgument.code()),
        }
    }

    /// Works on an input that is not too long, and charges for it.
    pub(super) fn worked<R>(
        &mut self,
        operand: Operand,
        memory: &[u8],
        charge: impl FnOnce(usize) -> usize,
        work: impl FnOnce(&[u8]) -> R,
    ) -> Result<Result<R, Status>, Error> {
        let mut charged = 0;
        let result = self.with_input(operand, memory, |input| {
            if input.len() > MAX_INPUT_BYTES {
                return Err(Status::TooLarge);
            }
            charged = charge(input.len());
            Ok(work(input))
        })?;
        self.session.usage.moved(charged);
        Ok(result.and_then(|result| result))
    }

    /// Copies a result to the plugin if it fits, and tells its length.
    pub(super) fn hand_out_bytes(
        &mut self,
        operand: Operand,
        result: Result<Fitting, Status>,
        out: Span,
        memory: &mut [u8],
    ) -> Answer {
        match result {
            Ok(Ok(mut bytes)) => {
                let answer = self.hand_out(&bytes, out, memory);
                if Field::from_number(operand.field).is_some_and(holds_tokens) {
                    wipe(&mut bytes);
                }
                answer
            }
            Ok(Err(len)) => Ok(i32::try_from(len).unwrap_or(Status::TooLarge.code())),
            Err(status) => Ok(status.code()),
        }
    }
}
