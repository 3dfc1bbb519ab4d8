//! The digest of a module.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::logging::visible;
use crate::{Error, ErrorKind, Problem};

/// The SHA-256 digest of a module's bytes, as `sha256sum` prints it.
///
/// ```
/// use cpex_wasmi::{Digest, Policy};
///
/// # fn main() -> Result<(), cpex_wasmi::Error> {
/// let text = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
/// let digest: Digest = text.parse()?;
/// assert_eq!(digest.to_string(), text.to_lowercase());
/// let policy = Policy::default().digest(digest);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits, or says what is wrong with them.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            return Err("must be 64 hex digits; leave out `sha256:` before them".into());
        }
        if let Some(odd) = text.chars().find(|char| !char.is_ascii_hexdigit()) {
            let odd = visible(odd.encode_utf8(&mut [0; 4]));
            return Err(format!("must be 64 hex digits, but has `{odd}` among them"));
        }
        if text.len() != 64 {
            return Err(format!("must be 64 hex digits, but has {}", text.len()));
        }
        let mut digits = text.chars().filter_map(|char| u8::try_from(char.to_digit(16)?).ok());
        let mut digit = || digits.next().unwrap_or_default();
        Ok(Self(core::array::from_fn(|_| digit() << 4 | digit())))
    }

    /// The problem if an operator pins this digest and a module with another is to be loaded.
    pub(crate) fn differs(self, found: Self) -> Option<Problem> {
        let message = || {
            format!(
                "the policy pins the module with the SHA-256 digest {self}, and this one has \
                 {found}; put the pinned module in its place, or to run this one, set `sha256: \
                 {found}` under `sandbox_policy:`"
            )
        };
        (self != found).then(|| Problem::new(ErrorKind::DigestMismatch, message()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Reads 64 hex digits of either case.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|wrong| {
            Error::new(ErrorKind::InvalidPolicy, format!("a SHA-256 digest {wrong}"))
        })
    }
}
