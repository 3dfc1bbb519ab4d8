//! The committed corpora, as `cargo test` runs them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

#[test]
fn every_input_of_the_corpora_runs_clean() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, body) in cpex_wasmi_fuzz_bodies::TARGETS {
        let mut inputs = 0_usize;
        for entry in std::fs::read_dir(corpora.join(name)).unwrap() {
            body(&std::fs::read(entry.unwrap().path()).unwrap());
            inputs = inputs.saturating_add(1);
        }
        assert!(inputs > 0, "the corpus of `{name}` is empty");
        body(&[]);
    }
}
