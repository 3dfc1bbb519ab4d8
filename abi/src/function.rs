//! The functions that a plugin can import.

mod table;

use core::fmt;

pub use table::HostFunction;

/// The kind of one parameter of a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// One unsigned 32-bit number.
    Number,
    /// Pointer and length of bytes the host reads.
    Bytes,
    /// Pointer and length of a key the host reads; [`NO_KEY`](crate::NO_KEY) as length: no key.
    Key,
    /// Pointer and length of a buffer the host writes to.
    Buffer,
}

impl Param {
    /// The number of wasm parameters (`i32` each).
    pub const fn arity(self) -> usize {
        match self {
            Self::Number => 1,
            Self::Bytes | Self::Key | Self::Buffer => 2,
        }
    }
}

/// A row of the table of host functions.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// The import name, in the module [`IMPORT_MODULE`](crate::IMPORT_MODULE).
    pub name: &'static str,
    /// Names and kinds of the parameters.
    pub params: &'static [(&'static str, Param)],
    /// The crate feature that a host needs to offer it, if it needs one.
    pub feature: Option<&'static str>,
    /// A description for the documentation.
    pub description: &'static str,
}

impl HostFunction {
    /// Looks a function up by its import name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.info().name == name)
    }

    /// The number of `i32` parameters of the import.
    pub fn arity(self) -> usize {
        self.info().params.iter().map(|(_, param)| param.arity()).sum()
    }
}

impl fmt::Display for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}
