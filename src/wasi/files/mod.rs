//! The functions of WASI for directories and files.
//!
//! The grants were opened when the plugin was loaded, and all else is opened from there by cap-std, which
//! does not leave a directory whatever links there are in it and whoever changes them meanwhile. No path of
//! the machine's is looked up while a plugin runs.

mod fault;
mod io;
mod list;
mod open;
mod paths;
mod rights;
mod root;
mod roots;
mod scratch;
mod stat;
mod table;

use alloc::string::String;

use super::announce::Announcement;
use super::serve::{Args, WasiCall};
use super::{Errno, Fault, WasiFunction};
use crate::system::effects::{Course, OpenEffect, went};
use crate::system::{AccessKind, AuditOutcome};

use fault::{Done, Why};
use rights::May;
pub(crate) use roots::Roots;
pub(crate) use table::Files;
use table::PathTarget;

/// The charge for looking up a path, beside the bytes moved.
const PATH_WORK: usize = 8000;
/// Does so for one that has a file open already.
const FILE_WORK: usize = 1000;
/// The charge for one that waits for the disk: a default slice of fuel, so that the deadline is looked at.
const SYNC_WORK: usize = 400_000;

/// The longest path that is told of as it is, in bytes, and what is left of the start and of the end of a
/// longer one: what is opened is at its end.
const MAX_SHOWN: usize = 1024;
const START_SHOWN: usize = 256;
const END_SHOWN: usize = 512;

/// The start and the end of a path.
fn ends_of(shown: &str) -> String {
    let start = shown.floor_char_boundary(START_SHOWN);
    let end = shown.ceil_char_boundary(shown.len().saturating_sub(END_SHOWN)).max(start);
    let (start, end) = (shown.get(..start), shown.get(end..));
    alloc::format!("{}…{}", start.unwrap_or_default(), end.unwrap_or_default())
}

