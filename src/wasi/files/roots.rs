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
use cpex_wasmi_abi::AccessRequest;

use super::rights::May;
use super::root::{GrantedDir, MAX_NAMES, Root, SingleFile};
use crate::logging::visible;
use crate::system::Granted;
use crate::text::pattern::{is_pattern, split};
use crate::{Error, ErrorKind, FileGrant, FilePermission, PathKind};

/// The directories of a plugin, in the order of their descriptors.
#[derive(Clone, Default)]
pub(crate) struct Roots(pub(super) Arc<[Root]>);

impl Roots {
    /// Opens what a plugin has asked for and was granted.
    pub(crate) fn open(granted: &Granted) -> Result<Self, Error> {
        let mut opening = Opening::default();
        for request in granted.requests() {
            let AccessRequest::Files { permission, path } = request else { continue };
            let Some(kind) = FilePermission::ALL.iter().find(|kind| kind.name() == permission)
            else {
                continue;
            };
            // All of them: two that make one name of two places contradict each other.
            let grants = granted.access.filesystem.iter();
            for grant in grants.filter(|grant| grant.covers(permission, path)) {
                opening.add(grant, *kind, path).map_err(|error| {
                    let told = format!("{error}");
                    let why = if [ANOTHER_DIRECTORY, ANOTHER_FILE].contains(&told.as_str()) {
                        let others = granted.access.filesystem.iter();
                        contradiction(grant, others, path)
                    } else {
                        "cannot be opened".into()
                    };
                    Error::new(
                        ErrorKind::InvalidConfig,
                        format!(
                            "the plugin may use `{}`, by the grant of `{}`, which {why}: {}",
                            visible(path),
                            visible(&grant.path),
                            visible(&told)
                        ),
                    )
                })?;
            }
        }
        let mut roots = opening.roots;
        roots.iter_mut().for_each(Root::settle);
        Ok(Self(roots.into()))
    }
}

/// Names the grant of another place that goes by the same name, if one can be told.
fn contradiction<'g>(
    grant: &FileGrant,
    mut others: impl Iterator<Item = &'g FileGrant>,
    path: &str,
) -> String {
    match others.find(|other| other.path != grant.path && other.is_at(path)) {
        Some(other) => format!("contradicts the grant of `{}`", visible(&other.path)),
        None => "contradicts another grant".into(),
    }
}

const ANOTHER_DIRECTORY: &str =
    "another directory has that name for the plugin; rename one of them with `as`";
const ANOTHER_FILE: &str =
    "another file has that name for the plugin; rename one of them with `as`";

/// The open descriptors so far.
#[derive(Default)]
struct Opening {
    roots: Vec<Root>,
    /// Each directory, by device and inode, is open once, however many access_requests lead to it.
    dirs: Vec<((u64, u64), Arc<Dir>)>,
}

impl Opening {
    /// Opens what a grant has at a path of the plugin's.
    fn add(&mut self, grant: &FileGrant, permission: FilePermission, path: &str) -> io::Result<()> {
        if let Some(mistake) = grant.mistake() {
            return Err(wrong(mistake));
        }
        let may = May::of(permission);
        if grant.kind == PathKind::File {
            let (parent, host_name) = split(&grant.path);
            if host_name.is_empty() || matches!(host_name, "." | "..") {
                return Err(wrong("it is not the path of a file"));
            }
            let parent = if parent.is_empty() { "." } else { parent };
            let parent = Dir::open_ambient_dir(parent, ambient_authority())?;
            if is_pattern(&grant.path) {
                return self.add_pattern(path, parent, may);
            }
            if permission == FilePermission::PrivateScratch || parent.is_dir(host_name) {
                return Err(wrong("it is a directory, but granted as a file"));
            }
            return self.add_file(path, parent, host_name, may);
        }
        let dir = Dir::open_ambient_dir(&grant.path, ambient_authority())?;
        let rest = path.strip_prefix(grant.seen_as()).unwrap_or_default().trim_matches('/');
        let below =
            |dir: Dir, path: &str| if path.is_empty() { Ok(dir) } else { dir.open_dir(path) };
        if permission == FilePermission::PrivateScratch {
            if is_pattern(rest) {
                return Err(wrong("a directory of the plugin's own is to be named by a pattern"));
            }
            let parent = self.known(below(dir, rest)?)?;
            self.is_no_file(path)?;
            let root = self.root_at(path);
            if root.folder.is_some() || !root.files.is_empty() {
                return Err(wrong("a directory of the plugin's own cannot be another one too"));
            }
            let known = root.scratch.get_or_insert_with(|| parent.clone());
            return match Arc::ptr_eq(known, &parent) {
                true => Ok(()),
                false => Err(wrong(ANOTHER_DIRECTORY)),
            };
        }
        if !is_pattern(rest) && (rest.is_empty() || dir.metadata(rest)?.is_dir()) {
            let folder = self.folder(path, below(dir, rest)?)?;
            folder.may = Some(folder.may.unwrap_or_default().or(may));
            return Ok(());
        }
        let (parent, name) = split(rest);
        let parent = below(dir, parent)?;
        match is_pattern(rest) {
            true => self.add_pattern(path, parent, may),
            false => self.add_file(path, parent, name, may),
        }
    }

