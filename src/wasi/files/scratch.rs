//! Directories of a plugin's own, which are gone when its call is over.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;

use cap_std::fs::{Dir, DirBuilder};

/// A directory of one call's.
pub(super) struct Scratch {
    parent: Arc<Dir>,
    name: String,
    dir: Arc<Dir>,
}

impl Scratch {
    pub(super) fn new(parent: &Arc<Dir>) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        #[allow(unused_mut, reason = "elsewhere, there are no modes")]
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        {
            use cap_std::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        // What another process of the same number left behind is not taken over.
        for _ in 0..1000 {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("cpex-wasmi.{}.{number}", std::process::id());
            match parent.create_dir_with(&name, &builder) {
                Ok(()) => {
                    let dir = Arc::new(parent.open_dir(&name)?);
                    return Ok(Self { parent: parent.clone(), name, dir });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn dir(&self) -> Arc<Dir> {
        self.dir.clone()
    }

    /// Removes it, with all that is in it. It is as deep as a plugin may make directories.
    pub(super) fn remove(self) {
        let Self { parent, name, dir } = self;
        drop(dir);
        if let Err(error) = parent.remove_dir_all(&name) {
            log::warn!("a plugin's own directory, `{name}`, could not be removed: {error}");
        }
    }
}
