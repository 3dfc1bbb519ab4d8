//! The host's memory that something takes, by an allocator that counts for each thread.
// An allocator takes unsafe code; the host has none.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    /// Bytes that are allocated, and the most there have been. What one thread allocates and another
    /// frees is counted wrong; the cases stay on one.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// The number of allocations and moves.
    static TIMES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        count(layout.size().cast_signed());
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        count(layout.size().cast_signed());
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TIMES.set(TIMES.get() + 1);
        // As if it were moved: for a moment, both are there.
        count(size.cast_signed());
        count(-layout.size().cast_signed());
        // SAFETY: as the caller vouches.
        unsafe { System.realloc(block, layout, size) }
    }
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

/// Runs something, and tells the most memory that it had at once, in bytes.
pub(crate) fn measured<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = run();
    (result, (PEAK.get() - before).unsigned_abs())
}

/// Runs something, and tells how often it allocated.
#[allow(dead_code, reason = "the suite of hostile plugins looks at the peak")]
pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = TIMES.get();
    let result = run();
    (result, TIMES.get() - before)
}

#[test]
fn what_is_given_back_counts_to_the_peak_only() {
    let (kept, peak) = measured(|| {
        drop(vec![0_u8; 3 << 20]);
        vec![0_u8; 1 << 20]
    });
    assert_eq!((kept.len(), peak), (1 << 20, 3 << 20));
}