    /// Adds a file under its path to the directory that shows it.
    fn add_file(&mut self, path: &str, parent: Dir, host_name: &str, may: May) -> io::Result<()> {
        let parent = self.known(parent)?;
        let is_directory = |root: &Root| root.folder.is_some() || root.scratch.is_some();
        if self.find(path).is_some_and(is_directory) {
            return Err(wrong(ANOTHER_DIRECTORY));
        }
        let (root, name) = self.root_of(path)?;
        match root.files.iter_mut().find(|known| known.name == name) {
            None => {
                let (name, host_name) = (name.into(), PathBuf::from(host_name));
                root.files.push(SingleFile { name, parent, host_name, may });
            }
            Some(known)
                if Arc::ptr_eq(&known.parent, &parent)
                    && known.host_name == Path::new(host_name) =>
            {
                known.may = known.may.or(may);
            }
            Some(_) => return Err(wrong(ANOTHER_FILE)),
        }
        self.few_names(path)
    }

    /// Adds files by a pattern, which may also be the name of one.
    fn add_pattern(&mut self, path: &str, parent: Dir, may: May) -> io::Result<()> {
        let (folder, name) = split(path);
        let folder = self.folder(folder, parent)?;
        match folder.patterns.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = known.or(may),
            None => folder.patterns.push((name.into(), may)),
        }
        self.few_names(path)
    }

    /// That there are not too many names in the directory that shows a file.
    fn few_names(&mut self, path: &str) -> io::Result<()> {
        if self.root_at(split(path).0).names() <= MAX_NAMES {
            return Ok(());
        }
        Err(wrong(format!(
            "it asks for more than {MAX_NAMES} names in one directory; use `*` for any text"
        )))
    }

    /// The directory, as it is open already if it is.
    fn known(&mut self, dir: Dir) -> io::Result<Arc<Dir>> {
        let metadata = dir.dir_metadata()?;
        let id = (metadata.dev(), metadata.ino());
        if let Some((_, known)) = self.dirs.iter().find(|(known, _)| *known == id) {
            return Ok(known.clone());
        }
        let dir = Arc::new(dir);
        self.dirs.push((id, dir.clone()));
        Ok(dir)
    }

    /// The directory with a path, which is this one of the machine's.
    fn folder(&mut self, path: &str, dir: Dir) -> io::Result<&mut GrantedDir> {
        let dir = self.known(dir)?;
        self.is_no_file(path)?;
        let root = self.root_at(path);
        if root.scratch.is_some() {
            return Err(wrong("a directory of the plugin's own cannot be another one too"));
        }
        let folder = root.folder.get_or_insert_with(|| GrantedDir::new(dir.clone()));
        match Arc::ptr_eq(&folder.dir, &dir) {
            true => Ok(folder),
            false => Err(wrong(ANOTHER_DIRECTORY)),
        }
    }

    /// The directory that shows a file, and the file's name.
    fn root_of<'p>(&mut self, path: &'p str) -> io::Result<(&mut Root, &'p str)> {
        let (folder, name) = split(path);
        if name.is_empty() || name == "." || name == ".." {
            return Err(wrong("it has no name for the plugin"));
        }
        let root = self.root_at(folder);
        if root.scratch.is_some() {
            return Err(wrong("a directory of the plugin's own has no other files"));
        }
        Ok((root, name))
    }

    /// Refuses a name for a directory that a file has already.
    fn is_no_file(&self, path: &str) -> io::Result<()> {
        let (folder, name) = split(path.trim_end_matches('/'));
        let files = self.find(folder).map(|root| &root.files);
        match files.is_some_and(|files| files.iter().any(|file| file.name == name)) {
            true => Err(wrong(ANOTHER_FILE)),
            false => Ok(()),
        }
    }

    /// The directory with a path, if it is there.
    fn find(&self, path: &str) -> Option<&Root> {
        let path = root_path(path);
        self.roots.iter().find(|root| root.path == path)
    }

    /// The directory with a path, made if it is not there; without one, that of the plugin itself.
    fn root_at(&mut self, path: &str) -> &mut Root {
        let path = root_path(path);
        let roots = &mut self.roots;
        let position = roots.iter().position(|root| root.path == path).unwrap_or(roots.len());
        if position == roots.len() {
            roots.push(Root { path: path.into(), folder: None, files: Vec::new(), scratch: None });
        }
        #[allow(clippy::indexing_slicing, reason = "it was found, or pushed just now")]
        &mut roots[position]
    }
}

/// The path of a directory as it is kept.
fn root_path(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        "" => ".",
        path => path,
    }
}

fn wrong(message: impl Into<alloc::boxed::Box<dyn core::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
