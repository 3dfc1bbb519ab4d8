//! Errors of the SDK, made of the host's statuses.

use core::fmt;

use cpex_wasmi_abi::Status;

/// A result with this crate's [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// An error of a host call, or the reason for which the plugin gives up.
///
/// Returned from a handler, it makes the call fail with the matching error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(i32);

impl Error {
    /// The plugin gives up for a reason of its own. [`failed`](Self::failed) tells the host which.
    pub const FAILED: Self = Self::new(Status::Failed);

    const ABSENT: Self = Self::new(Status::Absent);

    /// The plugin gives up for this reason. The host puts it into the error of the call or of the
    /// initialisation, without secrets and cut at 4 KiB. The first reason of a call counts.
    ///
    /// ```
    /// use cpex_wasmi_guest::{Error, JsonMap, Result};
    ///
    /// fn init(config: JsonMap) -> Result<()> {
    ///     if config.contains("region")? {
    ///         return Ok(());
    ///     }
    ///     Err(Error::failed("the configuration has no `region`"))
    /// }
    /// ```
    #[cold]
    pub fn failed(reason: &str) -> Self {
        let _ = crate::sys::panic(reason.as_bytes());
        Self::FAILED
    }

    /// An error with this status.
    pub const fn new(status: Status) -> Self {
        Self(status.code())
    }

    /// The status behind the error. A status that this version does not know is
    /// [`Status::Failed`].
    pub const fn status(self) -> Status {
        match Status::from_code(self.0) {
            Some(status) => status,
            None => Status::Failed,
        }
    }

    pub(crate) const fn code(self) -> i32 {
        self.0
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.status().name())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.status(), f)
    }
}

impl core::error::Error for Error {}

/// Tells a host function's result from its status.
pub(crate) fn check(answer: i32) -> Result<usize> {
    usize::try_from(answer).map_err(|_| Error(answer))
}

/// Makes what is not there a `None`.
pub(crate) fn optional<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::ABSENT) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_result_or_a_status() {
        assert_eq!(check(0), Ok(0));
        assert_eq!(check(7), Ok(7));
        for &status in Status::ALL {
            assert_eq!(check(status.code()), Err(status.into()));
            assert_eq!(Error::new(status).status(), status);
        }
        assert_eq!(check(-1000).unwrap_err().status(), Status::Failed);
    }

    #[test]
    fn only_what_is_absent_is_none() {
        assert_eq!(optional::<u8>(Err(Status::Absent.into())), Ok(None));
        assert_eq!(optional(Ok(1)), Ok(Some(1)));
        let denied = Error::new(Status::CapabilityDenied);
        assert_eq!(optional::<u8>(Err(denied)), Err(denied));
    }
}
