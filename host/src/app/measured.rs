//! Sends the numbers of the running server to a collector, again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::pipeline::Pipeline;
use crate::pipeline::probe::Probe;
use crate::telemetry::Exporter;

/// Sends until it is dropped.
pub(super) struct Measured {
    exporter: Arc<Exporter>,
    probe: Arc<Probe>,
    interval: u32,
    sending: Option<JoinHandle<()>>,
}

impl Measured {
    /// Begins to send as often as the options say.
    pub(super) fn start(exporter: Exporter, pipeline: &Arc<Pipeline>) -> Self {
        let (exporter, probe) = (Arc::new(exporter), Arc::new(Probe::default()));
        let interval = pipeline.auth().config.telemetry.metrics_interval;
        let sending = (interval > 0).then(|| {
            let (exporter, probe, pipeline) = (Arc::clone(&exporter), Arc::clone(&probe), Arc::clone(pipeline));
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_secs(interval.into()));
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    exporter.send(pipeline.numbers(&probe).await).await;
                }
            })
        });
        Self { exporter, probe, interval, sending }
    }

    /// Sends what is still to be told.
    pub(super) async fn stop(&self, pipeline: &Pipeline) {
        if let Some(sending) = &self.sending {
            sending.abort();
        }
        if self.interval > 0 {
            self.exporter.send(pipeline.numbers(&self.probe).await).await;
        }
        self.exporter.stop().await;
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if let Some(sending) = &self.sending {
            sending.abort();
        }
    }
}
