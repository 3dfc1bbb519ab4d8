//! The fuzz target `wasi`: functions of WASI.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::wasi(data));
