//! What operators see of a running server: numbers as Prometheus text, and numbers and traces by OpenTelemetry (OTLP).

mod exporter;
mod family;
mod histogram;
mod otlp;
mod trace;

pub use exporter::{Exporter, Fault};
pub use family::{Family, Kind, Number, Sample, render};
pub use histogram::{Distribution, Histogram};
pub use trace::{Attributes, answered, is_followed, request, span};
