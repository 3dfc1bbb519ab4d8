//! The bounds of a call's files, of which nothing is left for the next.

use std::fs;

use cpex_wasmi::{FilePermission, Isolation, Plugin, Policy};

use crate::common::*;
use crate::files::{folder, policy, wish};
use crate::script::{Script, results};

const DQUOT: u8 = 19;
const MFILE: u8 = 33;
const MLINK: u8 = 34;
const NOENT: u8 = 44;
const FULL: FilePermission = FilePermission::FullAccess;
const CREATE: i64 = 1;
const READ: i64 = 2;
const WRITE: i64 = 64;

fn run(script: &Script, policy: Policy) -> Vec<u8> {
    script.run(&[&wish(FULL)], policy).0
}

#[test]
fn reading_ends_at_its_quota_in_all_files_together() {
    let folder = folder();
    let mut policy = policy(folder.path(), FULL);
    policy.limits.file_bytes_read = 10;
    let mut script = Script::new();
    script.open(3, "there", 0, READ);
    script.open(3, "sub/deep", 0, READ);
    script.read(4, 7);
    script.read(5, 6);
    script.read(5, 6);
    script.show(16, 4);
    assert_eq!(run(&script, policy), [0, 0, 0, 0, DQUOT]);
}

#[test]
fn writing_ends_at_its_quota_however_a_file_gets_longer() {
    let folder = folder();
    let mut policy = policy(folder.path(), FULL);
    // A file that is new counts as a kilobyte.
    policy.limits.file_bytes_written = 1024 + 10;
    let mut script = Script::new();
    script.open(3, "new", CREATE, READ | WRITE);
    script.open(3, "other", CREATE, READ | WRITE);
    script.path("path_create_directory", 3, "made");
    script.call("fd_filestat_set_size", "il", &[4, 1 << 40]);
    let text = script.text("x");
    let (list, count) = script.buffers(&[text]);
    script.call("fd_pwrite", "iiili", &[4, list, count, 1 << 40, 16]);
    script.call("fd_seek", "ilii", &[4, 1 << 40, 0, 16]);
    script.write(4, "x");
    script.call("fd_seek", "ilii", &[4, 4, 0, 16]);
    script.write(4, "five");
    script.call("fd_filestat_set_size", "il", &[4, 11]);
    script.write(4, "more");
    script.write(4, "more");
    script.call("fd_allocate", "ill", &[4, 0, 1 << 40]);
    let codes = run(&script, policy);
    let expected = [0, DQUOT, DQUOT, DQUOT, DQUOT, 0, DQUOT, 0, 0, DQUOT, 0, DQUOT, 58];
    assert_eq!(codes, expected);
    assert_eq!(fs::read(folder.path().join("data/new")).unwrap(), b"\0\0\0\0fivemo");
}

#[test]
fn so_many_files_are_open_at_once_and_no_more() {
    let folder = folder();
    let mut policy = policy(folder.path(), FULL);
    policy.limits.open_files = 3;
    let mut script = Script::new();
    for path in ["there", "sub", ".", "there", "."] {
        script.open(3, path, 0, READ);
    }
    script.call("fd_close", "i", &[5]);
    script.open(3, "there", 0, READ);
    script.call("fd_renumber", "ii", &[4, 6]);
    script.open(3, "there", 0, READ);
    script.call("fd_renumber", "ii", &[4, 1000]);
    assert_eq!(run(&script, policy), [0, 0, 0, MFILE, MFILE, 0, 0, 0, 0, 8]);
}

#[test]
fn directories_do_not_get_too_deep_to_be_removed() {
    let folder = folder();
    let mut script = Script::new();
    let mut path = String::from("a");
    for _ in 0..65 {
        script.path("path_create_directory", 3, &path);
        path += "/a";
    }
    script.path("path_create_directory", 3, "b");
    let ((from, len), (to, to_len)) = (script.text("a"), script.text("b/a"));
    script.call("path_rename", "iiiiii", &[3, from, len, 3, to, to_len]);
    let own = FilePermission::PrivateScratch;
    let (codes, _) = script.run(&[&wish(own)], policy(folder.path(), own));
    let mut expected = vec![0; 64];
    expected.extend([MLINK, 0, 58]);
    assert_eq!(codes, expected);
    // What was there is there, and nothing else.
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 2);
}

#[test]
fn directories_do_not_get_too_deep_by_links_either() {
    let folder = folder();
    let mut script = Script::new();
    let mut path = String::from("a");
    for _ in 0..64 {
        script.path("path_create_directory", 3, &path);
        path += "/a";
    }
    let ((target, len), (link, link_len)) = (script.text(&path[..127]), script.text("link"));
    script.call("path_symlink", "iiiii", &[target, len, 3, link, link_len]);
    script.path("path_create_directory", 3, "link/b");
    script.open(3, "link", 2, READ);
    script.path("path_create_directory", 4, "b");
    script.path("path_create_directory", 3, "b");
    script.open(3, "b", 2, READ);
    script.path("path_create_directory", 5, "b");
    let own = FilePermission::PrivateScratch;
    let (codes, _) = script.run(&[&wish(own)], policy(folder.path(), own));
    assert_eq!(codes[64..], [0, MLINK, 0, MLINK, 0, 0, 0]);
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 2);
}

