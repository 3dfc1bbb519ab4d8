//! Checks of the header: names, numbers of fields, and the files that may have `unsafe`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use cpex_wasmi::abi::Field;

/// The files of the crate that may have `unsafe` blocks.
const UNSAFE: [&str; 2] = ["raw.rs", "callback.rs"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The lines of code.
fn code(source: &str) -> impl Iterator<Item = &str> {
    source.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

#[test]
fn unsafe_code_stands_in_two_files() {
    for (name, source) in sources() {
        let lines = code(&source).filter(|line| line.contains("unsafe"));
        let others = lines.filter(|line| {
            !["#[unsafe(no_mangle)]", "#![allow(unsafe_code", "#![deny(unsafe_code"]
                .iter()
                .any(|known| line.starts_with(known))
        });
        let count = others.count();
        assert_eq!(count > 0, UNSAFE.contains(&name.as_str()), "{name}: {count} lines");
    }
}

#[test]
fn each_exported_name_has_the_prefix() {
    let mut entries = 0;
    for (name, source) in sources() {
        for entry in source.split("#[unsafe(no_mangle)]\n").skip(1) {
            entries += 1;
            let line = entry.lines().next().unwrap();
            assert!(line.starts_with("pub extern \"C\" fn cpex_wasmi_"), "{name}: {line}");
        }
    }
    assert!(entries > 60, "{entries}");
}

#[test]
fn each_field_has_its_number_in_the_header() {
    let header = folder().join("../include/cpex_wasmi.h");
    let header = std::fs::read_to_string(header).unwrap();
    let defined: Vec<u32> = header
        .lines()
        .filter(|line| line.starts_with("#define CPEX_WASMI_FIELD_"))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let fields: Vec<u32> = Field::ALL.iter().map(|field| field.number()).collect();
    assert_eq!(defined, fields, "run scripts/c-header");
}
