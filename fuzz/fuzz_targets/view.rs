//! The fuzz target `view`: what a plugin sees of a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::view(data));
