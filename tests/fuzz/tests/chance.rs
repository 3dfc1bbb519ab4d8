//! Targets whose inputs are taken by the byte, on inputs of chance: these mean something nearly always.
#![allow(clippy::unwrap_used)]

use cpex_wasmi_fuzz_bodies::{wasi, yaml};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_of_wasi_panics_or_gets_out(
        data in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        wasi(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Settings of odd notations, at an entry that is right else: what our reader takes for one value,
    /// cpex-core does too.
    #[test]
    fn no_notation_of_yaml_is_read_in_two_ways(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..12),
        is_flow in any::<bool>(),
    ) {
        let settings = pieces.concat();
        let entry = "plugins:\n  - name: a\n    kind: native\n    config:";
        let text = if is_flow {
            format!("{entry} {{a: {settings}}}\n")
        } else {
            format!("{entry}\n      a: {settings}\n")
        };
        yaml(text.as_bytes());
    }
}

/// Pieces of YAML, of which some mean something.
const PIECES: &[&str] = &[
    "x",
    "y",
    " ",
    "  ",
    "\n",
    "\n      ",
    "\n        ",
    "\n          ",
    "\n\n",
    "\t",
    "- ",
    "-",
    "? ",
    ": ",
    ":",
    "b: ",
    "c:",
    ",",
    "[",
    "]",
    "{",
    "}",
    "'",
    "''",
    "\"",
    "\\n",
    "\\\n",
    "\\u00e9",
    "\\x41",
    "\\/",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    "#",
    " #",
    "~",
    "null",
    "true",
    "No",
    "0",
    "1",
    "-1",
    "0x",
    "1_0",
    "1e3",
    ".5",
    "1.",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\r\n",
    "\r",
    "%",
    "@",
    "`",
    "!",
    "&a ",
    "=",
    "<",
    "..",
    "...",
    "---",
    "\u{a0}",
];
