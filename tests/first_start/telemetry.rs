//! Numbers and traces reach a collector by OTLP, with nothing of what clients sent in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::SIGN_UP;
use super::operator::{Folder, answer, answer_with};

/// The head and the body of a request.
type Received = Vec<(String, Vec<u8>)>;

/// A collector that takes everything.
struct Collector {
    port: u16,
    received: Arc<Mutex<Received>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Received>>::default();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || while take(stream.as_ref().unwrap(), &kept).is_some() {});
            }
        });
        Self { port, received }
    }

    fn bodies(&self, path: &str) -> Vec<Vec<u8>> {
        let begins = format!("POST {path} ");
        let received = self.received.lock().unwrap();
        received.iter().filter(|(head, _)| head.starts_with(&begins)).map(|(_, body)| body.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.bodies("/v1/traces").into_iter();
        let requests = requests.map(|body| ExportTraceServiceRequest::decode(&*body).unwrap());
        let of_servers = requests.flat_map(|request| request.resource_spans);
        of_servers.flat_map(|server| server.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The last number or count of each name, and the labels of its first sample.
    fn numbers(&self) -> BTreeMap<String, (f64, String)> {
        let requests = self.bodies("/v1/metrics").into_iter();
        let requests = requests.map(|body| ExportMetricsServiceRequest::decode(&*body).unwrap());
        let of_servers = requests.flat_map(|request| request.resource_metrics);
        let metrics = of_servers.flat_map(|server| server.scope_metrics).flat_map(|scope| scope.metrics);
        let read = |data: Data| match data {
            Data::Gauge(gauge) => (number(&gauge.data_points[0].value), shown(&gauge.data_points[0].attributes)),
            Data::Sum(sum) => {
                assert!(sum.is_monotonic);
                (number(&sum.data_points[0].value), shown(&sum.data_points[0].attributes))
            }
            Data::Histogram(histogram) => {
                let point = &histogram.data_points[0];
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
                #[expect(clippy::cast_precision_loss, reason = "few requests are counted")]
                (point.count as f64, shown(&point.attributes))
            }
            other => panic!("{other:?}"),
        };
        metrics.map(|metric| (metric.name, read(metric.data.unwrap()))).collect()
    }
}

fn take(stream: &TcpStream, kept: &Mutex<Received>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).ok()?;
    kept.lock().unwrap().push((head, body));
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()
}

fn number(value: &Option<opentelemetry_proto::tonic::metrics::v1::number_data_point::Value>) -> f64 {
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
    match value.unwrap() {
        #[expect(clippy::cast_precision_loss, reason = "the counts are small")]
        Value::AsInt(number) => number as f64,
        Value::AsDouble(number) => number,
    }
}

fn shown(attributes: &[KeyValue]) -> String {
    let text = |value: &KeyValue| match value.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| format!("{}={};", attribute.key, text(attribute))).collect()
}

fn server(port: u16, key: &str, options: &str) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.path("key"), key).unwrap();
    folder.succeed(&["init"]);
    let script = r#"before("/sign-up/*", |ctx| { if ctx.body.email == "x" { reject(403, "NO", "No"); } });"#;
    std::fs::write(folder.path("policy.rhai"), script).unwrap();
    folder.append(&format!(
        "[telemetry]\nendpoint = \"http://127.0.0.1:{port}/\"\nheaders = {{ x-key = {{ file = \"key\" }} }}\n{options}\n\
         [[hooks]]\nfile = \"policy.rhai\"\n"
    ));
    folder
}

const PARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

