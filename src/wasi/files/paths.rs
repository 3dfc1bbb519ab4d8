//! Adding, moving and removing directories, files and links.

use alloc::string::String;
use std::path::{Component, Path};

use cap_fs_ext::DirExt as _;

use super::super::serve::Call;
use super::super::{Errno, Fault};
use super::fault::Why;
use super::rights;
use super::table::{MAX_DEPTH, Place};

/// A pointer and a length.
type Text = (u32, u32);

impl Call<'_> {
    pub(super) fn create_dir(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.at_path("create_directory", &place, rights::PATH_CREATE_DIRECTORY, |call, place| {
            let dir = directory(place)?;
            let parent = place.path.parent().unwrap_or(Path::new("."));
            if place.depth_of(dir, parent)? >= MAX_DEPTH {
                return Err(Errno::Mlink.into());
            }
            call.count_entry()?;
            Ok(dir.create_dir(&place.path)?)
        })
    }

    pub(super) fn remove_dir(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.at_path("remove_directory", &place, rights::PATH_REMOVE_DIRECTORY, |_, place| {
            Ok(directory(place)?.remove_dir(&place.path)?)
        })
    }

    pub(super) fn unlink(&mut self, fd: u32, path: Text) -> Result<(), Fault> {
        let place = self.place(fd, path)?;
        self.at_path("remove", &place, rights::PATH_UNLINK_FILE, |_, place| {
            let dir = place.dir.as_deref().ok_or(Why::Denied)?;
            Ok(dir.remove_file_or_symlink(&place.path)?)
        })
    }

    /// What a link says, which may be cut.
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
        self.at_path("symlink", &place, rights::PATH_SYMLINK, |call, place| {
            let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
            if !Path::new(&target).components().all(inside) {
                return Err(Why::Denied);
            }
            let dir = directory(place)?;
            call.count_entry()?;
            Ok(dir.symlink(&target, &place.path)?)
        })
    }

    /// Gives a file another name.
    pub(super) fn link(
        &mut self,
        (fd, lookup, path): (u32, u32, Text),
        (new_fd, new_path): (u32, Text),
    ) -> Result<(), Fault> {
        let from = self.place(fd, path)?;
        let to = self.place(new_fd, new_path)?;
        let target = to.may.has(rights::PATH_LINK_TARGET);
        self.at_path("link", &from, rights::PATH_LINK_SOURCE, |call, from| {
            if !target {
                return Err(Why::Denied);
            }
            if lookup & 1 != 0 {
                return Err(Errno::Inval.into());
            }
            let (old, new) = (directory(from)?, directory(&to)?);
            call.count_entry()?;
            Ok(old.hard_link(&from.path, new, &to.path)?)
        })
    }

    /// Moves a file. A directory only gets another name: moved into others, it might get too deep.
    pub(super) fn rename(
        &mut self,
        (fd, path): (u32, Text),
        (new_fd, new_path): (u32, Text),
    ) -> Result<(), Fault> {
        let from = self.place(fd, path)?;
        let to = self.place(new_fd, new_path)?;
        let target = to.may.has(rights::PATH_RENAME_TARGET);
        self.at_path("rename", &from, rights::PATH_RENAME_SOURCE, |_, from| {
            if !target {
                return Err(Why::Denied);
            }
            let (old, new) = (directory(from)?, directory(&to)?);
            let same = fd == new_fd && from.path.parent() == to.path.parent();
            if !same && old.symlink_metadata(&from.path)?.is_dir() {
                return Err(Errno::Notsup.into());
            }
            Ok(old.rename(&from.path, new, &to.path)?)
        })
    }
}

/// The directory in which something is to be changed. A file that is granted alone has none.
fn directory(place: &Place) -> Result<&cap_std::fs::Dir, Why> {
    let dir = place.dir.as_deref().filter(|_| place.single.is_none());
    dir.ok_or(Why::Denied)
}
