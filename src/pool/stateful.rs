//! Instances that a plugin keeps state in.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Taken;
use crate::instance::Instance;

/// Instances of which none is dropped while the plugin is loaded, and none is made while one waits.
///
/// A call that takes one has a permit. There are then never more instances than permits: one is made only when all
/// others are in use, each by a call with a permit of its own.
///
/// A lock orders the calls that take and put. It is held for a few instructions.
#[derive(Default)]
pub(crate) struct Stateful(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    waiting: Vec<Box<Instance>>,
    closed: bool,
}

impl Stateful {
    pub(super) fn take(&self) -> Taken {
        let mut kept = self.lock();
        match kept.waiting.pop() {
            Some(instance) => Taken::Instance(instance),
            None if kept.closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    pub(super) fn put(&self, instance: Box<Instance>) {
        let mut kept = self.lock();
        if kept.closed {
            // Not while the lock is held: it tells the embedder's audit sink of files that it closes.
            drop(kept);
            return drop(instance);
        }
        kept.waiting.push(instance);
    }

    #[allow(clippy::vec_box, reason = "they are moved, boxes and all")]
    pub(super) fn close(&self) -> Vec<Box<Instance>> {
        let mut kept = self.lock();
        kept.closed = true;
        mem::take(&mut kept.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
