//! The modules of a plugin directory, each read and translated once.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::beneath;
use crate::suggest::is_like;
use crate::{EngineBuilder, Limits, Module, Policy};

/// The start of a kind that is a module's path.
pub(super) const SCHEME: &str = "wasm://";

/// The modules of one directory.
pub(super) struct Modules {
    directory: PathBuf,
    engine: EngineBuilder,
    loaded: Mutex<HashMap<PathBuf, Loaded>>,
}

struct Loaded {
    stamp: Stamp,
    module: Module,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Device, inode and time of the last change, where there are such.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Modules {
    /// # Errors
    ///
    /// If the directory is not there.
    pub(super) fn new(directory: &Path, engine: EngineBuilder) -> Result<Self, String> {
        let directory = directory.canonicalize().and_then(|path| {
            if path.is_dir() { Ok(path) } else { Err(std::io::ErrorKind::NotADirectory.into()) }
        });
        let directory = directory.map_err(|error| error.to_string())?;
        Ok(Self { directory, engine, loaded: Mutex::default() })
    }

    /// The module of a kind. It is read again only if its file has changed.
    pub(super) fn load(&self, kind: &str, policy: &Policy) -> Result<Module, String> {
        let path = self.resolve(kind)?;
        let shown = shown(&path);
        let unreadable = |error: std::io::Error| format!("`{shown}` cannot be read: {error}");
        let no_file = || format!("`{shown}` is not a file");
        // A socket cannot be opened, and to open a device may do something.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(no_file());
        }
        let inside = path.strip_prefix(&self.directory).map_err(|_| no_file())?;
        let file = beneath::open(&self.directory, inside).map_err(unreadable)?;
        // What stands there may have become another since.
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(no_file());
        }
        let stamp = Stamp::of(&metadata);
        if let Some(module) = self.loaded(&path, stamp) {
            return Ok(module);
        }
        let mut wasm = Vec::new();
        let limit = u64::try_from(Limits::MAX_MODULE_BYTES).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1)).read_to_end(&mut wasm).map_err(unreadable)?;
        let engine = self.engine.clone().build().map_err(|error| error.to_string())?;
        let module = Module::pinned(&engine, &wasm, policy)
            .map_err(|error| super::errors::problems(&error))?;
        tracing::info!(
            path = %shown,
            module = %crate::visible(&module.manifest().name),
            version = %crate::visible(&module.manifest().version),
            sha256 = %module.digest(),
            "read a module"
        );
        let loaded = Loaded { stamp, module: module.clone() };
        self.lock().insert(path, loaded);
        Ok(module)
    }

    fn loaded(&self, path: &Path, stamp: Stamp) -> Option<Module> {
        let loaded = self.lock();
        let known = loaded.get(path).filter(|known| known.stamp == stamp)?;
        Some(known.module.clone())
    }

    /// The file that a kind names, which is inside the directory.
    fn resolve(&self, kind: &str) -> Result<PathBuf, String> {
        let relative = kind
            .strip_prefix(SCHEME)
            .ok_or_else(|| format!("the kind does not begin with `{SCHEME}`"))?;
        let mut components = Path::new(relative).components();
        let inside = components.all(|component| matches!(component, Component::Normal(_)));
        if relative.is_empty() || !inside {
            return Err(format!(
                "the kind names a file of the plugin directory, by a path without `..` such as \
                 `{SCHEME}guard.wasm`"
            ));
        }
        let path = self.directory.join(relative);
        let path = path.canonicalize().map_err(|error| {
            format!("`{}` cannot be read: {error}{}", shown(&path), self.like(relative))
        })?;
        if !path.starts_with(&self.directory) {
            return Err(format!(
                "`{}` is a link that leads out of the plugin directory",
                crate::visible(relative)
            ));
        }
        Ok(path)
    }

    /// What a path may have been meant for: a file of the directory.
    fn like(&self, relative: &str) -> String {
        const LOOKED_AT: usize = 1000;
        let files = std::fs::read_dir(&self.directory).into_iter().flatten().take(LOOKED_AT);
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".wasm")).collect();
        names.sort();
        // By the whole path, or by the file's name if it was looked for in another folder.
        let wanted = [relative, relative.rsplit('/').next().unwrap_or(relative)];
        let near = wanted.iter().find_map(|wanted| {
            names
                .iter()
                .find(|name| is_like(wanted, name) || is_like(&format!("{wanted}.wasm"), name))
        });
        near.map_or_else(String::new, |name| {
            format!("; did you mean `{SCHEME}{}`?", crate::visible(name))
        })
    }

    /// Held while the map is looked at, never while a module is loaded.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(path: &Path) -> String {
    crate::visible(&path.display().to_string())
}
