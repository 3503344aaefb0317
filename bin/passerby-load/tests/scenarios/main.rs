//! The program as its operator meets it: short runs of each scenario against a real node.
//!
//! The node is `PASSERBY_BIN`, or `passerby` beside this program; build it first.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and has clock and environment of its own"
)]

mod liar;
mod node;

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use liar::Liar;
use node::Node;

/// Lifts the limits that are meant for people.
const LIFTED: [(&str, &str); 5] = [
    ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "0"),
    ("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "0"),
    ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0"),
    ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "0"),
    ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "100ms"),
];

/// A finished run of the tool.
struct Finished {
    code: Option<i32>,
    out: String,
    errors: String,
    json: Value,
    report: String,
}

fn load(words: &[&str]) -> Finished {
    let folder = TempDir::new().unwrap();
    let (json, report) = (folder.path().join("run.json"), folder.path().join("run.html"));
    let output: Output = Command::new(env!("CARGO_BIN_EXE_passerby-load"))
        .args(words)
        .arg("--json")
        .arg(&json)
        .arg("--report")
        .arg(&report)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |path| std::fs::read_to_string(path).unwrap_or_default();
    Finished {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
        json: serde_json::from_str(&text(json)).unwrap_or_default(),
        report: text(report),
    }
}

impl Finished {
    /// The run went through and found nothing wrong.
    fn is_well(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.errors);
        assert!(self.out.ends_with("all is well\n"), "{}", self.out);
        assert_eq!(self.json["sound"], true);
        assert!(self.report.contains("All is well.") && self.report.contains("<svg "));
        self
    }

    fn figure(&self, name: &str) -> f64 {
        let figure = self.json["figures"][name].as_f64();
        figure.unwrap_or_else(|| panic!("no {name} in {:#}", self.json))
    }

    fn latencies(&self, name: &str) -> u64 {
        self.json["latencies"][name]["count"]
            .as_u64()
            .unwrap_or_else(|| panic!("no latencies of {name} in {:#}", self.json))
    }

    fn is_zero(&self, name: &str) {
        assert!(self.figure(name).abs() < f64::EPSILON, "{name}: {}", self.out);
    }
}

#[test]
fn the_closed_loop_relays_without_loss_and_says_what_a_message_costs() {
    let node = Node::start(&LIFTED);
    let (url, pid) = (node.url(), node.pid().to_string());
    let words = [
        "relay",
        "--url",
        &url,
        "--users",
        "8",
        "--duration",
        "1s",
        "--warmup",
        "100ms",
    ];
    let run = load(&[&words[..], &["--pid", &pid, "--seed", "7"]].concat());
    run.is_well();
    assert!(run.figure("messages") > 0.0);
    run.is_zero("lost");
    assert!(run.figure("server_cpu_us_per_message") > 0.0);
    assert!(run.figure("server_resident_mib") > 1.0);
    assert!(run.latencies("message") > 0);
    assert_eq!(run.latencies("handshake"), 8);
    assert_eq!(run.json["settings"]["seed"], "7");
    let quantile = |name: &str| run.json["latencies"]["message"][name].as_f64().unwrap();
    assert!(quantile("p50_us") > 0.0 && quantile("p50_us") <= quantile("max_us"));
}

#[test]
fn the_open_loop_sends_what_is_due_and_has_it_acknowledged() {
    let node = Node::start(&LIFTED);
    let (url, metrics) = (node.url(), node.metrics());
    let words = [
        "relay",
        "--url",
        &url,
        "--users",
        "4",
        "--duration",
        "2s",
        "--warmup",
        "100ms",
    ];
    let run = load(&[&words[..], &["--rate", "100", "--acks", "--metrics", &metrics]].concat());
    run.is_well();
    run.is_zero("lost");
    // A hundred a second for two seconds, whatever the machine does meanwhile.
    assert_eq!(run.latencies("message"), 200);
    assert_eq!(run.latencies("ack"), 200);
    assert_eq!(run.latencies("late"), 200);
    let relayed = &run.json["server_counters"]["passerby_messages_total{outcome=\"relayed\"}"];
    assert!(relayed.as_f64().unwrap() > 0.0, "{:#}", run.json);
}

#[test]
fn idle_users_say_one_message_each_and_cost_memory() {
    let node = Node::start(&LIFTED);
    let (url, metrics) = (node.url(), node.metrics());
    let words = [
        "idle",
        "--url",
        &url,
        "--users",
        "40",
        "--duration",
        "500ms",
        "--metrics",
        &metrics,
    ];
    let run = load(&words);
    run.is_well();
    assert_eq!(run.latencies("message"), 40);
    assert_eq!(run.latencies("pair"), 40);
    assert!(run.figure("connections") > 39.0);
    assert!(run.json["figures"]["server_kib_per_connection"].is_number());
    assert!(run.json["figures"]["server_cpu_us_per_connection_second"].is_number());
    // They have said good-bye: nobody is left behind.
    node.until_nobody_is_left();
}

