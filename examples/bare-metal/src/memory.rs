//! Memory: an allocator with a bound, and the most that heap and stack have taken.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::ptr::{addr_of, addr_of_mut, read_volatile, write_volatile};
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::TlsfHeap;

/// All that host and plugins may allocate, in bytes.
pub(crate) const HEAP_BYTES: usize = 448 << 10;

static mut MEMORY: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];

/// A heap of a fixed size, which counts what it gives. What does not fit, it refuses.
struct Bounded {
    heap: TlsfHeap,
    used: AtomicUsize,
    most: AtomicUsize,
}

#[global_allocator]
static HEAP: Bounded =
    Bounded { heap: TlsfHeap::empty(), used: AtomicUsize::new(0), most: AtomicUsize::new(0) };

// SAFETY: blocks are those of the heap inside.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        let block = unsafe { self.heap.alloc(layout) };
        if !block.is_null() {
            let used = self.used.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
            self.most.fetch_max(used, Ordering::Relaxed);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller vouches.
        unsafe { self.heap.dealloc(block, layout) }
    }
}

/// The byte that unused stack is filled with.
const PAINT: u8 = 0xa5;

unsafe extern "C" {
    static _stext: u8;
    static __etext: u8;
    static __srodata: u8;
    static __erodata: u8;
    static __sdata: u8;
    static __edata: u8;
    static __euninit: u8;
    static __estack: u8;
    static _stack_start: u8;
}

/// Gives the allocator its memory, and paints the stack. Is called once, and before all else.
pub(crate) fn init() {
    // SAFETY: nothing else uses `MEMORY`, and this is called once.
    unsafe { HEAP.heap.init(addr_of_mut!(MEMORY) as usize, HEAP_BYTES) };
    let here = 0_u8;
    // Frames of this function and of those it calls are above.
    let top = (addr_of!(here) as usize).saturating_sub(1024);
    let mut at = addr_of!(__estack) as usize;
    while at < top {
        // SAFETY: from the end of all statics to the stack's top there is nothing but unused stack.
        unsafe { write_volatile(at as *mut u8, PAINT) };
        at += 1;
    }
}

/// The memory of the firmware, in bytes.
pub(crate) struct Used {
    /// Code, constants, and the first values of statics.
    pub(crate) flash: usize,
    /// Statics, without the heap.
    pub(crate) statics: usize,
    /// The most of the heap so far.
    pub(crate) heap: usize,
    /// The most of the stack so far.
    pub(crate) stack: usize,
    /// The size of the stack.
    pub(crate) stack_bytes: usize,
}

pub(crate) fn used() -> Used {
    let [text, text_end] = [addr_of!(_stext), addr_of!(__etext)].map(|at| at as usize);
    let [constants, constants_end] =
        [addr_of!(__srodata), addr_of!(__erodata)].map(|at| at as usize);
    let [data, data_end] = [addr_of!(__sdata), addr_of!(__edata)].map(|at| at as usize);
    let [statics_end, bottom, top] =
        [addr_of!(__euninit), addr_of!(__estack), addr_of!(_stack_start)].map(|at| at as usize);
    let mut at = bottom;
    // SAFETY: as in `init`.
    while at < top && unsafe { read_volatile(at as *const u8) } == PAINT {
        at += 1;
    }
    Used {
        flash: text_end - text + constants_end - constants + data_end - data,
        statics: statics_end - data - HEAP_BYTES,
        heap: HEAP.most.load(Ordering::Relaxed),
        stack: top - at,
        stack_bytes: top - bottom,
    }
}
