//! The directories that a plugin finds open, opened once, when it is loaded.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cpex_wasmi_abi::Wish;

use super::rights::May;
use crate::logging::visible;
use crate::system::Granted;
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

/// A file that is granted without its directory.
pub(super) struct SingleFile {
    /// The name by which the plugin knows it.
    pub(super) name: String,
    pub(super) parent: Arc<Dir>,
    pub(super) host_name: PathBuf,
    pub(super) may: May,
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
        let host = Path::new(&grant.path);
        let name = host.file_name().ok_or_else(|| wrong("it is no path of a file"))?;
        let parent = match host.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let parent = Dir::open_ambient_dir(parent, ambient_authority())?;
        if permission == FilePermission::PrivateScratch || parent.is_dir(name) {
            return Err(wrong("it is a directory, or to be one, and granted as a file"));
        }
        return add_file(roots, path, Arc::new(parent), PathBuf::from(name), may);
    }
    let dir = Dir::open_ambient_dir(&grant.path, ambient_authority())?;
    let rest = path.strip_prefix(grant.seen_as()).unwrap_or_default().trim_matches('/');
    if permission == FilePermission::PrivateScratch {
        let parent = if rest.is_empty() { dir } else { dir.open_dir(rest)? };
        let root = root_at(roots, path);
        if root.dir.is_some() || !root.files.is_empty() {
            return Err(wrong("a directory of the plugin's own cannot be another one too"));
        }
        root.scratch = Some(Arc::new(parent));
        return Ok(());
    }
    if rest.is_empty() || dir.metadata(rest)?.is_dir() {
        let dir = if rest.is_empty() { dir } else { dir.open_dir(rest)? };
        let root = root_at(roots, path);
        if root.scratch.is_some() {
            return Err(wrong("a directory of the plugin's own cannot be another one too"));
        }
        let before = root.dir.take().map_or_else(May::default, |(_, may)| may);
        root.dir = Some((Arc::new(dir), may.or(before)));
        return Ok(());
    }
    let (parent, name) = match rest.rsplit_once('/') {
        Some((parent, name)) => (dir.open_dir(parent)?, name),
        None => (dir, rest),
    };
    add_file(roots, path, Arc::new(parent), name.into(), may)
}

/// Adds a file under its path to the directory that shows it.
fn add_file(
    roots: &mut Vec<Root>,
    path: &str,
    parent: Arc<Dir>,
    host_name: PathBuf,
    may: May,
) -> io::Result<()> {
    let (folder, name) = match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", path),
    };
    if name.is_empty() || name == "." || name == ".." {
        return Err(wrong("it has no name for the plugin"));
    }
    let root = root_at(roots, folder);
    if root.scratch.is_some() {
        return Err(wrong("a directory of the plugin's own has no other files"));
    }
    match root.files.iter_mut().find(|file| file.name == name) {
        Some(file) => file.may = file.may.or(may),
        None => root.files.push(SingleFile { name: name.into(), parent, host_name, may }),
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
