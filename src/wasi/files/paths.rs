//! Adding, moving and removing directories, files and links.

use alloc::string::String;
use core::ops::Deref;
use std::path::{Component, Path};

use cap_fs_ext::{DirExt as _, MetadataExt as _};
use cap_std::fs::Dir;

use super::super::serve::WasiCall;
use super::super::{Errno, Fault};
use super::fault::{Done, Why};
use super::rights;
use super::table::{End, MAX_DEPTH, PathTarget};

/// A pointer and a length.
type Text = (u32, u32);

impl WasiCall<'_> {
    pub(super) fn create_dir(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.change_path(
            "create_directory",
            &place,
            rights::PATH_CREATE_DIRECTORY,
            |call, place| {
                let dir = directory(place)?;
                let parent = place.path.parent().unwrap_or(Path::new("."));
                if place.depth_of(dir, parent)? >= MAX_DEPTH {
                    return Err(Errno::Mlink.into());
                }
                call.count_entry()?;
                Ok(dir.create_dir(&place.path)?)
            },
        )
    }

    pub(super) fn remove_dir(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.change_path("remove_directory", &place, rights::PATH_REMOVE_DIRECTORY, |_, place| {
            // Of a path with a slash, the system takes the last part, and cap-std what is in it.
            let path = match place.end() {
                End::Slash => place.path.components().as_path(),
                End::Plain | End::Dot => &place.path,
            };
            Ok(directory(place)?.remove_dir(path)?)
        })
    }

    pub(super) fn unlink(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.change_path("remove", &place, rights::PATH_UNLINK_FILE, |_, place| {
            let dir = place.dir.as_deref().ok_or(Why::Denied)?;
            Ok(dir.remove_file_or_symlink(&place.path)?)
        })
    }

    /// The text of a link, which may be cut.
    pub(super) fn read_link(
        &mut self,
        fd: u32,
        path: Text,
        (out, len): Text,
        used: u32,
    ) -> Result<(), Fault> {
        self.memory.bytes(out, len)?;
        self.memory.bytes(used, 4)?;
        let place = self.place(fd, path)?;
        let mut target = String::new();
        self.at_path("read_link", &place, rights::PATH_READLINK, |_, place| {
            let link = directory(place)?.read_link_contents(&place.path)?;
            target = link.into_os_string().into_string().map_err(|_| Errno::Ilseq)?;
            Ok(())
        })?;
        let room = usize::try_from(len).unwrap_or(0).min(target.len());
        let shown = target.as_bytes().get(..room).unwrap_or_default();
        self.memory.set(out, shown)?;
        self.session.worked(shown.len());
        Ok(self.memory.set_u32(used, u32::try_from(room).unwrap_or(0))?)
    }

    /// Makes a link to a path below the directory that it is in: no other process may be led astray by it.
    pub(super) fn symlink(&mut self, target: Text, fd: u32, path: Text) -> Result<(), Fault> {
        let target = String::from(self.memory.path(target.0, target.1)?);
        let place = self.place(fd, path)?;
        self.change_path("symlink", &place, rights::PATH_SYMLINK, |call, place| {
            if !is_below(Path::new(&target)) {
                return Err(Why::Denied);
            }
            let at = DirEntry::of(place)?;
            if place.end() != End::Plain {
                return Err(Errno::Noent.into());
            }
            if at.leads_out(Path::new(&target)) {
                return Err(Why::Denied);
            }
            call.count_entry()?;
            Ok(at.dir.symlink(&target, at.name)?)
        })
    }

    /// Gives a file another name, and a link if it leads to what is below it there.
    pub(super) fn link(
        &mut self,
        (fd, lookup, path): (u32, u32, Text),
        (new_fd, new_path): (u32, Text),
    ) -> Result<(), Fault> {
        let from = self.place(fd, path)?;
        let to = self.place(new_fd, new_path)?;
        let target = to.may.has(rights::PATH_LINK_TARGET);
        self.change_path("link", &from, rights::PATH_LINK_SOURCE, |call, from| {
            if !target {
                return Err(Why::Denied);
            }
            if lookup & 1 != 0 {
                return Err(Errno::Inval.into());
            }
            let (old, new) = (DirEntry::of(from)?, DirEntry::of(&to)?);
            let there = old.dir.symlink_metadata(old.name)?;
            if from.end() != End::Plain && !there.is_dir() {
                return Err(Errno::Notdir.into());
            }
            if to.end() != End::Plain {
                return Err(Errno::Noent.into());
            }
            if there.is_symlink() {
                old.may_lead_from(&new)?;
            }
            call.count_entry()?;
            Ok(old.dir.hard_link(old.name, &new.dir, new.name)?)
        })
    }

    /// Moves a file, or a link to what is below it there. A directory only gets another name: moved into others, it
    /// might get too deep.
    pub(super) fn rename(
        &mut self,
        (fd, path): (u32, Text),
        (new_fd, new_path): (u32, Text),
    ) -> Result<(), Fault> {
        let from = self.place(fd, path)?;
        let to = self.place(new_fd, new_path)?;
        let target = to.may.has(rights::PATH_RENAME_TARGET);
        self.change_path("rename", &from, rights::PATH_RENAME_SOURCE, |_, from| {
            if !target {
                return Err(Why::Denied);
            }
            let (old, new) = (DirEntry::of(from)?, DirEntry::of(&to)?);
            let there = old.dir.symlink_metadata(old.name)?;
            let ends = [from.end(), to.end()];
            if ends.contains(&End::Slash) && !there.is_dir() {
                return Err(Errno::Notdir.into());
            }
            if ends.contains(&End::Dot) {
                return Err(Errno::Busy.into());
            }
            if there.is_dir() && !old.is_beside(&new)? {
                return Err(Errno::Notsup.into());
            }
            if there.is_symlink() {
                old.may_lead_from(&new)?;
            }
            Ok(old.dir.rename(old.name, &new.dir, new.name)?)
        })
    }
}

