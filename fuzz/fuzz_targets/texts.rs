//! The fuzz target `texts`: regular expressions and texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::texts(data));