#[test]
fn a_request_is_a_trace_of_its_parts() {
    let collector = Collector::start();
    let folder = server(collector.port, "the-key-of-the-collector", "service_name = \"door\"");
    let running = folder.serve("serve");
    let signed_up = answer_with(&running, ("POST", "/api/auth/sign-up/email"), PARENT, SIGN_UP);
    assert_eq!(signed_up.status, 200, "{}", signed_up.body);
    assert_eq!(answer(&running, "GET", "/api/auth/reset-password/a-secret-token?callbackURL=/a", "").status, 302);
    running.stop();

    let spans = collector.spans();
    let with = |part: &str| spans.iter().find(|span| shown(&span.attributes).contains(part));
    let root = with("http.route=/sign-up/email;").expect("the request has a span");
    assert_eq!(root.name, "POST");
    assert!(shown(&root.attributes).contains("http.response.status_code=200;"));
    // A stranger's trace does not go on here.
    assert!(root.parent_span_id.is_empty() && root.trace_id[0..2] != [0x4b, 0xf9]);
    let of_trace: Vec<&Span> = spans.iter().filter(|span| span.trace_id == root.trace_id).collect();
    let parent_of =
        |span: &Span| of_trace.iter().find(|other| other.span_id == span.parent_span_id).map(|it| it.name.as_str());
    for (name, parent) in [
        ("endpoint", "POST"),
        ("rate limit", "POST"),
        ("before scripts", "POST"),
        ("script", "before scripts"),
        ("hash", "endpoint"),
        ("begin", "endpoint"),
        ("statement", "endpoint"),
        ("commit", "endpoint"),
    ] {
        let found = of_trace.iter().filter(|span| span.name == name).any(|span| parent_of(span) == Some(parent));
        assert!(found, "no span `{name}` below `{parent}`");
    }
    assert!(with("doorward.script=policy.rhai;").is_some() && with("db.system.name=sqlite;").is_some());
    assert!(with("http.route=/reset-password/:token;").is_some());
    let all = format!("{spans:?}");
    for secret in ["ada@example.com", "correct horse", "a-secret-token", "Ada", "the-key-of-the-collector"] {
        assert!(!all.contains(secret), "{secret} is in a span");
    }
    assert!(
        collector.received.lock().unwrap().iter().all(|(head, _)| head.contains("x-key: the-key-of-the-collector"))
    );

    let numbers = collector.numbers();
    assert_eq!(numbers["doorward_database_up"].0, 1.0);
    assert_eq!(numbers["doorward_script_call_seconds"], (1.0, "script=policy.rhai;".to_owned()));
    assert!(numbers["doorward_requests_total"].1.starts_with("route=/"), "{:?}", numbers["doorward_requests_total"]);
    assert!(numbers["doorward_request_seconds"].0 >= 1.0);
}

#[test]
fn a_trusted_callers_trace_goes_on() {
    let collector = Collector::start();
    let folder = server(collector.port, "k", "trust_callers = true\ntraced_share = 0.000001\nmetrics_interval = 0");
    let running = folder.serve("serve");
    assert_eq!(answer(&running, "GET", "/api/auth/get-session", "").status, 200);
    assert_eq!(answer_with(&running, ("GET", "/api/auth/get-session"), PARENT, "").status, 200);
    running.stop();
    let roots: Vec<Span> = collector.spans().into_iter().filter(|span| span.name == "GET").collect();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0].parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert!(collector.bodies("/v1/metrics").is_empty());
}

#[test]
fn a_collector_that_is_away_is_told_of_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = server(free, "hush-hush", "metrics_interval = 1");
    let log = folder.path("log");
    let running = folder.serve_logging_to("serve", File::create(&log).unwrap());
    for _ in 0..5 {
        assert_eq!(answer(&running, "GET", "/api/auth/ok", "").status, 200);
        std::thread::sleep(Duration::from_millis(700));
    }
    running.stop();
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("cannot be sent to the collector").count(), 1, "{text}");
    assert!(!text.contains("hush-hush"));
}

#[test]
fn an_option_that_cannot_be_is_named() {
    for (options, said) in [
        ("endpoint = \"collector:4318\"", "telemetry.endpoint must begin with http:// or https://"),
        ("endpoint = \"http://c\"\ntraced_share = 2.0", "telemetry.traced_share must be between 0 and 1"),
        (
            "endpoint = \"http://c\"\nheaders = { \"a b\" = \"c\" }",
            "telemetry.headers: a b or its value cannot be a header",
        ),
        (
            "endpoint = \"http://c\"\nheaders = { a = { env = \"NO_SUCH\" } }",
            "telemetry.headers.a: the variable NO_SUCH",
        ),
    ] {
        let folder = Folder::new();
        folder.succeed(&["init"]);
        folder.append(&format!("[telemetry]\n{options}\n"));
        let error = folder.fail(&["check"]);
        assert!(error.contains(said) && error.lines().count() == 1, "{error}");
    }
}
