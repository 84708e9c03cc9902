//! How many files the process may have open: each connection is one.

/// What is left for the database, mail and requests to others.
const RESERVE: usize = 128;

/// Raises the limit as far as the system lets this process, and returns how many connections it has room for.
pub fn room_for_connections() -> usize {
    let limit = raise();
    limit.saturating_sub(RESERVE.min(limit / 4)).max(1)
}

#[cfg(unix)]
fn raise() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 1024, rlim_max: 1024 };
    // SAFETY: both functions read or write the one struct that they are given, which outlives them.
    #[expect(unsafe_code, reason = "the system has no safe interface for it")]
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
            let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
            if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
                limit = raised;
            }
        }
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn raise() -> usize {
    16_384
}