#[test]
fn buffers_are_paid_for_even_if_there_is_nothing_in_them() {
    let folder = folder();
    for (fd, function) in [(1, "fd_write"), (0, "fd_read"), (4, "fd_read"), (4, "fd_write")] {
        let fuel = |count: i64| {
            let mut script = Script::new();
            script.open(3, "there", 0, READ | WRITE);
            script.call(function, "iiii", &[fd, 32_768, count, 16]);
            let plugin = script.load(&engine(), &[&wish(FULL)], policy(folder.path(), FULL));
            call(&plugin).unwrap().receipt.fuel
        };
        let (few, many) = (fuel(1), fuel(1000));
        assert!(many >= few + 999 * 4, "{function} {fd}: {few} {many}");
    }
}

#[test]
fn small_reads_and_writes_are_paid_for_by_the_piece() {
    let folder = folder();
    fs::write(folder.path().join("data/there"), vec![0; 1 << 16]).unwrap();
    for function in ["fd_read", "fd_write"] {
        let fuel = |buffers: &[(i64, i64)]| {
            let mut script = Script::new();
            script.open(3, "there", 0, READ | WRITE);
            let (list, count) = script.buffers(buffers);
            script.call(function, "iiii", &[4, list, count, 16]);
            let plugin = script.load(&engine(), &[&wish(FULL)], policy(folder.path(), FULL));
            call(&plugin).unwrap().receipt.fuel
        };
        let (whole, pieces) = (fuel(&[(32_768, 1000)]), fuel(&vec![(32_768, 1); 1000]));
        assert!(pieces >= whole + 999 * 400, "{function}: {whole} {pieces}");
    }
}

#[test]
fn listing_is_paid_for_even_if_there_is_too_much() {
    let folder = folder();
    let fuel = |files: std::ops::Range<usize>| {
        for number in files {
            fs::write(folder.path().join(format!("data/{number}")), "").unwrap();
        }
        let mut script = Script::new();
        script.call("fd_readdir", "iiili", &[3, 2048, 24, 0, 16]);
        let plugin = script.load(&engine(), &[&wish(FULL)], policy(folder.path(), FULL));
        let outcome = call(&plugin).unwrap();
        let result = outcome.decision.violation().unwrap().reason.as_bytes()[0];
        (result, outcome.receipt.fuel)
    };
    let ((_, few), (all, many)) = (fuel(0..1), fuel(1..1001));
    assert_eq!(all, 0);
    assert!(many >= few + 1000 * 500, "{few} {many}");
    let (too_many, most) = fuel(1001..10_001);
    assert_eq!(too_many, 61);
    assert!(most >= 10_000 * 500, "{most}");
}

#[test]
fn not_all_directories_that_are_listed_are_kept() {
    let folder = folder();
    for number in 0..9_000 {
        fs::write(folder.path().join(format!("data/{number}")), "").unwrap();
    }
    let fuel = |listed: &[i64]| {
        let mut script = Script::new();
        for _ in 0..3 {
            script.open(3, ".", 2, READ);
        }
        for fd in listed {
            // On from the second entry, which looks through it if it is not kept.
            script.call("fd_readdir", "iiili", &[*fd, 2048, 24, 1, 16]);
        }
        let plugin = script.load(&engine(), &[&wish(FULL)], policy(folder.path(), FULL));
        call(&plugin).unwrap().receipt.fuel
    };
    let once = fuel(&[4]) - fuel(&[]);
    assert!(fuel(&[4, 5, 4, 5]) < 3 * once);
    assert!(fuel(&[4, 5, 6, 4]) > 4 * once - once / 2);
}

/// Calls three times with one instance.
fn thrice(script: &Script, wish: &str, mut policy: Policy) -> Vec<Vec<u8>> {
    policy.isolation = Isolation::Pooled;
    policy.max_instances = 1;
    let plugin: Plugin = script.load(&engine(), &[wish], policy);
    (0..3).map(|_| results(&plugin).unwrap().0).collect()
}

#[test]
fn nothing_of_a_call_is_left_for_the_next() {
    let folder = folder();
    let mut limited = policy(folder.path(), FULL);
    limited.limits.open_files = 1;
    limited.limits.file_bytes_read = 7;
    let mut script = Script::new();
    script.open(3, "there", 0, READ);
    script.read(4, 7);
    // The directory itself is closed, and found open again.
    script.call("fd_close", "i", &[3]);
    assert_eq!(thrice(&script, &wish(FULL), limited), vec![vec![0, 0, 0]; 3]);
}

#[test]
fn a_scratch_directory_is_empty_in_each_call_and_removed() {
    let folder = folder();
    let own = FilePermission::PrivateScratch;
    let mut script = Script::new();
    script.open(3, "there", 0, READ);
    script.open(3, "mine", 0, READ);
    script.open(3, "mine", CREATE, WRITE);
    script.path("path_create_directory", 3, "made");
    script.write(4, "text");
    let expected = vec![vec![NOENT, NOENT, 0, 0, 0]; 3];
    assert_eq!(thrice(&script, &wish(own), policy(folder.path(), own)), expected);
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 2);

    // Of a call that fails, too.
    let mut policy = policy(folder.path(), own);
    policy.limits.host_calls = 4;
    let plugin = script.load(&engine(), &[&wish(own)], policy);
    assert_eq!(call(&plugin).unwrap_err().code(), "limit_exceeded");
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 2);
}
