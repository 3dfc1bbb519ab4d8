//! Open files and directories of a plugin, by descriptor.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;

use super::super::{Errno, Fault};
use super::list::ListedEntry;
use super::rights::{self, May};
use super::root::{GrantedFile, Root};
use super::roots::Roots;
use super::scratch::Scratch;
use crate::session::Session;
use crate::system::effects::OpenEffect;
use crate::system::{AccessKind, AuditOutcome};

/// The first descriptor after the standard ones.
const FIRST: u32 = 3;
/// The greatest depth of directories below one that was found open, as their removal recurses.
pub(super) const MAX_DEPTH: usize = 64;

/// The most entries of directories that are kept. They take memory that is none of the plugin's.
const MAX_KEPT_ITEMS: usize = 20_000;

/// The descriptors of one instance.
#[derive(Default)]
pub(crate) struct Files {
    /// The directories that each call finds open.
    pub(super) roots: Roots,
    /// True if the directories that a call finds open are among them yet.
    begun: bool,
    open: Vec<Option<Descriptor>>,
    scratch: Vec<Option<Scratch>>,
}

/// An open descriptor.
pub(super) enum Descriptor {
    Dir(OpenDir),
    File(OpenFile),
}

impl Descriptor {
    /// The content of a directory, if it was listed.
    fn items(&self) -> Option<&Vec<ListedEntry>> {
        match self {
            Self::Dir(dir) => dir.items.as_ref(),
            Self::File(_) => None,
        }
    }
}

/// A directory.
pub(super) struct OpenDir {
    folder: DirHandle,
    /// Its path, as the plugin knows it.
    pub(super) shown: String,
    pub(super) may: May,
    /// Its greatest depth.
    depth: usize,
    /// True if the call found it open.
    found: bool,
    /// Its content, once it was listed.
    pub(super) items: Option<Vec<ListedEntry>>,
}

#[derive(Clone)]
enum DirHandle {
    /// A descriptor that the call found open, by its position.
    Root(usize),
    Other(Arc<Dir>),
}

/// A file.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) shown: String,
    pub(super) may: May,
    /// Rights that the plugin asked for and was not given.
    pub(super) lacks: u64,
    pub(super) appends: bool,
    pub(super) bytes_read: u64,
    pub(super) bytes_written: u64,
    /// True if it came to a limit.
    pub(super) cut: bool,
    /// The record of all that changes it, if a log of external effects is kept.
    pub(super) effect: Option<OpenEffect>,
}

/// The target of a path.
pub(super) struct PathTarget {
    /// The directory from which it is looked up, if there is one.
    pub(super) dir: Option<Arc<Dir>>,
    pub(super) path: PathBuf,
    pub(super) may: May,
    /// The path, as the plugin knows it.
    pub(super) shown: String,
    /// The greatest depth of the directory from which it is looked up.
    pub(super) depth: usize,
    /// The way in which a file is granted without its directory, if it is one.
    pub(super) single: Option<Single>,
    /// The directory that the call found open, if the path leads no further.
    pub(super) root: Option<usize>,
}

/// The way in which a file is granted without its directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Single {
    /// By its name: where a link leads in its directory is what is granted.
    Followed,
    /// By a pattern, which says nothing of where links lead.
    NoLink,
}

