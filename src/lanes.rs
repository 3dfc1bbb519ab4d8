//! Copies of what threads would otherwise contend for.
//!
//! A wasmi engine keeps its idle stacks behind a lock, which each call takes twice. Two threads on one
//! engine then take turns with its cache line, and get less done than one. So an [`Engine`](crate::Engine)
//! has several of wasmi's, the lanes, and each thread keeps to one. What belongs to an engine of wasmi's,
//! as a translated module does, has a copy for each lane that needs it.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use std::sync::{Mutex, OnceLock, PoisonError};

/// Something that there is in each lane, made where it is first needed. Without `std` there is one lane.
pub(crate) struct Lanes<T> {
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

/// One of several lanes, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane(usize);

impl Lane {
    /// The lane of this thread among so many. Threads are numbered as they make their first call.
    #[cfg(feature = "std")]
    pub(crate) fn current(lanes: usize) -> Self {
        use core::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        std::thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        // A thread that is ending may have lost its own already.
        let number = NUMBER.try_with(|number| *number).unwrap_or_default();
        Self(number.checked_rem(lanes).unwrap_or_default())
    }

    /// The only lane.
    #[cfg(not(feature = "std"))]
    pub(crate) fn current(_: usize) -> Self {
        Self(0)
    }

    /// How many lanes after `first` it comes, if there are so many in a circle.
    #[cfg(feature = "std")]
    pub(crate) fn after(self, first: Self, lanes: usize) -> usize {
        let around = || self.0.saturating_add(lanes).saturating_sub(first.0);
        self.0.checked_sub(first.0).unwrap_or_else(around)
    }

    /// This lane, or the one of the first `few` in the circle that stands in for it.
    #[cfg(feature = "std")]
    pub(crate) fn among(self, few: usize, first: Self, lanes: usize) -> Self {
        let after = self.after(first, lanes);
        if after < few {
            return self;
        }
        let after = after.checked_rem(few).unwrap_or_default();
        Self(first.0.saturating_add(after).checked_rem(lanes).unwrap_or_default())
    }
}

#[cfg(feature = "std")]
impl<T> Lanes<T> {
    /// Room for so many, and the first.
    pub(crate) fn new(lanes: usize, lane: Lane, first: T) -> Self {
        let mut first = Some(first);
        let cell = |number| {
            let first = first.take_if(|_| number == lane.0);
            let there = first.map_or_else(OnceLock::new, OnceLock::from);
            Cell { there, making: Mutex::default() }
        };
        Self { all: (0..lanes).map(cell).collect() }
    }

    /// How many lanes there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// What this lane has, which `make` makes if it is not there yet. `None`: there is no such lane.
    pub(crate) fn get<E>(
        &self,
        lane: Lane,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let Some(cell) = self.all.get(lane.0) else { return Ok(None) };
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
impl<T> Lanes<T> {
    pub(crate) fn new(_: usize, _: Lane, only: T) -> Self {
        Self { only }
    }

    #[allow(clippy::unused_self, reason = "as with `std`")]
    pub(crate) fn len(&self) -> usize {
        1
    }

    pub(crate) fn get<E>(
        &self,
        _: Lane,
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
        let lanes = Lanes::new(2, Lane(0), 0);
        let made = AtomicUsize::new(0);
        let make = || {
            thread::sleep(core::time::Duration::from_millis(20));
            Ok::<_, Infallible>(made.fetch_add(1, Ordering::SeqCst))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(lanes.get(Lane(1), make), Ok(Some(&0))));
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn what_could_not_be_made_is_tried_again() {
        let lanes = Lanes::new(2, Lane(0), 0);
        assert_eq!(lanes.get(Lane(1), || Err(())), Err(()));
        let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            lanes.get(Lane(1), || -> Result<_, ()> { panic!("made nothing") })
        }));
        assert!(panicked.is_err());
        assert_eq!(lanes.get(Lane(1), || Ok::<_, ()>(7)), Ok(Some(&7)));
        assert_eq!(lanes.get(Lane(2), || Ok::<_, ()>(8)), Ok(None));
    }
}
