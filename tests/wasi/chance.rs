//! Functions with arguments of chance, one after the other: nothing panics, and nothing outside changes.

use std::fs;

use cpex_wasmi::{ClockGrant, FilePermission, RandomGrant};
use proptest::prelude::*;

use crate::common::*;
use crate::files::{folder, policy, wish};
use crate::script::Script;

/// Functions with what they take: a descriptor, a path, flags, a number, or a pointer.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("environ_get", "ii", "pp"),
    ("environ_sizes_get", "ii", "pp"),
    ("clock_time_get", "ili", "fnp"),
    ("random_get", "ii", "pn"),
    ("poll_oneoff", "iiii", "ppfp"),
    ("fd_advise", "illi", "dnnf"),
    ("fd_allocate", "ill", "dnn"),
    ("fd_close", "i", "d"),
    ("fd_fdstat_get", "ii", "dp"),
    ("fd_fdstat_set_flags", "ii", "df"),
    ("fd_fdstat_set_rights", "ill", "dnn"),
    ("fd_filestat_get", "ii", "dp"),
    ("fd_filestat_set_size", "il", "dn"),
    ("fd_filestat_set_times", "illi", "dnnf"),
    ("fd_pread", "iiili", "dpfnp"),
    ("fd_prestat_dir_name", "iii", "dpn"),
    ("fd_prestat_get", "ii", "dp"),
    ("fd_pwrite", "iiili", "dpfnp"),
    ("fd_read", "iiii", "dpfp"),
    ("fd_readdir", "iiili", "dpfnp"),
    ("fd_renumber", "ii", "dd"),
    ("fd_seek", "ilii", "dnfp"),
    ("fd_sync", "i", "d"),
    ("fd_tell", "ii", "dp"),
    ("fd_write", "iiii", "dpfp"),
    ("path_create_directory", "iii", "dP"),
    ("path_filestat_get", "iiiii", "dfPp"),
    ("path_filestat_set_times", "iiiilli", "dfPnnf"),
    ("path_link", "iiiiiii", "dfPdP"),
    ("path_open", "iiiiillii", "dfPfnnfp"),
    ("path_readlink", "iiiiii", "dPpfp"),
    ("path_remove_directory", "iii", "dP"),
    ("path_rename", "iiiiii", "dPdP"),
    ("path_symlink", "iiiii", "PdP"),
    ("path_unlink_file", "iii", "dP"),
    ("sock_shutdown", "ii", "df"),
];

const PATHS: &[&str] = &[
    "there",
    "sub",
    "sub/deep",
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
    "there/",
    "./there",
    "a/b/c",
];

/// An argument of each kind, from a number of chance.
fn argument(kind: char, chance: u64, texts: &[(i64, i64)]) -> Vec<i64> {
    let pick = |from: &[i64]| from[chance as usize % from.len()];
    match kind {
        'd' => vec![pick(&[3, 3, 3, 4, 4, 5, 6, 0, 1, 99, -1])],
        'f' => vec![pick(&[0, 1, 2, 1, 4, 8, 9, 3, 1024, -1])],
        'n' => vec![pick(&[0, 1, 64, 4096, -1, -1, i64::MAX, i64::MIN, 1 << 40, 66])],
        'p' => vec![pick(&[2048, 2048, 2048, 4096, 4096, 8, 0, 65_520, 65_536, -1])],
        _ => {
            let (at, len) = texts[chance as usize % texts.len()];
            vec![at, len]
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_panics_or_gets_out(
        calls in prop::collection::vec((0..FUNCTIONS.len(), prop::array::uniform9(any::<u64>())), 1..40),
        permission in 0..FilePermission::ALL.len(),
    ) {
        let folder = folder();
        let permission = FilePermission::ALL[permission];
        std::os::unix::fs::symlink("sub", folder.path().join("data/link")).unwrap();
        let mut script = Script::new();
        let texts: Vec<_> = PATHS.iter().map(|path| script.text(path)).collect();
        for (function, chance) in calls {
            let (name, types, kinds) = FUNCTIONS[function];
            let args: Vec<i64> = kinds
                .chars()
                .zip(chance)
                .flat_map(|(kind, chance)| argument(kind, chance, &texts))
                .collect();
            script.call(name, types, &args);
        }
        let mut policy = policy(folder.path(), permission);
        policy.access.clock = Some(ClockGrant::System);
        policy.access.random = Some(RandomGrant::Seeded(1));
        let plugin = script.load(&engine(), &[&wish(permission), "clock", "random"], policy);
        match call(&plugin) {
            Ok(outcome) => prop_assert!(!outcome.decision.is_allow()),
            Err(error) => prop_assert!(
                ["abi_violation", "limit_exceeded"].contains(&error.code()),
                "{error}"
            ),
        }
        prop_assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret");
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let changed = fs::read(folder.path().join("data/there")).ok() != Some(b"content".to_vec());
        let may_change = [FilePermission::FullAccess, FilePermission::FixedMutable];
        prop_assert!(!changed || may_change.contains(&permission), "{permission:?}");
        if permission == FilePermission::PrivateScratch {
            prop_assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 3);
        }
    }
}
