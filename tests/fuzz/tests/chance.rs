//! Targets whose inputs are taken by the byte, on inputs of chance: these mean something nearly always.
#![allow(clippy::unwrap_used)]

use cpex_wasmi_fuzz_bodies::{computed, texts, wasi, yaml};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_of_wasi_panics_or_gets_out(
        data in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        wasi(&data);
    }

    #[test]
    fn what_is_computed_is_that_of_a_reference(
        head in any::<[u8; 2]>(),
        texts in prop::collection::vec(prop::sample::select(TEXTS), 0..8),
    ) {
        computed(&[&head[..], texts.concat().as_bytes()].concat());
    }

    #[test]
    fn matches_and_new_texts_are_those_of_the_crate(
        flags in any::<u8>(),
        pattern in prop::collection::vec(prop::sample::select(PATTERNS), 1..6),
        line in prop::collection::vec(prop::sample::select(TEMPLATES), 0..4),
        text in "[ab1é\\n ]{0,30}",
    ) {
        let text = [&line.concat(), "\n", &text].concat();
        texts(&[&[flags][..], pattern.concat().as_bytes(), &[0], text.as_bytes()].concat());
    }
}

/// Pieces of regular expressions.
const PATTERNS: &[&str] = &[
    "a",
    "b",
    "é",
    "(a|b)",
    "(?<n>1)",
    ".",
    "\\b",
    "^",
    "$",
    "a*",
    "b?",
    "[ab]+",
    "(?:é|a)*",
    "|",
];

/// Pieces of templates.
const TEMPLATES: &[&str] = &["a", "$1", "$n", "${1}", "${n}b", "$$", "$", "$0", "${", "$9", "é"];

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

/// Pieces of addresses, URLs, globs, names and schemas; a zero byte is between both texts.
const TEXTS: &[&str] = &[
    "\0",
    "\0",
    "a",
    "/",
    "*",
    "**",
    "**/",
    "?",
    "{",
    "}",
    ",",
    ".",
    "10.1.2.3",
    "10.0.0.0/8",
    "::1",
    "fe80::/10",
    " ",
    "http://",
    "www.example",
    ".co.uk",
    "com",
    "ü",
    "YWI=",
    "%20",
    "0f",
    "{\"type\":",
    "\"integer\"}",
    "[1,2]",
    "true",
    "{\"not\":true}",
    "\\",
    "12",
];

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