impl Files {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, ..Self::default() }
    }

    /// Makes what a call finds open.
    pub(super) fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        let roots = &self.roots.0;
        self.open = roots.iter().enumerate().map(|(at, root)| Some(found(at, root))).collect();
        self.scratch = roots.iter().map(|_| None).collect();
    }

    /// Closes everything, tells how much was moved, and removes what was the plugin's own.
    pub(crate) fn end(&mut self, session: &mut Session) {
        for entry in self.open.drain(..).flatten() {
            closed(entry, session);
        }
        for scratch in self.scratch.drain(..).flatten() {
            scratch.remove();
        }
        self.begun = false;
    }

    fn slot(&mut self, fd: u32) -> Option<&mut Option<Descriptor>> {
        let position = usize::try_from(fd.checked_sub(FIRST)?).ok()?;
        self.open.get_mut(position)
    }

    pub(super) fn entry(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slot(fd).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    pub(super) fn dir(&mut self, fd: u32) -> Result<&mut OpenDir, Errno> {
        match self.entry(fd)? {
            Descriptor::Dir(dir) => Ok(dir),
            Descriptor::File(_) => Err(Errno::Notdir),
        }
    }

    pub(super) fn file(&mut self, fd: u32) -> Result<&mut OpenFile, Errno> {
        match self.entry(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Dir(_) => Err(Errno::Isdir),
        }
    }

    /// The directory that a call finds open at a descriptor.
    pub(super) fn root(&mut self, fd: u32) -> Option<usize> {
        match self.slot(fd)? {
            Some(Descriptor::Dir(OpenDir { folder: DirHandle::Root(at), found: true, .. })) => {
                Some(*at)
            }
            _ => None,
        }
    }

    /// The number that the call has opened.
    fn opened(&self) -> u64 {
        let found =
            |entry: &&Descriptor| !matches!(entry, Descriptor::Dir(OpenDir { found: true, .. }));
        u64::try_from(self.open.iter().flatten().filter(found).count()).unwrap_or(u64::MAX)
    }

    /// True if one more may be open.
    pub(super) fn has_room(&self, session: &Session) -> bool {
        self.opened() < session.grants().limits.open_files
    }

    /// Gives something that was opened the lowest descriptor that is free.
    pub(super) fn add(&mut self, entry: Descriptor) -> Result<u32, Errno> {
        let free = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        let fd = u32::try_from(free).ok().and_then(|free| free.checked_add(FIRST));
        let fd = fd.ok_or(Errno::Mfile)?;
        match self.open.get_mut(free) {
            Some(slot) => *slot = Some(entry),
            None => self.open.push(Some(entry)),
        }
        Ok(fd)
    }

    pub(super) fn close(&mut self, session: &mut Session, fd: u32) -> Result<(), Errno> {
        let entry = self.slot(fd).and_then(Option::take).ok_or(Errno::Badf)?;
        closed(entry, session);
        Ok(())
    }

    /// Gives something the descriptor of something else, which is closed.
    pub(super) fn renumber(
        &mut self,
        session: &mut Session,
        from: u32,
        to: u32,
    ) -> Result<(), Errno> {
        self.entry(to)?;
        let entry = self.slot(from).and_then(Option::take).ok_or(Errno::Badf)?;
        let replaced = self.slot(to).and_then(|slot| slot.replace(entry));
        if let Some(replaced) = replaced.filter(|_| from != to) {
            closed(replaced, session);
        }
        Ok(())
    }

    /// Forgets what is in directories, if there would be too much of it with so many entries more. Those that
    /// are listed on are looked through again.
    pub(super) fn make_room(&mut self, more: usize) {
        let dirs = || self.open.iter().flatten().filter_map(Descriptor::items);
        let kept = dirs().map(Vec::len).fold(more, usize::saturating_add);
        if kept > MAX_KEPT_ITEMS {
            for entry in self.open.iter_mut().flatten() {
                if let Descriptor::Dir(dir) = entry {
                    dir.items = None;
                }
            }
        }
    }

    /// The target of a path from a directory.
    pub(super) fn place(&mut self, fd: u32, path: String) -> Result<PathTarget, Fault> {
        let dir = self.dir(fd)?;
        let depth = dir.depth;
        let shown = if dir.shown == "." { path.clone() } else { format!("{}/{path}", dir.shown) };
        let (folder, may) = (dir.folder.clone(), dir.may);
        let place = |dir, path, may, single, root| PathTarget {
            dir,
            path,
            may,
            shown,
            depth,
            single,
            root,
        };
        let at = match folder {
            DirHandle::Other(dir) => return Ok(place(Some(dir), path.into(), may, None, None)),
            DirHandle::Root(at) => at,
        };
        let root = self.roots.0.get(at).ok_or(Errno::Badf)?;
        let mut plain = path.as_str();
        while let Some(rest) = plain.strip_prefix("./") {
            plain = rest.trim_start_matches('/');
        }
        match root.named(plain) {
            Some(GrantedFile::Followed(file, of_file)) => {
                let (dir, may) = (Some(file.parent.clone()), of_file.only(may.rights));
                return Ok(place(dir, file.host_name.clone(), may, Some(Single::Followed), None));
            }
            Some(GrantedFile::Plain(folder, of_file)) => {
                let (dir, may) = (Some(folder.dir.clone()), of_file.only(may.rights));
                return Ok(place(dir, plain.into(), may, Some(Single::NoLink), None));
            }
            None => {}
        }
        let root_at = (plain.is_empty() || plain == ".").then_some(at);
        if let Some(folder) = &root.folder
            && let Some(whole) = folder.may
        {
            let (dir, may) = (Some(folder.dir.clone()), whole.only(may.rights));
            return Ok(place(dir, path.into(), may, None, root_at));
        }
        match (&root.scratch, self.scratch.get_mut(at)) {
            (Some(parent), Some(scratch)) => {
                let scratch = match scratch {
                    Some(scratch) => scratch,
                    None => scratch.insert(Scratch::new(parent).map_err(|_| Errno::Io)?),
                };
                Ok(place(Some(scratch.dir()), path.into(), may, None, root_at))
            }
            _ => Ok(place(None, path.into(), May::default(), None, root_at)),
        }
    }

    /// The charge for looking up a path among the granted names of a directory, in bytes.
    pub(super) fn name_work(&mut self, fd: u32, path: &str) -> usize {
        match self.dir(fd) {
            Ok(OpenDir { folder: DirHandle::Root(at), .. }) => {
                let at = *at;
                self.roots.0.get(at).map_or(0, |root| root.work(path))
            }
            _ => 0,
        }
    }

    /// The directory itself that is open, if it is one of the machine's.
    pub(super) fn itself(&mut self, fd: u32) -> Result<PathTarget, Fault> {
        self.place(fd, ".".into())
    }
}

