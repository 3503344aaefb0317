//! What a scrape tells of what happened.

use super::*;
use passerby_application::ports::Completeness;
use passerby_domain::notice::EndReason;
use passerby_domain::time::Millis;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

fn metrics() -> Metrics {
    Metrics::new(&NodeId::parse("node-1").unwrap(), "1.2.3")
}

fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("no line begins with {start}"))
}

#[test]
fn each_fact_moves_exactly_its_own_series() {
    let facts = [
        (Fact::Connected, "passerby_seats_connected_total"),
        (
            Fact::Resumed {
                complete: Completeness::Whole,
            },
            "passerby_seats_resumed_total{replay=\"whole\"}",
        ),
        (
            Fact::Resumed {
                complete: Completeness::Gap,
            },
            "passerby_seats_resumed_total{replay=\"gap\"}",
        ),
        (Fact::Dropped, "passerby_seats_dropped_total"),
        (Fact::Gone, "passerby_seats_gone_total"),
        (
            Fact::ChatEnded(EndReason::YouSkipped),
            "passerby_chats_ended_total{reason=\"you_skipped\"}",
        ),
        (
            Fact::ChatEnded(EndReason::PartnerSkipped),
            "passerby_chats_ended_total{reason=\"partner_skipped\"}",
        ),
        (
            Fact::ChatEnded(EndReason::YouLeft),
            "passerby_chats_ended_total{reason=\"you_left\"}",
        ),
        (
            Fact::ChatEnded(EndReason::PartnerLeft),
            "passerby_chats_ended_total{reason=\"partner_left\"}",
        ),
        (
            Fact::ChatEnded(EndReason::PartnerDisconnected),
            "passerby_chats_ended_total{reason=\"partner_disconnected\"}",
        ),
        (
            Fact::ChatEnded(EndReason::Moderated),
            "passerby_chats_ended_total{reason=\"moderated\"}",
        ),
        (
            Fact::ChatEnded(EndReason::Lost),
            "passerby_chats_ended_total{reason=\"lost\"}",
        ),
        (Fact::Relayed, "passerby_messages_total{outcome=\"relayed\"}"),
        (Fact::Repeated, "passerby_messages_total{outcome=\"repeated\"}"),
        (
            Fact::Undelivered,
            "passerby_messages_total{outcome=\"undelivered\"}",
        ),
        (Fact::RateLimited, "passerby_commands_refused_total"),
        (Fact::Reported, "passerby_reports_total"),
        (Fact::Blocked, "passerby_blocks_total"),
        (Fact::TurnedAway, "passerby_turned_away_total"),
        (Fact::StoreFailed, "passerby_store_failures_total"),
        (Fact::OfferLapsed, "passerby_offers_lapsed_total"),
    ];
    for (fact, series) in facts {
        let metrics = metrics();
        metrics.note(fact);
        let text = metrics.render(Census::default()).unwrap();
        let moved: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("passerby_") && line.ends_with(" 1"))
            .filter(|line| !line.starts_with("passerby_node_info"))
            .collect();
        assert_eq!(moved, [format!("{series} 1")]);
    }
}

#[test]
fn a_wait_is_counted_in_the_first_bucket_that_holds_it() {
    let metrics = metrics();
    for millis in [50, 51, 1_800_001] {
        metrics.note(Fact::Paired {
            waited: Millis::new(millis),
        });
    }
    let text = metrics.render(Census::default()).unwrap();
    let bucket = |bound: &str| {
        line(
            &text,
            &format!("passerby_pairing_wait_seconds_bucket{{le=\"{bound}\"}}"),
        )
    };
    assert!(bucket("0.025").ends_with(" 0"));
    assert!(bucket("0.05").ends_with(" 1"));
    assert!(bucket("0.1").ends_with(" 2"));
    assert!(bucket("1800.0").ends_with(" 2"));
    assert!(bucket("+Inf").ends_with(" 3"));
    assert!(line(&text, "passerby_pairing_wait_seconds_count").ends_with(" 3"));
    assert!(line(&text, "passerby_pairing_wait_seconds_sum").ends_with(" 1800.102"));
}

