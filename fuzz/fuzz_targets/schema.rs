//! The fuzz target `schema`: JSON Schemas and values.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::schema(data));