/// The descriptors that a call finds open.
fn found(at: usize, root: &Root) -> Descriptor {
    let whole = root.folder.as_ref().is_some_and(|folder| folder.may.is_some());
    let may = match root.scratch {
        Some(_) => May::of(crate::FilePermission::PrivateScratch),
        None if whole => root.may_anywhere(),
        None => root.may_anywhere().only(!rights::PATH_CREATE_DIRECTORY),
    };
    Descriptor::Dir(OpenDir {
        folder: DirHandle::Root(at),
        shown: root.path.clone(),
        may,
        depth: 0,
        found: true,
        items: None,
    })
}

/// The end of a path, which says whether it can be that of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Plain,
    /// `/`: a directory.
    Slash,
    /// `/.`: a directory, by the name that it has in itself.
    Dot,
}

impl PathTarget {
    /// True if a link is followed, where a function asks for that or not. Before a slash it always is.
    pub(super) fn follows(&self, asked: bool) -> bool {
        match self.single {
            Some(single) => single == Single::Followed,
            None => asked || self.end() != End::Plain,
        }
    }

    /// The end of the path.
    pub(super) fn end(&self) -> End {
        let path = self.path.as_os_str().as_encoded_bytes();
        let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
        let rest = path.len().checked_sub(slashes).and_then(|end| path.get(..end));
        match rest {
            Some(rest) if rest.ends_with(b"/.") => End::Dot,
            _ if slashes > 0 => End::Slash,
            _ => End::Plain,
        }
    }

    /// The depth of an existing directory, after links: a link that is not deep itself may lead to
    /// one that is.
    pub(super) fn depth_of(&self, dir: &Dir, path: &Path) -> io::Result<usize> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let path = dir.canonicalize(path)?;
        let names = path.components().filter(|part| matches!(part, Component::Normal(_)));
        Ok(self.depth.saturating_add(names.count()))
    }
}

impl OpenDir {
    /// One at a place that is so deep.
    pub(super) fn new(dir: Dir, place: &PathTarget, depth: usize, may: May) -> Self {
        Self {
            folder: DirHandle::Other(Arc::new(dir)),
            shown: place.shown.clone(),
            may,
            depth,
            found: false,
            items: None,
        }
    }

    /// A descriptor equal to one that the call found open.
    pub(super) fn root(at: usize, place: &PathTarget, may: May) -> Self {
        Self {
            folder: DirHandle::Root(at),
            shown: place.shown.clone(),
            may,
            depth: place.depth,
            found: false,
            items: None,
        }
    }
}

/// Tells how much was moved through a file that is closed.
fn closed(entry: Descriptor, session: &mut Session) {
    let Descriptor::File(mut file) = entry else { return };
    if let Some(effect) = &mut file.effect {
        effect.moved(file.bytes_written, file.bytes_read);
    }
    if file.bytes_read == 0 && file.bytes_written == 0 && !file.cut {
        return;
    }
    let outcome = if file.cut { AuditOutcome::Failed } else { AuditOutcome::Allowed };
    session.note(
        AccessKind::Files,
        "close",
        &file.shown,
        outcome,
        file.bytes_written,
        file.bytes_read,
    );
}
