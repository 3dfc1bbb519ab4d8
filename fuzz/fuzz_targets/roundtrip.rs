//! The fuzz target `roundtrip`: values that cross the boundary.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::roundtrip(data));
