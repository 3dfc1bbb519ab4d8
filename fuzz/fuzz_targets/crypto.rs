//! The fuzz target `crypto`: signatures, keys and tokens.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::crypto(data));
