//! The verdict of a handler.

use cpex_wasmi_abi::{VERDICT_ALLOW, VERDICT_DENY};

use crate::result::check;
use crate::value::encode;
use crate::{Result, Violation, sys};

/// The decision of a handler: [`allow`], [`deny`] or [`deny_with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a verdict counts only if the handler returns it"]
pub struct Verdict(i32);

impl Verdict {
    pub(crate) const fn code(self) -> i32 {
        self.0
    }
}

/// Has no objection to the operation, with the changes made so far.
///
/// # Errors
///
/// None; it is a `Result` so that a handler can end with it.
pub const fn allow() -> Result<Verdict> {
    Ok(Verdict(VERDICT_ALLOW))
}

/// Denies the operation, with a code for programs and a reason for people.
///
/// # Errors
///
/// The host's status.
pub fn deny(code: &str, reason: &str) -> Result<Verdict> {
    check(sys::deny_text(code.as_bytes(), reason.as_bytes()))?;
    Ok(Verdict(VERDICT_DENY))
}

/// Denies the operation, with everything a violation can say.
///
/// # Errors
///
/// The host's status.
pub fn deny_with(violation: Violation) -> Result<Verdict> {
    check(sys::deny(&encode(&violation)?))?;
    Ok(Verdict(VERDICT_DENY))
}

/// As [`deny_with`], of a violation that is encoded already.
#[cfg(feature = "cpex")]
pub(crate) fn deny_encoded(violation: &[u8]) -> Result<Verdict> {
    check(sys::deny(violation))?;
    Ok(Verdict(VERDICT_DENY))
}
