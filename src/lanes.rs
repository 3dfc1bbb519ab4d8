//! Copies of what threads would otherwise contend for.
//!
//! A wasmi engine keeps its idle stacks behind a lock, which each call takes twice. Two threads on one
//! engine then take turns with its cache line, and get less done than one. So an [`Engine`](crate::Engine)
//! has several of wasmi's, the lanes, and each thread keeps to one. What belongs to an engine of wasmi's,
//! as a translated module does, has a copy for each lane that needs it.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use std::sync::OnceLock;

/// Something that there is in each lane, made where it is first needed. Without `std` there is one lane.
pub(crate) struct Lanes<T> {
    #[cfg(feature = "std")]
    all: Box<[OnceLock<T>]>,
    #[cfg(not(feature = "std"))]
    only: T,
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
        let cell = |number| match first.take_if(|_| number == lane.0) {
            Some(first) => OnceLock::from(first),
            None => OnceLock::new(),
        };
        Self { all: (0..lanes).map(cell).collect() }
    }

    /// What this lane has, which `make` makes if it is not there yet. `None`: there is no such lane.
    pub(crate) fn get<E>(
        &self,
        lane: Lane,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let Some(cell) = self.all.get(lane.0) else { return Ok(None) };
        if let Some(there) = cell.get() {
            return Ok(Some(there));
        }
        // Two threads of a lane may make it at once; one of them is dropped.
        let made = make()?;
        Ok(Some(cell.get_or_init(|| made)))
    }
}

#[cfg(not(feature = "std"))]
#[allow(clippy::unnecessary_wraps, reason = "as with `std`")]
impl<T> Lanes<T> {
    pub(crate) fn new(_: usize, _: Lane, only: T) -> Self {
        Self { only }
    }

    pub(crate) fn get<E>(
        &self,
        _: Lane,
        _: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        Ok(Some(&self.only))
    }
}
