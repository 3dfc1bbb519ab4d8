//! The modules of a plugin directory, each read and translated once.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::check::unprefixed;
use super::{agreement, beneath};
use crate::module::WeakModule;
use crate::text::suggest::likeness;
use crate::{EngineBuilder, Error, ErrorKind, Limits, Module, Plugin, Policy, Problem};

/// The start of a kind that is a module's path.
pub(crate) const SCHEME: &str = "wasm://";

/// The modules of one directory, by paths that cannot leave it.
///
/// A module is read and translated once, however many entries use it, and again when its file has changed.
/// It is kept for as long as a plugin uses it, or a configuration that was checked is about to.
pub struct PluginDirectory {
    path: PathBuf,
    engine: EngineBuilder,
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// A module that was read.
struct Known {
    stamp: Stamp,
    module: WeakModule,
    /// The module, until a plugin is made of it that is to stay.
    #[cfg_attr(not(feature = "pipeline"), allow(dead_code, reason = "it keeps the module"))]
    awaited: Option<Module>,
}

/// An entry that was loaded.
pub(crate) struct Loaded {
    pub(crate) plugin: Plugin,
    /// The file of its module.
    pub(crate) file: PathBuf,
}

/// Metadata that tells one version of a file from another.
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

impl PluginDirectory {
    /// A directory whose plugins run on engines with these settings: each module has an engine of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the directory cannot be read.
    pub fn new(directory: impl AsRef<Path>, engine: EngineBuilder) -> Result<Self, Error> {
        let directory = directory.as_ref();
        let path = directory.canonicalize().and_then(|path| {
            if path.is_dir() { Ok(path) } else { Err(std::io::ErrorKind::NotADirectory.into()) }
        });
        let path = path.map_err(|error| {
            let message =
                format!("the plugin directory `{}` cannot be read: {error}", shown(directory));
            Error::new(ErrorKind::InvalidConfig, message)
        })?;
        Ok(Self { path, engine, known: Mutex::default() })
    }

    /// The file of the module that a kind such as `wasm://guard.wasm` stands for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if the kind does not begin so or leads out of the directory, or if there is no
    /// such file.
    pub fn find(&self, kind: &str) -> Result<PathBuf, Error> {
        self.resolve(kind).map_err(|problem| Error::from_problems(vec![problem]))
    }

    /// Makes the plugin of an entry, if all of it agrees.
    ///
    /// # Errors
    ///
    /// All that does not, by paths within the entry.
    pub(crate) fn load_entry(&self, entry: &Value) -> Result<Loaded, Vec<Problem>> {
        self.load(entry).map_err(|problems| problems.into_iter().map(located).collect())
    }

    /// As [`load_entry`](Self::load_entry), for a plugin that is to stay: the module is kept by it alone.
    #[cfg(feature = "pipeline")]
    pub(crate) fn make_entry(&self, entry: &Value) -> Result<Loaded, Vec<Problem>> {
        let loaded = self.load_entry(entry)?;
        if let Some(known) = self.lock().get_mut(&loaded.file) {
            known.awaited = None;
        }
        Ok(loaded)
    }

    /// Keeps of the modules that no plugin uses only those of these files, and none whose file has vanished or
    /// changed.
    #[cfg(feature = "pipeline")]
    pub(crate) fn keep<'f>(&self, files: impl Iterator<Item = &'f Path> + Clone) {
        for (path, known) in self.lock().iter_mut() {
            if !files.clone().any(|file| file == path) {
                known.awaited = None;
            }
        }
        self.sweep();
    }

    /// The number of modules that are kept.
    #[cfg(all(test, feature = "pipeline"))]
    fn kept(&self) -> usize {
        self.lock().values().filter(|known| known.module.upgrade().is_some()).count()
    }

