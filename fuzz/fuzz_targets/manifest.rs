//! The fuzz target `manifest`: manifests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::manifest(data));
