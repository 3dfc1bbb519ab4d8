//! The reasons why a host function did not do what it was asked to.

mod table;

use core::fmt;

pub use table::Status;

impl Status {
    /// The number a host function returns for this status; always negative.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl core::error::Error for Status {}
