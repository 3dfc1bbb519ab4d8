//! Rights on directories and files, in the words of WASI.

use crate::FilePermission;

macro_rules! rights {
    ($($name:ident = $bit:literal;)*) => {
        $(pub(super) const $name: u64 = 1 << $bit;)*
    };
}

rights! {
    FD_DATASYNC = 0;
    FD_READ = 1;
    FD_SEEK = 2;
    FD_FDSTAT_SET_FLAGS = 3;
    FD_SYNC = 4;
    FD_TELL = 5;
    FD_WRITE = 6;
    FD_ADVISE = 7;
    PATH_CREATE_DIRECTORY = 9;
    PATH_CREATE_FILE = 10;
    PATH_LINK_SOURCE = 11;
    PATH_LINK_TARGET = 12;
    PATH_OPEN = 13;
    FD_READDIR = 14;
    PATH_READLINK = 15;
    PATH_RENAME_SOURCE = 16;
    PATH_RENAME_TARGET = 17;
    PATH_FILESTAT_GET = 18;
    PATH_FILESTAT_SET_SIZE = 19;
    PATH_FILESTAT_SET_TIMES = 20;
    FD_FILESTAT_GET = 21;
    FD_FILESTAT_SET_SIZE = 22;
    FD_FILESTAT_SET_TIMES = 23;
    PATH_SYMLINK = 24;
    PATH_REMOVE_DIRECTORY = 25;
    PATH_UNLINK_FILE = 26;
    POLL_FD_READWRITE = 27;
}

/// Rights that only say something of directories.
pub(super) const OF_DIRECTORIES: u64 = PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_FILESTAT_GET
    | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_GET
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE;

/// Rights that say something of files.
pub(super) const OF_FILES: u64 = FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_TELL
    | FD_WRITE
    | FD_ADVISE
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | POLL_FD_READWRITE;

const ANY: u64 = PATH_OPEN
    | FD_SEEK
    | FD_TELL
    | FD_ADVISE
    | FD_FDSTAT_SET_FLAGS
    | FD_FILESTAT_GET
    | POLL_FD_READWRITE;
const LISTS: u64 = FD_READDIR | PATH_READLINK | PATH_FILESTAT_GET;
const WRITES: u64 = FD_DATASYNC | FD_SYNC | FD_WRITE | FD_FILESTAT_SET_SIZE | FD_FILESTAT_SET_TIMES;
const CHANGES: u64 = WRITES | PATH_FILESTAT_SET_SIZE | PATH_FILESTAT_SET_TIMES;
const ARRANGES: u64 = PATH_CREATE_DIRECTORY
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE;

/// The rights in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct May {
    /// Rights of what is there, directories and files alike.
    pub(super) rights: u64,
    /// True if files that are there may be changed. Otherwise only new ones can be written to.
    pub(super) changes: bool,
    /// True in a directory of the plugin's own, which is gone when the call is over.
    pub(super) private: bool,
}

impl May {
    pub(super) fn of(permission: FilePermission) -> Self {
        let (rights, changes) = match permission {
            FilePermission::ReadOnly => (LISTS | FD_READ, false),
            FilePermission::FullAccess | FilePermission::PrivateScratch => {
                (LISTS | FD_READ | CHANGES | PATH_CREATE_FILE | ARRANGES, true)
            }
            FilePermission::DropBox => (WRITES | PATH_CREATE_FILE, false),
            FilePermission::FixedMutable => (LISTS | FD_READ | CHANGES, true),
            FilePermission::ListOnly => (LISTS, false),
        };
        Self {
            rights: rights | ANY,
            changes,
            private: permission == FilePermission::PrivateScratch,
        }
    }

    /// The union of both.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            rights: self.rights | other.rights,
            changes: self.changes || other.changes,
            private: self.private && other.private,
        }
    }

    /// The rest of it.
    pub(super) fn only(self, rights: u64) -> Self {
        Self { rights: self.rights & rights, ..self }
    }

    pub(super) fn has(self, rights: u64) -> bool {
        self.rights & rights == rights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_as_their_names_say() {
        let may = |permission, rights| May::of(permission).has(rights);
        for permission in FilePermission::ALL.iter().copied() {
            use FilePermission as P;
            let reads = !matches!(permission, P::DropBox | P::ListOnly);
            let lists = permission != P::DropBox;
            let changes = matches!(permission, P::FullAccess | P::FixedMutable | P::PrivateScratch);
            let adds = matches!(permission, P::FullAccess | P::DropBox | P::PrivateScratch);
            let removes = matches!(permission, P::FullAccess | P::PrivateScratch);
            assert_eq!(may(permission, FD_READ), reads, "{permission:?}");
            assert_eq!(may(permission, FD_READDIR), lists, "{permission:?}");
            assert_eq!(may(permission, PATH_FILESTAT_GET), lists, "{permission:?}");
            assert_eq!(May::of(permission).changes, changes, "{permission:?}");
            assert_eq!(may(permission, PATH_CREATE_FILE), adds, "{permission:?}");
            assert_eq!(may(permission, FD_WRITE), changes || adds, "{permission:?}");
            for right in [PATH_UNLINK_FILE, PATH_RENAME_SOURCE, PATH_CREATE_DIRECTORY, PATH_SYMLINK]
            {
                assert_eq!(may(permission, right), removes, "{permission:?}");
            }
        }
    }
}
