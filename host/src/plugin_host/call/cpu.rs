//! The processor's time that guests take: what their threads spend on them, however busy the machine is.
//!
//! A call that ends before the engine's clock ticks is not measured, so that short calls pay nothing. From its first tick
//! on, every poll of a request's calls of that plugin is.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::processor_time;

thread_local! {
    /// When this thread, by its own time, began with the guest that it runs now; none while that guest is not measured.
    static BEGUN_AT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// What calls took together.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct CpuTime {
    is_measured: AtomicBool,
    nanos: AtomicU64,
}

impl CpuTime {
    /// Polls `call`, and measures each poll once the clock has ticked.
    pub(in crate::plugin_host) async fn measure<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        std::future::poll_fn(|context| {
            let _slice = Slice::begin(self);
            call.as_mut().poll(context)
        })
        .await
    }

    /// What was used until now. To be called at each tick, inside of [`CpuTime::measure`].
    pub(in crate::plugin_host) fn at_tick(&self) -> Duration {
        let now = processor_time();
        self.is_measured.store(true, Ordering::Relaxed);
        let begun_at = BEGUN_AT.get().unwrap_or(now);
        BEGUN_AT.set(Some(begun_at));
        self.used().saturating_add(now.saturating_sub(begun_at))
    }

    /// Forgets what was used until now. To be called inside of [`CpuTime::measure`].
    pub(in crate::plugin_host) fn renew(&self) {
        self.nanos.store(0, Ordering::Relaxed);
        BEGUN_AT.set(BEGUN_AT.get().map(|_| processor_time()));
    }

    fn used(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }
}

/// One poll of a call. Another call may be polled inside of it, and is not counted twice.
struct Slice<'a> {
    time: &'a CpuTime,
    /// Of the call around this one.
    around: Option<Duration>,
}

impl<'a> Slice<'a> {
    fn begin(time: &'a CpuTime) -> Self {
        let begun_at = time.is_measured.load(Ordering::Relaxed).then(processor_time);
        Self { time, around: BEGUN_AT.replace(begun_at) }
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        let spent = BEGUN_AT.get().map_or(Duration::ZERO, |begun_at| processor_time().saturating_sub(begun_at));
        self.time.nanos.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        BEGUN_AT.set(self.around.map(|begun_at| begun_at.saturating_add(spent)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps this thread at work.
    fn work(how_long: Duration) {
        let begin = processor_time();
        while processor_time() - begin < how_long {
            std::hint::spin_loop();
        }
    }

    const A_WHILE: Duration = Duration::from_millis(3);

    #[tokio::test]
    async fn what_waits_costs_nothing_and_what_works_does() {
        let time = CpuTime::default();
        time.measure(async {
            work(A_WHILE);
            assert_eq!(time.at_tick(), Duration::ZERO, "nobody looked before the first tick");
            std::thread::sleep(A_WHILE);
            work(A_WHILE);
            tokio::task::yield_now().await;
            work(A_WHILE);
            assert!(time.at_tick() >= A_WHILE * 2);
        })
        .await;
        assert_eq!(BEGUN_AT.get(), None);
    }

    #[tokio::test]
    async fn what_is_renewed_begins_at_nothing() {
        let time = CpuTime::default();
        let long = Duration::from_millis(50);
        time.measure(async {
            time.at_tick();
            work(long);
            time.renew();
            work(A_WHILE);
            assert!(time.at_tick() < long);
        })
        .await;
        assert!((A_WHILE..long).contains(&time.used()));
    }

    #[tokio::test]
    async fn a_call_inside_of_another_counts_for_itself() {
        let (outer, inner) = (CpuTime::default(), CpuTime::default());
        let long = Duration::from_millis(50);
        outer
            .measure(async {
                outer.at_tick();
                inner
                    .measure(async {
                        inner.at_tick();
                        work(long);
                    })
                    .await;
                work(A_WHILE);
            })
            .await;
        assert!(inner.used() >= long);
        assert!((A_WHILE..long).contains(&outer.used()), "{outer:?}");
    }
}
