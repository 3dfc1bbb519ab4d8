//! Unsafe code of the SDK: calling the imports, memory that is written before it is read, text
//! that the host vouches for, values of statics, and the allocator.

mod imports;

pub(crate) use imports::*;

use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::OnceCell;

use cpex_wasmi_abi::NO_KEY;

use crate::raw::Form;
use crate::result::check;
use crate::{Result, Status};

/// As many zeros. Unlike `vec!`, it brings no code to panic with.
pub(crate) fn buffer(len: usize) -> Result<Vec<u8>> {
    let mut bytes = reserve(len)?;
    // SAFETY: there is room for `len` bytes, and all are written.
    unsafe {
        bytes.as_mut_ptr().write_bytes(0, len);
        bytes.set_len(len);
    }
    Ok(bytes)
}

/// Reads a value into new memory, which nobody writes before the host does. There is room for `least` bytes or more. Returns the
/// value's length too: if that is more than the bytes have, nothing was read.
pub(crate) fn read_new(
    form: Form,
    field: u32,
    index: u32,
    key: Option<&[u8]>,
    least: usize,
) -> Result<(Vec<u8>, usize)> {
    let read = match form {
        Form::Postcard => import_read,
        Form::Json => import_read_json,
        Form::Text => import_read_text,
    };
    let room = spare(least);
    let mut bytes = reserve(room)?;
    let key_len = key.map_or(NO_KEY as usize, <[u8]>::len);
    let key = key.map_or(core::ptr::null(), <[u8]>::as_ptr);
    // SAFETY: the key is borrowed for the call, and there is room for as many bytes behind the pointer.
    let answer = unsafe { read(field, index, key, key_len, bytes.as_mut_ptr(), room) };
    let len = check(answer)?;
    if len <= room {
        // SAFETY: the host has written as many bytes as it says, if that many have room.
        unsafe { bytes.set_len(len) };
        bytes = shortened(bytes);
    }
    Ok((bytes, len))
}

/// Room that costs nothing: as much as is left of the page of memory, and at least `least` bytes.
fn spare(least: usize) -> usize {
    #[cfg(feature = "allocator")]
    let least = heap::left_of_page().max(least);
    least
}

/// Gives back the room that the bytes which were allocated last do not need.
fn shortened(bytes: Vec<u8>) -> Vec<u8> {
    #[cfg(feature = "allocator")]
    let bytes = heap::shortened(bytes);
    bytes
}

/// A copy. Unlike `to_vec`, it brings no code to panic with.
pub(crate) fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = reserve(bytes.len())?;
    // SAFETY: there is room for as many bytes, all are written, and new memory does not overlap with old.
    unsafe {
        copy.as_mut_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        copy.set_len(bytes.len());
    }
    Ok(copy)
}

/// Room for `len` bytes. Unlike `try_reserve_exact`, it brings no code to grow.
fn reserve(len: usize) -> Result<Vec<u8>> {
    let layout = Layout::array::<u8>(len).map_err(|_| Status::TooLarge)?;
    if len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not empty, and is that of as many bytes.
    unsafe {
        let start = alloc::alloc::alloc(layout);
        if start.is_null() {
            return Err(Status::TooLarge.into());
        }
        Ok(Vec::from_raw_parts(start, 0, len))
    }
}

/// A value that is set once, and may stand in a static.
#[derive(Debug)]
pub(crate) struct Once<T>(OnceCell<T>);

// SAFETY: a module without shared memory has one thread.
#[cfg(not(target_feature = "atomics"))]
unsafe impl<T> Sync for Once<T> {}

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceCell::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    pub(crate) fn set(&self, value: T) -> core::result::Result<(), T> {
        self.0.set(value)
    }
}

/// A value that changes within, and may stand in a static.
pub(crate) struct Single<T>(T);

// SAFETY: a module without shared memory has one thread.
#[cfg(not(target_feature = "atomics"))]
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    pub(crate) const fn get(&self) -> &T {
        &self.0
    }
}

/// Takes bytes that a host function has just written as text.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    // SAFETY: the host writes text as UTF-8, says the ABI. A host that does not keep to it could
    // as well change any other byte of this memory.
    unsafe { String::from_utf8_unchecked(bytes) }
}

#[cfg(feature = "allocator")]
pub(super) use heap::begin;

#[cfg(feature = "allocator")]
mod heap {
    //! A global allocator that hands out memory in one direction.
    //!
    //! The block taken last can be given back or resized in place. Everything comes back at once when
    //! nothing is in use any more, which is how a call usually ends, so that the next call finds the
    //! memory as this one did and takes the same fuel.

