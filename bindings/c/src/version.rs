//! Versions.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use crate::raw::Text;

/// The version of this interface: the upper 16 bits grow when programs have to be changed, the lower when there is
/// something more.
pub const CPEX_WASMI_ABI_VERSION: u32 = 0x0001_0000;

/// Returns the version of the interface that the library has. A program that was compiled with another header compares
/// it with `CPEX_WASMI_ABI_VERSION`: the upper 16 bits must be equal, the lower no less.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_abi_version() -> u32 {
    CPEX_WASMI_ABI_VERSION
}

/// Returns the version of the library, such as `0.1.0`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_version() -> Text<'static> {
    Text::new(env!("CARGO_PKG_VERSION"))
}
