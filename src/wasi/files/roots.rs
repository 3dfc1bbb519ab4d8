//! The directories that a plugin finds open, opened once, when it is loaded.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::MetadataExt as _;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cpex_wasmi_abi::Wish;

use super::rights::May;
use crate::logging::visible;
use crate::system::Granted;
use crate::wildcard::{is_pattern, names, split};
use crate::{Error, ErrorKind, FileGrant, FilePermission, PathKind};

/// The directories of a plugin, in the order of their descriptors.
#[derive(Default)]
pub(crate) struct Roots(pub(super) Vec<Arc<Root>>);

/// A directory that a plugin finds open.
pub(super) struct Root {
    /// The path by which the plugin knows it.
    pub(super) path: String,
    /// What it is, with all that is in it. Nothing, if there are only some files.
    pub(super) dir: Option<(Arc<Dir>, May)>,
    pub(super) files: Vec<SingleFile>,
    /// Where directories of the plugin's own are made, if it is to be one.
    pub(super) scratch: Option<Arc<Dir>>,
}

/// A file that is granted without its directory, or all that have names of a pattern.
pub(super) struct SingleFile {
    /// The name by which the plugin knows it.
    pub(super) name: String,
    pub(super) parent: Arc<Dir>,
    /// Its name in that directory; `None`: the same.
    host_name: Option<PathBuf>,
    pub(super) may: May,
    /// Whether it may be a link to another file of its directory.
    pub(super) follows: bool,
    /// Which directory it is in.
    folder: FolderId,
}

/// What tells a directory from all others: device and inode.
#[derive(PartialEq, Eq)]
struct FolderId(u64, u64);

impl FolderId {
    fn of(dir: &Dir) -> io::Result<Self> {
        let metadata = dir.dir_metadata()?;
        Ok(Self(metadata.dev(), metadata.ino()))
    }
}

impl SingleFile {
    pub(super) fn is_pattern(&self) -> bool {
        self.name.contains('*')
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        if self.is_pattern() { names(&self.name, name) } else { self.name == name }
    }

    /// The name in its directory of one by which the plugin knows it.
    pub(super) fn host_name<'n>(&'n self, name: &'n str) -> &'n Path {
        self.host_name.as_deref().unwrap_or(Path::new(name))
    }

    /// Whether it is the same file, or if not the same, has the same name somewhere else.
    fn is_same(&self, other: &Self, name: &str) -> bool {
        self.folder == other.folder && self.host_name(name) == other.host_name(name)
    }
}

impl Root {
    /// A file with a name that is granted without its directory, and all that may be done with it.
    pub(super) fn file(&self, name: &str) -> Option<(&SingleFile, May)> {
        let mut files = self.files.iter().filter(|file| file.is_named(name));
        let file = files.next()?;
        let more = files.filter(|other| other.is_same(file, name));
        Some((file, more.fold(file.may, |may, other| may.or(other.may))))
    }

    /// Has what is granted of a directory add up with what is granted of single files in it.
    fn add_up(&mut self) -> io::Result<()> {
        // Who has a name of its own comes before those of a pattern.
        self.files.sort_by_key(SingleFile::is_pattern);
        let Some((dir, may)) = &self.dir else { return Ok(()) };
        let folder = FolderId::of(dir)?;
        let same = |file: &SingleFile| file.folder == folder && file.host_name.is_none();
        self.files.retain(|file| !(same(file) && may.or(file.may) == *may));
        for file in self.files.iter_mut().filter(|file| same(file)) {
            file.may = file.may.or(*may);
        }
        Ok(())
    }
}

impl Roots {
    /// Opens what a plugin has asked for and was granted.
    pub(crate) fn open(granted: &Granted) -> Result<Self, Error> {
        let mut roots = Vec::new();
        for wish in granted.asked() {
            let Wish::Files { permission, path } = wish else { continue };
            let Some(kind) = FilePermission::ALL.iter().find(|kind| kind.name() == permission)
            else {
                continue;
            };
            let mut grants = granted.access.filesystem.iter();
            let Some(grant) = grants.find(|grant| grant.covers(permission, path)) else { continue };
            add(&mut roots, grant, *kind, path).map_err(|error| {
                Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "the plugin may use `{}`, by the grant of `{}`, which cannot be opened: {}",
                        visible(path),
                        visible(&grant.path),
                        visible(&format!("{error}"))
                    ),
                )
            })?;
        }
        for root in &mut roots {
            root.add_up().map_err(Error::internal)?;
        }
        Ok(Self(roots.into_iter().map(Arc::new).collect()))
    }
}

