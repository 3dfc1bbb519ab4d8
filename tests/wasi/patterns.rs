//! Files that are granted by a pattern of their names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cpex_wasmi::{Access, FileGrant, FilePermission, Plugin, Policy};

use crate::common::*;
use crate::script::{Script, results};

const ACCES: u8 = 2;
const NOENT: u8 = 44;
const OVERFLOW: u8 = 61;

const CREATE: i64 = 1;
const DIRECTORY: i64 = 2;
const TRUNCATE: i64 = 8;
const READ: i64 = 2;
const WRITE: i64 = 64;

/// A directory with files that a pattern stands for, and others.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("sub.json")).unwrap();
    for name in ["a.json", "b.json", "c.txt", ".hidden.json", "sub.json/d.json"] {
        fs::write(at(name), name).unwrap();
    }
    symlink("c.txt", at("link.json")).unwrap();
    symlink("a.json", at("other.txt")).unwrap();
    folder
}

/// A grant that the plugin knows in `rules`.
fn seen_in_rules(grant: FileGrant) -> FileGrant {
    let name = match grant.path.rsplit_once('/') {
        Some((_, name)) if name.contains('*') => format!("rules/{name}"),
        _ => "rules".into(),
    };
    grant.guest_path(name)
}

fn granted(grants: &[(&Path, &str, FilePermission)]) -> Policy {
    let mut access = Access::default();
    for (folder, pattern, permission) in grants {
        let path = folder.join(pattern).to_str().unwrap().to_owned();
        let path = path.trim_end_matches('/');
        access.filesystem.push(seen_in_rules(match pattern.contains('*') {
            true => FileGrant::file(path, *permission),
            false => FileGrant::dir(path, *permission),
        }));
    }
    Policy::default().access(access)
}

/// Opens each name, and gives a flag for each.
fn opened(wishes: &[&str], policy: Policy, names: &[&str], rights: i64) -> Vec<u8> {
    let mut script = Script::new();
    for name in names {
        script.open(3, name, 0, rights);
    }
    script.run(wishes, policy).0
}

/// The names that a listing shows.
fn listed(wishes: &[&str], policy: Policy) -> String {
    let mut script = Script::new();
    script.call("fd_readdir", "iiili", &[3, 32_768, 400, 0, 16]);
    script.show(32_768, 400);
    let (codes, shown) = script.run(wishes, policy);
    assert_eq!(codes, [0]);
    shown.chars().filter(|char| char.is_ascii_graphic()).collect()
}

#[test]
fn a_pattern_opens_only_files_of_these_names() {
    let folder = folder();
    let policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
    let wish = ["fs:read-only:rules/*.json"];
    for (name, expected) in [
        ("a.json", 0),
        ("./b.json", 0),
        ("none.json", NOENT),
        ("c.txt", ACCES),
        (".hidden.json", ACCES),
        ("link.json", ACCES),
        ("other.txt", ACCES),
        ("sub.json", ACCES),
        ("sub.json/d.json", ACCES),
        ("sub.json/../a.json", ACCES),
        ("../a.json", ACCES),
        ("*.json", NOENT),
    ] {
        assert_eq!(opened(&wish, policy.clone(), &[name], READ), [expected], "{name}");
        let refused = if expected == 0 { ACCES } else { expected };
        assert_eq!(opened(&wish, policy.clone(), &[name], WRITE), [refused], "{name}");
    }
    let mut script = Script::new();
    script.open(3, "sub.json", DIRECTORY, READ);
    script.open(3, "b.json", 0, READ);
    script.read(4, 6);
    let (codes, text) = script.run(&wish, policy.clone());
    assert_eq!((codes, text.as_str()), (vec![ACCES, 0, 0], "b.json"));

    let listed = listed(&wish, policy);
    assert!(listed.contains("a.json") && listed.contains("b.json"), "{listed}");
    for other in ["c.txt", "hidden", "link", "other", "sub"] {
        assert!(!listed.contains(other), "{listed}");
    }
}

/// The result of each thing that may be done or not.
fn tried(permission: FilePermission) -> Vec<u8> {
    let folder = folder();
    let mut script = Script::new();
    script.open(3, "new.json", CREATE, WRITE);
    script.open(3, "new.txt", CREATE, WRITE);
    script.open(3, "b.json", 0, WRITE);
    script.path("path_unlink_file", 3, "a.json");
    script.path("path_unlink_file", 3, "c.txt");
    script.path("path_create_directory", 3, "dir.json");
    let ((from, from_len), (to, to_len)) = (script.text("b.json"), script.text("e.json"));
    script.call("path_rename", "iiiiii", &[3, from, from_len, 3, to, to_len]);
    let ((at, len), (to, to_len)) = (script.text("c.txt"), script.text("f.json"));
    script.call("path_symlink", "iiiii", &[at, len, 3, to, to_len]);
    script.call("path_link", "iiiiiii", &[3, 0, from, from_len, 3, to, to_len]);
    script.call("path_readlink", "iiiiii", &[3, from, from_len, 2048, 64, 16]);
    let policy = granted(&[(folder.path(), "*.json", permission)]);
    script.run(&[&format!("fs:{}:rules/*.json", permission.name())], policy).0
}

