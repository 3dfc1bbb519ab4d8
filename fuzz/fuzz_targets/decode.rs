//! The fuzz target `decode`: bytes through the bounded decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::decode(data));
