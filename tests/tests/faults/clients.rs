//! Rows F15 to F17: clients that vanish, do not read, or do not finish what they began.

use std::time::{Duration, Instant};

use passerby_tests::proxy::{Mode, Proxy};
use passerby_tests::{Client, Connect, Nodes, RawSocket, Target, pair_across};
use serde_json::json;

use crate::report::{self, seconds};
use crate::scene::within;

const TALKATIVE: (&str, &str) = ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0");

/// A user who comes by a network of their own, and one on another node who meets them.
async fn pair_by_proxy(nodes: &Nodes) -> (Proxy, Client, Client) {
    let proxy = Proxy::to(nodes[0].http(), 0).await;
    let door = Target {
        address: proxy.address(),
        secrets: nodes[0].door().secrets.clone(),
    };
    let mut ann = Connect::at(&door).open().await;
    ann.expect("waiting").await;
    let mut ben = Client::connect(nodes[1].server(), "").await;
    ben.meet().await;
    ann.meet().await;
    (proxy, ann, ben)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make test-faults"]
async fn f15_a_client_vanishes_without_a_word() {
    let nodes = Nodes::start(2, &[]).await;
    let (proxy, _ann, mut ben) = pair_by_proxy(&nodes).await;
    proxy.set(Mode::Blackhole).await;
    let begun = Instant::now();
    // A client gives up long before; the partner need not do anything.
    let mut told = None;
    while told.is_none() && begun.elapsed() < within(Duration::from_secs(26)) {
        if let Some(event) = ben.next(Duration::from_secs(1)).await {
            assert_eq!(event.kind(), "partner_away", "{}", event.body);
            told = Some(event.at - begun);
        }
    }
    let told = told.expect("the partner is told in time");
    // The grace, and a second.
    let ended = ben
        .next(within(Duration::from_secs(21)))
        .await
        .expect("the partner is given up");
    assert_eq!(
        (ended.kind(), ended.text("reason")),
        ("chat_ended", "partner_disconnected")
    );
    let gone = begun.elapsed();
    assert!(gone < within(Duration::from_secs(47)), "gone after {gone:?}");
    let figures = format!(
        "partner told after {}, gone after {}",
        seconds(told),
        seconds(gone)
    );
    report::row("F15", "a client vanishes without a word", &figures);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f16_a_client_reads_a_hundred_bytes_a_second() {
    let nodes = Nodes::start(2, &[TALKATIVE]).await;
    let before = nodes[0].server().resident_kib();
    let (proxy, mut ann, mut ben) = pair_by_proxy(&nodes).await;
    proxy.set(Mode::Rate(100)).await;
    let begun = Instant::now();
    let text = "x".repeat(1900);
    let (mut acks, mut refusals, mut number) = (0, 0, 0);
    // Until the node has cut the slow reader off, which the partner sees.
    let cut = 'cut: loop {
        for _ in 0..20 {
            ben.say(&number.to_string(), &text);
            number += 1;
        }
        while let Some(event) = ben.next(Duration::from_millis(50)).await {
            match event.kind() {
                "ack" => acks += 1,
                "error" => refusals += 1,
                "partner_away" => break 'cut begun.elapsed(),
                kind => panic!("{kind}: {}", event.body),
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the slow reader stays");
    };
    let grown = nodes[0].server().peak_resident_kib().saturating_sub(before);
    // The cut reaches a reader this slow hours later, so the network is cut as well.
    proxy.set(Mode::Reset).await;
    let code = ann.ending().await;
    assert!([None, Some(4010)].contains(&code), "{code:?}");
    let figures = format!(
        "{acks} messages acknowledged and {refusals} refused before the cut after {}; the node grew by {grown} KiB at most",
        seconds(cut)
    );
    report::row("F16", "a client reads 100 bytes a second", &figures);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f17_thousands_of_handshakes_are_never_finished() {
    const SOCKETS: usize = 5000;
    let nodes = Nodes::start(2, &[]).await;
    let address = nodes[0].http();
    let begun = Instant::now();
    let sockets: Vec<_> = (0..SOCKETS)
        .map(|number| {
            tokio::spawn(async move {
                let mut socket = RawSocket::connect(address).await;
                if number % 2 == 0 {
                    socket.send(b"GET /ws HTTP/1.1\r\nHost: half").await;
                }
                let opened = Instant::now();
                socket.end(Duration::from_secs(60)).await;
                opened.elapsed()
            })
        })
        .collect();
    let met = Instant::now();
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let met = met.elapsed();
    let mut longest = Duration::ZERO;
    for socket in sockets {
        longest = longest.max(socket.await.expect("it ends"));
    }
    ann.say("a", "hello");
    ben.expect("message").await;
    assert!(
        longest < within(Duration::from_millis(5500)),
        "open for {longest:?}"
    );
    assert!(
        met < within(Duration::from_secs(1)),
        "a new pair met after {met:?}"
    );
    let figures = format!(
        "{SOCKETS} sockets, each closed within {}, all after {}; two new users met after {}",
        seconds(longest),
        seconds(begun.elapsed()),
        seconds(met)
    );
    ann.send(json!({"type": "ping"}));
    report::row("F17", "5,000 handshakes that are never finished", &figures);
}
