//! The input of a function that works on bytes: a field of the request, or the plugin's own memory.

use alloc::vec::Vec;

use cpex_wasmi_abi::{Field, MEMORY, Status};

use super::Service;
use super::read::holds_tokens;
use crate::Error;
use crate::boundary::Span;
use crate::view::{BYTES_PER_ELEMENT, Want, wipe};

/// The place of an input, as the plugin gave it.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) field: u32,
    pub(super) index: u32,
    pub(super) key: Span,
}

impl Operand {
    /// Takes the input off the front of a function's arguments. `None` if there are too few.
    pub(super) const fn split(args: &[u32]) -> Option<(Self, &[u32])> {
        match args {
            &[field, index, key, key_len, ref rest @ ..] => {
                Some((Self { field, index, key: Span::new(key, key_len) }, rest))
            }
            _ => None,
        }
    }

    /// Checks that what it points to is in the plugin's memory.
    pub(super) fn check(self, memory: &[u8]) -> Result<(), Error> {
        if self.field == MEMORY {
            return self.key.of(memory).map(drop);
        }
        self.key.key(memory).map(drop)
    }
}

impl Service<'_> {
    /// Copies a text to the plugin, as much as its buffer holds. What making it takes is the caller's to charge.
    pub(super) fn hand_out_cut(
        &mut self,
        text: &str,
        out: Span,
        memory: &mut [u8],
    ) -> Result<(), Error> {
        let out = out.of_mut(memory)?;
        let kept = text.len().min(out.len());
        self.session.count_read(kept)?;
        out.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Ok(())
    }

    /// Runs `work` on an input: the bytes at `key` for the field [`MEMORY`], else a field that the plugin may
    /// read. A text is not copied; a number or a structure is its JSON. What reading it takes is charged; what
    /// `work` does is not.
    pub(super) fn with_input<R>(
        &mut self,
        operand: Operand,
        memory: &[u8],
        work: impl FnOnce(&[u8]) -> R,
    ) -> Result<Result<R, Status>, Error> {
        if operand.field == MEMORY {
            return operand.key.of(memory).map(|bytes| Ok(work(bytes)));
        }
        let key = operand.key.key(memory)?;
        self.session.usage.moved(key.len());
        let mut scratch = core::mem::take(&mut self.session.scratch);
        scratch.clear();
        let result = self.readable(operand.field).and_then(|field| {
            self.convert_payload(field)?;
            let (item, mut worked) = self.item(field, operand.index, key, Want::Value);
            let mut tokens = Vec::new();
            let result = item.and_then(|item| {
                if holds_tokens(field) {
                    tokens = item.tokens();
                }
                let bytes = item.plain();
                if bytes.is_none() {
                    let sorted = item.sorting().saturating_mul(BYTES_PER_ELEMENT);
                    item.json(&mut scratch).ok_or(Status::Failed)?;
                    worked = worked.saturating_add(scratch.len()).saturating_add(sorted);
                }
                Ok(work(bytes.unwrap_or(&scratch)))
            });
            self.session.usage.moved(worked);
            for token in tokens {
                self.session.secrets.add(token);
            }
            result
        });
        if Field::from_number(operand.field).is_some_and(holds_tokens) {
            wipe(&mut scratch);
        }
        self.session.scratch = scratch;
        Ok(result)
    }
}
