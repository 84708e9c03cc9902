//! The processor's time that guests take: what their threads spend on them, however busy the machine is.
//!
//! A call that ends before the engine's clock ticks is not measured, so that short calls pay nothing. From its first tick
//! on, every poll of a request's calls of that plugin is, from one look at the thread's time to the next.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::processor_time;
use crate::plugin_host::engine::TICK_MS;

/// Longest stretch between two looks that counts. One that took longer was interrupted: a virtual machine that stands still
/// for a moment charges it to whoever runs.
const MAX_STRETCH: Duration = Duration::from_millis(2 * TICK_MS);

thread_local! {
    /// When, by this thread's own time, the guest that it runs now was last looked at; none while it is not measured.
    static LOOKED_AT: Cell<Option<Duration>> = const { Cell::new(None) };
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
        self.is_measured.store(true, Ordering::Relaxed);
        self.look(processor_time());
        self.used()
    }

    /// Forgets what was used until now. To be called inside of [`CpuTime::measure`].
    pub(in crate::plugin_host) fn renew(&self) {
        self.nanos.store(0, Ordering::Relaxed);
        LOOKED_AT.set(LOOKED_AT.get().map(|_| processor_time()));
    }

    /// Counts what the guest used since it was last looked at.
    fn look(&self, now: Duration) {
        if let Some(looked_at) = LOOKED_AT.replace(Some(now)) {
            let spent = now.saturating_sub(looked_at).min(MAX_STRETCH);
            self.nanos.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn used(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }
}

/// One poll of a call. Another call may be polled inside of it, and is not counted twice.
struct Slice<'a> {
    time: &'a CpuTime,
    /// What the call around this one, if that is measured, had used since it was last looked at.
    around: Option<Duration>,
}

impl<'a> Slice<'a> {
    fn begin(time: &'a CpuTime) -> Self {
        let (around, is_measured) = (LOOKED_AT.take(), time.is_measured.load(Ordering::Relaxed));
        if around.is_none() && !is_measured {
            return Self { time, around: None };
        }
        let now = processor_time();
        LOOKED_AT.set(is_measured.then_some(now));
        Self { time, around: around.map(|looked_at| now.saturating_sub(looked_at)) }
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        let is_measured = LOOKED_AT.get().is_some();
        if self.around.is_none() && !is_measured {
            return;
        }
        let now = processor_time();
        if is_measured {
            self.time.look(now);
        }
        LOOKED_AT.set(self.around.map(|used| now.saturating_sub(used)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::work;

    /// Works, and is looked at as the clock ticks.
    fn work_on(time: &CpuTime, how_long: Duration) {
        let begin = processor_time();
        while processor_time() - begin < how_long {
            work(Duration::from_millis(1));
            time.at_tick();
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
        assert_eq!(LOOKED_AT.get(), None);
    }

    #[tokio::test]
    async fn what_is_renewed_begins_at_nothing() {
        let time = CpuTime::default();
        let long = Duration::from_millis(50);
        time.measure(async {
            work_on(&time, long);
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
                inner.measure(async { work_on(&inner, long) }).await;
                work(A_WHILE);
            })
            .await;
        // The first look begins it.
        assert!(inner.used() >= long / 2, "{inner:?}");
        assert!((A_WHILE..long).contains(&outer.used()), "{outer:?}");
    }

    #[tokio::test]
    async fn an_interruption_counts_as_a_short_stretch() {
        let time = CpuTime::default();
        time.measure(async {
            time.at_tick();
            work(MAX_STRETCH * 4);
            assert_eq!(time.at_tick(), MAX_STRETCH);
        })
        .await;
    }
}
