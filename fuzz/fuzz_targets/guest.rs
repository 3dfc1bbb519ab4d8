//! The fuzz target `guest`: requests through the SDK of both styles.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpex_wasmi_fuzz_bodies::guest(data));