    use alloc::vec::Vec;
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32;
    use core::cell::Cell;
    use core::mem::ManuallyDrop;
    use core::ptr;

    const PAGE: usize = 64 * 1024;

    unsafe extern "C" {
        /// Set by the linker: what is behind it is free.
        static __heap_base: u8;
    }

    #[global_allocator]
    static HEAP: Heap = Heap {
        floor: Cell::new(&raw const __heap_base),
        top: Cell::new(&raw const __heap_base),
        end: Cell::new(0),
        in_use: Cell::new(0),
    };

    struct Heap {
        /// Below this nothing comes back.
        floor: Cell<*const u8>,
        /// The earliest start of the next block.
        top: Cell<*const u8>,
        /// The known end of the memory.
        end: Cell<usize>,
        /// The number of blocks above `floor` in use.
        in_use: Cell<usize>,
    }

    // SAFETY: a module without shared memory has one thread.
    #[cfg(not(target_feature = "atomics"))]
    unsafe impl Sync for Heap {}

    /// Begins an entry from the host, each in the same way: looks how far the memory reaches, and sets
    /// aside what an earlier call has left in statics, so that the rest can come back.
    #[inline(always)]
    pub(in super::super) fn begin() {
        HEAP.look();
        if HEAP.in_use.get() != 0 {
            HEAP.floor.set(HEAP.top.get());
            HEAP.in_use.set(0);
        }
    }

    /// The number of bytes from the next block to the end of its page.
    pub(super) fn left_of_page() -> usize {
        HEAP.top.get().addr().wrapping_neg() % PAGE
    }

    /// Gives back what the block that was allocated last has beyond its bytes.
    pub(super) fn shortened(bytes: Vec<u8>) -> Vec<u8> {
        if bytes.is_empty() {
            return Vec::new();
        }
        let mut bytes = ManuallyDrop::new(bytes);
        let (start, len) = (bytes.as_mut_ptr(), bytes.len());
        HEAP.set_top(start.addr().wrapping_add(len));
        // SAFETY: the block is as long or longer, and nothing was allocated after it, so that it may end there.
        unsafe { Vec::from_raw_parts(start, len, len) }
    }

    impl Heap {
        fn look(&self) -> usize {
            let pages = wasm32::memory_size::<0>();
            self.end.set(pages.saturating_mul(PAGE));
            pages
        }

        fn set_top(&self, top: usize) {
            self.top.set(ptr::without_provenance(top));
        }

        /// Makes sure that the memory reaches up to `end`.
        fn reaches(&self, end: usize) -> bool {
            end <= self.end.get() || self.grow(end)
        }

        #[cold]
        #[inline(never)]
        fn grow(&self, end: usize) -> bool {
            let pages = self.look();
            let needed = end.div_ceil(PAGE);
            if needed > pages && wasm32::memory_grow::<0>(needed.wrapping_sub(pages)) == usize::MAX
            {
                return false;
            }
            self.look();
            true
        }
    }

    // SAFETY: blocks lie between `__heap_base` and the end of the memory, which nothing else uses, and
    // above all blocks that are in use: `top` only goes down to the start of the block that was last,
    // or to `floor` when no block above it is in use.
    unsafe impl GlobalAlloc for Heap {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let top = self.top.get().addr();
            let mask = layout.align().wrapping_sub(1);
            let start = top.wrapping_add(mask) & !mask;
            let end = start.wrapping_add(layout.size());
            // Neither is past the end of all addresses.
            if start < top || end < start || !self.reaches(end) {
                return ptr::null_mut();
            }
            self.set_top(end);
            self.in_use.set(self.in_use.get().wrapping_add(1));
            ptr::with_exposed_provenance_mut(start)
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            let start = block.addr();
            if start < self.floor.get().addr() {
                return;
            }
            let left = self.in_use.get().wrapping_sub(1);
            self.in_use.set(left);
            if left == 0 {
                self.top.set(self.floor.get());
            } else if start.wrapping_add(layout.size()) == self.top.get().addr() {
                self.set_top(start);
            }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            let start = block.addr();
            let was_last = start.wrapping_add(layout.size()) == self.top.get().addr();
            if was_last && start >= self.floor.get().addr() {
                let end = start.wrapping_add(size);
                if end < start || !self.reaches(end) {
                    return ptr::null_mut();
                }
                self.set_top(end);
                return block;
            }
            if size <= layout.size() {
                return block;
            }
            // SAFETY: the caller vouches for `size` and the alignment, and the old block is as long as
            // its layout says and apart from the new one.
            unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    ptr::copy_nonoverlapping(block, new, layout.size());
                    self.dealloc(block, layout);
                }
                new
            }
        }
    }
}
