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
];

/// Where paths are in the plugin's memory, one after the other, and where there is room for more.
const PATHS_AT: usize = 1024;
const ROOM: u32 = 4096;

/// A list of buffers for reading and writing, at the start of the memory.
const BUFFERS: &str = r"\00\10\00\00\10\00\00\00\00\20\00\00\00\01\00\00";

/// The most calls of one input.
const MAX_CALLS: usize = 64;

/// What the plugin has: the directory with one permission, or its files by a pattern.
#[derive(Clone, Copy)]
struct Given {
    permission: FilePermission,
    pattern: bool,
}

impl Given {
    fn of(byte: u8) -> Self {
        let all = FilePermission::ALL;
        let at = usize::from(byte >> 1).checked_rem(all.len()).unwrap_or(0);
        let permission = all.get(at).copied().unwrap_or(FilePermission::ReadOnly);
        let pattern = byte & 1 != 0 && permission != FilePermission::PrivateScratch;
        Self { permission, pattern }
    }

    fn wish(self) -> String {
        let files = if self.pattern { "data/*.txt" } else { "data" };
        format!("fs:{}:{files}", self.permission.name())
    }

    fn policy(self, folder: &Path) -> Policy {
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let mut grant = match self.pattern {
            true => FileGrant::file(path("data/*.txt"), self.permission),
            false => FileGrant::dir(path("data"), self.permission),
        };
        grant.guest_path = Some(if self.pattern { "data/*.txt" } else { "data" }.into());
        let mut access = Access::default();
        access.filesystem.push(grant);
        access.clock = Some(ClockGrant::System);
        access.random = Some(RandomGrant::Seeded(1));
        Policy::default().access(access)
    }

    /// Whether a file that is there may be changed.
    fn changes(self) -> bool {
        matches!(self.permission, FilePermission::FullAccess | FilePermission::FixedMutable)
    }
}

/// A directory, and a secret beside it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("there.txt"), "content").unwrap();
    fs::write(data.join("sub/deep"), "deeper").unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
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

/// A plugin that makes the calls of a script and allows.
fn module(script: &mut Script<'_>, given: Given) -> Vec<u8> {
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
        "(module {imports} (memory (export \"memory\") 1)
         (data (i32.const 0) \"{BUFFERS}\") (data (i32.const {ROOM}) \"{BUFFERS}\")
         (data (i32.const {PATHS_AT}) \"{paths}\")
         (func (export \"cpex_invoke\") (param i32) (result i32) {body} (i32.const 0)))"
    );
    let mut manifest = Manifest::new("fuzz", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.access = vec![given.wish(), "clock".into(), "random".into()];
    with_manifest(wat::parse_str(text).unwrap(), &manifest.encode().unwrap())
}

/// Calls functions of WASI: nothing panics, nothing outside of what was granted is changed or seen, and what is
/// the plugin's own is gone afterwards.
pub fn wasi(data: &[u8]) {
    // Of its own: an engine keeps the code of all that it has loaded.
    let engine = Engine::new().unwrap();
    let mut script = Script(data);
    let given = Given::of(script.byte().unwrap_or(0));
    let folder = folder();
    let wasm = module(&mut script, given);
    let plugin = Plugin::load(&engine, &wasm, given.policy(folder.path())).unwrap();
    let request = Request::tool_call("search");
    match plugin.call("cmf.tool_pre_invoke", request) {
        Ok(outcome) => assert!(outcome.decision.is_allow()),
        Err(error) => {
            assert!(["abi_violation", "limit_exceeded"].contains(&error.code()), "{error}");
        }
    }
    let at = |path: &str| folder.path().join(path);
    assert_eq!(fs::read(at("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let unchanged = |path: &str, content: &str| {
        fs::read(at(path)).is_ok_and(|found| found == content.as_bytes())
    };
    assert!(given.changes() || unchanged("data/there.txt", "content"));
    // What no pattern stands for, and what links lead to.
    assert!((given.changes() && !given.pattern) || unchanged("data/sub/deep", "deeper"));
    if given.permission == FilePermission::PrivateScratch {
        assert_eq!(fs::read_dir(at("data")).unwrap().count(), 4);
    }
}
