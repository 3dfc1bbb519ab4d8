//! A directory that a plugin finds open, and what may be done with what is in it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata};

use super::rights::{self, May};
use crate::text::pattern::is_file;

/// The longest name of a file, in bytes: what is longer is not looked for.
const MAX_NAME: usize = 255;
/// The most names and patterns of a plugin in one directory: each name that it gives is held against all.
pub(super) const MAX_NAMES: usize = 64;
/// The charge for comparing a name with another or a pattern, in bytes, beside the name itself.
const NAME_WORK: usize = 32;

/// A directory that a plugin finds open.
pub(super) struct Root {
    /// The path by which the plugin knows it.
    pub(super) path: String,
    /// The kind.
    pub(super) folder: Option<GrantedDir>,
    /// Files with names that the operator has for them, wherever they are.
    pub(super) files: Vec<SingleFile>,
    /// The place in which scratch directories are made, if it is one.
    pub(super) scratch: Option<Arc<Dir>>,
}

/// A directory of the machine's. It is open once for a plugin, so that the pointer tells it from others.
pub(super) struct GrantedDir {
    pub(super) dir: Arc<Dir>,
    /// The rights on all of its content, if it is granted as a whole.
    pub(super) may: Option<May>,
    /// Patterns of names, and what may be done with files that have such a name. They say nothing of links, nor of
    /// where these lead.
    pub(super) patterns: Vec<(String, May)>,
}

/// A file that is granted without its directory. Where it leads, should it be a link within that, is what is granted.
pub(super) struct SingleFile {
    /// The name by which the plugin knows it.
    pub(super) name: String,
    pub(super) parent: Arc<Dir>,
    pub(super) host_name: PathBuf,
    pub(super) may: May,
}

/// A file that is named in a root.
pub(super) enum GrantedFile<'r> {
    /// By its own name. A link is followed.
    Followed(&'r SingleFile, May),
    /// By a pattern, or by its own name too. It is no link.
    Plain(&'r GrantedDir, May),
}

impl Root {
    /// The number of names and patterns.
    pub(super) fn names(&self) -> usize {
        let patterns = self.folder.as_ref().map_or(0, |folder| folder.patterns.len());
        self.files.len().saturating_add(patterns)
    }

    /// The charge for looking up a name, in bytes.
    pub(super) fn work(&self, name: &str) -> usize {
        self.names().saturating_mul(name.len().min(MAX_NAME).saturating_add(NAME_WORK))
    }

    /// The file that is named, with all that may be done with it; `None` if it is what the whole directory is.
    pub(super) fn named(&self, name: &str) -> Option<GrantedFile<'_>> {
        if name.len() > MAX_NAME || name.contains('/') {
            return None;
        }
        let file = self.files.iter().find(|file| file.name == name);
        let folder = self.folder.as_ref().filter(|folder| file.is_none_or(|file| folder.has(file)));
        let of_folder = folder.and_then(|folder| folder.may).unwrap_or_default();
        if let Some(folder) = folder
            && let Some(may) = folder.of_patterns(name)
            && folder.is_plain(name)
        {
            let own = file.map_or_else(May::default, |file| file.may);
            return Some(GrantedFile::Plain(folder, may.or(of_folder).or(own)));
        }
        file.map(|file| GrantedFile::Followed(file, file.may.or(of_folder)))
    }

    /// True if a file of this name is shown, by the patterns.
    pub(super) fn lists(&self, name: &str) -> bool {
        let may = self.folder.as_ref().and_then(|folder| folder.of_patterns(name));
        may.is_some_and(|may| may.has(rights::FD_READDIR))
    }

    /// The rights on an entry of it.
    pub(super) fn may_anywhere(&self) -> May {
        let folder = self.folder.iter();
        let patterns = folder.clone().flat_map(|folder| &folder.patterns).map(|(_, may)| *may);
        let files = self.files.iter().map(|file| file.may);
        let whole = folder.filter_map(|folder| folder.may);
        whole.chain(patterns).chain(files).fold(May::default(), May::or)
    }

    /// Leaves out what the grant of the whole directory has in it.
    pub(super) fn settle(&mut self) {
        let Some(folder) = &mut self.folder else { return };
        let Some(whole) = folder.may else { return };
        folder.patterns.retain(|(_, may)| whole.or(*may) != whole);
        let folder = &*folder;
        self.files.retain(|file| !folder.has(file) || whole.or(file.may) != whole);
    }
}

impl GrantedDir {
    pub(super) fn new(dir: Arc<Dir>) -> Self {
        Self { dir, may: None, patterns: Vec::new() }
    }

    /// True if a file is in it, under the name by which the plugin knows it.
    fn has(&self, file: &SingleFile) -> bool {
        Arc::ptr_eq(&self.dir, &file.parent) && file.host_name == Path::new(&file.name)
    }

    /// The rights on a file of this name, by the patterns.
    fn of_patterns(&self, name: &str) -> Option<May> {
        let patterns = self.patterns.iter().filter(|(pattern, _)| is_file(pattern, name));
        patterns.map(|(_, may)| *may).reduce(May::or)
    }

    /// True if a name is that of a file, or still that of nothing.
    fn is_plain(&self, name: &str) -> bool {
        self.dir
            .symlink_metadata(name)
            .as_ref()
            .map_or_else(|error| error.kind() == io::ErrorKind::NotFound, Metadata::is_file)
    }
}
