//! The argument and result of the function that runs a program.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::bytes;

/// The name of the function that runs a program: its argument is a [`Command`], its result a
/// [`CommandOutput`].
pub const COMMAND_RUN: &str = "command.run";

/// A program that a plugin wants to be run.
///
/// In JSON, `args` and `stdin` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program's absolute path.
    pub program: String,
    /// Its arguments. No shell looks at them.
    #[serde(default)]
    pub args: Vec<String>,
    /// Its standard input. In JSON: a string, or an array of the bytes' numbers.
    #[serde(default, with = "bytes")]
    pub stdin: Vec<u8>,
}

/// The result of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutput {
    /// The status it ended with; `None`: by a signal.
    pub status: Option<i32>,
    /// Its standard output. In JSON: a string if it is UTF-8, else an array of the bytes' numbers.
    #[serde(with = "bytes")]
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    #[serde(with = "bytes")]
    pub stderr: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::codec::{self, Bounds};

    #[test]
    fn many_bytes_are_no_elements() {
        let output = CommandOutput { status: None, stdout: vec![255; 100_000], stderr: vec![] };
        let mut encoded = Vec::new();
        codec::encode(&output, &mut encoded).unwrap();
        assert_eq!(encoded.len(), 1 + 3 + 100_000 + 1);
        assert_eq!(codec::decode(&encoded, Bounds::DEFAULT), Ok(output));
    }
}
