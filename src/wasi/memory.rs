//! A plugin's memory, as the functions of WASI look at it: by pointers that are checked each time.

use alloc::vec::Vec;

use super::{Errno, Fault};
use crate::Error;
use crate::boundary::Span;

/// The most buffers that one call reads to or writes from.
const MAX_BUFFERS: u32 = 1024;
/// The longest path, in bytes.
const MAX_PATH: usize = 4096;

/// The memory of the plugin that called. What points outside of it ends the call.
pub(crate) struct Memory<'m>(pub(crate) &'m mut [u8]);

impl Memory<'_> {
    pub(crate) fn bytes(&self, at: u32, len: u32) -> Result<&[u8], Error> {
        Span::new(at, len).of(self.0)
    }

    pub(crate) fn bytes_mut(&mut self, at: u32, len: u32) -> Result<&mut [u8], Error> {
        Span::new(at, len).of_mut(self.0)
    }

    pub(crate) fn set(&mut self, at: u32, bytes: &[u8]) -> Result<(), Error> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes_mut(at, len)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn set_u32(&mut self, at: u32, value: u32) -> Result<(), Error> {
        self.set(at, &value.to_le_bytes())
    }

    pub(crate) fn set_u64(&mut self, at: u32, value: u64) -> Result<(), Error> {
        self.set(at, &value.to_le_bytes())
    }

    /// A list of buffers, all of which are inside the memory.
    pub(crate) fn buffers(&self, at: u32, count: u32) -> Result<Vec<Buffer>, Fault> {
        if count > MAX_BUFFERS {
            return Err(Errno::Inval.into());
        }
        let list = self.bytes(at, count.saturating_mul(8))?;
        let mut buffers = Vec::with_capacity(list.len() / 8);
        for pair in list.chunks_exact(8) {
            let &[a, b, c, d, e, f, g, h] = pair else { continue };
            let (at, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
            self.bytes(at, len)?;
            buffers.push(Buffer { at, len });
        }
        Ok(buffers)
    }

    /// A path.
    pub(crate) fn path(&self, at: u32, len: u32) -> Result<&str, Fault> {
        let bytes = self.bytes(at, len)?;
        if bytes.len() > MAX_PATH {
            return Err(Errno::Nametoolong.into());
        }
        if bytes.contains(&0) {
            return Err(Errno::Inval.into());
        }
        if bytes.is_empty() {
            return Err(Errno::Noent.into());
        }
        core::str::from_utf8(bytes).map_err(|_| Errno::Ilseq.into())
    }
}

/// A part of the memory that something is to be read to or written from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) at: u32,
    pub(crate) len: u32,
}

/// Shortens a list of buffers to so many bytes in all.
pub(crate) fn shortened(buffers: &mut Vec<Buffer>, most: u64) -> u64 {
    let mut left = most;
    for buffer in &mut *buffers {
        let len = u64::from(buffer.len).min(left);
        buffer.len = u32::try_from(len).unwrap_or(buffer.len);
        left = left.saturating_sub(len);
    }
    buffers.retain(|buffer| buffer.len > 0);
    most.saturating_sub(left)
}
