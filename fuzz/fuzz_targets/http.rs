//! The fuzz target `http`: URLs, answers and redirects.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::http(data));