#[test]
fn a_pattern_permits_nothing_on_the_directory() {
    use FilePermission as P;
    let no = ACCES;
    // Create one that is named so, one that is not; write; remove one that is named so, one that is not.
    for (permission, expected) in [
        (P::ReadOnly, [no, no, no, no, no]),
        (P::ListOnly, [no, no, no, no, no]),
        (P::FixedMutable, [no, no, 0, no, no]),
        (P::DropBox, [0, no, no, no, no]),
        (P::FullAccess, [0, no, 0, 0, no]),
    ] {
        let results = tried(permission);
        assert_eq!(results[..5], expected, "{permission:?}");
        // Directories, moves and links.
        assert_eq!(results[5..], [no; 5], "{permission:?}");
    }
}

#[test]
fn who_asks_for_less_than_is_granted_has_that() {
    let folder = folder();
    let names = ["a.json", "b.json", "c.txt", "link.json"];
    for (pattern, wish, expected) in [
        ("*.json", "fs:read-only:rules/a.json", [0, ACCES, ACCES, ACCES]),
        ("*.json", "fs:read-only:rules/b*.json", [ACCES, 0, ACCES, ACCES]),
        ("*.json", "fs:read-only:rules/link.json", [ACCES, ACCES, ACCES, ACCES]),
        ("", "fs:read-only:rules/b*", [ACCES, 0, ACCES, ACCES]),
        ("", "fs:read-only:rules/*", [0, 0, 0, ACCES]),
    ] {
        let policy = granted(&[(folder.path(), pattern, FilePermission::FullAccess)]);
        assert_eq!(opened(&[wish], policy, &names, READ), expected, "{pattern} {wish}");
    }
    let policy = granted(&[(folder.path(), "b*.json", FilePermission::ReadOnly)]);
    let script = Script::new();
    for wider in ["fs:read-only:rules/*.json", "fs:read-only:rules", "fs:read-only:rules/a.json"] {
        let error = Plugin::load(&engine(), &script.module(&[wider]), policy.clone()).unwrap_err();
        assert!(error.to_string().contains(wider), "{error}");
    }
}

#[test]
fn a_grant_that_makes_no_sense_is_told_at_load() {
    let folder = folder();
    let mut policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
    policy.access.filesystem[0].guest_path = Some("rules/*".into());
    let mut script = Script::new();
    script.open(3, "a.json", 0, READ);
    let module = script.module(&["fs:read-only:rules/*"]);
    let error = Plugin::load(&engine(), &module, policy).unwrap_err();
    assert_eq!(error.code(), "invalid_config");
    assert!(error.to_string().contains("files keep their names"), "{error}");
}

#[test]
fn what_is_missing_is_told_as_a_file() {
    let module = Script::new().module(&["fs:read-only:rules/*.json"]);
    let error = Plugin::load(&engine(), &module, Policy::default()).unwrap_err().to_string();
    let line = r#"allowed_filesystem: [{file: "rules/*.json", permission: read-only}]"#;
    assert!(error.contains(line), "{error}");
    assert!(error.contains("if it may read and list files `rules/*.json`"), "{error}");
}

#[test]
fn grants_of_a_directory_and_of_patterns_add_up() {
    let folder = folder();
    let wishes = ["fs:read-only:rules", "fs:fixed-mutable:rules/*.json", "fs:drop-box:rules/b*"];
    let policy = granted(&[
        (folder.path(), "", FilePermission::ReadOnly),
        (folder.path(), "*.json", FilePermission::FixedMutable),
        (folder.path(), "b*", FilePermission::DropBox),
    ]);
    let names = ["a.json", "b.json", "c.txt", "b.none"];
    assert_eq!(opened(&wishes, policy.clone(), &names, READ), [0, 0, 0, NOENT]);
    assert_eq!(opened(&wishes, policy.clone(), &names, WRITE), [0, 0, ACCES, NOENT]);
    let mut script = Script::new();
    script.open(3, "b.new", CREATE, WRITE);
    script.open(3, "a.new.json", CREATE, WRITE);
    script.open(3, "sub.json/d.json", 0, READ);
    assert_eq!(script.run(&wishes, policy.clone()).0, [0, ACCES, 0]);
    let listed = listed(&wishes, policy);
    assert_eq!(listed.matches("a.json").count(), 1, "{listed}");
    assert_eq!(listed.matches("c.txt").count(), 1, "{listed}");
}