/// Opens what a grant has at a path of the plugin's.
fn add(
    roots: &mut Vec<Root>,
    grant: &FileGrant,
    permission: FilePermission,
    path: &str,
) -> io::Result<()> {
    let may = May::of(permission);
    if grant.kind == PathKind::File {
        let (parent, host_name) = split(&grant.path);
        if host_name.is_empty() || matches!(host_name, "." | "..") {
            return Err(wrong("it is no path of a file"));
        }
        let parent = if parent.is_empty() { "." } else { parent };
        let parent = Dir::open_ambient_dir(parent, ambient_authority())?;
        if is_pattern(&grant.path) {
            return add_file(roots, path, parent, None, may);
        }
        if permission == FilePermission::PrivateScratch || parent.is_dir(host_name) {
            return Err(wrong("it is a directory, or to be one, and granted as a file"));
        }
        return add_file(roots, path, parent, Some(host_name), may);
    }
    let dir = Dir::open_ambient_dir(&grant.path, ambient_authority())?;
    let rest = path.strip_prefix(grant.seen_as()).unwrap_or_default().trim_matches('/');
    if permission == FilePermission::PrivateScratch {
        if is_pattern(rest) {
            return Err(wrong("a directory of the plugin's own is to be named by a pattern"));
        }
        let parent = if rest.is_empty() { dir } else { dir.open_dir(rest)? };
        let root = root_at(roots, path);
        if root.dir.is_some() || !root.files.is_empty() {
            return Err(wrong("a directory of the plugin's own cannot be another one too"));
        }
        root.scratch = Some(Arc::new(parent));
        return Ok(());
    }
    if rest.is_empty() || (!is_pattern(rest) && dir.metadata(rest)?.is_dir()) {
        let dir = if rest.is_empty() { dir } else { dir.open_dir(rest)? };
        let root = root_at(roots, path);
        if root.scratch.is_some() {
            return Err(wrong("a directory of the plugin's own cannot be another one too"));
        }
        let before = root.dir.take().map_or_else(May::default, |(_, may)| may);
        root.dir = Some((Arc::new(dir), may.or(before)));
        return Ok(());
    }
    let (parent, name) = split(rest);
    let parent = if parent.is_empty() { dir } else { dir.open_dir(parent)? };
    add_file(roots, path, parent, (!is_pattern(name)).then_some(name), may)
}

/// Adds a file, or files by a pattern if it has no name of the machine's, under its path to the directory that
/// shows it.
fn add_file(
    roots: &mut Vec<Root>,
    path: &str,
    parent: Dir,
    host_name: Option<&str>,
    may: May,
) -> io::Result<()> {
    let (folder, name) = split(path);
    let folder = if folder.is_empty() { "." } else { folder };
    if name.is_empty() || name == "." || name == ".." {
        return Err(wrong("it has no name for the plugin"));
    }
    let root = root_at(roots, folder);
    if root.scratch.is_some() {
        return Err(wrong("a directory of the plugin's own has no other files"));
    }
    let file = SingleFile {
        name: name.into(),
        folder: FolderId::of(&parent)?,
        parent: Arc::new(parent),
        follows: host_name.is_some(),
        host_name: host_name.filter(|host_name| *host_name != name).map(PathBuf::from),
        may,
    };
    match root.files.iter_mut().find(|known| known.name == name) {
        Some(known) if known.is_same(&file, name) => {
            known.may = known.may.or(may);
            known.follows &= file.follows;
        }
        // A name can lead to one place only: to that of the first grant.
        Some(known) if !known.is_pattern() => {}
        _ => root.files.push(file),
    }
    Ok(())
}

/// The directory with a path, made if it is not there.
fn root_at<'r>(roots: &'r mut Vec<Root>, path: &str) -> &'r mut Root {
    let path = match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        "" => ".",
        path => path,
    };
    let position = roots.iter().position(|root| root.path == path).unwrap_or(roots.len());
    if position == roots.len() {
        roots.push(Root { path: path.into(), dir: None, files: Vec::new(), scratch: None });
    }
    #[allow(clippy::indexing_slicing, reason = "it was found, or pushed just now")]
    &mut roots[position]
}

fn wrong(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
