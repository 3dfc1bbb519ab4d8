//! Pointers, lengths and counts that point nowhere, and descriptors of nothing, in each function.

use cpex_wasmi::FilePermission;

use crate::common::*;
use crate::files::{folder, policy, wish};
use crate::script::Script;

/// A place that is outside of the memory.
const OUT: i64 = 65_536;
/// One of which only the beginning is inside.
const EDGE: i64 = 65_535;

/// Each function with its types and arguments in which a `None` is a pointer.
const POINTERS: &[(&str, &str, &[Option<i64>])] = &[
    ("args_sizes_get", "ii", &[None, None]),
    ("environ_sizes_get", "ii", &[None, None]),
    ("clock_res_get", "ii", &[Some(0), None]),
    ("clock_time_get", "ili", &[Some(0), Some(0), None]),
    ("random_get", "ii", &[None, Some(8)]),
    ("poll_oneoff", "iiii", &[None, None, Some(2), None]),
    ("fd_write", "iiii", &[Some(1), None, Some(1), None]),
    ("fd_read", "iiii", &[Some(0), None, Some(1), None]),
    ("fd_fdstat_get", "ii", &[Some(1), None]),
    ("fd_filestat_get", "ii", &[Some(1), None]),
    ("fd_fdstat_get", "ii", &[Some(3), None]),
    ("fd_filestat_get", "ii", &[Some(3), None]),
    ("fd_prestat_get", "ii", &[Some(3), None]),
    ("fd_prestat_dir_name", "iii", &[Some(3), None, Some(8)]),
    ("fd_readdir", "iiili", &[Some(3), None, Some(100), Some(0), None]),
    ("fd_read", "iiii", &[Some(4), None, Some(1), None]),
    ("fd_pread", "iiili", &[Some(4), None, Some(1), Some(0), None]),
    ("fd_write", "iiii", &[Some(4), None, Some(1), None]),
    ("fd_pwrite", "iiili", &[Some(4), None, Some(1), Some(0), None]),
    ("fd_seek", "ilii", &[Some(4), Some(0), Some(0), None]),
    ("fd_tell", "ii", &[Some(4), None]),
    (
        "path_open",
        "iiiiillii",
        &[Some(3), Some(0), None, Some(2), Some(0), Some(2), Some(2), Some(0), None],
    ),
    ("path_filestat_get", "iiiii", &[Some(3), Some(0), None, Some(2), None]),
    (
        "path_filestat_set_times",
        "iiiilli",
        &[Some(3), Some(0), None, Some(2), Some(0), Some(0), Some(0)],
    ),
    ("path_create_directory", "iii", &[Some(3), None, Some(2)]),
    ("path_remove_directory", "iii", &[Some(3), None, Some(2)]),
    ("path_unlink_file", "iii", &[Some(3), None, Some(2)]),
    ("path_readlink", "iiiiii", &[Some(3), None, Some(2), None, Some(8), None]),
    ("path_symlink", "iiiii", &[None, Some(2), Some(3), None, Some(2)]),
    ("path_link", "iiiiiii", &[Some(3), Some(0), None, Some(2), Some(3), None, Some(2)]),
    ("path_rename", "iiiiii", &[Some(3), None, Some(2), Some(3), None, Some(2)]),
];

/// A script in which 4 is an open file.
fn script() -> Script {
    let mut script = Script::new();
    script.open(3, "there", 0, 2 | 64);
    script
}

