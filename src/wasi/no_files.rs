//! The functions for files, where there are none: no descriptor but the three standard ones is open.

use super::serve::{Args, Call};
use super::{Errno, Fault, WasiFunction};

impl Call<'_> {
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with files")]
    pub(super) fn file(&mut self, _: WasiFunction, _: &Args) -> Result<(), Fault> {
        Err(Errno::Badf.into())
    }

    #[allow(clippy::unused_self, reason = "as with files")]
    pub(super) fn is_file_open(&mut self, _: u32) -> bool {
        false
    }
}
