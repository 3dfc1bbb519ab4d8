//! The fuzz target `session`: host calls on a session.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::session(data));
