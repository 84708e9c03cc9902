//! Gives memory that nobody uses back to the system.

/// To be called after something large was loaded: the allocator keeps what that left free, and idle servers are many.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: the function takes no pointer, locks what it touches, and may be called at any time from any thread.
        #[expect(unsafe_code, reason = "the allocator has no safe interface")]
        // How much it found is not of interest.
        let _ = unsafe { libc::malloc_trim(0) };
    }
}
