//! Arbitrary calls of WASI's functions, on files that are there.

use std::fs;
use std::path::Path;

use cpex_wasmi::{
    Access, ClockGrant, Engine, FileGrant, FilePermission, Manifest, Plugin, Policy, RandomGrant,
    Request,
};
use tempfile::TempDir;

use crate::common::with_manifest;
use crate::session::Script;

/// Functions, with what each takes: a descriptor, a path (pointer and length), flags, a number of 64 bits, or a
/// pointer.
const FUNCTIONS: &[(&str, &str)] = &[
    ("environ_get", "pp"),
    ("environ_sizes_get", "pp"),
    ("clock_time_get", "fnp"),
    ("random_get", "pf"),
    ("poll_oneoff", "ppfp"),
    ("fd_advise", "dnnf"),
    ("fd_allocate", "dnn"),
    ("fd_close", "d"),
    ("fd_fdstat_get", "dp"),
    ("fd_fdstat_set_flags", "df"),
    ("fd_fdstat_set_rights", "dnn"),
    ("fd_filestat_get", "dp"),
    ("fd_filestat_set_size", "dn"),
    ("fd_filestat_set_times", "dnnf"),
    ("fd_pread", "dpfnp"),
    ("fd_prestat_dir_name", "dpf"),
    ("fd_prestat_get", "dp"),
    ("fd_pwrite", "dpfnp"),
    ("fd_read", "dpfp"),
    ("fd_readdir", "dpfnp"),
    ("fd_renumber", "dd"),
    ("fd_seek", "dnfp"),
    ("fd_sync", "d"),
    ("fd_tell", "dp"),
    ("fd_write", "dpfp"),
    ("path_create_directory", "dP"),
    ("path_filestat_get", "dfPp"),
    ("path_filestat_set_times", "dfPnnf"),
    ("path_link", "dfPdP"),
    ("path_open", "dfPfnnfp"),
    ("path_readlink", "dPpfp"),
    ("path_remove_directory", "dP"),
    ("path_rename", "dPdP"),
    ("path_symlink", "PdP"),
    ("path_unlink_file", "dP"),
    ("sock_shutdown", "df"),
];

/// Paths that lead somewhere, or should not.
const PATHS: &[&str] = &[
    "there.txt",
    "sub",
    "sub/deep",
    "new.txt",
    "new",
    "sub/new",
    ".",
    "..",
    "../secret",
    "/",
    "link",
    "link/deep",
    "sub/..",
    "sub/../../secret",
    "\0",
    "there.txt/",
    "./there.txt",
    "a/b/c",
    "link.txt",
    "*.txt",
    "other",
];

/// The places of paths in the plugin's memory, one after the other, and of room for more.
const PATHS_AT: usize = 1024;
const ROOM: u32 = 4096;

/// A list of buffers for reading and writing, which does not get into its own way.
const BUFFERS: &str = r"\00\60\00\00\40\00\00\00\00\70\00\00\00\01\00\00";

/// The most calls of one input.
const MAX_CALLS: usize = 64;

/// The subject of one grant.
#[derive(Clone, Copy, PartialEq)]
enum What {
    Directory,
    Pattern,
    /// A file by its name.
    There,
    /// A link by its name, which leads to [`DEEP`].
    Link,
}

impl What {
    const ALL: [Self; 4] = [Self::Directory, Self::Pattern, Self::There, Self::Link];

    fn path(self) -> &'static str {
        match self {
            Self::Directory => "data",
            Self::Pattern => "data/*.txt",
            Self::There => "data/there.txt",
            Self::Link => "data/link.txt",
        }
    }
}

/// The grants of the plugin.
struct Given(Vec<(What, FilePermission)>);

impl Given {
    fn of(script: &mut Script<'_>) -> Self {
        let count = script.byte().unwrap_or(0) % 3;
        let permissions = FilePermission::ALL.len();
        let grants = (0..=count).filter_map(|_| {
            let byte = usize::from(script.byte().unwrap_or(0));
            let what = byte.checked_div(permissions)?.checked_rem(What::ALL.len())?;
            let what = What::ALL.get(what)?;
            Some((*what, *FilePermission::ALL.get(byte.checked_rem(permissions)?)?))
        });
        let mut grants: Vec<_> = grants.collect();
        // A directory of the plugin's own is nothing else.
        if grants.iter().any(|(_, permission)| *permission == FilePermission::PrivateScratch) {
            grants = vec![(What::Directory, FilePermission::PrivateScratch)];
        }
        Self(grants)
    }

