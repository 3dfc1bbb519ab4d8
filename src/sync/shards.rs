//! Copies of what threads would otherwise contend for.
//!
//! A wasmi engine keeps its idle stacks behind a lock, which each call takes twice. Two threads on one
//! engine then take turns with its cache line, and get less done than one. So an [`Engine`](crate::Engine)
//! has several of wasmi's, the shards, and each thread keeps to one. What belongs to an engine of wasmi's,
//! as a translated module does, has a copy for each shard that needs it.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use std::sync::{Mutex, OnceLock, PoisonError};

/// Something that there is in each shard, made where it is first needed. Without `std` there is one shard.
pub(crate) struct Shards<T> {
    #[cfg(feature = "std")]
    all: Box<[Cell<T>]>,
    #[cfg(not(feature = "std"))]
    only: T,
}

#[cfg(feature = "std")]
struct Cell<T> {
    there: OnceLock<T>,
    /// Held by who makes it.
    making: Mutex<()>,
}

/// One of several shards, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard(usize);

impl Shard {
    /// The shard of this thread among so many. Threads are numbered as they make their first call.
    #[cfg(feature = "std")]
    pub(crate) fn current(shards: usize) -> Self {
        use core::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        std::thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        // A thread that is ending may have lost its own already.
        let number = NUMBER.try_with(|number| *number).unwrap_or_default();
        Self(number.checked_rem(shards).unwrap_or_default())
    }

    /// The only shard.
    #[cfg(not(feature = "std"))]
    pub(crate) fn current(_: usize) -> Self {
        Self(0)
    }

    /// The distance from `first`, in a circle of so many shards.
    #[cfg(feature = "std")]
    pub(crate) fn after(self, first: Self, shards: usize) -> usize {
        let around = || self.0.saturating_add(shards).saturating_sub(first.0);
        self.0.checked_sub(first.0).unwrap_or_else(around)
    }

    /// This shard, or the one of the first `few` in the circle that stands in for it.
    #[cfg(feature = "std")]
    pub(crate) fn among(self, few: usize, first: Self, shards: usize) -> Self {
        let after = self.after(first, shards);
        if after < few {
            return self;
        }
        let after = after.checked_rem(few).unwrap_or_default();
        Self(first.0.saturating_add(after).checked_rem(shards).unwrap_or_default())
    }
}

#[cfg(feature = "std")]
impl<T> Shards<T> {
    /// Room for so many, and the first.
    pub(crate) fn new(shards: usize, shard: Shard, first: T) -> Self {
        let mut first = Some(first);
        let cell = |number| {
            let first = first.take_if(|_| number == shard.0);
            let there = first.map_or_else(OnceLock::new, OnceLock::from);
            Cell { there, making: Mutex::default() }
        };
        Self { all: (0..shards).map(cell).collect() }
    }

    /// The number of shards.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The value of this shard. `make` makes it if it is missing. `None`: there is no such shard.
    pub(crate) fn get<E>(
        &self,
        shard: Shard,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let Some(cell) = self.all.get(shard.0) else { return Ok(None) };
        if let Some(there) = cell.there.get() {
            return Ok(Some(there));
        }
        // What an engine of wasmi's has translated it keeps, whether it is used or not: threads that come
        // at once wait for the first to make it. Nothing is half made if that panics.
        let _making = cell.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = cell.there.get() {
            return Ok(Some(there));
        }
        let made = make()?;
        Ok(Some(cell.there.get_or_init(|| made)))
    }
}

#[cfg(not(feature = "std"))]
#[allow(clippy::unnecessary_wraps, reason = "as with `std`")]
impl<T> Shards<T> {
    pub(crate) fn new(_: usize, _: Shard, only: T) -> Self {
        Self { only }
    }

    #[allow(clippy::unused_self, reason = "as with `std`")]
    pub(crate) fn len(&self) -> usize {
        1
    }

    pub(crate) fn get<E>(
        &self,
        _: Shard,
        _: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        Ok(Some(&self.only))
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use core::convert::Infallible;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn threads_that_come_at_once_make_it_once() {
        let shards = Shards::new(2, Shard(0), 0);
        let made = AtomicUsize::new(0);
        let make = || {
            thread::sleep(core::time::Duration::from_millis(20));
            Ok::<_, Infallible>(made.fetch_add(1, Ordering::SeqCst))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(shards.get(Shard(1), make), Ok(Some(&0))));
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn what_could_not_be_made_is_tried_again() {
        let shards = Shards::new(2, Shard(0), 0);
        assert_eq!(shards.get(Shard(1), || Err(())), Err(()));
        let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            shards.get(Shard(1), || -> Result<_, ()> { panic!("made nothing") })
        }));
        assert!(panicked.is_err());
        assert_eq!(shards.get(Shard(1), || Ok::<_, ()>(7)), Ok(Some(&7)));
        assert_eq!(shards.get(Shard(2), || Ok::<_, ()>(8)), Ok(None));
    }
}
