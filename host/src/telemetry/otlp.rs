//! Numbers as the OpenTelemetry protocol writes them.
//!
//! Source: opentelemetry-proto 1.x, `ExportMetricsServiceRequest`.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::family::{Family, Kind, Number, Sample};
use super::histogram::{BOUNDS, Distribution};

/// When the numbers began to be counted, and when they were read: nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) began: u64,
    pub(super) read: u64,
}

/// The body of a request to `/v1/metrics`.
pub(super) fn metrics(resource: &[(String, String)], families: Vec<Family>, span: Span) -> Vec<u8> {
    let scope = InstrumentationScope { name: "doorward".to_owned(), ..InstrumentationScope::default() };
    let metrics = families.into_iter().filter(|family| !family.samples.is_empty());
    let metrics = metrics.map(|family| metric_of(family, span)).collect();
    let attributes = resource.iter().map(|(name, value)| attribute(name, value.clone())).collect();
    let resource = Resource { attributes, ..Resource::default() };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, schema_url: String::new() }];
    let of_server = ResourceMetrics { resource: Some(resource), scope_metrics, schema_url: String::new() };
    ExportMetricsServiceRequest { resource_metrics: vec![of_server] }.encode_to_vec()
}

fn metric_of(family: Family, span: Span) -> Metric {
    let temporality = AggregationTemporality::Cumulative.into();
    let samples = family.samples;
    let data = match family.kind {
        Kind::Gauge => metric::Data::Gauge(Gauge { data_points: numbers(samples, span) }),
        Kind::Counter => metric::Data::Sum(Sum {
            data_points: numbers(samples, span),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        Kind::Histogram => metric::Data::Histogram(Histogram {
            data_points: samples.into_iter().filter_map(|sample| distribution(sample, span)).collect(),
            aggregation_temporality: temporality,
        }),
    };
    let unit = if family.name.contains("_seconds") { "s" } else { "1" };
    let (name, description) = (family.name.to_owned(), family.help.to_owned());
    Metric { name, description, unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

fn numbers(samples: Vec<Sample>, span: Span) -> Vec<NumberDataPoint> {
    let point = |sample: Sample| {
        let value = match sample.number {
            Number::Whole(number) => number_data_point::Value::AsInt(i64::try_from(number).unwrap_or(i64::MAX)),
            Number::Secs(secs) => number_data_point::Value::AsDouble(secs),
            Number::Distribution(_) => return None,
        };
        Some(NumberDataPoint {
            attributes: attributes(sample.labels),
            start_time_unix_nano: span.began,
            time_unix_nano: span.read,
            value: Some(value),
            ..NumberDataPoint::default()
        })
    };
    samples.into_iter().filter_map(point).collect()
}

fn distribution(sample: Sample, span: Span) -> Option<HistogramDataPoint> {
    let Number::Distribution(Distribution { counts, sum_secs }) = sample.number else { return None };
    Some(HistogramDataPoint {
        attributes: attributes(sample.labels),
        start_time_unix_nano: span.began,
        time_unix_nano: span.read,
        count: counts.iter().sum(),
        sum: Some(sum_secs),
        bucket_counts: counts.to_vec(),
        explicit_bounds: BOUNDS.to_vec(),
        ..HistogramDataPoint::default()
    })
}

fn attributes(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: String) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value)) };
    KeyValue { key: name.to_owned(), value: Some(value), ..KeyValue::default() }
}
