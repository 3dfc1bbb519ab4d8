//! The errors of WASI's functions.

use crate::Error;

/// The error of a function of WASI, by its number in preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[allow(dead_code, reason = "without files, some are not needed")]
pub(crate) enum Errno {
    /// Permission denied.
    Acces = 2,
    Again = 6,
    Badf = 8,
    Busy = 10,
    Dquot = 19,
    Exist = 20,
    Fbig = 22,
    Ilseq = 25,
    Inval = 28,
    Io = 29,
    Isdir = 31,
    Loop = 32,
    Mfile = 33,
    Mlink = 34,
    Nametoolong = 37,
    Nfile = 41,
    Noent = 44,
    Nospc = 51,
    Notdir = 54,
    Notempty = 55,
    Notsup = 58,
    Overflow = 61,
    Perm = 63,
    Rofs = 69,
    Spipe = 70,
    Txtbsy = 74,
    Xdev = 75,
    Notcapable = 76,
}

/// The failure of a function.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The plugin is told.
    Errno(Errno),
    /// The call ends.
    End(Error),
    /// The function waits until what it is about to do is recorded, and is [resumed](super::resume).
    Waits,
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::End(error)
    }
}
