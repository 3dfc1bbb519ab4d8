//! The memory of one native host call, as the session sees a plugin's.

use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_abi::NO_KEY;

/// The arguments of one host function, and a memory that holds what they point to.
pub(super) struct Frame<'a> {
    args: Vec<u32>,
    memory: Vec<u8>,
    /// The buffer that the host writes to, and its place in the memory.
    buffer: Option<(usize, &'a mut [u8])>,
}

impl Default for Frame<'_> {
    fn default() -> Self {
        // Nothing is at address zero.
        Self { args: Vec::new(), memory: vec![0; 16], buffer: None }
    }
}

#[allow(clippy::expect_used, reason = "a test does not handle 4 GiB")]
fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("the arguments of a host function fit a 32-bit memory")
}

impl<'a> Frame<'a> {
    pub(super) fn number(&mut self, number: u32) {
        self.args.push(number);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.args.extend([narrow(self.memory.len()), narrow(bytes.len())]);
        self.memory.extend_from_slice(bytes);
    }

    pub(super) fn key(&mut self, key: Option<&[u8]>) {
        match key {
            Some(key) => self.bytes(key),
            None => self.args.extend([0, NO_KEY]),
        }
    }

    pub(super) fn buffer(&mut self, buffer: &'a mut [u8]) {
        let start = self.memory.len();
        self.bytes(buffer);
        self.buffer = Some((start, buffer));
    }

    /// Calls the host function and copies back what it wrote.
    pub(super) fn run(mut self, call: impl FnOnce(&[u32], &mut [u8]) -> i32) -> i32 {
        let answer = call(&self.args, &mut self.memory);
        if let Some((start, buffer)) = self.buffer {
            for (to, from) in buffer.iter_mut().zip(self.memory.iter().skip(start)) {
                *to = *from;
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_point_into_the_memory() {
        let mut out = [7, 7, 7];
        let mut frame = Frame::default();
        frame.number(5);
        frame.key(None);
        frame.bytes(b"ab");
        frame.buffer(&mut out);
        let answer = frame.run(|args, memory| {
            assert_eq!(args, [5, 0, NO_KEY, 16, 2, 18, 3]);
            assert_eq!(&memory[16..], b"ab\x07\x07\x07");
            memory[18..20].copy_from_slice(b"cd");
            2
        });
        assert_eq!((answer, out), (2, [b'c', b'd', 7]));
    }
}
