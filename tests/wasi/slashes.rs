//! Paths that end with `/` or `/.`, which only a directory has: as the system itself takes them.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::Path;

use cpex_wasmi::FilePermission;

use crate::files::{policy, wish};
use crate::script::Script;

const CREATE: i64 = 1;
const READ: i64 = 2;
const WRITE: i64 = 64;

/// A directory, a file, and links to either and to nothing.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("dir")).unwrap();
    fs::write(data.join("file"), "content").unwrap();
    symlink("dir", data.join("link")).unwrap();
    symlink("file", data.join("to_file")).unwrap();
    symlink("nothing", data.join("dangling")).unwrap();
    folder
}

const PATHS: &[&str] = &["file", "dir", "link", "to_file", "dangling", "none"];

/// The system's answer, as WASI has it.
fn code(result: io::Result<()>) -> u8 {
    let Err(error) = result else { return 0 };
    match error.raw_os_error().unwrap() {
        libc::EEXIST => 20,
        libc::EINVAL => 28,
        libc::EISDIR => 31,
        libc::ELOOP => 32,
        libc::ENOENT => 44,
        libc::ENOTDIR => 54,
        libc::EBUSY => 10,
        libc::ENOTEMPTY => 55,
        libc::EPERM => 63,
        other => panic!("{other}: {error}"),
    }
}

fn open(path: &Path, flags: i32, create: bool) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(create).create(create).custom_flags(flags).open(path).map(drop)
}

type Native = fn(&Path, &Path) -> io::Result<()>;
type Guest = fn(&mut Script, &str);

/// Each operation, by the system's own function and by that of WASI.
const OPERATIONS: &[(&str, Native, Guest)] = &[
    (
        "lstat",
        |_, path| fs::symlink_metadata(path).map(drop),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_filestat_get", "iiiii", &[3, 0, at, len, 2048]);
        },
    ),
    (
        "stat",
        |_, path| fs::metadata(path).map(drop),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_filestat_get", "iiiii", &[3, 1, at, len, 2048]);
        },
    ),
    (
        "open",
        |_, path| open(path, libc::O_NOFOLLOW, false),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_open", "iiiiillii", &[3, 0, at, len, 0, READ, -1, 0, 8]);
        },
    ),
    (
        "open following",
        |_, path| open(path, 0, false),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_open", "iiiiillii", &[3, 1, at, len, 0, READ, -1, 0, 8]);
        },
    ),
    (
        "create",
        |_, path| open(path, 0, true),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_open", "iiiiillii", &[3, 1, at, len, CREATE, READ | WRITE, -1, 0, 8]);
        },
    ),
    (
        "mkdir",
        |_, path| fs::create_dir(path),
        |script, path| {
            script.path("path_create_directory", 3, path);
        },
    ),
    (
        "rmdir",
        |_, path| fs::remove_dir(path),
        |script, path| {
            script.path("path_remove_directory", 3, path);
        },
    ),
    (
        "unlink",
        |_, path| fs::remove_file(path),
        |script, path| {
            script.path("path_unlink_file", 3, path);
        },
    ),
    (
        "readlink",
        |_, path| fs::read_link(path).map(drop),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_readlink", "iiiiii", &[3, at, len, 2048, 64, 16]);
        },
    ),
    (
        "symlink at",
        |_, path| symlink("file", path),
        |script, path| {
            let ((to, to_len), (at, len)) = (script.text("file"), script.text(path));
            script.call("path_symlink", "iiiii", &[to, to_len, 3, at, len]);
        },
    ),
    (
        "rename",
        |data, path| fs::rename(path, data.join("new")),
        |script, path| {
            let ((at, len), (to, to_len)) = (script.text(path), script.text("new"));
            script.call("path_rename", "iiiiii", &[3, at, len, 3, to, to_len]);
        },
    ),
    (
        "rename file to",
        |data, path| fs::rename(data.join("file"), path),
        |script, path| {
            let ((at, len), (to, to_len)) = (script.text("file"), script.text(path));
            script.call("path_rename", "iiiiii", &[3, at, len, 3, to, to_len]);
        },
    ),
    (
        "link",
        |data, path| fs::hard_link(path, data.join("new")),
        |script, path| {
            let ((at, len), (to, to_len)) = (script.text(path), script.text("new"));
            script.call("path_link", "iiiiiii", &[3, 0, at, len, 3, to, to_len]);
        },
    ),
    (
        "link to",
        |data, path| fs::hard_link(data.join("file"), path),
        |script, path| {
            let ((at, len), (to, to_len)) = (script.text("file"), script.text(path));
            script.call("path_link", "iiiiiii", &[3, 0, at, len, 3, to, to_len]);
        },
    ),
    (
        "set times",
        |_, path| fs::symlink_metadata(path).map(drop),
        |script, path| {
            let (at, len) = script.text(path);
            script.call("path_filestat_set_times", "iiiilli", &[3, 0, at, len, 0, 0, 8]);
        },
    ),
];

/// Operations that only look, whose errors are those of the system too.
const LOOKING: &[&str] = &["lstat", "stat", "open", "open following", "set times"];

/// The content of a directory, links as such.
fn left(folder: &Path) -> Vec<(String, bool)> {
    let entries = fs::read_dir(folder.join("data")).unwrap().map(Result::unwrap);
    let named = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), entry.file_type().unwrap().is_symlink())
    };
    let mut names: Vec<_> = entries.map(named).collect();
    names.sort();
    names
}

#[test]
fn a_path_with_a_slash_at_its_end_is_a_directory() {
    let full = FilePermission::FullAccess;
    let mut different = Vec::new();
    for (name, native, guest) in OPERATIONS {
        for path in PATHS {
            for end in ["/", "/.", "//", "/./"] {
                let path = format!("{path}{end}");
                let (theirs, ours) = (folder(), folder());
                let data = theirs.path().join("data");
                // Joined, it would lose what is at its end.
                let whole = format!("{}/{path}", data.display());
                let expected = code(native(&data, Path::new(&whole)));
                let mut script = Script::new();
                guest(&mut script, &path);
                let (codes, _) = script.run(&[&wish(full)], policy(ours.path(), full));
                let same = match LOOKING.contains(name) {
                    true => codes == [expected],
                    false => (codes[0] == 0) == (expected == 0),
                };
                if !same || left(theirs.path()) != left(ours.path()) {
                    different.push(format!("{name} {path}: {expected}, and not {codes:?}"));
                }
            }
        }
    }
    assert_eq!(different, [""; 0], "{different:#?}");
}

#[test]
fn a_link_with_a_slash_at_its_end_is_where_it_leads() {
    let read = FilePermission::ReadOnly;
    for (path, kind) in [("link", 7), ("link/", 3), ("link/.", 3), ("dir/", 3), ("file", 4)] {
        let folder = folder();
        let mut script = Script::new();
        let (at, len) = script.text(path);
        script.call("path_filestat_get", "iiiii", &[3, 0, at, len, 2048]);
        script.show(2064, 1);
        let (codes, shown) = script.run(&[&wish(read)], policy(folder.path(), read));
        assert_eq!((codes, shown.as_bytes()), (vec![0], &[kind][..]), "{path}");
    }
}
