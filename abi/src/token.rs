//! The rules of the functions `jwt` and `jwt_json`, and the faults of tokens.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

/// The rules that a JSON Web Token has to keep.
///
/// In JSON, all but `algorithms` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// The algorithms that it may be signed with: `EdDSA`, `ES256`, `RS256`, `RS384`, `RS512`, `PS256`, `PS384`,
    /// `PS512`. At least one.
    pub algorithms: Vec<String>,
    /// The issuers that it may be from. If there are none, it may be from any that has a key.
    #[serde(default)]
    pub issuers: Vec<String>,
    /// The audiences of which it has to name one. If there are none, it may name none either.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The seconds that clocks may differ by, at most 3,600.
    #[serde(default)]
    pub leeway_seconds: u32,
    /// True if it need not expire.
    #[serde(default)]
    pub without_expiry: bool,
}

/// A reason why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is no signed JSON Web Token, or a claim has a wrong type.
    Malformed,
    /// It is signed with an algorithm that the rules do not allow.
    AlgorithmNotAllowed,
    /// Its header has an extension that the host does not know.
    UnknownExtension,
    /// There is no key for it.
    UnknownKey,
    /// Several keys fit, and it does not say which.
    AmbiguousKey,
    /// The key that it names is invalid, weak or for something else.
    UnusableKey,
    /// Its signature is not valid.
    BadSignature,
    /// It does not expire.
    NoExpiry,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It is not from an issuer of the rules.
    WrongIssuer,
    /// It is not for an audience of the rules.
    WrongAudience,
}

impl TokenFault {
    /// All faults.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::AlgorithmNotAllowed,
        Self::UnknownExtension,
        Self::UnknownKey,
        Self::AmbiguousKey,
        Self::UnusableKey,
        Self::BadSignature,
        Self::NoExpiry,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongIssuer,
        Self::WrongAudience,
    ];

    /// The fault in a word, for the code of a violation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::AlgorithmNotAllowed => "token_algorithm_not_allowed",
            Self::UnknownExtension => "token_unknown_extension",
            Self::UnknownKey => "token_unknown_key",
            Self::AmbiguousKey => "token_ambiguous_key",
            Self::UnusableKey => "token_unusable_key",
            Self::BadSignature => "token_bad_signature",
            Self::NoExpiry => "token_no_expiry",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::WrongIssuer => "token_wrong_issuer",
            Self::WrongAudience => "token_wrong_audience",
        }
    }

    /// The fault in words, for the reason of a violation. It repeats nothing of the token.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "it is no signed JSON Web Token",
            Self::AlgorithmNotAllowed => "the token's algorithm is not allowed",
            Self::UnknownExtension => "the token's header has an extension that is not known",
            Self::UnknownKey => "there is no key for the token",
            Self::AmbiguousKey => "several keys fit the token, and it does not say which",
            Self::UnusableKey => "the token's key is invalid, weak or for something else",
            Self::BadSignature => "the token's signature is not valid",
            Self::NoExpiry => "the token does not expire",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::WrongIssuer => "the token is from another issuer",
            Self::WrongAudience => "the token is for another audience",
        }
    }

    /// The fault with this [code](Self::code).
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.code() == code)
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for TokenFault {}