    fn wishes(&self) -> Vec<String> {
        let wish = |(what, permission): &(What, FilePermission)| {
            format!("fs:{}:{}", permission.name(), what.path())
        };
        self.0.iter().map(wish).collect()
    }

    fn policy(&self, folder: &Path) -> Policy {
        let mut access = Access::default();
        for (what, permission) in &self.0 {
            let path = folder.join(what.path()).to_str().unwrap().to_owned();
            let grant = match what {
                What::Directory => FileGrant::dir(path, *permission),
                _ => FileGrant::file(path, *permission),
            };
            access.filesystem.push(grant.guest_path(what.path()));
        }
        access.clock = Some(ClockGrant::System);
        access.random = Some(RandomGrant::Seeded(1));
        Policy::default().access(access)
    }

    /// True if one of these is given with one of these permissions.
    fn has(&self, what: &[What], permissions: &[FilePermission]) -> bool {
        self.0
            .iter()
            .any(|(given, permission)| what.contains(given) && permissions.contains(permission))
    }

    /// Holds what a call has left, and what the plugin has seen, against what it was given.
    fn assert_kept(&self, folder: &Path, seen: u8) {
        use FilePermission::{DropBox, FixedMutable, FullAccess, ReadOnly};
        use What::{Directory, Link, Pattern, There};
        let data = folder.join("data");
        let [reads, changes, adds] = [
            &[ReadOnly, FullAccess, FixedMutable][..],
            &[FullAccess, FixedMutable],
            &[FullAccess, DropBox],
        ];
        let is = |path: &str, content: &str| {
            fs::read(folder.join(path)).is_ok_and(|found| found == content.as_bytes())
        };
        let link = |name: &str| data.join(name).is_symlink();
        let there = [Directory, Pattern, There];
        let deep = [Directory, Link];
        assert!(is("secret", SECRET) && seen & 1 == 0, "the secret was seen or changed");
        assert!(seen & 2 == 0 || self.has(&there, reads), "a file was seen");
        assert!(seen & 4 == 0 || self.has(&deep, reads), "a file below was seen");
        assert!(seen & 8 == 0 || self.has(&[Directory], reads), "another file was seen");
        assert!(is("data/other", OTHER) || self.has(&[Directory], changes), "another was changed");
        assert!(is("data/there.txt", THERE) || self.has(&there, changes), "a file was changed");
        assert!(is("data/sub/deep", DEEP) || self.has(&deep, changes), "a file below was changed");
        let all = self.has(&[Directory], &[FullAccess]);
        assert!(data.join("there.txt").exists() || self.has(&there, &[FullAccess]));
        assert!(link("link.txt") || all || self.has(&[Link], &[FullAccess]), "a link is gone");
        assert!((link("link") && data.join("sub").is_dir()) || all, "a directory is gone");
        let names = |path: &Path| -> Vec<String> {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
        };
        assert_eq!(names(folder).len(), 2);
        if !self.has(&[Directory], adds) {
            assert_eq!(names(&data.join("sub")), ["deep"]);
            for name in names(&data) {
                let known =
                    ["there.txt", "other", "sub", "link", "link.txt"].contains(&name.as_str());
                let may_add = self.has(&[Pattern], adds) && name.ends_with(".txt");
                assert!(known || may_add, "{name} was added");
            }
        }
    }
}

/// The contents of the secret, of the file in the directory, in the one below, and in the one that no pattern stands
/// for: eight bytes, which are nowhere in the module.
const SECRET: &str = "T0pS3cr3";
const THERE: &str = "c0nt3nt!";
const DEEP: &str = "d33pb3l0";
const OTHER: &str = "0th3rs!!";

/// A directory, and a secret beside it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("there.txt"), THERE).unwrap();
    fs::write(data.join("sub/deep"), DEEP).unwrap();
    fs::write(data.join("other"), OTHER).unwrap();
    fs::write(folder.path().join("secret"), SECRET).unwrap();
    #[cfg(unix)]
    for (to, name) in [("sub", "link"), ("sub/deep", "link.txt")] {
        std::os::unix::fs::symlink(to, data.join(name)).unwrap();
    }
    folder
}

