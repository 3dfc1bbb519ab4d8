//! The fuzz target `yaml`: configurations in YAML.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::yaml(data));