impl WasiCall<'_> {
    /// Serves a function for a descriptor other than the three standard ones.
    pub(super) fn file(&mut self, function: WasiFunction, args: &Args) -> Result<(), Fault> {
        use WasiFunction as F;
        self.state.files.begin();
        let (fd, b, c, d) = (args.at(0), args.at(1), args.at(2), args.at(3));
        match function {
            // What these tell is the same in each instance.
            F::FdPrestatGet | F::FdPrestatDirName | F::FdFdstatGet => {}
            _ => self.session.varies("a file"),
        }
        self.session.worked(FILE_WORK);
        match function {
            F::FdPrestatGet => self.prestat(fd, b),
            F::FdPrestatDirName => self.prestat_name(fd, b, c),
            F::FdFdstatGet => self.fdstat(fd, b),
            F::FdFdstatSetFlags => self.set_flags(fd, b),
            F::FdFdstatSetRights => self.set_rights(fd, args.wide(1), args.wide(2)),
            F::FdClose => self.close(fd),
            F::FdRenumber => self.renumber(fd, b),
            F::FdFilestatGet => self.filestat(fd, b),
            F::FdFilestatSetSize => self.set_size(fd, args.wide(1)),
            F::FdFilestatSetTimes => self.set_times(fd, args.wide(1), args.wide(2), d),
            F::FdAdvise => Ok(self.state.files.file(fd).map(drop)?),
            // Space that is there for certain cannot be promised.
            F::FdAllocate => Err(Errno::Notsup.into()),
            F::FdSync => self.sync(fd, true),
            F::FdDatasync => self.sync(fd, false),
            F::FdRead => self.read(fd, None, (b, c, d)),
            F::FdPread => self.read(fd, Some(args.wide(3)), (b, c, args.at(4))),
            F::FdWrite => self.write(fd, None, (b, c, d)),
            F::FdPwrite => self.write(fd, Some(args.wide(3)), (b, c, args.at(4))),
            F::FdSeek => self.seek(fd, args.wide(1).cast_signed(), c, d),
            F::FdTell => self.seek(fd, 0, 1, b),
            F::FdReaddir => self.read_dir(fd, (b, c), args.wide(3), args.at(4)),
            F::PathOpen => self.path_open(args),
            F::PathFilestatGet => self.path_stat(fd, b, (c, d), args.at(4)),
            F::PathFilestatSetTimes => self.path_set_times(args),
            F::PathCreateDirectory => self.create_dir(fd, (b, c)),
            F::PathRemoveDirectory => self.remove_dir(fd, (b, c)),
            F::PathUnlinkFile => self.unlink(fd, (b, c)),
            F::PathReadlink => self.read_link(fd, (b, c), (d, args.at(4)), args.at(5)),
            F::PathSymlink => self.symlink((fd, b), c, (d, args.at(4))),
            F::PathLink => self.link((fd, b, (c, d)), (args.at(4), (args.at(5), args.at(6)))),
            F::PathRename => self.rename((fd, (b, c)), (d, (args.at(4), args.at(5)))),
            _ => Err(Errno::Notsup.into()),
        }
    }

    /// True if a descriptor other than the three standard ones is that of something.
    pub(super) fn is_file_open(&mut self, fd: u32) -> bool {
        self.state.files.begin();
        self.state.files.entry(fd).is_ok()
    }

    /// The target of a path from a directory.
    fn place(&mut self, fd: u32, path: (u32, u32)) -> Result<PathTarget, Fault> {
        self.session.worked(PATH_WORK);
        let path = String::from(self.memory.path(path.0, path.1)?);
        let names = self.state.files.name_work(fd, &path);
        self.session.worked(path.len().saturating_add(names));
        let mut place = self.state.files.place(fd, path)?;
        if place.shown.len() > MAX_SHOWN {
            let (shown, work) = self.session.without_secrets(&place.shown);
            self.session.worked(work.saturating_add(place.shown.len()));
            place.shown = ends_of(&shown);
        }
        Ok(place)
    }

    /// Does something with what is at a path, if there is the right to, and tells of it.
    fn at_path(
        &mut self,
        operation: &str,
        place: &PathTarget,
        right: u64,
        act: impl FnOnce(&mut Self, &PathTarget) -> Done<()>,
    ) -> Result<(), Fault> {
        let done = match &place.dir {
            Some(_) if place.may.has(right) => act(self, place),
            _ => Err(Why::Denied),
        };
        self.told(operation, &place.shown, done)
    }

    /// Changes what is at a path, as [`at_path`](Self::at_path) does, once that is in the log of external effects, if
    /// one is kept.
    fn change_path(
        &mut self,
        operation: &str,
        place: &PathTarget,
        right: u64,
        act: impl FnOnce(&mut Self, &PathTarget) -> Done<()>,
    ) -> Result<(), Fault> {
        self.at_path(operation, place, right, |call, place| {
            let mut effect = call.announce(operation, &place.shown, place.may)?;
            act(call, place)?;
            went(&mut effect, Course::Done);
            Ok(())
        })
    }

    /// Has a change recorded before it is made, if a log of external effects is kept: the function waits, and is
    /// served anew.
    fn announce(&mut self, operation: &str, shown: &str, may: May) -> Done<Option<OpenEffect>> {
        if may.private {
            return Ok(None);
        }
        if let Some(answer) = self.state.announcement.answer() {
            return answer.map(Some).map_err(|_| Errno::Io.into());
        }
        let Some(recording) = self.session.announce(AccessKind::Files, operation, shown) else {
            return Ok(None);
        };
        self.state.announcement = Announcement::of(recording);
        Err(Why::Waits)
    }

    /// Tells of what was done or not.
    fn told<T>(&mut self, operation: &str, shown: &str, done: Done<T>) -> Result<T, Fault> {
        match &done {
            Ok(_) => {
                self.session.note(AccessKind::Files, operation, shown, AuditOutcome::Allowed, 0, 0)
            }
            Err(Why::Denied) => self.session.refuse(AccessKind::Files, operation, shown, 0),
            Err(Why::Waits) => {}
            Err(why) => {
                self.session.note(AccessKind::Files, operation, shown, why.outcome(), 0, 0);
            }
        }
        Ok(done?)
    }
}
