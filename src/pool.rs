use alloc::boxed::Box;
use alloc::vec::Vec;
use std::sync::{Mutex, TryLockError};

use crate::instance::Instance;

/// Warm instances that wait for their next call.
///
/// Nobody ever waits for a slot: one that is being looked at by another thread is passed over.
pub(crate) struct Pool {
    slots: Vec<Mutex<Option<Box<Instance>>>>,
}

impl Pool {
    /// How many instances are kept, whatever a policy says.
    const MAX: usize = 1024;

    pub(crate) fn new(size: usize) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(size.min(Self::MAX), Mutex::default);
        Self { slots }
    }

    pub(crate) fn take(&self) -> Option<Box<Instance>> {
        self.slots.iter().find_map(|slot| with(slot, Option::take).flatten())
    }

    /// Keeps an instance, or drops it if all slots are taken.
    pub(crate) fn put(&self, instance: Box<Instance>) {
        let mut instance = Some(instance);
        for slot in &self.slots {
            with(slot, |kept| {
                if kept.is_none() {
                    *kept = instance.take();
                }
            });
            if instance.is_none() {
                return;
            }
        }
    }
}

/// Does something with a slot, unless another thread is at it.
fn with<T>(
    slot: &Mutex<Option<Box<Instance>>>,
    act: impl FnOnce(&mut Option<Box<Instance>>) -> T,
) -> Option<T> {
    match slot.try_lock() {
        Ok(mut kept) => Some(act(&mut kept)),
        // Nothing that holds a slot can panic half-way: it moves a pointer.
        Err(TryLockError::Poisoned(poisoned)) => Some(act(&mut poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}