    /// Forgets modules that nothing uses, and those whose file has vanished or changed.
    fn sweep(&self) {
        self.lock().retain(|path, known| {
            known.module.upgrade().is_some()
                && path.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == known.stamp)
        });
    }

    fn load(&self, entry: &Value) -> Result<Loaded, Vec<Problem>> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let all = |error: Error| error.problems().to_vec();
        let policy = Policy::from_value(entry).map_err(all)?;
        let (file, module) = self.module(text("kind"), &policy)?;
        let mut wrong = Vec::new();
        agreement::identity(entry, Some(module.manifest()), &mut wrong);
        agreement::grants(policy.capabilities, module.requested(), &mut wrong);
        wrong.extend(crate::plugin::agreement(&module, &policy, &agreement::hooks(entry)));
        if !wrong.is_empty() {
            return Err(all(module.engine().redacted(Error::from_problems(wrong))));
        }
        let policy = policy.named(text("name"));
        let plugin = Plugin::agreed(&module, policy).map_err(all)?;
        Ok(Loaded { plugin, file })
    }

    /// The module of a kind. It is read again only if its file has changed.
    fn module(&self, kind: &str, policy: &Policy) -> Result<(PathBuf, Module), Vec<Problem>> {
        let wrong =
            |message: String| vec![Problem::new(ErrorKind::InvalidConfig, message).about("kind")];
        let path = self.resolve(kind).map_err(|problem| vec![problem])?;
        let shown = shown(&path);
        let unreadable =
            |error: std::io::Error| wrong(format!("`{shown}` cannot be read: {error}"));
        let no_file = || wrong(format!("`{shown}` is not a file"));
        // A socket cannot be opened, and to open a device may do something.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(no_file());
        }
        let inside = path.strip_prefix(&self.path).map_err(|_| no_file())?;
        let file = beneath::open(&self.path, inside).map_err(unreadable)?;
        // What stands there may have become another since.
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(no_file());
        }
        let stamp = Stamp::of(&metadata);
        if let Some(module) = self.known(&path, stamp) {
            return Ok((path, module));
        }
        let mut wasm = Vec::new();
        let limit = u64::try_from(Limits::MAX_MODULE_BYTES).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1)).read_to_end(&mut wasm).map_err(unreadable)?;
        let all = |error: Error| error.problems().to_vec();
        let engine = self.engine.clone().build().map_err(all)?;
        let module = Module::pinned(&engine, &wasm, policy).map_err(all)?;
        let known = Known { stamp, module: module.downgrade(), awaited: Some(module.clone()) };
        self.lock().insert(path.clone(), known);
        self.sweep();
        #[cfg(feature = "pipeline")]
        tracing::info!(
            path = %shown,
            module = %crate::visible(&module.manifest().name),
            version = %crate::visible(&module.manifest().version),
            sha256 = %module.digest(),
            "read a module"
        );
        Ok((path, module))
    }

    fn known(&self, path: &Path, stamp: Stamp) -> Option<Module> {
        let known = self.lock();
        known.get(path).filter(|known| known.stamp == stamp)?.module.upgrade()
    }

    /// The file that a kind names, which is inside the directory.
    fn resolve(&self, kind: &str) -> Result<PathBuf, Problem> {
        let relative = relative(kind)?;
        let wrong = |message: String| Problem::new(ErrorKind::InvalidConfig, message).about("kind");
        let path = self.path.join(relative);
        let path = path.canonicalize().map_err(|error| {
            let like = self.like(relative);
            wrong(format!("`{}` cannot be read: {error}{like}", shown(&path)))
        })?;
        if !path.starts_with(&self.path) {
            return Err(wrong(format!(
                "`{}` is a link that leads out of the plugin directory",
                crate::visible(relative)
            )));
        }
        Ok(path)
    }

    /// Suggests the file of the directory that a path was meant for.
    fn like(&self, relative: &str) -> String {
        const LOOKED_AT: usize = 1000;
        let files = std::fs::read_dir(&self.path).into_iter().flatten().take(LOOKED_AT);
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let names: Vec<_> = names.filter(|name| name.ends_with(".wasm")).collect();
        // By the whole path, or by the file's name if it was looked for in another folder.
        let wanted = [relative, relative.rsplit('/').next().unwrap_or(relative)];
        let near = wanted.iter().find_map(|wanted| {
            let spelled = [String::from(*wanted), format!("{wanted}.wasm")];
            let distance =
                |name: &String| spelled.iter().filter_map(|wanted| likeness(wanted, name)).min();
            names.iter().filter_map(|name| Some((distance(name)?, name))).min()
        });
        near.map_or_else(String::new, |(_, name)| {
            format!("; did you mean `{SCHEME}{}`?", crate::visible(name))
        })
    }

    /// Held while the map is looked at, never while a module is loaded.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PluginDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginDirectory").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The path that a kind names, below the directory.
