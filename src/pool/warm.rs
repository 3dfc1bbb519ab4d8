//! Instances without state, any of which may be dropped.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use crate::Module;
use crate::instance::Instance;
use crate::sync::shards::Shard;

/// Warm instances that wait for their next call.
///
/// There is no lock: an instance is taken out of its slot, and put into one, by exchanging a pointer.
/// Each shard begins with a slot of its own, so that threads that call at once do not meet.
pub(crate) struct Warm {
    slots: Box<[InstanceSlot]>,
    /// The number of times that each shard has borrowed an instance of another.
    borrowings: Box<[CachePadded<AtomicUsize>]>,
    /// The first shard, and how many there are in a circle.
    home: Shard,
    circle: usize,
    /// The state of the pool: [`OPEN`], [`CLOSING`] or [`CLOSED`].
    state: AtomicU8,
}

/// Instances are kept.
const OPEN: u8 = 0;
/// Kept instances are being collected, and so are instances that come back meanwhile.
const CLOSING: u8 = 1;
/// Nothing is kept any more.
const CLOSED: u8 = 2;

type InstanceSlot = CachePadded<AtomicCell<Option<Box<Instance>>>>;

impl Warm {
    /// The number of times that a shard borrows from others before it has an instance of its own made. A plugin that
    /// is rarely called does with one instance, whichever thread calls it.
    const MAX_BORROWINGS: usize = 32;

    /// Room for so many instances of a module.
    pub(crate) fn new(size: usize, module: &Module) -> Self {
        let size = size.min(super::MAX);
        Self {
            slots: (0..size).map(|_| InstanceSlot::default()).collect(),
            // Those that had no slot of their own would drop each other's instances.
            borrowings: (0..module.shards().min(size).max(1))
                .map(|_| CachePadded::default())
                .collect(),
            home: module.home(),
            circle: module.engine().shards(),
            state: AtomicU8::new(OPEN),
        }
    }

    /// Of how many shards instances are kept.
    pub(crate) fn shards(&self) -> usize {
        self.borrowings.len()
    }

    /// An instance of this shard, if there is one, or of another if that will do.
    pub(crate) fn take(&self, shard: Shard) -> Option<Box<Instance>> {
        let mut borrowed = None;
        for slot in self.slots(shard) {
            let Some(instance) = slot.take() else { continue };
            if instance.shard() == shard {
                self.put_back(borrowed);
                return Some(instance);
            }
            match &borrowed {
                None => borrowed = Some(instance),
                Some(_) => {
                    self.put_back(slot.swap(Some(instance)));
                    self.keep_nothing_if_closed();
                }
            }
        }
        let instance = borrowed?;
        if self.may_borrow(shard) {
            return Some(instance);
        }
        self.put(instance);
        None
    }

    fn put_back(&self, instance: Option<Box<Instance>>) {
        if let Some(instance) = instance {
            self.put(instance);
        }
    }

    fn may_borrow(&self, shard: Shard) -> bool {
        self.borrowings.get(self.place(shard)).is_some_and(|borrowings| {
            borrowings.load(Ordering::Relaxed) < Self::MAX_BORROWINGS
                && borrowings.fetch_add(1, Ordering::Relaxed) < Self::MAX_BORROWINGS
        })
    }

    /// Keeps an instance. If no slot is free, one that waits is dropped.
    pub(crate) fn put(&self, instance: Box<Instance>) {
        let shard = instance.shard();
        let mut instance = Some(instance);
        for slot in self.slots(shard) {
            instance = slot.swap(instance);
            if instance.is_none() {
                break;
            }
        }
        drop(instance);
        self.keep_nothing_if_closed();
    }

    /// Empties the slots of a closed pool, after each instance that is put into one. The slot was exchanged before this is read,
    /// and a pool is closed before its slots are emptied for the last time: either it is closed here, or
    /// what was put is found there. While it is closing, nothing is dropped: all of it is to be shut down.
    fn keep_nothing_if_closed(&self) {
        if self.state.load(Ordering::Acquire) == CLOSED {
            drop(self.emptied());
        }
    }

    /// Gives all that is kept, and keeps nothing from then on: what comes back meanwhile is either given
    /// too or dropped.
    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    pub(crate) fn close(&self) -> Vec<Box<Instance>> {
        // One that is closed already stays so.
        let _ = self.state.compare_exchange(OPEN, CLOSING, Ordering::AcqRel, Ordering::Acquire);
        let mut instances = self.emptied();
        self.state.store(CLOSED, Ordering::Release);
        instances.append(&mut self.emptied());
        instances
    }

    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    fn emptied(&self) -> Vec<Box<Instance>> {
        self.slots.iter().filter_map(|slot| slot.take()).collect()
    }

    fn place(&self, shard: Shard) -> usize {
        shard.after(self.home, self.circle)
    }

    /// All slots, beginning with that of a shard.
    fn slots(&self, shard: Shard) -> impl Iterator<Item = &AtomicCell<Option<Box<Instance>>>> {
        let (before, after) =
            self.slots.split_at_checked(self.place(shard)).unwrap_or((&[], &self.slots));
        after.iter().chain(before).map(|slot| &**slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_exchanged_without_a_lock() {
        assert!(AtomicCell::<Option<Box<Instance>>>::is_lock_free());
    }
}
