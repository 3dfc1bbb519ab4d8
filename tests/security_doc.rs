//! What `docs/security.md` names is there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether a file has a test of this name: a function with the attribute right before it, other
/// attributes and comments aside.
fn has_test(source: &str, name: &str) -> bool {
    let start = format!("fn {name}(");
    let mut attributed = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with(&start) {
            return attributed;
        }
        if line == "#[test]" {
            attributed = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            attributed = false;
        }
    }
    false
}

/// Fails if what a proof names is not there. False if it is not of a form that proofs have.
fn is_proof(named: &str) -> bool {
    if let Some((file, test)) = named.split_once(".rs::") {
        let file = format!("{file}.rs");
        assert!(has_test(&read(&file), test), "`{file}` has no test `{test}`");
    } else if let Some(step) = named.strip_prefix(".ci/run: ") {
        let start = format!("step \"{step}\"");
        let ci = read(".ci/run");
        let found = ci.lines().any(|line| line.trim() == start);
        assert!(found, "`.ci/run` has no step `{step}`");
    } else if Path::new(named).extension().is_some_and(|extension| extension == "rs") {
        assert!(read(named).contains("#![forbid(unsafe_code)]"), "{named}");
    } else {
        return false;
    }
    true
}

fn doc() -> String {
    read("docs/security.md")
}

#[test]
fn each_promise_names_a_proof_that_is_there() {
    let doc = doc();
    let rows = doc.split_once("| promise | proof |").unwrap().1;
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut promises = 0_usize;
    for row in rows {
        let proof = row.split('|').nth(2).unwrap();
        let proofs = quoted(proof).filter(|named| is_proof(named)).count();
        assert!(proofs > 0, "without a proof: {row}");
        promises = promises.saturating_add(1);
    }
    assert!(promises > 30, "the table is not where it was: {promises} rows");
}

#[test]
fn each_file_that_is_named_is_there() {
    let doc = doc();
    let paths = quoted(&doc).filter_map(|quoted| {
        let path = quoted.split([':', ' ']).next().unwrap();
        let known = [".ci/", "docs/", "scripts/", "src/", "tests/", "abi/", "cli/", "fuzz/"];
        let file = known.iter().any(|start| path.starts_with(start)) || path.ends_with(".toml");
        file.then(|| root().join(path))
    });
    let links = doc.split("](").skip(1).map(|rest| {
        let target = rest.split(['#', ')']).next().unwrap();
        root().join("docs").join(if target.is_empty() { "security.md" } else { target })
    });
    let named: Vec<PathBuf> = paths.chain(links).collect();
    assert!(named.len() > 60, "{named:?}");
    for path in named {
        assert!(path.exists(), "{} is not there", path.display());
    }
}

#[test]
fn each_place_in_a_document_that_is_linked_is_there() {
    for link in doc().split("](").skip(1) {
        let link = link.split(')').next().unwrap();
        let Some((file, place)) = link.split_once('#') else { continue };
        let file = if file.is_empty() { "security.md" } else { file };
        let text = read(&format!("docs/{file}"));
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let mut places = headings.map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            title.replace(|char: char| !char.is_alphanumeric() && char != '-' && char != '_', "")
        });
        assert!(places.any(|found| found == place), "docs/{file} has no place `{place}`");
    }
}