pub(super) fn relative(kind: &str) -> Result<&str, Problem> {
    let wrong = |message| Problem::new(ErrorKind::InvalidConfig, message).about("kind");
    let relative = kind
        .strip_prefix(SCHEME)
        .ok_or_else(|| wrong(format!("the kind does not begin with `{SCHEME}`")))?;
    let mut components = Path::new(relative).components();
    let inside = components.all(|component| matches!(component, Component::Normal(_)));
    if relative.is_empty() || !inside {
        return Err(wrong(format!(
            "the kind names a file of the plugin directory, by a path without `..` such as \
             `{SCHEME}guard.wasm`"
        )));
    }
    Ok(relative)
}

/// A problem with the path of the value that has to change for it.
fn located(problem: Problem) -> Problem {
    let path = match problem.kind {
        _ if problem.path.is_some() => return problem,
        ErrorKind::CapabilityDenied(_) => "capabilities",
        ErrorKind::UnknownHook => "hooks",
        ErrorKind::DigestMismatch => "config.sandbox_policy.sha256",
        ErrorKind::AccessDenied | ErrorKind::MemoryLimit | ErrorKind::InvalidConfig => {
            "config.sandbox_policy"
        }
        _ => "kind",
    };
    Problem { message: unprefixed(&problem.message).into(), ..problem }.about(path)
}

fn shown(path: &Path) -> String {
    crate::visible(&path.display().to_string())
}

#[cfg(all(test, feature = "pipeline"))]
#[allow(clippy::unwrap_used, reason = "for tests")]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::Engine;

    /// A directory with this module under these names.
    fn directory(names: &[&str]) -> (tempfile::TempDir, PluginDirectory) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(format!("{name}.wasm"));
            fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/noop.wasm"), path).unwrap();
        }
        let directory = PluginDirectory::new(folder.path(), Engine::builder()).unwrap();
        (folder, directory)
    }

    fn entry(name: &str) -> Value {
        json!({"name": name, "kind": format!("wasm://{name}.wasm"), "hooks": ["cmf.tool_pre_invoke"]})
    }

    #[test]
    fn a_module_is_kept_for_as_long_as_a_plugin_uses_it() {
        let (_folder, directory) = directory(&["a"]);
        let tried = directory.load_entry(&entry("a")).unwrap();
        drop(tried);
        assert_eq!(directory.kept(), 1, "what was checked is about to be loaded");
        let one = directory.make_entry(&entry("a")).unwrap();
        let two = directory.make_entry(&entry("a")).unwrap();
        drop(one);
        assert_eq!(directory.kept(), 1);
        drop(two);
        assert_eq!(directory.kept(), 0);
        // It is read again, as if for the first time.
        let again = directory.make_entry(&entry("a")).unwrap();
        assert_eq!(directory.kept(), 1);
        drop(again);
    }

    #[test]
    fn a_module_of_an_earlier_configuration_is_dropped() {
        let (_folder, directory) = directory(&["a", "b"]);
        let used = directory.make_entry(&entry("a")).unwrap();
        let [a, b] = ["a", "b"].map(|name| directory.load_entry(&entry(name)).unwrap().file);
        assert_eq!(directory.kept(), 2);
        directory.keep([b.as_path()].into_iter());
        assert_eq!(directory.kept(), 2, "a plugin uses the other");
        directory.keep([a.as_path()].into_iter());
        assert_eq!(directory.kept(), 1);
        drop(used);
        assert_eq!(directory.kept(), 0);
    }

    #[test]
    fn a_module_whose_file_vanished_or_changed_is_dropped() {
        let (folder, directory) = directory(&["a", "b", "c"]);
        for name in ["a", "b"] {
            directory.load_entry(&entry(name)).map(drop).unwrap();
        }
        fs::remove_file(folder.path().join("a.wasm")).unwrap();
        fs::write(folder.path().join("b.wasm"), b"\0asm").unwrap();
        assert_eq!(directory.kept(), 2);
        directory.load_entry(&entry("c")).map(drop).unwrap();
        assert_eq!(directory.kept(), 1);
        assert!(directory.load_entry(&entry("a")).is_err());
    }
}