#[test]
fn one_name_does_not_stand_for_two_directories_or_files() {
    use FilePermission::{DropBox, FullAccess, ReadOnly};
    let (first, second) = (folder(), folder());
    let refused = |wishes: &[&str], policy: Policy| {
        let mut script = Script::new();
        script.open(3, "a.json", 0, READ);
        let error = Plugin::load(&engine(), &script.module(wishes), policy).unwrap_err();
        assert_eq!(error.code(), "invalid_config");
        assert!(error.to_string().contains("has that name for the plugin"), "{error}");
    };
    for (one, other, wishes) in [
        ("", "b*", ["fs:read-only:rules", "fs:full-access:rules/b*"]),
        ("*.json", "*", ["fs:read-only:rules/*.json", "fs:full-access:rules/*"]),
        ("*.json", "*", ["fs:full-access:rules/*", "fs:read-only:rules/*.json"]),
    ] {
        let grants = [(first.path(), one, ReadOnly), (second.path(), other, FullAccess)];
        refused(&wishes, granted(&grants));
    }
    let grants = [(first.path(), "", DropBox), (second.path(), "", ReadOnly)];
    refused(&["fs:drop-box:rules", "fs:read-only:rules"], granted(&grants));
    let mut policy = Policy::default();
    for (folder, permission) in [(&first, ReadOnly), (&second, FullAccess)] {
        let grant = FileGrant::file(folder.path().join("a.json").to_str().unwrap(), permission);
        policy.access.filesystem.push(grant.guest_path("rules/a.json"));
    }
    refused(&["fs:full-access:rules/a.json", "fs:read-only:rules/a.json"], policy);
}

#[test]
fn where_a_link_leads_is_no_place_for_the_rights_of_a_pattern() {
    use FilePermission::{FixedMutable, FullAccess, ReadOnly};
    let folder = folder();
    let link = folder.path().join("link.json");
    let mut by_name = granted(&[(folder.path(), "*.json", FullAccess)]);
    let grant = FileGrant::file(link.to_str().unwrap(), ReadOnly).guest_path("rules/link.json");
    by_name.access.filesystem.insert(0, grant);
    let of_directory =
        granted(&[(folder.path(), "", ReadOnly), (folder.path(), "*.json", FixedMutable)]);
    for (policy, pattern) in
        [(by_name, "fs:full-access:rules/*.json"), (of_directory, "fs:fixed-mutable:rules/*.json")]
    {
        let mut script = Script::new();
        script.open(3, "link.json", 0, WRITE);
        script.open(3, "link.json", TRUNCATE, WRITE);
        script.path("path_unlink_file", 3, "link.json");
        script.open(3, "link.json", 0, READ);
        script.read(4, 5);
        let wishes = ["fs:read-only:rules/link.json", pattern];
        let (codes, text) = script.run(&wishes, policy);
        assert_eq!((codes, text.as_str()), (vec![ACCES, ACCES, ACCES, 0, 0], "c.txt"));
        assert!(link.is_symlink());
        assert_eq!(fs::read(folder.path().join("c.txt")).unwrap(), b"c.txt");
    }
}

#[test]
fn what_is_no_file_is_neither_looked_at_nor_changed() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let _listener = std::os::unix::net::UnixListener::bind(at("sock.json")).unwrap();
    let before = fs::metadata(at("sub.json")).unwrap().modified().unwrap();
    for permission in [FilePermission::FullAccess, FilePermission::FixedMutable] {
        let mut script = Script::new();
        for name in ["link.json", "sub.json", "sock.json"] {
            let (text, len) = script.text(name);
            script.call("path_filestat_get", "iiiii", &[3, 0, text, len, 4096]);
            script.call("path_filestat_get", "iiiii", &[3, 1, text, len, 4096]);
            let second = 1_000_000_000;
            script.call("path_filestat_set_times", "iiiilli", &[3, 0, text, len, 0, second, 4]);
            script.path("path_unlink_file", 3, name);
        }
        let wish = format!("fs:{}:rules/*.json", permission.name());
        let policy = granted(&[(folder.path(), "*.json", permission)]);
        assert_eq!(script.run(&[&wish], policy).0, [ACCES; 12]);
    }
    assert!(at("link.json").is_symlink() && at("sock.json").exists());
    assert_eq!(fs::metadata(at("sub.json")).unwrap().modified().unwrap(), before);
    for name in ["link.json", "sub.json"] {
        let wish = format!("fs:read-only:rules/{name}");
        let policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
        assert!(!listed(&[&wish], policy).contains(name));
    }
}

