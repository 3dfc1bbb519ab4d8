//! The keys that tokens are signed with: a set of JSON Web Keys, or one key.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Status, TokenFault, encoding};
use serde_json::{Map, Value};

use super::token::TokenAlgorithm;
use super::{Algorithm, PublicKey};
use crate::boundary::{Decoding, Format, Input};
use crate::codec::Encoding;

/// The most bytes of keys that are read.
pub(crate) const MAX_KEYS_BYTES: usize = 128 << 10;

/// The most keys of a set.
const MAX_KEYS: usize = 256;

/// The most elements in the JSON of a set.
const MAX_ELEMENTS: usize = 8192;

/// The keys of an issuer.
pub(crate) enum Keys<'a> {
    /// A set of JSON Web Keys, of which a token names one.
    Set(Vec<Map<String, Value>>),
    /// A JSON Web Key for all tokens.
    One(Map<String, Value>),
    /// A key for all tokens, as PEM or DER.
    Plain(&'a [u8]),
}

impl<'a> Keys<'a> {
    /// Reads a JSON object (a set, or a key), or a key as PEM or DER.
    ///
    /// # Errors
    ///
    /// [`Status::TooLarge`] if there is too much, [`Status::Malformed`] if it is no set.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Status> {
        if bytes.len() > MAX_KEYS_BYTES {
            return Err(Status::TooLarge);
        }
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Ok(Self::Plain(bytes));
        }
        let mut object = object(bytes, MAX_ELEMENTS)?;
        let Some(keys) = object.remove("keys") else {
            return if object.contains_key("kty") {
                Ok(Self::One(object))
            } else {
                Err(Status::Malformed)
            };
        };
        let Value::Array(keys) = keys else { return Err(Status::Malformed) };
        if keys.len() > MAX_KEYS {
            return Err(Status::TooLarge);
        }
        let keys = keys.into_iter().map(|key| match key {
            Value::Object(key) => Ok(key),
            _ => Err(Status::Malformed),
        });
        keys.collect::<Result<_, _>>().map(Self::Set)
    }

    /// The key for a token of an algorithm. One of a set has the `kid` of the token; without one, there has to be only
    /// one key for the algorithm.
    pub(super) fn find(
        &self,
        algorithm: TokenAlgorithm,
        kid: Option<&str>,
    ) -> Result<PublicKey, TokenFault> {
        let key = match self {
            Self::Plain(bytes) => {
                let key = PublicKey::read(algorithm.signature(), bytes);
                return key.map_err(|_| TokenFault::UnusableKey);
            }
            Self::One(key) => key,
            Self::Set(keys) => {
                let named = |key: &&Map<String, Value>| {
                    kid.is_none_or(|kid| key.get("kid").and_then(Value::as_str) == Some(kid))
                };
                let mut fitting = keys.iter().filter(named).filter(|key| fits(key, algorithm));
                match (fitting.next(), fitting.next()) {
                    (Some(key), None) => key,
                    (Some(_), Some(_)) => return Err(TokenFault::AmbiguousKey),
                    (None, _) if kid.is_some() && keys.iter().any(|key| named(&key)) => {
                        return Err(TokenFault::UnusableKey);
                    }
                    (None, _) => return Err(TokenFault::UnknownKey),
                }
            }
        };
        let material = if fits(key, algorithm) { material(key, algorithm) } else { None };
        material.ok_or(TokenFault::UnusableKey)
    }
}

/// Reads a JSON object in which no member comes twice.
pub(super) fn object(bytes: &[u8], elements: usize) -> Result<Map<String, Value>, Status> {
    let decoding = Decoding::new(elements);
    match (Input { format: Format::Json, bytes, decoding: &decoding }).json()? {
        Value::Object(object) => Ok(object),
        _ => Err(Status::Malformed),
    }
}

/// True if a key is for signatures of an algorithm, as far as it says.
fn fits(key: &Map<String, Value>, algorithm: TokenAlgorithm) -> bool {
    let is =
        |member: &str, expected: &str| key.get(member).and_then(Value::as_str) == Some(expected);
    let kind = match algorithm.signature() {
        Algorithm::Ed25519 => is("kty", "OKP") && is("crv", "Ed25519"),
        Algorithm::EcdsaP256 | Algorithm::EcdsaP256Der => is("kty", "EC") && is("crv", "P-256"),
        Algorithm::RsaPkcs1(_) | Algorithm::RsaPss(_) => is("kty", "RSA"),
    };
    let usage = !key.contains_key("use") || is("use", "sig");
    let operations = key.get("key_ops").is_none_or(|operations| {
        let operations = operations.as_array();
        operations.is_some_and(|all| all.iter().any(|one| one.as_str() == Some("verify")))
    });
    let bound = key
        .get("alg")
        .is_none_or(|bound| bound.as_str().and_then(TokenAlgorithm::from_name) == Some(algorithm));
    kind && usage && operations && bound
}

/// The key of a JSON Web Key that is of the right kind.
fn material(key: &Map<String, Value>, algorithm: TokenAlgorithm) -> Option<PublicKey> {
    let bytes = |member: &str| key.get(member)?.as_str().and_then(base64url);
    match algorithm.signature() {
        Algorithm::Ed25519 => PublicKey::ed25519(&bytes("x")?),
        Algorithm::EcdsaP256 | Algorithm::EcdsaP256Der => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            // Both are as long as the field, or `1` and `23` were `12` and `3`.
            if x.len() != 32 || y.len() != 32 {
                return None;
            }
            PublicKey::p256(&[&[4][..], &x, &y].concat())
        }
        Algorithm::RsaPkcs1(_) | Algorithm::RsaPss(_) => PublicKey::rsa(&bytes("n")?, &bytes("e")?),
    }
}

/// The bytes of a text in base64 with `-` and `_`, and without padding.
pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    if text.ends_with('=') {
        return None;
    }
    Encoding::from_number(encoding::BASE64_URL)?.decode(text.as_bytes(), usize::MAX).ok()?.ok()
}