/// The next argument of a kind, as operands of a call.
fn argument(kind: char, script: &mut Script<'_>) -> String {
    let byte = script.byte().unwrap_or(0);
    let number = |script: &mut Script<'_>| match byte {
        255 => script.number().unwrap_or(0),
        254 => u32::MAX,
        byte => byte.into(),
    };
    match kind {
        // There are few, and the first are opened most.
        'd' => {
            format!("(i32.const {})", if byte < 240 { u32::from(byte & 7) } else { number(script) })
        }
        'P' => {
            let path = usize::from(byte).checked_rem(PATHS.len()).unwrap_or(0);
            let before = PATHS.iter().take(path).map(|path| path.len()).sum::<usize>();
            let len = PATHS.get(path).map_or(0, |path| path.len());
            format!("(i32.const {}) (i32.const {len})", PATHS_AT.saturating_add(before))
        }
        'p' if byte < 250 => {
            format!("(i32.const {})", ROOM.saturating_add(u32::from(byte & 3) * 4096))
        }
        // All rights, which nobody would hit upon.
        'n' if byte == 253 => "(i64.const -1)".into(),
        'n' => {
            format!("(i64.const {})", i64::from(number(script)).wrapping_shl(u32::from(byte & 32)))
        }
        _ => format!("(i32.const {})", number(script).cast_signed()),
    }
}

/// Looks through the memory for a text without having it: bit by bit, the texts that are there are told.
fn search() -> String {
    let needles = [SECRET, THERE, DEEP, OTHER].iter().zip([1, 2, 4, 8]).map(|(text, bit)| {
        let bytes = text.as_bytes().try_into().unwrap_or_default();
        let hidden = !i64::from_le_bytes(bytes);
        format!(
            "(if (i64.eq (i64.xor (i64.load (local.get $at)) (i64.const -1)) (i64.const {hidden}))
               (then (local.set $seen (i32.or (local.get $seen) (i32.const {bit})))))"
        )
    });
    let needles: String = needles.collect();
    format!(
        "(loop $again {needles}
           (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (br_if $again (i32.le_u (local.get $at) (i32.const 65528))))
         (i32.store8 (i32.const 0) (i32.add (i32.const 64) (local.get $seen)))
         (drop (call $deny_text (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
         (i32.const 1)"
    )
}

/// A plugin that makes the calls of a script, and denies with what it has seen.
fn module(script: &mut Script<'_>, given: &Given) -> Vec<u8> {
    let (mut imports, mut body) = (String::new(), String::new());
    for (name, kinds) in FUNCTIONS {
        let params: Vec<_> = kinds
            .chars()
            .map(|kind| match kind {
                'n' => "i64",
                'P' => "i32 i32",
                _ => "i32",
            })
            .collect();
        imports += &format!(
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {}) (result i32)))\n",
            params.join(" ")
        );
    }
    for _ in 0..MAX_CALLS {
        let Some(byte) = script.byte() else { break };
        let at = usize::from(byte).checked_rem(FUNCTIONS.len()).unwrap_or(0);
        let Some((name, kinds)) = FUNCTIONS.get(at) else { break };
        let args: String = kinds.chars().map(|kind| argument(kind, script)).collect();
        body += &format!("(drop (call ${name} {args}))\n");
    }
    let paths: String = PATHS.iter().map(|path| path.replace('\0', "\\00")).collect();
    let text = format!(
        "(module {imports}
         (import \"cpex\" \"deny_text\" (func $deny_text (param i32 i32 i32 i32) (result i32)))
         (memory (export \"memory\") 1)
         (data (i32.const 0) \"{BUFFERS}\") (data (i32.const {ROOM}) \"{BUFFERS}\")
         (data (i32.const {PATHS_AT}) \"{paths}\")
         (func (export \"cpex_invoke\") (param i32) (result i32) (local $at i32) (local $seen i32)
           {body} {search}))",
        search = search()
    );
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.access = given.wishes();
    manifest.access.extend(["clock".into(), "random".into()]);
    with_manifest(wat::parse_str(text).unwrap(), &manifest.encode().unwrap())
}

/// Calls functions of WASI: nothing panics, nothing outside of what was granted is changed or seen, and what is
/// the plugin's own is gone afterwards.
pub fn wasi(data: &[u8]) {
    // Of its own: an engine keeps the code of all that it has loaded.
    let engine = Engine::new().unwrap();
    let mut script = Script(data);
    let given = Given::of(&mut script);
    let folder = folder();
    let wasm = module(&mut script, &given);
    let plugin = Plugin::load(&engine, &wasm, given.policy(folder.path())).unwrap();
    let request = Request::tool_call("search");
    let seen = match plugin.call("cmf.tool_pre_invoke", request) {
        Ok(outcome) => {
            let violation = outcome.decision.violation().unwrap();
            violation.code.bytes().next().unwrap_or_default()
        }
        Err(error) => {
            assert!(["abi_violation", "limit_exceeded"].contains(&error.code()), "{error}");
            0
        }
    };
    given.assert_kept(folder.path(), seen);
}
