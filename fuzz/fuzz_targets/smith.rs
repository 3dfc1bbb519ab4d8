//! The fuzz target `smith`: generated modules.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::smith(data));
