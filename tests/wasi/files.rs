//! Directories and files: what each permission allows, and that there is no way out.

use std::fs;
use std::path::Path;

use cpex_wasmi::{Access, FileGrant, FilePermission, Policy};

use crate::common::*;
use crate::script::{Script, results};

const ACCES: u8 = 2;
const EXIST: u8 = 20;
const ILSEQ: u8 = 25;
const INVAL: u8 = 28;
const NAMETOOLONG: u8 = 37;
const NOENT: u8 = 44;

const CREATE: i64 = 1;
const DIRECTORY: i64 = 2;
const TRUNCATE: i64 = 8;
const READ: i64 = 2;
const WRITE: i64 = 64;

/// A directory with a file, a link and a pipe in it, and a file beside it.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("there"), "content").unwrap();
    fs::write(data.join("sub/deep"), "deeper").unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    folder
}

/// One directory, known as `data`.
pub(crate) fn policy(folder: &Path, permission: FilePermission) -> Policy {
    let grant =
        FileGrant::dir(folder.join("data").to_str().unwrap(), permission).guest_path("data");
    Policy::default().access(Access::default().filesystem(grant))
}

pub(crate) fn wish(permission: FilePermission) -> String {
    format!("fs:{}:data", permission.name())
}

/// The result of each thing that may be done or not.
fn tried(permission: FilePermission) -> Vec<u8> {
    let folder = folder();
    let mut script = Script::new();
    script.open(3, "there", 0, READ);
    script.open(3, "there", 0, WRITE);
    script.open(3, "new", CREATE, WRITE);
    script.open(3, "there", CREATE | TRUNCATE, WRITE);
    script.call("fd_readdir", "iiili", &[3, 2048, 512, 0, 16]);
    let (at, len) = script.text("there");
    script.call("path_filestat_get", "iiiii", &[3, 1, at, len, 2048]);
    script.path("path_create_directory", 3, "made");
    let (to, to_len) = script.text("moved");
    script.call("path_rename", "iiiiii", &[3, at, len, 3, to, to_len]);
    script.path("path_unlink_file", 3, "moved");
    script.run(&[&wish(permission)], policy(folder.path(), permission)).0
}

