//! What everybody on the operators' network may ask: probes and metrics.

use crate::state::Readiness;
use crate::testing::{Sent, node};

#[tokio::test]
async fn a_living_process_says_so_whatever_its_state() {
    let node = node().start().await;
    for readiness in [
        Readiness::Starting,
        Readiness::Ready,
        Readiness::Draining,
        Readiness::CutOff,
    ] {
        *node.readiness.lock().unwrap() = readiness;
        let reply = Sent::anonymous("GET", "/healthz").to(&node).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "ok\n"));
    }
}

#[tokio::test]
async fn only_a_ready_node_is_ready() {
    let node = node().start().await;
    let reply = Sent::anonymous("GET", "/readyz").to(&node).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "ready\n"));
    for readiness in [Readiness::Starting, Readiness::Draining, Readiness::CutOff] {
        *node.readiness.lock().unwrap() = readiness;
        Sent::anonymous("GET", "/readyz")
            .to(&node)
            .await
            .assert_problem(503);
    }
}

#[tokio::test]
async fn a_probe_that_asks_for_the_head_alone_gets_no_body() {
    let node = node().start().await;
    let reply = Sent::anonymous("HEAD", "/healthz").to(&node).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("content-length"), Some("3"));
}

#[tokio::test]
async fn the_metrics_tell_who_is_here_and_what_happened() {
    let node = node().start().await;
    let _pair = [node.visitor(1).await, node.visitor(2).await];
    let _alone = node.visitor(3).await;
    let reply = Sent::anonymous("GET", "/metrics").to(&node).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for line in [
        "passerby_node_info{node=\"node-1\",version=\"1.2.3\"} 1",
        "passerby_seats{state=\"idle\"} 0",
        "passerby_seats{state=\"waiting\"} 1",
        "passerby_seats{state=\"chatting\"} 2",
        "passerby_seats_connected_total 3",
        "passerby_pairing_wait_seconds_count 1",
    ] {
        assert!(reply.body.lines().any(|told| told == line), "{line}");
    }
}
