//! The header for plugins in C says what the code does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use std::fmt::Write as _;

use cpex_wasmi::HostFunction;
use cpex_wasmi::abi::{Field, Param, Status};

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/guest-sdk/c/cpex.h");

/// A name as constants in C have it.
fn constant(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        if char.is_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(if char.is_alphanumeric() { char.to_ascii_uppercase() } else { '_' });
    }
    out
}

fn constants() -> String {
    let mut out = String::new();
    for field in Field::ALL {
        let name = constant(&format!("{field:?}"));
        writeln!(out, "#define CPEX_FIELD_{name} {}u", field.number()).unwrap();
    }
    out.push('\n');
    for status in Status::ALL {
        let name = constant(&format!("{status:?}"));
        writeln!(out, "#define CPEX_{name} ({})", status.code()).unwrap();
    }
    out
}

fn functions() -> String {
    let mut out = String::new();
    for function in HostFunction::ALL {
        let info = function.info();
        let params: Vec<String> = info
            .params
            .iter()
            .map(|(name, kind)| match kind {
                Param::Number => format!("uint32_t {name}"),
                Param::Bytes | Param::Key => format!("const void *{name}, uint32_t {name}_len"),
                Param::Buffer => format!("void *{name}, uint32_t {name}_len"),
            })
            .collect();
        let (name, params) = (info.name, params.join(", "));
        writeln!(
            out,
            "/* {} */\nCPEX_IMPORT(\"{name}\") int32_t cpex_{name}({params});",
            info.description
        )
        .unwrap();
    }
    out
}

#[test]
fn the_header_is_that_of_the_code() {
    let before = std::fs::read_to_string(HEADER).unwrap();
    let mut header = before.clone();
    for (name, text) in [("constants", constants()), ("functions", functions())] {
        let begin = format!("/* generated: {name} */\n");
        let start = header.find(&begin).unwrap() + begin.len();
        let end = start + header.get(start..).unwrap().find("/* end */").unwrap();
        header.replace_range(start..end, &text);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(HEADER, &header).unwrap();
    } else {
        assert!(before == header, "run `UPDATE_DOCS=1 cargo test --test c_header`");
    }
}
