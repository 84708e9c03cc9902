//! `[telemetry]`: where numbers and traces go by OpenTelemetry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::secret_source::SecretSource;

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Address of a collector that takes OTLP over HTTP, without `/v1/traces`, as `http://127.0.0.1:4318`. Absent means the
    /// variable `OTEL_EXPORTER_OTLP_ENDPOINT`, and that nothing is sent without it.
    pub endpoint: Option<String>,
    /// Headers of each request to it, as `authorization`; values are secrets.
    pub headers: BTreeMap<String, SecretSource>,
    /// Names this server among others. Absent means the variable `OTEL_SERVICE_NAME`, and `doorward` without it.
    pub service_name: Option<String>,
    /// The share of requests that are traced: 0 for none, 1 for all.
    pub traced_share: f64,
    /// Traces that callers begin (`traceparent`) go on here, and are kept when the caller keeps them. Only for servers that a
    /// gateway of your own calls: a stranger could have each of his requests traced.
    pub trust_callers: bool,
    /// Seconds between two sendings of the numbers; 0 for none.
    pub metrics_interval: u32,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            service_name: None,
            traced_share: 1.0,
            trust_callers: false,
            metrics_interval: 60,
        }
    }
}

impl Telemetry {
    pub(super) fn read_variables(&mut self, environment: &BTreeMap<String, String>) {
        let known = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        self.endpoint = self.endpoint.take().or_else(|| known("OTEL_EXPORTER_OTLP_ENDPOINT"));
        self.service_name = self.service_name.take().or_else(|| known("OTEL_SERVICE_NAME"));
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.traced_share) {
            return Err(ConfigError::Invalid("telemetry.traced_share must be between 0 and 1".to_owned()));
        }
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        let is_http = url::Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if is_http {
            return Ok(());
        }
        Err(ConfigError::Invalid(
            "telemetry.endpoint must begin with http:// or https://. Write \"http://127.0.0.1:4318\"".to_owned(),
        ))
    }
}
