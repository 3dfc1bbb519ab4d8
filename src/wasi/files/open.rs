//! Opening directories and files.

use std::io;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions};

use super::super::serve::{Args, WasiCall};
use super::super::{Errno, Fault};
use super::fault::{Done, Why};
use super::rights::{self, May};
use super::table::{Descriptor, OpenDir, OpenFile, PathTarget};
use crate::system::effects::{Course, OpenEffect, went};

const FOLLOW: u32 = 1;

const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;

const APPEND: u32 = 1;

/// The charge for a file or directory that a plugin adds, beside what is written to it, in bytes.
pub(super) const ENTRY_BYTES: u64 = 1024;

/// The way to open something.
struct Wanted {
    follow: bool,
    flags: u32,
    appends: bool,
    may: May,
}

impl Wanted {
    fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    fn follow(&self) -> FollowSymlinks {
        if self.follow { FollowSymlinks::Yes } else { FollowSymlinks::No }
    }
}

impl WasiCall<'_> {
    pub(super) fn path_open(&mut self, args: &Args) -> Result<(), Fault> {
        let out = args.at(8);
        self.memory.bytes(out, 4)?;
        let place = self.place(args.at(0), (args.at(2), args.at(3)))?;
        let rights = (args.wide(5) & (rights::OF_DIRECTORIES | rights::OF_FILES))
            | (args.wide(6) & rights::OF_FILES);
        let may = match place.root {
            // Of all that is in it, which is looked at again there.
            Some(_) => self.state.files.dir(args.at(0))?.may,
            None => place.may,
        };
        let wanted = Wanted {
            follow: place.follows(args.at(1) & FOLLOW != 0),
            flags: args.at(4),
            appends: args.at(7) & APPEND != 0,
            // For a file, what counts is what is asked of itself; for a directory, of what is in it too.
            may: may.only(rights),
        };
        let own = place.may.only(args.wide(5));
        let operation = if wanted.is(CREATE) { "create" } else { "open" };
        let opened = match self.state.files.has_room(self.session) {
            true => self.open(&place, &wanted, own),
            false => Err(Errno::Mfile.into()),
        };
        let mut entry = self.told(operation, &place.shown, opened)?;
        if let Descriptor::File(file) = &mut entry {
            file.lacks = args.wide(5) & !file.may.rights;
        }
        let fd = self.state.files.add(entry)?;
        Ok(self.memory.set_u32(out, fd)?)
    }

    /// Opens what is at a place; `own` is what may be done with it, if it is a file.
    fn open(&mut self, place: &PathTarget, wanted: &Wanted, own: May) -> Done<Descriptor> {
        if !place.may.has(rights::PATH_OPEN) && place.root.is_none() {
            return Err(Why::Denied);
        }
        if let Some(at) = place.root {
            return if wanted.is(CREATE | TRUNCATE) {
                Err(Errno::Isdir.into())
            } else {
                let may = May { rights: wanted.may.rights | rights::PATH_OPEN, ..wanted.may };
                Ok(Descriptor::Dir(OpenDir::root(at, place, may)))
            };
        }
        let dir = place.dir.as_deref().ok_or(Why::Denied)?;
        let there = if wanted.follow {
            dir.metadata(&place.path)
        } else {
            dir.symlink_metadata(&place.path)
        };
        match there {
            Ok(there) if there.is_dir() => open_dir(dir, place, wanted, own),
            Ok(_) if wanted.is(DIRECTORY) => Err(Errno::Notdir.into()),
            Ok(there) if there.is_symlink() && place.single.is_some() => Err(Why::Denied),
            Ok(there) if there.is_symlink() => Err(Errno::Loop.into()),
            // Not even opened: with a device, that may do something.
            Ok(there) if !there.is_file() => Err(Why::Denied),
            Ok(_) => self.open_file(dir, place, wanted, own),
            Err(error) if error.kind() == io::ErrorKind::NotFound && wanted.is(CREATE) => {
                if wanted.is(DIRECTORY) {
                    return Err(Errno::Inval.into());
                }
                self.create_file(dir, place, wanted, own)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn open_file(
        &mut self,
        dir: &Dir,
        place: &PathTarget,
        wanted: &Wanted,
        own: May,
    ) -> Done<Descriptor> {
        if wanted.is(CREATE) && (wanted.is(EXCLUSIVE) || !place.may.changes) {
            let added = place.may.has(rights::PATH_CREATE_FILE) || place.may.changes;
            return Err(if added { Errno::Exist.into() } else { Why::Denied });
        }
        let reads = own.has(rights::FD_READ);
        let writes = own.has(rights::FD_WRITE) && own.changes;
        if !(reads || writes) || (wanted.is(TRUNCATE) && !place.may.changes) {
            return Err(Why::Denied);
        }
        let mut options = options(wanted);
        let truncates = wanted.is(TRUNCATE);
        let mut effect = match truncates {
            true => self.announce("open", &place.shown, place.may)?,
            false => None,
        };
        options.read(reads).write((writes || truncates) && !wanted.appends);
        options.append((writes || truncates) && wanted.appends);
        let file = dir.open_with(&place.path, &options)?.into_std();
        // What was there before may have been replaced.
        if !file.metadata()?.is_file() {
            return Err(Why::Denied);
        }
        if truncates {
            file.set_len(0)?;
            went(&mut effect, Course::Done);
        }
        let may = if own.changes { own } else { own.only(!NEEDS_CHANGES) };
        Ok(entry(file, place, may, wanted, effect))
    }

    fn create_file(
        &mut self,
        dir: &Dir,
        place: &PathTarget,
        wanted: &Wanted,
        own: May,
    ) -> Done<Descriptor> {
        if !place.may.has(rights::PATH_CREATE_FILE) {
            return Err(Why::Denied);
        }
        let mut effect = self.announce("create", &place.shown, place.may)?;
        self.count_entry()?;
        let mut options = options(wanted);
        options.read(own.has(rights::FD_READ)).write(!wanted.appends).append(wanted.appends);
        let file = dir.open_with(&place.path, options.create_new(true))?.into_std();
        went(&mut effect, Course::Done);
        Ok(entry(file, place, own, wanted, effect))
    }

    /// Counts a file or directory that is added.
    pub(super) fn count_entry(&mut self) -> Done<()> {
        let (usage, limits) = self.session.system();
        let total = usage.file_bytes_written.saturating_add(ENTRY_BYTES);
        if total > limits.file_bytes_written {
            return Err(Errno::Dquot.into());
        }
        usage.file_bytes_written = total;
        Ok(())
    }
}

fn open_dir(dir: &Dir, place: &PathTarget, wanted: &Wanted, own: May) -> Done<Descriptor> {
    if place.single.is_some() {
        return Err(Why::Denied);
    }
    if wanted.is(CREATE | TRUNCATE) || (!wanted.is(DIRECTORY) && own.has(rights::FD_WRITE)) {
        return Err(Errno::Isdir.into());
    }
    let opened = match wanted.follow {
        true => dir.open_dir(&place.path)?,
        false => dir.open_dir_nofollow(&place.path)?,
    };
    let depth = place.depth_of(dir, &place.path)?;
    Ok(Descriptor::Dir(OpenDir::new(opened, place, depth, wanted.may)))
}

/// Rights that a file which may not be changed does not have.
const NEEDS_CHANGES: u64 =
    rights::FD_WRITE | rights::FD_FILESTAT_SET_SIZE | rights::FD_FILESTAT_SET_TIMES;

fn entry(
    file: std::fs::File,
    place: &PathTarget,
    may: May,
    wanted: &Wanted,
    effect: Option<OpenEffect>,
) -> Descriptor {
    Descriptor::File(OpenFile {
        file,
        shown: place.shown.clone(),
        may: may.only(rights::OF_FILES),
        lacks: 0,
        appends: wanted.appends,
        bytes_read: 0,
        bytes_written: 0,
        cut: false,
        effect,
    })
}

fn options(wanted: &Wanted) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.follow(wanted.follow());
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt as _;
        use rustix::fs::OFlags;
        // Should it be a pipe or a device after all, opening it does not wait.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
        options.mode(0o600);
    }
    options
}