#[test]
fn a_storm_is_weathered_by_all() {
    let node = Node::start(&LIFTED);
    let run = load(&["storm", "--url", &node.url(), "--users", "60"]);
    run.is_well();
    assert!(run.figure("paired") > 59.0);
    for name in ["lost", "turned_away", "unreachable", "waiting"] {
        run.is_zero(name);
    }
    assert_eq!(run.latencies("ready"), 60);
}

#[test]
fn churning_users_find_no_violation() {
    let node = Node::start(&LIFTED);
    let words = [
        "churn",
        "--users",
        "20",
        "--duration",
        "4s",
        "--think",
        "30ms",
        "--seed",
        "1",
    ];
    let run = load(&[&words[..], &["--url", &node.url()]].concat());
    run.is_well();
    assert_eq!(run.json["violations"]["total"], 0);
    for name in [
        "chats", "messages", "acked", "skips", "leaves", "drops", "resumed", "goodbyes",
    ] {
        assert!(run.figure(name) > 0.0, "{name}: {}", run.out);
    }
    node.until_nobody_is_left();
}

#[test]
fn churning_users_come_back_after_a_restart() {
    let settings = [
        &LIFTED[..],
        &[
            ("PASSERBY__SESSION__DRAIN_SPREAD", "100ms"),
            ("PASSERBY__SESSION__DRAIN_TIMEOUT", "500ms"),
        ],
    ]
    .concat();
    let node = Node::start(&settings);
    let (url, address) = (node.url(), node.address());
    let words = ["churn", "--users", "10", "--duration", "6s", "--think", "50ms"];
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| load(&[&words[..], &["--url", &url]].concat()));
        node.until_all_are_here(10);
        node.terminate();
        let again = Node::start_at(&address, &settings);
        let run = run.join().unwrap();
        drop(again);
        run
    });
    run.is_well();
    assert!(
        run.figure("connection_ended_closed_with_1012") > 0.0,
        "{}",
        run.out
    );
    // A node on its own forgets its seats when it restarts, and the users begin anew.
    assert!(run.figure("seats_lost") > 0.0, "{}", run.out);
}

#[test]
fn a_server_that_says_things_twice_is_caught() {
    let node = Node::start(&LIFTED);
    let liar = Liar::before(node.address());
    let words = ["churn", "--users", "10", "--duration", "3s", "--think", "30ms"];
    let run = load(&[&words[..], &["--url", &liar.url()]].concat());
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.errors);
    assert!(run.out.ends_with("something is wrong\n"), "{}", run.out);
    assert_eq!(run.json["sound"], false);
    let broken = &run.json["violations"]["by_rule"];
    assert!(broken["S7"].as_u64() > Some(0), "{broken}");
    assert!(broken["SEQ"].as_u64() > Some(0), "{broken}");
    // Told at once as well, with whom it concerns.
    assert!(run.errors.contains("S7 is broken: seat "), "{}", run.errors);
    assert!(run.report.contains("Something is wrong."));
}

#[test]
fn limits_meant_for_people_are_named_with_what_lifts_them() {
    let node = Node::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "4")]);
    let run = load(&["relay", "--url", &node.url(), "--users", "6"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(
        run.errors.contains("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN=0"),
        "{}",
        run.errors
    );
    let node = Node::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "1")]);
    let run = load(&["relay", "--url", &node.url(), "--users", "2", "--duration", "20s"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(
        run.errors.contains("PASSERBY__LIMITS__MESSAGES_PER_SECOND=0"),
        "{}",
        run.errors
    );
    assert!(run.out.is_empty() && run.json.is_null());
}

#[test]
fn a_storm_that_is_turned_away_is_no_success() {
    let node = Node::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "4")]);
    let run = load(&[
        "storm",
        "--url",
        &node.url(),
        "--users",
        "10",
        "--duration",
        "10s",
    ]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(
        (run.figure("turned_away") - 6.0).abs() < f64::EPSILON,
        "{}",
        run.out
    );
    assert!(run.out.contains("limits.connections_per_origin=0"), "{}", run.out);
}

#[test]
fn with_two_addresses_every_pair_is_on_both() {
    let node = Node::start(&LIFTED);
    let url = node.url();
    let words = [
        "relay",
        "--users",
        "12",
        "--duration",
        "200ms",
        "--warmup",
        "100ms",
    ];
    let run = load(&[&words[..], &["--url", &url, "--url", &url]].concat());
    run.is_well();
    assert!(
        (run.figure("pairs_across_nodes") - 6.0).abs() < f64::EPSILON,
        "{}",
        run.out
    );
}

#[test]
fn a_node_that_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let run = load(&["idle", "--url", &format!("http://{free}"), "--users", "2"]);
    assert_eq!(run.code, Some(2), "{}", run.out);
    assert!(run.errors.contains(&free.to_string()), "{}", run.errors);
}
