//! The committed corpora, as `cargo test` runs them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

#[test]
fn every_input_of_the_corpora_runs_clean() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, body) in cpex_wasmi_fuzz_bodies::TARGETS {
        let seeds = fs::read_dir(corpora.join(name)).unwrap();
        let seeds = seeds.map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let archive = fs::read_to_string(corpora.join(name).with_extension("txt")).unwrap();
        let inputs: Vec<_> = seeds.chain(archive.lines().map(unescaped)).collect();
        assert!(inputs.len() > 40, "the corpus of `{name}` has {} inputs", inputs.len());
        inputs.iter().for_each(|input| body(input));
        body(&[]);
    }
}

/// The input of a line of an archive, as `scripts/fuzz` writes it.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = line.bytes();
    let mut input = Vec::new();
    while let Some(byte) = bytes.next() {
        input.push(match (byte, (byte == b'\\').then(|| bytes.next().unwrap())) {
            (_, Some(b'n')) => b'\n',
            (_, Some(b'r')) => b'\r',
            (_, Some(b't')) => b'\t',
            (_, Some(b'x')) => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            (byte, _) => byte,
        });
    }
    input
}
