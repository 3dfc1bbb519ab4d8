//! The policies of `docs/policy.md` are valid, and the one that shows the defaults shows them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use cpex_wasmi::Policy;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn policies() -> Vec<String> {
    let doc = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    doc.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_policies_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    for (position, policy) in policies().iter().enumerate() {
        let path = folder.path().join(format!("{position}.yaml"));
        std::fs::write(&path, policy).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_cpex-wasmi"))
            .arg("check")
            .arg(root().join("fixtures/pii_guard.wasm"))
            .args(["--capabilities", "read_labels,read_roles", "--policy"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_defaults_are_the_defaults() {
    let shown = Policy::from_yaml(&policies()[0]).unwrap();
    let default = Policy::default();
    assert_eq!(shown.limits, default.limits);
    assert_eq!(shown.isolation, default.isolation);
    assert_eq!(shown.max_instances, default.max_instances);
    assert_eq!(shown.snapshot, default.snapshot);
    assert_eq!(shown.allow_state, default.allow_state);
    assert_eq!(shown.allow_raw_credentials, default.allow_raw_credentials);
    assert_eq!(shown.digest, default.digest);
    assert_eq!(shown.log_level, default.log_level);
}
