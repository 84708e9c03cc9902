//! What a thread holds of memory, and how unused memory goes back to the system.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::mem::MaybeUninit;

use mimalloc::MiMalloc;

thread_local! {
    static HELD_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// The allocator, which counts for each thread what it takes and gives back.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that this thread took, less those that it gave back. Only differences mean something: memory may go back on
/// another thread.
pub fn held_bytes() -> i64 {
    HELD_BYTES.get()
}

fn count(bytes: usize, sign: i64) {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    // A thread that is ending may have no counter any more, and needs none.
    _ = HELD_BYTES.try_with(|held| held.set(held.get().wrapping_add(bytes.wrapping_mul(sign))));
}

// SAFETY: every call goes to the allocator as it came. Counting takes no memory: the counter needs neither
// initialization nor a destructor.
#[expect(unsafe_code, reason = "an allocator has no safe interface")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as the caller promised.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: as the caller promised.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: as the caller promised.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, 1);
        count(layout.size(), -1);
        // SAFETY: as the caller promised.
        unsafe { MiMalloc.realloc(pointer, layout, new_size) }
    }
}

/// To be called after something large was loaded: the allocator keeps what that left free, and idle servers are many.
pub fn give_back() {
    // SAFETY: as below.
    #[expect(unsafe_code, reason = "the allocator has no safe interface")]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
    // What libraries in C took.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: the function takes no pointer, locks what it touches, and may be called at any time from any thread.
        #[expect(unsafe_code, reason = "the allocator has no safe interface")]
        // How much it found is not of interest.
        let _ = unsafe { libc::malloc_trim(0) };
    }
}

/// Lets the system back large memory by huge pages where it can: what jumps about in it then meets fewer faults.
pub fn prefer_huge_pages<T>(memory: &mut [MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: the range is the caller's own and is rounded inwards to whole pages; the advice changes no contents.
        #[expect(unsafe_code, reason = "the system has no safe interface for it")]
        // Where it is refused, pages are small.
        let _ = unsafe {
            const PAGE: usize = 4096;
            let range = memory.as_mut_ptr_range();
            let start = range.start.cast::<u8>().map_addr(|address| address.next_multiple_of(PAGE));
            let end = range.end.addr() / PAGE * PAGE;
            libc::madvise(start.cast(), end.saturating_sub(start.addr()), libc::MADV_HUGEPAGE)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_counts_what_it_holds() {
        let before = held_bytes();
        let mut block: Vec<u8> = Vec::with_capacity(1 << 20);
        assert_eq!(held_bytes() - before, 1 << 20);
        block.reserve_exact(2 << 20);
        assert_eq!(held_bytes() - before, 2 << 20);
        std::thread::spawn(|| drop(vec![0_u8; 1 << 20])).join().unwrap();
        drop(block);
        assert!((held_bytes() - before).abs() < 1 << 16, "{}", held_bytes() - before);
    }
}
