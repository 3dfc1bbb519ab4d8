//! A snapshot of an initialised instance, put into others in which the initialisation need not run.
//!
//! The state of an instance is its memory, its globals, its tables, its segments, and what the host
//! has for it. A [`Module`] that says which [globals](Module::globals) can change has no instruction
//! that changes tables or drops segments; and of an initialisation that succeeded, the host forgets
//! everything.

use alloc::boxed::Box;
use alloc::vec::Vec;

use wasmi::Val;

use super::Instance;
use crate::{Module, Receipt};

/// The size of the blocks in which two memories are compared, in bytes.
const BLOCK: usize = 64;

/// The difference between an initialised instance and a fresh one. It takes less than the memory of that one.
pub(crate) struct Snapshot {
    /// The pages that its memory has grown by.
    grown: u64,
    /// The parts of its memory that differ: where each is, and one after the other what is there.
    parts: Vec<Part>,
    bytes: Vec<u8>,
    /// The globals that differ, by the names of their exports.
    globals: Vec<(Box<str>, Val)>,
    /// The regular expressions and schemas that it has compiled.
    #[cfg(feature = "text")]
    compiled: crate::session::Compiled,
    /// The time that it took.
    initialisation: Receipt,
}

/// A part of a memory: where it begins, and how many bytes it has.
struct Part {
    start: u32,
    len: u32,
}

impl Snapshot {
    /// The state that the initialisation of `ready` left. `fresh` is another instance of the same plugin, in
    /// which nothing has run.
    ///
    /// `None` if one of both was short of the host's memory, without which another might come to
    /// something else, or if the snapshot is; or if the initialisation used what of the system may be
    /// different the next time.
    pub(crate) fn of(module: &Module, ready: &Instance, fresh: &Instance) -> Option<Self> {
        if ready.is_starved() || fresh.is_starved() || ready.varied().is_some() {
            return None;
        }
        let mut globals = Vec::new();
        for name in module.globals()? {
            let value = ready.global(name)?;
            if bits(&value)? != bits(&fresh.global(name)?)? {
                globals.push((name.clone(), value));
            }
        }
        let grown = ready.memory.size(&ready.store).checked_sub(fresh.memory.size(&fresh.store))?;
        let (now, before) = (ready.memory.data(&ready.store), fresh.memory.data(&fresh.store));
        let (mut parts, mut bytes) = (Vec::new(), Vec::new());
        parts.try_reserve_exact(differing(now, before).count()).ok()?;
        bytes.try_reserve_exact(differing(now, before).map(|(_, part)| part.len()).sum()).ok()?;
        for (start, part) in differing(now, before) {
            let (start, len) = (u32::try_from(start).ok()?, u32::try_from(part.len()).ok()?);
            parts.push(Part { start, len });
            bytes.extend_from_slice(part);
        }
        Some(Self {
            grown,
            parts,
            bytes,
            globals,
            #[cfg(feature = "text")]
            compiled: ready.store.data().session.compiled().clone(),
            initialisation: ready.initialisation,
        })
    }

    /// Makes a fresh instance what the initialised one was. Otherwise it is of no use any more: above
    /// all, the host may have no memory for it.
    #[must_use]
    pub(crate) fn restore(&self, fresh: &mut Instance) -> bool {
        let restored = self.try_restore(fresh).is_some();
        if restored {
            fresh.set_ready(self.initialisation);
        }
        restored
    }

    fn try_restore(&self, fresh: &mut Instance) -> Option<()> {
        if fresh.is_starved() {
            return None;
        }
        if self.grown > 0 {
            fresh.memory.grow(&mut fresh.store, self.grown).ok()?;
        }
        let memory = fresh.memory.data_mut(&mut fresh.store);
        let mut bytes = self.bytes.as_slice();
        for Part { start, len } in &self.parts {
            let (start, len) = (usize::try_from(*start).ok()?, usize::try_from(*len).ok()?);
            let (part, rest) = bytes.split_at_checked(len)?;
            memory.get_mut(start..)?.get_mut(..len)?.copy_from_slice(part);
            bytes = rest;
        }
        for (name, value) in &self.globals {
            let global = fresh.handle.get_global(&fresh.store, name)?;
            global.set(&mut fresh.store, value.clone()).ok()?;
        }
        #[cfg(feature = "text")]
        fresh.store.data_mut().session.set_compiled(self.compiled.clone());
        Some(())
    }
}

impl Instance {
    /// The first that it has used of what may be different another time.
    pub(crate) fn varied(&self) -> Option<&str> {
        self.store.data().session.varied()
    }

    /// True if the host had no memory for something of it that its limits allow.
    fn is_starved(&self) -> bool {
        self.store.data().limiter.starved
    }

    fn global(&self, name: &str) -> Option<Val> {
        Some(self.handle.get_global(&self.store, name)?.get(&self.store))
    }
}

/// The bits of a number or a vector: a float that is no number is equal to itself so.
fn bits(value: &Val) -> Option<u128> {
    match value {
        Val::I32(value) => Some(value.cast_unsigned().into()),
        Val::I64(value) => Some(value.cast_unsigned().into()),
        Val::F32(value) => Some(value.to_bits().into()),
        Val::F64(value) => Some(value.to_bits().into()),
        Val::V128(value) => Some(value.as_u128()),
        // Belongs to its store.
        Val::FuncRef(_) | Val::ExternRef(_) => None,
    }
}

/// The parts of a memory that differ from what it was, in whole blocks; what it has grown by was zero.
fn differing<'a>(now: &'a [u8], before: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
    let block = |start: usize| now.get(start..)?.chunks(BLOCK).next();
    let differs = move |start: usize, block: &[u8]| match before.get(start..) {
        Some(before) if !before.is_empty() => !before.starts_with(block),
        _ => block.iter().any(|byte| *byte != 0),
    };
    let mut at = 0_usize;
    core::iter::from_fn(move || {
        while !differs(at, block(at)?) {
            at = at.saturating_add(BLOCK);
        }
        let start = at;
        while block(at).is_some_and(|block| differs(at, block)) {
            at = at.saturating_add(BLOCK);
        }
        Some((start, now.get(start..at.min(now.len()))?))
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn parts(now: &[u8], before: &[u8]) -> Vec<(usize, usize)> {
        differing(now, before).map(|(start, part)| (start, part.len())).collect()
    }

    #[test]
    fn what_differs_is_found_in_whole_blocks() {
        let before = vec![7; 1024];
        let mut now = before.clone();
        assert_eq!(parts(&now, &before), []);
        for changed in [0, 63, 64, 300, 1023] {
            now[changed] = 0;
        }
        assert_eq!(parts(&now, &before), [(0, 128), (256, 64), (960, 64)]);
    }

    #[test]
    fn what_is_new_differs_from_zero() {
        let before = vec![0; 128];
        let mut now = vec![0; 512];
        assert_eq!(parts(&now, &before), []);
        now[127] = 1;
        now[128] = 1;
        now[511] = 1;
        assert_eq!(parts(&now, &before), [(64, 128), (448, 64)]);
    }

    #[test]
    fn a_float_that_is_no_number_is_compared_by_its_bits() {
        let nan = |bits| super::bits(&Val::F32(wasmi::F32::from_bits(bits))).unwrap();
        assert_eq!(nan(0x7fc0_0001), nan(0x7fc0_0001));
        assert_ne!(nan(0x7fc0_0001), nan(0x7fa0_0001));
    }
}
