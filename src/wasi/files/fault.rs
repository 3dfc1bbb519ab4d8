//! Errors of the operating system, and refusals, as a plugin and the audit are told of them.

use std::io;

use super::super::{Errno, Fault};
use crate::Error;
use crate::system::AuditOutcome;

/// The reason for which a file operation failed.
#[derive(Debug)]
pub(super) enum Why {
    /// It is not granted.
    Denied,
    /// It failed, or came to a limit.
    Failed(Errno),
    /// The call ends.
    End(Error),
    /// The function waits, and nothing is done yet.
    Waits,
}

pub(super) type Done<T> = Result<T, Why>;

impl Why {
    pub(super) fn outcome(&self) -> AuditOutcome {
        if matches!(self, Self::Denied) { AuditOutcome::Denied } else { AuditOutcome::Failed }
    }
}

impl From<Why> for Fault {
    fn from(why: Why) -> Self {
        match why {
            Why::Denied => Self::Errno(Errno::Acces),
            Why::Failed(errno) => Self::Errno(errno),
            Why::End(error) => Self::End(error),
            Why::Waits => Self::Waits,
        }
    }
}

impl From<Fault> for Why {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Errno(errno) => Self::Failed(errno),
            Fault::End(error) => Self::End(error),
            Fault::Waits => Self::Waits,
        }
    }
}

impl From<Errno> for Why {
    fn from(errno: Errno) -> Self {
        Self::Failed(errno)
    }
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::End(error)
    }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        // cap-std's own: the path would have left its directory.
        if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            return Self::Denied;
        }
        Self::Failed(errno(&error))
    }
}

fn errno(error: &io::Error) -> Errno {
    use io::ErrorKind as K;
    #[cfg(unix)]
    if let Some(raw) = error.raw_os_error() {
        use rustix::io::Errno as Raw;
        let raw = Raw::from_raw_os_error(raw);
        for (known, errno) in [
            (Raw::LOOP, Errno::Loop),
            (Raw::MFILE, Errno::Mfile),
            (Raw::NFILE, Errno::Nfile),
            (Raw::NAMETOOLONG, Errno::Nametoolong),
            (Raw::PERM, Errno::Perm),
            (Raw::OVERFLOW, Errno::Overflow),
        ] {
            if raw == known {
                return errno;
            }
        }
    }
    match error.kind() {
        K::NotFound => Errno::Noent,
        K::PermissionDenied => Errno::Acces,
        K::AlreadyExists => Errno::Exist,
        K::InvalidInput => Errno::Inval,
        K::NotADirectory => Errno::Notdir,
        K::IsADirectory => Errno::Isdir,
        K::DirectoryNotEmpty => Errno::Notempty,
        K::ReadOnlyFilesystem => Errno::Rofs,
        K::StorageFull => Errno::Nospc,
        K::QuotaExceeded => Errno::Dquot,
        K::FileTooLarge => Errno::Fbig,
        K::ResourceBusy => Errno::Busy,
        K::ExecutableFileBusy => Errno::Txtbsy,
        K::CrossesDevices => Errno::Xdev,
        K::TooManyLinks => Errno::Mlink,
        K::InvalidFilename => Errno::Nametoolong,
        K::WouldBlock | K::Interrupted => Errno::Again,
        K::Unsupported => Errno::Notsup,
        K::NotSeekable => Errno::Spipe,
        _ => Errno::Io,
    }
}
