//! A plugin of Extism that gets the whole request as bytes, and returns the outcome so.

pub use {compare_wire, extism_pdk, postcard};

/// Exports a policy.
#[macro_export]
macro_rules! plugin {
    ($policy:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn decide() -> i32 {
            let input = $crate::extism_pdk::input_bytes();
            let request = $crate::postcard::from_bytes(&input).unwrap();
            let output = $crate::postcard::to_allocvec(&$policy(&request)).unwrap();
            $crate::extism_pdk::output(output).unwrap();
            0
        }
    };
}