#[test]
fn any_pointer_out_of_the_memory_ends_the_call() {
    let folder = folder();
    let full = FilePermission::FullAccess;
    for (name, types, args) in POINTERS {
        for position in (0..args.len()).filter(|position| args[*position].is_none()) {
            for wrong in [OUT, EDGE, -1, i64::from(i32::MIN)] {
                let mut script = script();
                // The rest points to where there are a path and a list of buffers.
                let (sound, _) = script.text("ab\0\0\x08\0\0\0");
                let given: Vec<i64> = args
                    .iter()
                    .enumerate()
                    .map(|(at, arg)| arg.unwrap_or(if at == position { wrong } else { sound }))
                    .collect();
                script.call(name, types, &given);
                let wish = wish(full);
                let plugin = script.load(&engine(), &[&wish], policy(folder.path(), full));
                let code = call(&plugin).map(|outcome| format!("{outcome:?}"));
                let error = code.expect_err(name);
                assert_eq!(error.code(), "abi_violation", "{name} {position} {wrong}: {error}");
            }
        }
    }
}

#[test]
fn buffers_and_counts_are_looked_at_before_anything_is_done() {
    let folder = folder();
    let full = FilePermission::FullAccess;
    for (name, fd) in [("fd_read", 4), ("fd_write", 4), ("fd_write", 1), ("fd_read", 0)] {
        for buffer in [(OUT, 1), (EDGE, 2), (0, 1 << 31), (-1, -1)] {
            let mut script = script();
            let (list, count) = script.buffers(&[(0, 8), buffer]);
            script.call(name, "iiii", &[fd, list, count, 16]);
            let plugin = script.load(&engine(), &[&wish(full)], policy(folder.path(), full));
            assert_eq!(call(&plugin).unwrap_err().code(), "abi_violation", "{name} {buffer:?}");
        }
        let mut script = script();
        script.call(name, "iiii", &[fd, 0, 1025, 16]);
        script.call(name, "iiii", &[fd, 0, -1, 16]);
        let (codes, _) = script.run(&[&wish(full)], policy(folder.path(), full));
        assert_eq!(codes, [0, 28, 28], "{name}");
    }
    assert_eq!(std::fs::read(folder.path().join("data/there")).unwrap(), b"content");
    // The same buffer a thousand times is one transfer, of which there is no more than 64 KiB.
    let mut script = script();
    let (list, count) = script.buffers(&[(0, 60_000); 1000]);
    script.call("fd_write", "iiii", &[1, list, count, 16]);
    script.show(16, 4);
    let (codes, text) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!((codes, text.as_bytes()), (vec![0, 0], &b"\0\0\x01"[..]));
}

#[test]
fn descriptors_of_nothing_and_of_something_else() {
    let folder = folder();
    let full = FilePermission::FullAccess;
    let mut script = script();
    let mut expected = vec![0];
    let (path, len) = script.text("there");
    for (fd, errno) in [(99, 8), (-1, 8), (i64::from(i32::MIN), 8), (1, 8), (4, 54)] {
        script.call("path_open", "iiiiillii", &[fd, 0, path, len, 0, 2, 2, 0, 16]);
        script.call("fd_readdir", "iiili", &[fd, 2048, 100, 0, 16]);
        script.path("path_unlink_file", fd, "there");
        expected.extend([errno; 3]);
    }
    for fd in [99, -1] {
        script.call("fd_close", "i", &[fd]);
        script.call("fd_sync", "i", &[fd]);
        script.call("fd_fdstat_get", "ii", &[fd, 2048]);
        script.call("fd_renumber", "ii", &[fd, 4]);
        expected.extend([8; 4]);
    }
    for name in ["sock_accept", "sock_shutdown"] {
        let types = if name == "sock_accept" { "iii" } else { "ii" };
        script.call(name, types, &vec![3; types.len()]);
        expected.push(58);
    }
    script.call("fd_close", "i", &[1]);
    script.write(1, "still there");
    expected.extend([0, 0]);
    // Rights can be given up, and are not got back.
    script.call("fd_fdstat_set_rights", "ill", &[4, 4, 0]);
    script.call("fd_fdstat_set_rights", "ill", &[4, 6, 0]);
    script.read(4, 7);
    expected.extend([0, 76, 8]);
    let (codes, _) = script.run(&[&wish(full)], policy(folder.path(), full));
    assert_eq!(codes, expected);
}
