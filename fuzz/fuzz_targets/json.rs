//! The fuzz target `json`: JSON as payloads and extensions.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::json(data));
