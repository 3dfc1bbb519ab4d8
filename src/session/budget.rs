//! The usage of a plugin's limits.

use alloc::format;

use cpex_wasmi_abi::codec::Bounds;

use super::Session;
use crate::{Error, ErrorKind, Limits};

/// The most elements that a plugin gives the host in one call, in lists and objects of all it writes:
/// each takes up to a kilobyte here.
const MAX_ELEMENTS_WRITTEN: usize = 2 * Bounds::DEFAULT.elements;

/// The charge for a decoded element, in bytes.
const BYTES_PER_ELEMENT: usize = 32;

/// The usage of a plugin's limits in one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    elements_written: usize,
    pub(crate) host_calls: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_written: u64,
    pub(crate) log_bytes: u64,
    pub(crate) log_lines_dropped: u64,
    telemetry_bytes: u64,
    /// Bytes that the host moved or made since the fuel for it was last charged.
    uncharged: u64,
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Usage {
    /// Notes bytes that the host had work with, to be charged for.
    pub(super) fn moved(&mut self, len: usize) {
        self.uncharged = self.uncharged.saturating_add(count(len));
    }

    /// The bytes that have not been charged for yet.
    pub(super) fn uncharged(&self) -> u64 {
        self.uncharged
    }

    /// Notes the charge of work that was spared.
    pub(super) fn moved_again(&mut self, bytes: u64) {
        self.uncharged = self.uncharged.saturating_add(bytes);
    }

    /// The number of elements that may still be given.
    pub(super) fn elements_left(&self) -> usize {
        MAX_ELEMENTS_WRITTEN.saturating_sub(self.elements_written)
    }

    /// Notes how many are left after a value was decoded.
    pub(super) fn keep_elements(&mut self, left: usize) {
        let taken = self.elements_left().saturating_sub(left);
        self.elements_written = self.elements_written.saturating_add(taken);
        self.moved(taken.saturating_mul(BYTES_PER_ELEMENT));
    }

    /// Takes the bytes that have not been charged for yet.
    pub(crate) fn take_uncharged(&mut self) -> u64 {
        core::mem::take(&mut self.uncharged)
    }

    /// True if a line of `len` bytes may still be logged; notes it either way.
    pub(super) fn log(&mut self, len: usize, limits: &Limits) -> bool {
        let total = self.log_bytes.saturating_add(count(len));
        if total > limits.log_bytes {
            self.log_lines_dropped = self.log_lines_dropped.saturating_add(1);
            return false;
        }
        self.log_bytes = total;
        true
    }

    /// True if `len` bytes of metrics and metadata may still be reported, which then are counted.
    pub(super) fn telemetry(&mut self, len: usize, limits: &Limits) -> bool {
        let total = self.telemetry_bytes.saturating_add(count(len));
        let fits = total <= limits.telemetry_bytes;
        if fits {
            self.telemetry_bytes = total;
        }
        fits
    }
}

#[cold]
fn exceeded(what: &str, limit: u64, key: &str) -> Error {
    Error::new(
        ErrorKind::LimitExceeded,
        format!(
            "the plugin went over its limit of {limit} {what} in one call; raise `{key}` if it \
             needs more"
        ),
    )
}

impl Session {
    pub(crate) fn usage(&mut self) -> &mut Usage {
        &mut self.usage
    }

    pub(crate) fn count_call(&mut self) -> Result<(), Error> {
        let limit = self.grants.limits.host_calls;
        if self.usage.host_calls >= limit {
            return Err(exceeded("host calls", limit, "max_host_calls"));
        }
        self.usage.host_calls = self.usage.host_calls.saturating_add(1);
        Ok(())
    }

    /// The number of bytes that may still be copied into the plugin.
    pub(super) fn read_left(&self) -> usize {
        let left = self.grants.limits.bytes_read.saturating_sub(self.usage.bytes_read);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Counts bytes before they are copied into the plugin.
    pub(super) fn count_read(&mut self, len: usize) -> Result<(), Error> {
        let limit = self.grants.limits.bytes_read;
        let total = self.usage.bytes_read.saturating_add(count(len));
        if total > limit {
            return Err(exceeded("bytes read", limit, "max_read_bytes"));
        }
        self.usage.bytes_read = total;
        Ok(())
    }

    /// Counts bytes before they are copied from the plugin.
    pub(super) fn count_written(&mut self, len: usize) -> Result<(), Error> {
        let limit = self.grants.limits.bytes_written;
        let total = self.usage.bytes_written.saturating_add(count(len));
        if total > limit {
            return Err(exceeded("bytes written", limit, "max_write_bytes"));
        }
        self.usage.bytes_written = total;
        self.usage.moved(len);
        Ok(())
    }
}
