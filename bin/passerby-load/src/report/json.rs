//! The results for programs.
//!
//! **Architecture Invariants:** names end in their units; what was not measured is absent, never zero.

use serde_json::{Map, Value as Json, json};

use crate::report::text::mean;
use crate::report::{QUANTILES, Report, Value};

/// The whole report, with a line end at its end.
pub(super) fn render(report: &Report) -> String {
    let settings: Map<String, Json> = report
        .settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let figures: Map<String, Json> = report
        .figures
        .iter()
        .map(|figure| {
            let value = match figure.value {
                Value::Count(count) => json!(count),
                Value::Real(real) => json!(real),
            };
            (figure.name.clone().into_owned(), value)
        })
        .collect();
    let latencies: Map<String, Json> = report
        .latencies
        .iter()
        .map(|latency| {
            (
                latency.name.to_owned(),
                Json::Object(quantiles(&latency.histogram)),
            )
        })
        .collect();
    let counters: Map<String, Json> = report
        .counters
        .iter()
        .map(|(name, growth)| (name.clone(), json!(growth)))
        .collect();
    let mut all = json!({
        "tool": "passerby-load",
        "version": env!("CARGO_PKG_VERSION"),
        "scenario": report.scenario,
        "started_unix_ms": report.started,
        "seconds": report.seconds,
        "settings": settings,
        "figures": figures,
        "latencies": latencies,
        "server_counters": counters,
        "problems": report.problems,
        "notes": report.notes,
        "sound": report.is_sound(),
    });
    if let Some(tally) = &report.violations {
        let by_rule: Map<String, Json> = tally
            .counts()
            .map(|(rule, count)| (rule.id().to_owned(), json!(count)))
            .collect();
        let first: Vec<_> = tally
            .first()
            .iter()
            .map(|violation| json!({"rule": violation.rule.id(), "what": violation.what}))
            .collect();
        all["violations"] = json!({"total": tally.total(), "by_rule": by_rule, "first": first});
    }
    format!("{all:#}\n")
}

fn quantiles(histogram: &hdrhistogram::Histogram<u64>) -> Map<String, Json> {
    let mut map = Map::new();
    map.insert("count".to_owned(), json!(histogram.len()));
    if histogram.is_empty() {
        return map;
    }
    map.insert("mean_us".to_owned(), micros(mean(histogram.mean())));
    map.insert("min_us".to_owned(), micros(histogram.min()));
    for (name, quantile) in QUANTILES {
        map.insert(
            format!("{name}_us"),
            micros(histogram.value_at_quantile(quantile)),
        );
    }
    map.insert("max_us".to_owned(), micros(histogram.max()));
    map
}

#[expect(clippy::cast_precision_loss, reason = "three digits are kept of it anyway")]
fn micros(nanos: u64) -> Json {
    json!(nanos as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn a_program_finds_every_figure_under_its_name() {
        let json: Json = serde_json::from_str(&render(&example())).unwrap();
        assert_eq!(json["scenario"], "relay");
        assert_eq!(json["figures"]["messages"], 1_234_567);
        assert_eq!(json["figures"]["server_cpu_us_per_message"], 6.25);
        assert_eq!(json["latencies"]["message"]["count"], 10_000);
        let p50 = json["latencies"]["message"]["p50_us"].as_f64().unwrap();
        assert!((4990.0..=5010.0).contains(&p50), "{p50}");
        assert_eq!(json["violations"]["by_rule"]["S6"], 1);
        assert_eq!(json["sound"], false);
        assert_eq!(json["settings"]["url"], "<b>&\"'</b>");
    }

    #[test]
    fn latencies_that_nobody_had_are_absent() {
        let mut report = example();
        report.latencies[0].histogram.reset();
        report.violations = None;
        let json: Json = serde_json::from_str(&render(&report)).unwrap();
        assert_eq!(json["latencies"]["message"], json!({"count": 0}));
        assert!(json.get("violations").is_none());
    }
}
