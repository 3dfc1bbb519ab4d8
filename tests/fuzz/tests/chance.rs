//! Targets whose inputs are taken by the byte, on inputs of chance: these mean something nearly always.
#![allow(clippy::unwrap_used)]

use cpex_wasmi_fuzz_bodies::wasi;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_of_wasi_panics_or_gets_out(
        data in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        wasi(&data);
    }
}
