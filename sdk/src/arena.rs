//! The default allocator: a fixed arena that a call fills from the bottom, and the system's allocator once it is full.
//!
//! An instance serves one request, so most of what it allocates may stay until the end. Memory that is part of the
//! component's image costs the host nothing to map, while growing it costs a system call for every request.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use std::alloc::System;

const SIZE_BYTES: usize = 1 << 20;

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new(Block { _bytes: [0; SIZE_BYTES] }), used: UnsafeCell::new(0) };

#[repr(align(16))]
struct Block {
    _bytes: [u8; SIZE_BYTES],
}

struct Arena {
    bytes: UnsafeCell<Block>,
    used: UnsafeCell<usize>,
}

// SAFETY: a component instance runs on one thread; the target of this module has no others.
unsafe impl Sync for Arena {}

impl Arena {
    fn base(&self) -> usize {
        self.bytes.get() as usize
    }

    fn holds(&self, pointer: *mut u8) -> bool {
        (self.base()..self.base() + SIZE_BYTES).contains(&(pointer as usize))
    }

    fn used(&self) -> usize {
        // SAFETY: no reference into `used` lives longer than an expression, and there is one thread.
        unsafe { *self.used.get() }
    }

    fn set_used(&self, used: usize) {
        // SAFETY: as in `used`.
        unsafe { *self.used.get() = used }
    }

    fn is_last(&self, pointer: *mut u8, size: usize) -> bool {
        pointer as usize + size == self.base() + self.used()
    }
}

// SAFETY: blocks of the arena never overlap, because `used` only moves back over the block that was handed out last, and
// everything outside the arena is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = (self.base() + self.used()).next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= self.base() + SIZE_BYTES => {
                self.set_used(end - self.base());
                start as *mut u8
            }
            _ => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !self.holds(pointer) {
            return unsafe { System.dealloc(pointer, layout) };
        }
        if self.is_last(pointer, layout.size()) {
            self.set_used(pointer as usize - self.base());
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !self.holds(pointer) {
            return unsafe { System.realloc(pointer, layout, new_size) };
        }
        let offset = pointer as usize - self.base();
        if self.is_last(pointer, layout.size()) && new_size <= SIZE_BYTES - offset {
            self.set_used(offset + new_size);
            return pointer;
        }
        // SAFETY: the caller promises that `new_size` is valid for this alignment.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !moved.is_null() {
            unsafe { core::ptr::copy_nonoverlapping(pointer, moved, layout.size().min(new_size)) };
        }
        moved
    }
}