#[test]
fn each_permission_does_what_its_name_says() {
    use FilePermission as P;
    let no = ACCES;
    // Open to read, to write, a new one, to truncate; list, stat; create directory, rename, unlink.
    for (permission, expected) in [
        (P::ReadOnly, [0, no, no, no, 0, 0, no, no, no]),
        (P::FullAccess, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (P::DropBox, [no, no, 0, EXIST, no, no, no, no, no]),
        (P::FixedMutable, [0, 0, no, 0, 0, 0, no, no, no]),
        (P::ListOnly, [no, no, no, no, 0, 0, no, no, no]),
        (P::PrivateScratch, [NOENT, NOENT, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(tried(permission), expected, "{permission:?}");
    }
}

/// The audit of a script, without the bytes.
fn told(script: &Script, permission: FilePermission) -> (Vec<u8>, Vec<String>) {
    let folder = folder();
    let events = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = events.clone();
    let audit = move |event: &cpex_wasmi::AuditEvent<'_>| {
        let line = format!("{} {} {}", event.operation, event.target, event.outcome);
        sink.lock().unwrap().push(line);
    };
    let engine = cpex_wasmi::Engine::builder().audit_sink(audit).build().unwrap();
    let policy = policy(folder.path(), permission);
    let plugin = script.load(&engine, &[&wish(permission)], policy);
    let (codes, _) = results(&plugin).unwrap();
    let events = events.lock().unwrap().clone();
    (codes, events)
}

#[test]
fn what_a_descriptor_is_denied_or_changes_is_told() {
    let mut script = Script::new();
    script.open(3, "there", 0, READ | WRITE);
    script.call("fd_filestat_set_size", "il", &[4, 0]);
    script.write(4, "x");
    let (codes, events) = told(&script, FilePermission::ReadOnly);
    assert_eq!(codes, [0, 8, 8]);
    let expected =
        ["open data/there allowed", "set_size data/there denied", "write data/there denied"];
    assert_eq!(events, expected);

    script = Script::new();
    script.open(3, "there", 0, WRITE);
    script.call("fd_filestat_set_size", "il", &[4, 0]);
    script.call("fd_filestat_set_times", "illi", &[4, 0, 0, 1]);
    // What it did not ask for is its own fault.
    script.read(4, 1);
    let (codes, events) = told(&script, FilePermission::FullAccess);
    assert_eq!(codes, [0, 0, 0, 8]);
    let expected =
        ["open data/there allowed", "set_size data/there allowed", "set_times data/there allowed"];
    assert_eq!(events, expected);
}

/// A plugin that opens a directory from itself over and over could have the host keep any length, and what is behind
/// that would not be told.
#[test]
fn a_long_path_is_shown_by_its_start_and_end() {
    let around = "sub/../".repeat(500);
    let mut script = Script::new();
    script.open(3, format!("{around}sub"), DIRECTORY, READ);
    for fd in 4..8 {
        script.open(fd, "./".repeat(2000), DIRECTORY, READ);
    }
    script.open(8, "deep", 0, READ);
    let (codes, events) = told(&script, FilePermission::ReadOnly);
    assert_eq!(codes, [0; 6]);
    let last = events.last().unwrap();
    assert!(last.starts_with("open data/sub/../sub/") && last.ends_with("/deep allowed"), "{last}");
    assert!(last.len() < 2000, "{}", last.len());
}

#[test]
fn what_is_written_is_read_and_what_is_dropped_is_not() {
    let folder = folder();
    let mut script = Script::new();
    script.open(3, "new", CREATE, READ | WRITE);
    script.write(4, "written");
    script.call("fd_seek", "ilii", &[4, 0, 0, 16]);
    script.read(4, 7);
    let full = FilePermission::FullAccess;
    let (codes, text) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!((codes, text.as_str()), (vec![0; 4], "written"));

    fs::remove_file(folder.path().join("data/new")).unwrap();
    let (codes, text) = script
        .run(&[&wish(FilePermission::DropBox)], policy(folder.path(), FilePermission::DropBox));
    assert_eq!((codes, text.as_str()), (vec![0, 0, 0, 8], ""));
    assert_eq!(fs::read(folder.path().join("data/new")).unwrap(), b"written");
}

#[test]
fn no_path_leads_out_of_a_directory() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let data = folder.path().join("data");
    symlink("../secret", data.join("relative")).unwrap();
    symlink(folder.path().join("secret"), data.join("absolute")).unwrap();
    symlink("..", data.join("up")).unwrap();
    symlink("sub/deep", data.join("inside")).unwrap();
    symlink("loop", data.join("loop")).unwrap();
    let absolute = folder.path().join("secret").to_str().unwrap().to_owned();
    let mut script = Script::new();
    let mut expected = Vec::new();
    for (path, errno) in [
        ("../secret", ACCES),
        ("sub/../../secret", ACCES),
        ("./.././secret", ACCES),
        (absolute.as_str(), ACCES),
        ("/etc/passwd", ACCES),
        ("relative", ACCES),
        ("absolute", ACCES),
        ("up/secret", ACCES),
        ("up/data/there", ACCES),
        ("loop", 32),
        ("there\0", INVAL),
        ("../secret\0", INVAL),
        (&"x".repeat(300), NAMETOOLONG),
        (&"x/".repeat(2100), NAMETOOLONG),
        ("", NOENT),
    ] {
        for (flags, rights) in [(0, READ), (0, WRITE), (CREATE, WRITE), (DIRECTORY, READ)] {
            if path == "loop" && flags == CREATE || flags == DIRECTORY && errno == ACCES {
                continue;
            }
            script.open(3, path, flags, rights);
            expected.push(errno);
        }
    }
    script.open(3, b"\xff\xfe", 0, READ);
    expected.push(ILSEQ);
    for path in ["..", "up", "sub/../.."] {
        script.open(3, path, DIRECTORY, READ);
        expected.push(ACCES);
    }
    script.open(3, "inside", 0, READ);
    script.read(4, 6);
    expected.extend([0, 0]);
    let full = FilePermission::FullAccess;
    let (codes, text) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!(codes, expected);
    assert_eq!(text, "deeper");
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn nothing_can_be_made_that_leads_out() {
    let folder = folder();
    fs::create_dir(folder.path().join("readable")).unwrap();
    fs::write(folder.path().join("readable/file"), "as it is").unwrap();
    let full = FilePermission::FullAccess;
    let mut policy = policy(folder.path(), full);
    let grant =
        FileGrant::dir(folder.path().join("readable").to_str().unwrap(), FilePermission::ReadOnly)
            .guest_path("readable");
    policy.access.filesystem.push(grant);
    let mut script = Script::new();
    let mut expected = Vec::new();
    for (target, errno) in
        [("../secret", ACCES), ("/etc/passwd", ACCES), ("sub/../../secret", ACCES), ("there", 0)]
    {
        let (at, len) = script.text(target);
        let (link, link_len) = script.text(format!("link{}", expected.len()));
        script.call("path_symlink", "iiiii", &[at, len, 3, link, link_len]);
        expected.push(errno);
    }
    // A second name, or another place, by which what may only be read could be changed.
    let ((file, len), (to, to_len)) = (script.text("file"), script.text("mine"));
    script.call("path_link", "iiiiiii", &[4, 0, file, len, 3, to, to_len]);
    script.call("path_rename", "iiiiii", &[4, file, len, 3, to, to_len]);
    let (out, out_len) = script.text("../out");
    let (there, there_len) = script.text("there");
    script.call("path_link", "iiiiiii", &[3, 0, there, there_len, 3, out, out_len]);
    script.call("path_rename", "iiiiii", &[3, there, there_len, 3, out, out_len]);
    script.path("path_create_directory", 3, "../out");
    script.path("path_unlink_file", 3, "../secret");
    script.path("path_remove_directory", 3, "../data");
    expected.extend([ACCES; 7]);
    let wishes = [&wish(full)[..], "fs:read-only:readable"];
    assert_eq!(script.run(&wishes, policy).0, expected);
}

#[test]
fn a_link_gets_no_name_at_which_it_leads_out() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub/deeper")).unwrap();
    symlink("..", data.join("sub/up")).unwrap();
    symlink(folder.path(), data.join("absolute")).unwrap();
    symlink("../../..", data.join("sub/deeper/out")).unwrap();
    symlink("deep", data.join("sub/inside")).unwrap();
    symlink("out/secret", data.join("later")).unwrap();
    symlink("deeper", data.join("sub/alias")).unwrap();
    let full = FilePermission::FullAccess;
    let mut script = Script::new();
    let mut expected = Vec::new();
    for (from, to, errno) in [
        ("sub/up", "up", ACCES),
        ("sub/up", "sub/deeper/up", ACCES),
        ("sub/up", "sub/other", ACCES),
        ("absolute", "sub/absolute", ACCES),
        ("absolute", "other", ACCES),
        // Below it, but by a link that is not.
        ("later", "sub/deeper/later", ACCES),
        ("later", "sub/later", 0),
        ("sub/inside", "inside", 0),
        ("there", "sub/there", 0),
        ("sub/deep", "sub/alias/deep", 0),
    ] {
        let ((from, from_len), (to, to_len)) = (script.text(from), script.text(to));
        script.call("path_link", "iiiiiii", &[3, 0, from, from_len, 3, to, to_len]);
        script.call("path_rename", "iiiiii", &[3, from, from_len, 3, to, to_len]);
        expected.extend([errno; 2]);
    }
    for (target, link, errno) in [
        ("sub/deeper/out/secret", "made", ACCES),
        ("out/secret", "sub/deeper/made", ACCES),
        ("sub/up/there", "made", 0),
        ("not/yet/there", "other", 0),
    ] {
        let ((to, to_len), (at, len)) = (script.text(target), script.text(link));
        script.call("path_symlink", "iiiii", &[to, to_len, 3, at, len]);
        expected.push(errno);
    }
    let (codes, _) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!(codes, expected);
}

#[test]
fn two_grants_make_no_one_name_of_two_places() {
    let folder = folder();
    for name in ["x", "y"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("file"), name).unwrap();
    }
    let place = |path: &str| folder.path().join(path).to_str().unwrap().to_owned();
    let dir = |path: &str, permission| FileGrant::dir(place(path), permission);
    let file = |path: &str, permission| FileGrant::file(place(path), permission);
    let (read, full) = (FilePermission::ReadOnly, FilePermission::FullAccess);
    let scratch = FilePermission::PrivateScratch;
    let loading = |wish: &str, grants: [(&str, FileGrant); 2]| {
        let access = grants.into_iter().fold(Access::default(), |access, (name, grant)| {
            access.filesystem(grant.guest_path(name))
        });
        let mut script = Script::new();
        script.open(3, "file", 0, READ);
        let module = script.module(&[wish]);
        cpex_wasmi::Plugin::load(&engine(), &module, Policy::default().access(access))
    };
    for (wish, grants) in [
        ("fs:read-only:d", [("d", dir("x", read)), ("d", dir("y", read))]),
        ("fs:read-only:d", [("d", dir("x", full)), ("d", dir("y", read))]),
        ("fs:read-only:d/file", [("d", dir("x", read)), ("d", dir("y", read))]),
        ("fs:read-only:d/file", [("d", dir("x", read)), ("d/file", file("y/file", read))]),
        ("fs:read-only:f", [("f", file("x/file", read)), ("f", file("y/file", read))]),
        ("fs:read-only:d/*e", [("d/*e", file("x/*e", read)), ("d/*e", file("y/*e", read))]),
        ("fs:private-scratch:t", [("t", dir("x", scratch)), ("t", dir("y", scratch))]),
        ("fs:read-only:d", [("d", file("x/file", read)), ("d", dir("y", read))]),
        ("fs:read-only:d", [("d", dir("y", read)), ("d", file("x/file", read))]),
    ] {
        let places = [&grants[0].1.path, &grants[1].1.path].map(String::clone);
        let error = loading(wish, grants).err().unwrap_or_else(|| panic!("{wish} was loaded"));
        assert_eq!(error.code(), "invalid_config");
        let message = error.to_string();
        assert!(
            message.contains("has that name for the plugin; rename one of them with `as`"),
            "{message}"
        );
        assert!(message.contains("contradicts the grant of `"), "{message}");
        assert!(places.iter().all(|place| message.contains(place)), "{message}");
    }
    // The same place under one name, or another name, is no contradiction.
    for (wish, grants) in [
        ("fs:read-only:d", [("d", dir("x", read)), ("d", dir("y/../x", full))]),
        ("fs:read-only:d", [("d", dir("x", read)), ("e", dir("y", read))]),
        ("fs:read-only:d", [("d", dir("x", read)), ("d/sub", dir("y", read))]),
    ] {
        assert!(loading(wish, grants).is_ok(), "{wish}");
    }
}

