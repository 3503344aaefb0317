//! Rows F23 and F24: the one connection by which a node hears from the others breaks, or goes deaf.

use std::time::{Duration, Instant};

use passerby_tests::proxy::Mode;
use passerby_tests::redis::Cli;
use passerby_tests::{Client, Nodes, pair_across};

use crate::report::{self, ended, refused, seconds};
use crate::scene::{Scene, within};

/// Connections to Redis on which a node waits to hear from others: a blocked read, or a subscription.
async fn listening(cli: &Cli) -> Vec<(String, u16)> {
    let clients = cli.ask(&["CLIENT", "LIST"]).await;
    let field = |line: &str, name: &str| {
        let mut words = line.split(' ');
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let is_listening = |line: &&str| {
        let command = field(line, "cmd").unwrap_or_default();
        let subscribed = ["sub", "psub", "ssub"]
            .iter()
            .any(|name| field(line, name).is_some_and(|count| count != "0"));
        subscribed || ["xread", "xreadgroup", "blpop", "brpop", "blmove"].contains(&command.as_str())
    };
    clients
        .lines()
        .filter(is_listening)
        .filter_map(|line| {
            let port = field(line, "addr")?.rsplit_once(':')?.1.parse().ok()?;
            Some((field(line, "id")?, port))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_the_connection_that_hears_from_others_is_killed_again_and_again() {
    let mut scene = Scene::begin("F23", "the listening connections of all nodes killed, 10 times").await;
    let cli = scene.nodes.redis().cli().clone();
    scene.breaks();
    let mut killed = 0;
    for _ in 0..10 {
        for (id, _) in listening(&cli).await {
            // It may have gone by itself meanwhile.
            killed += usize::from(cli.text(&["CLIENT", "KILL", "ID", &id]).await.is_ok());
        }
        scene.live(1).await;
    }
    assert!(killed >= 10, "only {killed} connections were killed");
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "{killed} connections killed; {} refused, chats lost: {}",
        refused(&outcome.happened, "partner_unreachable"),
        ended(&outcome.happened, "lost")
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f24_the_connection_that_hears_from_others_goes_deaf() {
    let mut scene = Scene::begin("F24", "the listening connection of one node goes deaf").await;
    let cli = scene.nodes.redis().cli().clone();
    let links = scene.nodes[0].store().links();
    let ports: Vec<_> = listening(&cli)
        .await
        .into_iter()
        .map(|(_, port)| port)
        .filter(|port| links.contains(port))
        .collect();
    assert!(!ports.is_empty(), "the node listens on none of {links:?}");
    scene.breaks();
    for &port in &ports {
        scene.nodes[0].store().set_link(port, &Mode::Blackhole);
    }
    scene.live(10).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "{} connections deaf; {} refused, chats lost: {}",
        ports.len(),
        refused(&outcome.happened, "partner_unreachable"),
        ended(&outcome.happened, "lost")
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f24_a_deaf_connection_is_found_and_replaced() {
    let mut nodes = Nodes::start(2, &[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let cli = nodes.redis().cli().clone();
    let links = nodes[1].store().links();
    let begun = Instant::now();
    for (_, port) in listening(&cli).await {
        if links.contains(&port) {
            nodes[1].store().set_link(port, &Mode::Blackhole);
        }
    }
    let mut unanswered = 0;
    let deaf = loop {
        ann.say(&format!("{unanswered}"), "hello");
        let answer = ann.answer().await;
        if answer.kind() == "ack" {
            break begun.elapsed();
        }
        unanswered += 1;
    };
    assert!(deaf < within(Duration::from_secs(10)), "deaf for {deaf:?}");
    // What was received is what was acknowledged, and perhaps what nobody knew of.
    let received = received_by(&mut ben).await;
    assert!(
        received > 0 && received <= unanswered + 1,
        "{received} of {unanswered}"
    );
    let figures = format!(
        "deaf for {}, {unanswered} messages refused or unconfirmed",
        seconds(deaf)
    );
    report::row("F24", "a deaf connection beside one chat", &figures);
}

async fn received_by(client: &mut Client) -> usize {
    let mut received = 0;
    while let Some(event) = client.next(Duration::from_millis(500)).await {
        received += usize::from(event.kind() == "message");
    }
    received
}
