//! The default allocator: a fixed arena that a call fills from the bottom, and the system's allocator once it is full.
//!
//! An instance serves one request, so most of what it allocates may stay until the end. The arena is added to the memory once,
//! behind all that the component has, when the plugin is built: it is part of the memory that every instance begins with, since
//! growing that costs a system call for every request, and what is never written of it is not in the component.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::Cell;
use std::alloc::System;

const PAGE_BYTES: usize = 1 << 16;
const SIZE_BYTES: usize = 1 << 20;

#[global_allocator]
static ARENA: Arena = Arena { base: Cell::new(0), used: Cell::new(0) };

struct Arena {
    /// Where it begins; 0 before it is there.
    base: Cell<usize>,
    used: Cell<usize>,
}

// SAFETY: a component instance runs on one thread; the target of this module has no others.
unsafe impl Sync for Arena {}

impl Arena {
    /// Where the next block may begin.
    fn top(&self) -> usize {
        if self.base.get() == 0 {
            // Nothing but this allocator and the system's, which asks for pages of its own, grows the memory.
            match wasm32::memory_grow::<0>(SIZE_BYTES / PAGE_BYTES) {
                usize::MAX => wasm32::unreachable(),
                page => self.base.set(page * PAGE_BYTES),
            }
        }
        self.base.get() + self.used.get()
    }

    fn end(&self) -> usize {
        self.base.get() + SIZE_BYTES
    }

    fn holds(&self, pointer: *mut u8) -> bool {
        (self.base.get()..self.end()).contains(&(pointer as usize))
    }

    fn set_top(&self, top: usize) {
        self.used.set(top - self.base.get());
    }

    fn is_last(&self, pointer: *mut u8, size: usize) -> bool {
        pointer as usize + size == self.base.get() + self.used.get()
    }
}

// SAFETY: blocks of the arena never overlap, because `used` only moves back over the block that was handed out last, and
// everything outside the arena is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.top().next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if end <= self.end() => {
                self.set_top(end);
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
            self.set_top(pointer as usize);
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !self.holds(pointer) {
            return unsafe { System.realloc(pointer, layout, new_size) };
        }
        if self.is_last(pointer, layout.size()) && new_size <= self.end() - pointer as usize {
            self.set_top(pointer as usize + new_size);
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
