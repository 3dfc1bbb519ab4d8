//! The fuzz target `computed`: hashes, encodings, addresses, URLs, globs and schemas.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::computed(data));
