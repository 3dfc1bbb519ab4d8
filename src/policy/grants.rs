//! The grants of a policy, for each part of the system.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::logging::visible;
use crate::text::pattern::{is_file, is_pattern, split};

/// A directory or file that a plugin may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileGrant {
    /// A directory, with all that is in it, or a file.
    pub kind: PathKind,
    /// Its path on the host.
    pub path: String,
    /// The path by which the plugin knows it. `None`: the same.
    pub guest_path: Option<String>,
    /// The rights on it.
    pub permission: FilePermission,
}

impl FileGrant {
    /// A directory, under the same path for the plugin.
    pub fn dir(path: impl Into<String>, permission: FilePermission) -> Self {
        Self { kind: PathKind::Dir, path: path.into(), guest_path: None, permission }
    }

    /// A file, under the same path for the plugin; a `*` in its name stands for any text, and so for all files
    /// of the directory that are named so, which must be no links. What begins with a dot is among them only if
    /// the pattern begins with one.
    pub fn file(path: impl Into<String>, permission: FilePermission) -> Self {
        Self { kind: PathKind::File, path: path.into(), guest_path: None, permission }
    }

    /// Gives it another path for the plugin.
    ///
    /// ```
    /// use cpex_wasmi::{FileGrant, FilePermission};
    ///
    /// let grant = FileGrant::dir("/etc/acme/rules", FilePermission::ReadOnly).guest_path("rules");
    /// assert_eq!(grant.seen_as(), "rules");
    /// ```
    #[must_use]
    pub fn guest_path(mut self, path: impl Into<String>) -> Self {
        self.guest_path = Some(path.into());
        self
    }

    /// Returns the path by which the plugin knows it.
    pub fn seen_as(&self) -> &str {
        self.guest_path.as_deref().unwrap_or(&self.path)
    }

    /// True if the permission is the one of that name, or more, at that path of the plugin's.
    pub(crate) fn covers(&self, permission: &str, path: &str) -> bool {
        // A way out and back in is no way inside.
        let plain = !path.split('/').any(|part| part == "..");
        let same = self.permission.name() == permission
            || (self.permission == FilePermission::FullAccess
                && permission != FilePermission::PrivateScratch.name())
            || (self.permission == FilePermission::FixedMutable
                && ["read-only", "list-only"].contains(&permission))
            || (self.permission == FilePermission::ReadOnly && permission == "list-only");
        same && plain && self.is_at(path)
    }

    /// True if all that is at a path of the plugin's is among what is granted.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let own = self.seen_as();
        match self.kind {
            PathKind::File if is_pattern(own) => {
                let ((folder, pattern), (asked_folder, asked)) = (split(own), split(path));
                folder == asked_folder && is_file(pattern, asked)
            }
            PathKind::File => path == own,
            PathKind::Dir => path
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || own.ends_with('/')),
        }
    }

    /// The problem of its paths. One made by hand is checked when they are opened.
    pub(crate) fn mistake(&self) -> Option<String> {
        if self.path.is_empty() || self.seen_as().is_empty() {
            return Some("has an empty path".into());
        }
        if let Some(path) = self.paths().find(|path| path.contains('\0')) {
            return Some(format!("is `{}`, and a path cannot have a NUL", visible(path)));
        }
        let no_file = |path: &&str| matches!(split(path).1, "" | "." | "..");
        if let Some(path) = self.paths().find(no_file).filter(|_| self.kind == PathKind::File) {
            return Some(format!("is `{}`, which is not the path of a file", visible(path)));
        }
        let own = visible(self.seen_as());
        if self.seen_as().split('/').any(|part| part == "..") {
            return Some(format!(
                "is `{own}` for the plugin, which cannot ask for a path with `..`; give it a \
                 name with `as`"
            ));
        }
        self.mistaken_pattern().map(Into::into)
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        core::iter::once(self.path.as_str()).chain(self.guest_path.as_deref())
    }

    fn mistaken_pattern(&self) -> Option<&'static str> {
        if self.kind == PathKind::Dir {
            let stars = self.paths().any(|path| path.contains('*'));
            return stars.then_some("has a `*`; only the last part of a `file` can have one");
        }
        if self.paths().any(|path| split(path).0.contains('*')) {
            return Some("has a `*` in a part before the last");
        }
        let pattern = self.paths().any(is_pattern);
        let name = split(&self.path).1;
        let odd =
            name.contains(['?', '[', ']', '{', '}']) || name.contains("**") || name.trim() != name;
        if pattern && odd {
            return Some(
                "has other pattern characters than `*`, which alone stands for other text",
            );
        }
        if pattern && name != split(self.seen_as()).1 {
            return Some("has a `*`, but `as` has another last part; files keep their names");
        }
        if pattern && self.permission == FilePermission::PrivateScratch {
            return Some("has a `*`, but `private-scratch` is for a directory");
        }
        None
    }
}

/// The kind of path of a [`FileGrant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum PathKind {
    Dir,
    File,
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The rights on a directory or file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum FilePermission {
            $($(#[$doc])* $name,)*
        }

        impl FilePermission {
            /// All permissions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The names of all permissions.
            pub(crate) const NAMES: [&'static str; Self::ALL.len()] = [$($text,)*];

            /// The name in YAML.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

permissions! {
    /// Reading and listing.
    ReadOnly = "read-only";
    /// Everything.
    FullAccess = "full-access";
    /// Adding files, without reading or listing any.
    DropBox = "drop-box";
    /// Reading and changing the files that are there, without adding or removing any.
    FixedMutable = "fixed-mutable";
    /// Listing, without reading.
    ListOnly = "list-only";
    /// Everything, in a place of the plugin's own that is gone afterwards.
    PrivateScratch = "private-scratch";
}

/// The time that a plugin is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockGrant {
    /// The machine's time of day.
    System,
    /// A fixed time at each look: so long after the beginning of 1970, in UTC. A run can be repeated.
    Fixed(Duration),
}

/// The random numbers that a plugin is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RandomGrant {
    /// The machine's own, which cannot be foreseen.
    System,
    /// Equal numbers in each call, made from a seed. A run can be repeated; nothing is secret.
    Seeded(u64),
}

/// A program that a plugin may run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandGrant {
    /// The program's absolute path.
    pub program: String,
    /// Its arguments, one pattern for each: a `*` in it stands for any text, and a last `**` for any number of
    /// arguments. An argument that begins with `-` may be an option to the program, and has to have a pattern
    /// that begins with `-` too: neither `*` nor `**` stands for one.
    pub args: Vec<String>,
}

impl CommandGrant {
    /// A program, with patterns for its arguments.
    pub fn new(
        program: impl Into<String>,
        args: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { program: program.into(), args: args.into_iter().map(Into::into).collect() }
    }

    /// Returns true if the patterns stand for these arguments.
    #[cfg(all(feature = "exec", unix))]
    pub(crate) fn allows(&self, args: &[String]) -> bool {
        crate::text::pattern::are_arguments(&self.args, args)
    }
}
