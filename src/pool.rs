use alloc::boxed::Box;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError, TryLockError};

use crate::instance::Instance;

/// Warm instances that wait for their next call.
///
/// No call ever waits for a slot: one that is being looked at by another thread is passed over.
pub(crate) struct Pool {
    slots: Vec<Mutex<Slot>>,
}

#[derive(Default)]
enum Slot {
    #[default]
    Free,
    Kept(Box<Instance>),
    /// Nothing is kept here any more.
    Closed,
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
        self.slots.iter().find_map(|slot| with(slot, Slot::take).flatten())
    }

    /// Keeps an instance, or drops it if no slot is free.
    pub(crate) fn put(&self, instance: Box<Instance>) {
        let mut instance = Some(instance);
        for slot in &self.slots {
            with(slot, |slot| {
                if matches!(slot, Slot::Free)
                    && let Some(instance) = instance.take()
                {
                    *slot = Slot::Kept(instance);
                }
            });
            if instance.is_none() {
                return;
            }
        }
    }

    /// Gives all that is kept, and keeps nothing from then on: each slot is emptied and closed at
    /// once, so that what comes back meanwhile is either given too or dropped.
    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    pub(crate) fn close(&self) -> Vec<Box<Instance>> {
        let close = |slot: &Mutex<Slot>| {
            // Waits, for as long as it takes to move a pointer: no slot may be passed over.
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            core::mem::replace(&mut *slot, Slot::Closed).kept()
        };
        self.slots.iter().filter_map(close).collect()
    }
}

impl Slot {
    fn take(&mut self) -> Option<Box<Instance>> {
        match self {
            Self::Kept(_) => core::mem::take(self).kept(),
            Self::Free | Self::Closed => None,
        }
    }

    fn kept(self) -> Option<Box<Instance>> {
        match self {
            Self::Kept(instance) => Some(instance),
            Self::Free | Self::Closed => None,
        }
    }
}

/// Does something with a slot, unless another thread is at it.
fn with<T>(slot: &Mutex<Slot>, act: impl FnOnce(&mut Slot) -> T) -> Option<T> {
    match slot.try_lock() {
        Ok(mut slot) => Some(act(&mut slot)),
        // Nothing that holds a slot can panic half-way: it moves a pointer.
        Err(TryLockError::Poisoned(poisoned)) => Some(act(&mut poisoned.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}