#[test]
fn what_is_no_file_is_not_opened_and_nothing_waits_for_it() {
    let folder = folder();
    let pipe = folder.path().join("data/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket =
        std::os::unix::net::UnixListener::bind(folder.path().join("data/socket")).unwrap();
    let mut script = Script::new();
    for path in ["pipe", "socket"] {
        for rights in [READ, WRITE, READ | WRITE] {
            script.open(3, path, 0, rights);
        }
    }
    let full = FilePermission::FullAccess;
    let (codes, _) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!(codes, [ACCES; 6]);

    let mut script = Script::new();
    script.open(3, "null", 0, READ);
    script.open(3, "zero", 0, READ);
    let access = Access::default().filesystem(FileGrant::dir("/dev", FilePermission::ReadOnly));
    let (codes, _) = script.run(&["fs:read-only:/dev"], Policy::default().access(access));
    assert_eq!(codes, [ACCES; 2]);
}

#[test]
fn a_directory_swapped_for_a_link_leads_nowhere_else() {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/deep"), "secret").unwrap();
    symlink("../outside", data.join("link")).unwrap();
    let mut script = Script::new();
    for _ in 0..50 {
        script.open(3, "sub/deep", 0, READ);
        script.read(4, 6);
        script.call("fd_close", "i", &[4]);
    }
    let read = FilePermission::ReadOnly;
    let plugin = script.load(&engine(), &[&wish(read)], policy(folder.path(), read));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fs::rename(data.join("sub"), data.join("aside")).unwrap();
                fs::rename(data.join("link"), data.join("sub")).unwrap();
                fs::rename(data.join("sub"), data.join("link")).unwrap();
                fs::rename(data.join("aside"), data.join("sub")).unwrap();
            }
        });
        for _ in 0..100 {
            let (_, text) = results(&plugin).unwrap();
            assert!(!text.contains("secret"), "{text}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_that_is_granted_alone_is_all_that_there_is() {
    let folder = folder();
    let path = folder.path().join("data/there");
    let grant = FileGrant::file(path.to_str().unwrap(), FilePermission::ReadOnly);
    let access = Access::default().filesystem(grant.guest_path("rules/list"));
    let mut script = Script::new();
    script.open(3, "list", 0, READ);
    script.open(3, "there", 0, READ);
    script.open(3, "sub/deep", 0, READ);
    script.open(3, "../secret", 0, READ);
    script.open(3, "list", 0, WRITE);
    script.open(3, "new", CREATE, WRITE);
    script.read(4, 7);
    let policy = Policy::default().access(access);
    let (codes, text) = script.run(&["fs:read-only:rules/list"], policy.clone());
    assert_eq!(codes, [0, ACCES, ACCES, ACCES, ACCES, ACCES, 0]);
    assert_eq!(text, "content");

    let mut script = Script::new();
    script.call("fd_readdir", "iiili", &[3, 32_768, 200, 0, 16]);
    script.show(32_768, 200);
    let (codes, text) = script.run(&["fs:read-only:rules/list"], policy);
    assert_eq!(codes, [0]);
    assert!(text.contains("list") && !text.contains("there") && !text.contains("sub"), "{text:?}");
}

#[test]
fn only_what_is_asked_for_is_there_and_no_more_than_that() {
    let folder = folder();
    let full = policy(folder.path(), FilePermission::FullAccess);
    let mut script = Script::new();
    script.open(3, "deep", 0, READ);
    script.open(3, "deep", 0, WRITE);
    script.open(3, "../there", 0, READ);
    script.call("fd_prestat_get", "ii", &[3, 16]);
    script.call("fd_prestat_get", "ii", &[4, 16]);
    script.call("fd_prestat_dir_name", "iii", &[3, 32_768, 8]);
    script.show(32_768, 8);
    let (codes, text) = script.run(&["fs:read-only:data/sub"], full.clone());
    assert_eq!(codes, [0, ACCES, ACCES, 0, 8, 0]);
    assert_eq!(text, "data/sub");

    // Nothing asked for, nothing there.
    let (codes, _) = script.run(&[], full);
    assert_eq!(codes, [8; 6]);
}