/// A directory, and the name of something in it. What is looked at is what is changed then, whatever becomes of the
/// path that led there.
struct DirEntry<'p> {
    dir: Parent<'p>,
    name: &'p Path,
}

enum Parent<'p> {
    Given(&'p Dir),
    Opened(Dir),
}

impl Deref for Parent<'_> {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        match self {
            Self::Given(dir) => dir,
            Self::Opened(dir) => dir,
        }
    }
}

impl<'p> DirEntry<'p> {
    fn of(place: &'p PathTarget) -> Done<Self> {
        let dir = directory(place)?;
        let Some(name) = place.path.file_name() else {
            let empty = place.path.as_os_str().is_empty();
            return Err(if empty { Errno::Noent } else { Errno::Inval }.into());
        };
        let dir = match place.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Parent::Opened(dir.open_dir(parent)?),
            _ => Parent::Given(dir),
        };
        Ok(Self { dir, name: Path::new(name) })
    }

    /// True if another thing is, or is to be, in the same directory.
    fn is_beside(&self, other: &Self) -> Done<bool> {
        let (own, other) = (self.dir.dir_metadata()?, other.dir.dir_metadata()?);
        Ok((own.dev(), own.ino()) == (other.dev(), other.ino()))
    }

    /// True if a link with this target leads out of the directory here, by another link in it.
    fn leads_out(&self, target: &Path) -> bool {
        let found = self.dir.metadata(target).map_err(Why::from);
        matches!(found, Err(Why::Denied))
    }

    /// Refuses to give a link a name at another place, unless the plugin could make the same link there.
    fn may_lead_from(&self, place: &Self) -> Done<()> {
        let target = self.dir.read_link_contents(self.name)?;
        let may = is_below(&target) && !place.leads_out(&target);
        may.then_some(()).ok_or(Why::Denied)
    }
}

/// True if a link to this path leads to what is below the directory that the link is in, wherever that is.
fn is_below(target: &Path) -> bool {
    target.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The directory in which something is to be changed. A file that is granted alone has none.
fn directory(place: &PathTarget) -> Done<&Dir> {
    let dir = place.dir.as_deref().filter(|_| place.single.is_none());
    dir.ok_or(Why::Denied)
}
