//! Instances whose memory has grown.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::instance::Sizes;

/// Tells which instances have grown so much that to keep them for later calls would be a waste.
///
/// The memory of an instance never shrinks. One that a large request has made large is dropped, if others do
/// with less. Where others do not, as they build in their first call what takes the room, nothing is won by
/// making another.
#[derive(Default)]
pub(crate) struct Growth {
    /// The number of instances in a row that had grown too large in their first call.
    in_vain: AtomicU8,
}

/// An instance that has grown too large: from what to what, in bytes.
pub(crate) struct Outgrown {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Growth {
    /// Memory of a mebibyte is never too large.
    const ALWAYS_FINE: usize = 1 << 20;
    /// The growth that is fine, as a multiple of the size before.
    const FACTOR: usize = 4;
    /// The number of instances in a row that are made anew. Then the growth in a first call counts as normal.
    const PATIENCE: u8 = 3;

    /// Tells whether an instance with memory of these sizes has grown too large.
    pub(crate) fn outgrown(&self, sizes: &Sizes) -> Option<Outgrown> {
        let is_large =
            |from: usize| sizes.now > from.saturating_mul(Self::FACTOR).max(Self::ALWAYS_FINE);
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        let grown = is_large(sizes.ready);
        if sizes.is_first {
            // What others count meanwhile may be lost, and is counted with the next.
            let in_vain = if grown { in_vain.saturating_add(1) } else { 0 };
            self.in_vain.store(in_vain, Ordering::Relaxed);
        }
        let from = if in_vain >= Self::PATIENCE { sizes.used } else { sizes.ready };
        is_large(from).then_some(Outgrown { from, to: sizes.now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn after_first(growth: &Growth, ready: usize, now: usize) -> bool {
        growth.outgrown(&Sizes { ready, used: now, now, is_first: true }).is_some()
    }

    fn later(growth: &Growth, ready: usize, used: usize, now: usize) -> bool {
        growth.outgrown(&Sizes { ready, used, now, is_first: false }).is_some()
    }

    #[test]
    fn memory_may_grow_fourfold_and_to_a_mebibyte() {
        let growth = Growth::default();
        assert!(!later(&growth, 1 << 16, 1 << 16, MIB));
        assert!(later(&growth, 1 << 16, 1 << 16, MIB + (1 << 16)));
        assert!(!later(&growth, 3 * MIB, 3 * MIB, 12 * MIB));
        assert!(later(&growth, 3 * MIB, 3 * MIB, 13 * MIB));
    }

    #[test]
    fn what_every_first_call_takes_is_kept_in_the_end() {
        let growth = Growth::default();
        for _ in 0..Growth::PATIENCE {
            assert!(after_first(&growth, 1 << 16, 3 * MIB));
        }
        assert!(!after_first(&growth, 1 << 16, 3 * MIB));
        assert!(!later(&growth, 1 << 16, 3 * MIB, 12 * MIB));
        assert!(later(&growth, 1 << 16, 3 * MIB, 13 * MIB), "it grows on and on");
        // One does with less.
        assert!(!after_first(&growth, 1 << 16, 1 << 17));
        assert!(later(&growth, 1 << 16, 3 * MIB, 3 * MIB));
    }
}
