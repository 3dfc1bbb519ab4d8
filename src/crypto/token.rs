//! JSON Web Tokens (RFC 7519) that are signed, in their compact form (RFC 7515).

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Status, TokenFault, TokenRules};
use serde_json::{Map, Value};

use super::algorithm::Hash;
use super::jwk::{Keys, base64url, object};
use super::{Algorithm, key_work};

/// The longest token, in bytes. Headers of HTTP are shorter.
const MAX_TOKEN_BYTES: usize = 64 << 10;

/// The most elements in a token's header, and in its claims.
const MAX_ELEMENTS: usize = 4096;

/// The most seconds that clocks may differ by.
const MAX_LEEWAY: u32 = 3600;

/// The charge for reading so many bytes of a token, its rules and its keys, in bytes of work.
pub(crate) const fn token_work(len: usize) -> usize {
    len.saturating_mul(32).saturating_add(4096)
}

/// A signature algorithm by the name that tokens and keys have for it.
///
/// `none` and the algorithms by a shared secret are not among them, so that no key can be taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenAlgorithm(Algorithm);

impl TokenAlgorithm {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(Self(match name {
            "EdDSA" | "Ed25519" => Algorithm::Ed25519,
            "ES256" => Algorithm::EcdsaP256,
            "RS256" => Algorithm::RsaPkcs1(Hash::Sha256),
            "RS384" => Algorithm::RsaPkcs1(Hash::Sha384),
            "RS512" => Algorithm::RsaPkcs1(Hash::Sha512),
            "PS256" => Algorithm::RsaPss(Hash::Sha256),
            "PS384" => Algorithm::RsaPss(Hash::Sha384),
            "PS512" => Algorithm::RsaPss(Hash::Sha512),
            _ => return None,
        }))
    }

    pub(super) const fn signature(self) -> Algorithm {
        self.0
    }
}

/// Rules that were checked: they allow something, and no more than the host verifies.
pub(crate) struct Rules {
    algorithms: Vec<TokenAlgorithm>,
    given: TokenRules,
}

impl Rules {
    /// Checks rules.
    ///
    /// # Errors
    ///
    /// [`Status::InvalidArgument`] if they allow no algorithm, one that is not known, or too much leeway.
    pub(crate) fn new(given: TokenRules) -> Result<Self, Status> {
        let known = |name: &String| TokenAlgorithm::from_name(name).ok_or(Status::InvalidArgument);
        let algorithms: Vec<_> = given.algorithms.iter().map(known).collect::<Result<_, _>>()?;
        if algorithms.is_empty() || given.leeway_seconds > MAX_LEEWAY {
            return Err(Status::InvalidArgument);
        }
        Ok(Self { algorithms, given })
    }

    /// Gives the claims of a token that is valid at a time, in seconds since the beginning of 1970. Adds what that takes to `work`.
    ///
    /// # Errors
    ///
    /// The first fault. Claims are looked at only if the signature is valid.
    pub(crate) fn check(
        &self,
        token: &[u8],
        keys: &Keys<'_>,
        now: f64,
        work: &mut usize,
    ) -> Result<Map<String, Value>, TokenFault> {
        let token = without_scheme(token);
        *work = work.saturating_add(token_work(token.len().min(MAX_TOKEN_BYTES)));
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Malformed);
        }
        let token = Token::read(token).ok_or(TokenFault::Malformed)?;
        let algorithm = self.algorithm(&token.header)?;
        let kid = match token.header.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().ok_or(TokenFault::Malformed)?),
        };
        *work = work.saturating_add(key_work(0));
        let key = keys.find(algorithm, kid)?;
        let algorithm = algorithm.signature();
        *work = work.saturating_add(algorithm.work(&key, token.signed.len()));
        if !algorithm.verify(&key, token.signed.as_bytes(), &token.signature) {
            return Err(TokenFault::BadSignature);
        }
        let claims = base64url(token.claims).ok_or(TokenFault::Malformed)?;
        let claims = object(&claims, MAX_ELEMENTS).map_err(|_| TokenFault::Malformed)?;
        self.check_time(&claims, now)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        Ok(claims)
    }

    /// The algorithm of a header, if it is allowed.
    fn algorithm(&self, header: &Map<String, Value>) -> Result<TokenAlgorithm, TokenFault> {
        let name = header.get("alg").and_then(Value::as_str).ok_or(TokenFault::Malformed)?;
        let algorithm = TokenAlgorithm::from_name(name);
        let allowed = algorithm.filter(|algorithm| self.algorithms.contains(algorithm));
        let allowed = allowed.ok_or(TokenFault::AlgorithmNotAllowed)?;
        // `b64` changes what is signed, and may only come with `crit`.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(TokenFault::UnknownExtension);
        }
        Ok(allowed)
    }

    fn check_time(&self, claims: &Map<String, Value>, now: f64) -> Result<(), TokenFault> {
        let leeway = f64::from(self.given.leeway_seconds);
        match (time(claims, "exp")?, time(claims, "nbf")?) {
            (None, _) if !self.given.without_expiry => Err(TokenFault::NoExpiry),
            (Some(expires), _) if now >= expires + leeway => Err(TokenFault::Expired),
            (_, Some(begins)) if now + leeway < begins => Err(TokenFault::NotYetValid),
            _ => Ok(()),
        }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        let issuer = claims.get("iss").map(|issuer| issuer.as_str().ok_or(TokenFault::Malformed));
        let issuer = issuer.transpose()?;
        let known = |issuer| self.given.issuers.iter().any(|known| known == issuer);
        if self.given.issuers.is_empty() || issuer.is_some_and(known) {
            return Ok(());
        }
        Err(TokenFault::WrongIssuer)
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        let ours = |name: &str| self.given.audiences.iter().any(|ours| ours == name);
        let found = match claims.get("aud") {
            // A token for nobody in particular is not for us.
            None => self.given.audiences.is_empty(),
            Some(Value::String(name)) => ours(name),
            Some(Value::Array(names)) => {
                let names = names.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
                names.ok_or(TokenFault::Malformed)?.into_iter().any(ours)
            }
            Some(_) => return Err(TokenFault::Malformed),
        };
        if found { Ok(()) } else { Err(TokenFault::WrongAudience) }
    }
}

/// A token in its parts, of which none was verified.
struct Token<'a> {
    header: Map<String, Value>,
    claims: &'a str,
    /// Header and claims, as they are signed.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn read(token: &'a [u8]) -> Option<Self> {
        let token = core::str::from_utf8(token).ok()?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        // Base64 has no dot, so that there are three parts.
        let header = object(&base64url(header)?, MAX_ELEMENTS).ok()?;
        Some(Self { header, claims, signed, signature: base64url(signature)? })
    }
}

/// A token without `Bearer ` before it, as the header `Authorization` has it.
fn without_scheme(token: &[u8]) -> &[u8] {
    match token.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => token,
    }
}

/// A claim that is a time, in seconds.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, TokenFault> {
    match claims.get(name) {
        None => Ok(None),
        Some(time) => time.as_f64().map(Some).ok_or(TokenFault::Malformed),
    }
}
