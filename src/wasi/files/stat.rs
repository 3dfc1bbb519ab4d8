//! The kinds of descriptors and paths.

use core::time::Duration;
use std::fs::FileTimes;
use std::time::SystemTime;

use cap_fs_ext::{DirExt as _, MetadataExt as _, SystemTimeSpec};
use cap_std::fs::Metadata;
use cap_std::time::SystemTime as CapTime;

use super::super::serve::{Args, WasiCall};
use super::super::{Errno, Fault};
use super::fault::{Done, Why};
use super::rights;
use super::table::{Descriptor, PathTarget};

pub(super) const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
const SYMBOLIC_LINK: u8 = 7;

const SET_ACCESSED: u32 = 1;
const ACCESSED_NOW: u32 = 2;
const SET_MODIFIED: u32 = 4;
const MODIFIED_NOW: u32 = 8;

const APPEND: u32 = 1;

impl WasiCall<'_> {
    /// The length of the path of a directory that the call found open.
    pub(super) fn prestat(&mut self, fd: u32, out: u32) -> Result<(), Fault> {
        let len = u32::try_from(self.root_path(fd)?.len()).map_err(|_| Errno::Overflow)?;
        self.memory.set_u32(out.saturating_add(4), len)?;
        Ok(self.memory.set_u32(out, 0)?)
    }

    pub(super) fn prestat_name(&mut self, fd: u32, at: u32, len: u32) -> Result<(), Fault> {
        let path = self.root_path(fd)?;
        self.memory.bytes(at, len)?;
        if usize::try_from(len).unwrap_or(0) < path.len() {
            return Err(Errno::Nametoolong.into());
        }
        Ok(self.memory.set(at, path.as_bytes())?)
    }

    fn root_path(&mut self, fd: u32) -> Result<alloc::string::String, Fault> {
        let at = self.state.files.root(fd).ok_or(Errno::Badf)?;
        let root = self.state.files.roots.0.get(at).ok_or(Errno::Badf)?;
        Ok(root.path.clone())
    }

    pub(super) fn fdstat(&mut self, fd: u32, out: u32) -> Result<(), Fault> {
        let (kind, flags, base, inheriting) = match self.state.files.entry(fd)? {
            Descriptor::Dir(dir) => {
                (DIRECTORY, 0, dir.may.rights & rights::OF_DIRECTORIES, dir.may.rights)
            }
            Descriptor::File(file) => {
                (REGULAR_FILE, u8::from(file.appends), file.may.rights & rights::OF_FILES, 0)
            }
        };
        let mut stat = [0_u8; 24];
        let fields = [kind, 0, flags, 0, 0, 0, 0, 0].into_iter();
        let fields = fields.chain(base.to_le_bytes()).chain(inheriting.to_le_bytes());
        for (to, from) in stat.iter_mut().zip(fields) {
            *to = from;
        }
        Ok(self.memory.set(out, &stat)?)
    }

    /// Nothing but what is so already can be set.
    pub(super) fn set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Fault> {
        let file = self.state.files.file(fd)?;
        let same = (flags & APPEND != 0) == file.appends && flags & !APPEND == 0;
        if same { Ok(()) } else { Err(Errno::Notsup.into()) }
    }

    /// Gives rights up. Those of directories say what is done with what is in them.
    pub(super) fn set_rights(&mut self, fd: u32, base: u64, inheriting: u64) -> Result<(), Fault> {
        let (may, left) = match self.state.files.entry(fd)? {
            Descriptor::Dir(dir) => {
                let left = (base & rights::OF_DIRECTORIES)
                    | (inheriting & (rights::OF_FILES & !rights::OF_DIRECTORIES));
                (&mut dir.may, left)
            }
            Descriptor::File(file) => (&mut file.may, base),
        };
        if !may.has(left) {
            return Err(Errno::Notcapable.into());
        }
        *may = may.only(left);
        Ok(())
    }

    pub(super) fn close(&mut self, fd: u32) -> Result<(), Fault> {
        Ok(self.state.files.close(self.session, fd)?)
    }

    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        Ok(self.state.files.renumber(self.session, from, to)?)
    }

    pub(super) fn filestat(&mut self, fd: u32, out: u32) -> Result<(), Fault> {
        self.memory.bytes(out, 64)?;
        let metadata = match self.state.files.entry(fd)? {
            Descriptor::File(file) => {
                Some(file.file.metadata().map(Metadata::from_just_metadata).map_err(Why::from)?)
            }
            Descriptor::Dir(_) => {
                let place = self.state.files.itself(fd)?;
                place.dir.map(|dir| dir.metadata(&place.path)).transpose().map_err(Why::from)?
            }
        };
        self.set_stat(out, metadata.as_ref())
    }

    pub(super) fn path_stat(
        &mut self,
        fd: u32,
        lookup: u32,
        path: (u32, u32),
        out: u32,
    ) -> Result<(), Fault> {
        self.memory.bytes(out, 64)?;
        let place = self.place(fd, path)?;
        if place.root.is_some() && place.dir.is_none() {
            return self.set_stat(out, None);
        }
        let mut found = None;
        self.at_path("stat", &place, rights::PATH_FILESTAT_GET, |_, place| {
            let dir = place.dir.as_deref().ok_or(Why::Denied)?;
            let follow = place.follows(lookup & 1 != 0);
            found = Some(if follow {
                dir.metadata(&place.path)?
            } else {
                dir.symlink_metadata(&place.path)?
            });
            Ok(())
        })?;
        self.set_stat(out, found.as_ref())
    }

    /// Writes what is known of a file. Nothing: it is a directory that only shows files.
    fn set_stat(&mut self, out: u32, metadata: Option<&Metadata>) -> Result<(), Fault> {
        let time = |time: std::io::Result<CapTime>| {
            let time = time.ok().map(CapTime::into_std);
            let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
        };
        let mut fields = [0_u64; 8];
        fields[2] = u64::from(DIRECTORY);
        if let Some(metadata) = metadata {
            let changed = time(metadata.modified());
            fields = [
                metadata.dev(),
                metadata.ino(),
                u64::from(kind_of(metadata)),
                metadata.nlink(),
                metadata.len(),
                time(metadata.accessed()),
                changed,
                changed,
            ];
        }
        let mut stat = [0_u8; 64];
        for (to, from) in stat.iter_mut().zip(fields.iter().flat_map(|field| field.to_le_bytes())) {
            *to = from;
        }
        Ok(self.memory.set(out, &stat)?)
    }

    pub(super) fn set_times(
        &mut self,
        fd: u32,
        accessed: u64,
        modified: u64,
        flags: u32,
    ) -> Result<(), Fault> {
        self.need("set_times", fd, rights::FD_FILESTAT_SET_TIMES)?;
        let mut times = FileTimes::new();
        if let Some(time) = wanted(accessed, flags, SET_ACCESSED, ACCESSED_NOW)? {
            times = times.set_accessed(time);
        }
        if let Some(time) = wanted(modified, flags, SET_MODIFIED, MODIFIED_NOW)? {
            times = times.set_modified(time);
        }
        let shown = self.state.files.file(fd)?.shown.clone();
        let done = self.change_file("set_times", fd, |file| Ok(file.file.set_times(times)?));
        self.told("set_times", &shown, done)
    }

    pub(super) fn path_set_times(&mut self, args: &Args) -> Result<(), Fault> {
        let flags = args.at(6);
        let accessed = wanted(args.wide(4), flags, SET_ACCESSED, ACCESSED_NOW)?;
        let modified = wanted(args.wide(5), flags, SET_MODIFIED, MODIFIED_NOW)?;
        let place = self.place(args.at(0), (args.at(2), args.at(3)))?;
        let follow = place.follows(args.at(1) & 1 != 0);
        let spec = |time: Option<SystemTime>| {
            time.map(|time| SystemTimeSpec::Absolute(CapTime::from_std(time)))
        };
        let right = rights::PATH_FILESTAT_SET_TIMES;
        self.change_path("set_times", &place, right, |_, place: &PathTarget| -> Done<()> {
            let dir = place.dir.as_deref().ok_or(Why::Denied)?;
            if follow {
                dir.set_times(&place.path, spec(accessed), spec(modified))?;
            } else {
                dir.set_symlink_times(&place.path, spec(accessed), spec(modified))?;
            }
            Ok(())
        })
    }
}

/// The time to be set, if one is.
fn wanted(time: u64, flags: u32, set: u32, now: u32) -> Result<Option<SystemTime>, Errno> {
    match (flags & set != 0, flags & now != 0) {
        (true, true) => Err(Errno::Inval),
        (true, false) => {
            let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(time));
            time.map(Some).ok_or(Errno::Inval)
        }
        (false, true) => Ok(Some(SystemTime::now())),
        (false, false) => Ok(None),
    }
}

/// The kind of file at a path, by its number in WASI. Devices, pipes and sockets, which are not opened, have none.
pub(super) fn kind_of(metadata: &Metadata) -> u8 {
    if metadata.is_dir() {
        DIRECTORY
    } else if metadata.is_file() {
        REGULAR_FILE
    } else if metadata.is_symlink() {
        SYMBOLIC_LINK
    } else {
        0
    }
}
