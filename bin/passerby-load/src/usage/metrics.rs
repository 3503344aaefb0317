//! A node as its admin listener tells it, in the text format of Prometheus.
//!
//! **Architecture Invariants:** one request for each sample, on a connection of its own, with a time limit and a bound on
//! the answer's size.

use std::str::FromStr;
use std::time::Duration;

use http::header::HOST;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::failure::Failure;
use crate::usage::Sample;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most that an answer may be.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Where metrics are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetricsUrl {
    authority: String,
    path: String,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("expected the plain address of an admin listener, such as http://127.0.0.1:9090")]
pub(crate) struct MetricsUrlError;

impl FromStr for MetricsUrl {
    type Err = MetricsUrlError;

    fn from_str(text: &str) -> Result<Self, MetricsUrlError> {
        let uri: Uri = text.parse().map_err(|_| MetricsUrlError)?;
        if uri.scheme_str() != Some("http") {
            return Err(MetricsUrlError);
        }
        let authority = uri.authority().ok_or(MetricsUrlError)?;
        let path = match uri.path() {
            "" | "/" => "/metrics",
            path => path,
        };
        Ok(Self {
            authority: format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80)),
            path: path.to_owned(),
        })
    }
}

/// What the node has used and counted so far.
pub(super) async fn sample(url: &MetricsUrl) -> Result<Sample, Failure> {
    let failure = |why: String| Failure::Usage {
        from: format!("http://{}{}", url.authority, url.path),
        why,
    };
    let text = tokio::time::timeout(PATIENCE, get(url))
        .await
        .map_err(|_| failure(format!("no answer within {PATIENCE:?}")))?
        .map_err(|error| failure(error.to_string()))?;
    read(&text).ok_or_else(|| {
        failure("it has no process_cpu_seconds_total and process_resident_memory_bytes".to_owned())
    })
}

async fn get(url: &MetricsUrl) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(&*url.authority).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(&*url.path)
        .header(HOST, &*url.authority)
        .body(Empty::<Bytes>::new())?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()).into());
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await?;
        Ok(String::from_utf8(body.to_bytes().to_vec())?)
    };
    tokio::pin!(exchange, connection);
    // The connection is driven along; if it ends first, the exchange says what came of it.
    tokio::select! {
        outcome = &mut exchange => outcome,
        _ = &mut connection => exchange.await,
    }
}

/// Reads the text format: a name, labels perhaps, and a value on each line.
fn read(text: &str) -> Option<Sample> {
    let mut sample = Sample::default();
    let (mut cpu, mut resident) = (None, None);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.trim_end().rsplit_once(' ') else {
            continue;
        };
        let Ok(value) = value.parse::<f64>() else { continue };
        match name {
            "process_cpu_seconds_total" => cpu = Some(value),
            "process_resident_memory_bytes" => resident = Some(value),
            _ if is_counter(name) => {
                sample.counters.insert(name.to_owned(), value);
            }
            _ => {}
        }
    }
    sample.cpu_seconds = cpu?;
    sample.resident_bytes = bytes(resident?);
    Some(sample)
}

fn is_counter(name: &str) -> bool {
    let plain = name.split('{').next().unwrap_or_default();
    plain.starts_with("passerby_") && (plain.ends_with("_total") || plain.ends_with("_count"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast of a float keeps to the bounds, and no memory has 2^53 bytes"
)]
fn bytes(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP passerby_messages Messages.\n\
        # TYPE passerby_messages counter\n\
        passerby_messages_total{outcome=\"relayed\"} 12\n\
        passerby_seats{state=\"idle\"} 4\n\
        passerby_pairing_wait_seconds_count 3\n\
        process_cpu_seconds_total 1.25\n\
        process_resident_memory_bytes 1048576\n\
        # EOF\n";

    #[test]
    fn process_and_counters_are_read_and_gauges_are_not() {
        let sample = read(TEXT).unwrap();
        assert!((sample.cpu_seconds - 1.25).abs() < 1e-9);
        assert_eq!(sample.resident_bytes, 1_048_576);
        let names: Vec<_> = sample.counters.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "passerby_messages_total{outcome=\"relayed\"}",
                "passerby_pairing_wait_seconds_count"
            ]
        );
    }

    #[test]
    fn metrics_of_something_else_are_no_sample() {
        assert_eq!(read("go_goroutines 7\n"), None);
    }

    #[test]
    fn an_address_without_a_path_means_the_usual_one() {
        let url: MetricsUrl = "http://127.0.0.1:9090".parse().unwrap();
        assert_eq!(
            (url.authority.as_str(), url.path.as_str()),
            ("127.0.0.1:9090", "/metrics")
        );
        assert!("127.0.0.1:9090".parse::<MetricsUrl>().is_err());
        assert!("https://node".parse::<MetricsUrl>().is_err());
    }
}