#[test]
fn a_pattern_takes_nothing_from_what_a_directory_gives() {
    let folder = folder();
    let policy = granted(&[
        (folder.path(), "", FilePermission::ReadOnly),
        (folder.path(), "*.json", FilePermission::FixedMutable),
    ]);
    let mut script = Script::new();
    script.open(3, "link.json", 0, READ);
    script.open(3, "sub.json", DIRECTORY, READ);
    let (link, len) = script.text("link.json");
    script.call("path_readlink", "iiiiii", &[3, link, len, 2048, 64, 16]);
    let wishes = ["fs:read-only:rules", "fs:fixed-mutable:rules/*.json"];
    assert_eq!(script.run(&wishes, policy).0, [0; 3]);
}

/// As standard libraries list a directory.
#[test]
fn the_directory_can_be_opened_and_listed() {
    let folder = folder();
    let policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
    let mut script = Script::new();
    script.open(3, ".", DIRECTORY, READ);
    script.open(4, "a.json", 0, READ);
    script.open(4, "c.txt", 0, READ);
    script.open(4, "a.json", 0, WRITE);
    script.call("fd_readdir", "iiili", &[4, 32_768, 400, 0, 16]);
    script.show(32_768, 400);
    let (codes, shown) = script.run(&["fs:read-only:rules/*.json"], policy);
    assert_eq!(codes, [0, 0, ACCES, ACCES, 0]);
    assert!(shown.contains("b.json") && !shown.contains("c.txt"), "{shown:?}");
}

#[test]
fn names_are_few_paid_for_and_open_one_directory() {
    let folder = folder();
    let policy = granted(&[(folder.path(), "*", FilePermission::ReadOnly)]);
    let fuel = |names: usize, name: &str| {
        let wishes: Vec<_> = (0..names).map(|n| format!("fs:list-only:rules/*a{n}*")).collect();
        let wishes: Vec<_> = wishes.iter().map(String::as_str).collect();
        let mut script = Script::new();
        let (text, len) = script.text(name);
        script.call("path_filestat_get", "iiiii", &[3, 0, text, len, 4096]);
        let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let before = open();
        let plugin = Plugin::load(&engine(), &script.module(&wishes), policy.clone())?;
        // Other tests open files too.
        assert!(open() < before + 40);
        Ok::<_, cpex_wasmi::Error>(call(&plugin)?.receipt.fuel)
    };
    let (one, all) = (fuel(1, &"a".repeat(255)).unwrap(), fuel(64, &"a".repeat(255)).unwrap());
    assert!(all > one + 63 * 128, "{one} {all}");
    // What is too long for a name is not looked for.
    let (at_most, longer) =
        (fuel(64, &"a".repeat(255)).unwrap(), fuel(64, &"a".repeat(4000)).unwrap());
    assert!(longer < at_most + 4000, "{at_most} {longer}");
    let error = fuel(65, "a").unwrap_err().to_string();
    assert!(error.contains("more than 64 names in one directory"), "{error}");
}

#[test]
fn a_file_that_becomes_a_link_meanwhile_is_not_followed() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = folder();
    let policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
    let mut script = Script::new();
    for _ in 0..50 {
        script.open(3, "a.json", 0, READ);
        script.read(4, 6);
        script.call("fd_close", "i", &[4]);
    }
    let plugin = script.load(&engine(), &["fs:read-only:rules/*.json"], policy);
    let done = AtomicBool::new(false);
    let at = |name: &str| folder.path().join(name);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                symlink("c.txt", at("to")).unwrap();
                fs::rename(at("to"), at("a.json")).unwrap();
                fs::write(at("to"), "a.json").unwrap();
                fs::rename(at("to"), at("a.json")).unwrap();
            }
        });
        for _ in 0..50 {
            let (_, text) = results(&plugin).unwrap();
            assert!(!text.contains("c.txt"), "{text}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_directory_is_looked_through_for_a_pattern_only_so_far() {
    let folder = folder();
    for number in 0..10_000 {
        fs::write(folder.path().join(format!("{number}")), "").unwrap();
    }
    let policy = granted(&[(folder.path(), "*.json", FilePermission::ReadOnly)]);
    let mut script = Script::new();
    script.call("fd_readdir", "iiili", &[3, 2048, 24, 0, 16]);
    let plugin = script.load(&engine(), &["fs:read-only:rules/*.json"], policy);
    let outcome = call(&plugin).unwrap();
    assert_eq!(outcome.decision.violation().unwrap().reason.as_bytes()[0], OVERFLOW);
    assert!(outcome.receipt.fuel >= 10_000 * 500, "{}", outcome.receipt.fuel);
}
