//! Letters arrive: in order, together, and only if there is somebody to read them.

use crate::stage::{Event, Node, Plan, two_nodes};
use passerby_application::ports::Unsent;
use passerby_domain::id::Incarnation;
use passerby_redis::{Inbox, PostOptions};
use passerby_tests::redis::{Cluster, Keeps, Standalone};
use passerby_tests::{PATIENCE, until};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread")]
async fn letters_arrive_in_the_order_in_which_they_were_sent_and_many_together() {
    let (_server, here, there) = two_nodes().await;
    here.send_all(there.own(), 0..20_000).await;
    there
        .mailbox
        .until("all arrive, and the end of the last batch", |mailbox| {
            mailbox.numbers().len() >= 20_000 && mailbox.events().back() == Some(&Event::EndOfBatch)
        })
        .await;
    assert!(there.mailbox.numbers().into_iter().eq(0..20_000));
    assert_eq!(there.mailbox.gaps(), 0);
    let (sent, came) = (here.post.counts(), there.post.counts());
    assert_eq!((sent.letters_sent, came.letters_received), (20_000, 20_000));
    assert_eq!(sent.batches_sent, came.batches_received);
    assert!(sent.batches_sent < 10_000, "{sent:?}");
    let events = there.mailbox.events();
    let ends = events.iter().filter(|event| **event == Event::EndOfBatch).count() as u64;
    assert!(ends <= came.batches_received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_letter_does_not_wait_for_others() {
    let (_server, here, there) = two_nodes().await;
    for number in 0..200 {
        here.send(there.own(), number, "hello").unwrap();
        there
            .mailbox
            .until("it arrives", |mailbox| mailbox.numbers().last() == Some(&number))
            .await;
    }
    assert_eq!(there.post.counts().batches_received, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_message_arrives_with_the_next_letter_or_by_itself() {
    let (_server, here, there) = two_nodes().await;
    for number in 0..10 {
        here.send_receipt(there.own(), number).unwrap();
    }
    here.send(there.own(), 10, "hello").unwrap();
    here.post.settled().await;
    assert_eq!(here.post.counts().letters_sent, 11);
    here.send_receipt(there.own(), 11).unwrap();
    there
        .mailbox
        .until("all arrive", |mailbox| mailbox.numbers().into_iter().eq(0..12))
        .await;
}

async fn everybody_writes_to_everybody(nodes: &[Node]) {
    for round in 0..500 {
        for from in nodes {
            for to in nodes.iter().filter(|to| to.own() != from.own()) {
                from.send(to.own(), round, "hello").expect("there is room");
            }
        }
        sleep(Duration::from_micros(200)).await;
    }
    for node in nodes {
        let expected = 500 * (nodes.len() - 1);
        node.mailbox
            .until("all arrive", |mailbox| mailbox.numbers().len() >= expected)
            .await;
        let mut last = HashMap::new();
        for event in node.mailbox.events().iter() {
            match event {
                Event::Letter { from, number, text } => {
                    assert_eq!(last.insert(*from, *number).map_or(0, |last| last + 1), *number);
                    assert_eq!(text, "hello");
                }
                Event::EndOfBatch => {}
                Event::Gap { from } => panic!("{from} left a hole"),
            }
        }
        assert_eq!(last.len(), nodes.len() - 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_write_to_everybody_at_once() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan::at(server.address());
    let nodes = [
        Node::start(&plan).await,
        Node::start(&plan).await,
        Node::start(&plan).await,
    ];
    everybody_writes_to_everybody(&nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_everybody_can_write_to_everybody_and_inboxes_spread() {
    let cluster = Cluster::start(0).await;
    let plan = Plan::in_cluster(&cluster);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(Node::start(&plan).await);
    }
    everybody_writes_to_everybody(&nodes).await;
    let mut owners = Vec::new();
    for node in &nodes {
        owners.push(cluster.owner_of(cluster.slot_of(&node.inbox()).await).await);
    }
    owners.sort_unstable();
    owners.dedup();
    assert!(owners.len() > 1, "{owners:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_to_the_dead_is_told_so() {
    let server = Standalone::start(Keeps::Nothing).await;
    let node = Node::start(&Plan::at(server.address())).await;
    let nobody = Incarnation::from_bits(0xdead);
    // The first letter finds out.
    until("it is told", PATIENCE, async || {
        node.send(nobody, 1, "hello") == Err(Unsent::Gone)
    })
    .await;
    assert_eq!(node.post.counts().batches_sent, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_was_closed_takes_nothing_until_it_is_opened_again() {
    let (_server, here, mut there) = two_nodes().await;
    here.gets_through(&there, 0).await;
    there.stop_beating();
    there.post.close_inbox().await.unwrap();
    until("it is told", PATIENCE, async || {
        here.send(there.own(), 1, "hello") == Err(Unsent::Gone)
    })
    .await;
    assert_eq!(there.post.keep_inbox().await.unwrap(), Inbox::Made);
    assert_eq!(there.post.keep_inbox().await.unwrap(), Inbox::Kept);
    here.gets_through(&there, 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_is_not_looked_after_goes_by_itself() {
    let server = Standalone::start(Keeps::Nothing).await;
    let node = Node::start(&Plan::at(server.address())).await;
    let left: u64 = server
        .cli()
        .ask(&["PTTL", &node.inbox()])
        .await
        .trim()
        .parse()
        .unwrap();
    assert!((1..=15_000).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_takes_no_more_and_loses_nothing_of_what_it_holds() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan {
        options: PostOptions {
            inbox_batches: 200,
            ..PostOptions::default()
        },
        ..Plan::at(server.address())
    };
    let (here, there) = (Node::start(&plan).await, Node::start_without_reading(&plan).await);
    let filled = async {
        let mut number = 0;
        while here.send(there.own(), number, "hello") != Err(Unsent::Full) {
            number += 1;
            // One batch each.
            here.post.settled().await;
        }
    };
    timeout(PATIENCE * 2, filled).await.expect("it is full");
    let held: u64 = server
        .cli()
        .ask(&["XLEN", &there.inbox()])
        .await
        .trim()
        .parse()
        .unwrap();
    assert_eq!(held, here.post.counts().batches_sent);
    assert!((200..=264).contains(&held), "{held}");
    assert!(here.post.counts().refused_full > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_full_by_bytes_as_well() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan {
        options: PostOptions {
            inbox_bytes: 3_000_000,
            ..PostOptions::default()
        },
        ..Plan::at(server.address())
    };
    let (here, there) = (Node::start(&plan).await, Node::start_without_reading(&plan).await);
    let long = "x".repeat(300_000);
    let filled = async {
        let mut number = 0;
        while here.send(there.own(), number, &long) != Err(Unsent::Full) {
            number += 1;
            here.post.settled().await;
        }
    };
    timeout(PATIENCE * 2, filled).await.expect("it is full");
    let held: u64 = server
        .cli()
        .ask(&["XLEN", &there.inbox()])
        .await
        .trim()
        .parse()
        .unwrap();
    assert!((10..=16).contains(&held), "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_does_not_stay_in_redis() {
    let (server, here, there) = two_nodes().await;
    for number in 0..1_000 {
        here.send(there.own(), number, "hello").unwrap();
        here.post.settled().await;
    }
    there
        .mailbox
        .until("all arrive", |mailbox| mailbox.numbers().len() == 1_000)
        .await;
    let held: u64 = server
        .cli()
        .ask(&["XLEN", &there.inbox()])
        .await
        .trim()
        .parse()
        .unwrap();
    assert!(held < 500, "{held}");
    server
        .cli()
        .until("all is removed", PATIENCE, async || {
            server.cli().ask(&["XLEN", &there.inbox()]).await.trim() == "0"
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_once_the_post_is_settled() {
    let (_server, here, there) = two_nodes().await;
    for number in 0..1_000 {
        here.send(there.own(), number, "hello").unwrap();
    }
    here.post.settled().await;
    assert_eq!(here.post.counts().letters_sent, 1_000);
}