#[test]
fn seats_are_told_by_state() {
    let text = metrics()
        .render(Census {
            online: 9,
            waiting: 2,
            chatting: 4,
        })
        .unwrap();
    assert_eq!(
        line(&text, "passerby_seats{state=\"idle\"}"),
        "passerby_seats{state=\"idle\"} 3"
    );
    assert!(line(&text, "passerby_seats{state=\"waiting\"}").ends_with(" 2"));
    assert!(line(&text, "passerby_seats{state=\"chatting\"}").ends_with(" 4"));
}

#[test]
fn a_census_that_was_read_amid_a_change_is_no_trouble() {
    let text = metrics()
        .render(Census {
            online: 1,
            waiting: 1,
            chatting: 2,
        })
        .unwrap();
    assert!(line(&text, "passerby_seats{state=\"idle\"}").ends_with(" 0"));
}

#[test]
fn the_node_says_who_it_is_and_how_its_process_does() {
    let text = metrics().render(Census::default()).unwrap();
    assert_eq!(
        line(&text, "passerby_node_info"),
        "passerby_node_info{node=\"node-1\",version=\"1.2.3\"} 1"
    );
    for series in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        let value: f64 = line(&text, series).rsplit(' ').next().unwrap().parse().unwrap();
        assert!(value >= 0.0, "{series}");
    }
}

#[test]
fn what_is_counted_elsewhere_is_read_at_each_scrape() {
    let metrics = metrics();
    let count = Arc::new(AtomicU64::new(1));
    let read = count.clone();
    metrics
        .register_counter_source("passerby_log_lines_dropped", "Lines", move || {
            read.load(Ordering::Relaxed)
        })
        .unwrap();
    metrics
        .register_gauge_source("passerby_websocket_connections", "Connections", || 7)
        .unwrap();
    metrics
        .register_labelled_counter_source("passerby_websocket_closes", "Closes", "code", || {
            vec![("1000", 2), ("4010", 3)]
        })
        .unwrap();
    count.store(5, Ordering::Relaxed);
    let text = metrics.render(Census::default()).unwrap();
    assert!(
        text.contains(
            "# TYPE passerby_log_lines_dropped_total counter\npasserby_log_lines_dropped_total 5\n"
        )
    );
    assert!(text.contains("# TYPE passerby_websocket_connections gauge\npasserby_websocket_connections 7\n"));
    assert!(text.contains("passerby_websocket_closes_total{code=\"4010\"} 3\n"));
}

#[test]
fn a_source_needs_a_name_of_its_own() {
    let metrics = metrics();
    let register = |name| metrics.register_counter_source(name, "Help", || 0);
    for name in [
        "",
        "x",
        "passerby_",
        "passerby_X",
        "passerby_x y",
        "passerby_x_total",
    ] {
        assert_eq!(register(name), Err(SourceRefused::InvalidName), "{name}");
    }
    for taken in [
        "passerby_seats",
        "passerby_messages",
        "passerby_pairing_wait_seconds",
    ] {
        assert_eq!(register(taken), Err(SourceRefused::NameTaken), "{taken}");
    }
    assert_eq!(register("passerby_x"), Ok(()));
    assert_eq!(register("passerby_x"), Err(SourceRefused::NameTaken));
}

#[test]
fn prometheus_has_nothing_to_say_against_the_text() {
    let metrics = metrics();
    metrics
        .register_labelled_counter_source("passerby_websocket_closes", "Closes", "code", || {
            vec![("1000", 2)]
        })
        .unwrap();
    let text = metrics.render(Census::default()).unwrap();
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        // Without the tool the shape is checked by hand: every series is described before it is told.
        for sample in text.lines().filter(|line| !line.starts_with('#')) {
            let name = sample.split(['{', ' ']).next().unwrap();
            let name = name
                .strip_suffix("_bucket")
                .or_else(|| name.strip_suffix("_sum"))
                .or_else(|| name.strip_suffix("_count"))
                .unwrap_or(name);
            assert!(text.contains(&format!("# TYPE {name} ")), "{sample}");
        }
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
}
