//! What Redis and the network do to letters.

use crate::stage::{Event, Node, Plan, two_nodes};
use passerby_application::ports::Unsent;
use passerby_tests::proxy::{Mode, Proxy};
use passerby_tests::redis::{Cluster, Keeps, Standalone};
use passerby_tests::{PATIENCE, until};
use std::time::{Duration, Instant};
use tokio::time::sleep;

fn assert_in_order_and_once(node: &Node) {
    let numbers = node.mailbox.numbers();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_redis_comes_back_empty_letters_go_both_ways_again() {
    let (mut server, here, there) = two_nodes().await;
    here.gets_through(&there, 0).await;
    there.gets_through(&here, 0).await;
    server.process().kill();
    until("letters are refused while Redis is away", PATIENCE, async || {
        here.send(there.own(), 1_000, "hello") == Err(Unsent::Cut)
    })
    .await;
    server.again().await;
    here.gets_through(&there, 10_000).await;
    there.gets_through(&here, 10_000).await;
    assert_in_order_and_once(&here);
    assert_in_order_and_once(&there);
    assert!(there.post.counts().inboxes_made >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_redis_forgets_everything_letters_go_on() {
    let (server, here, there) = two_nodes().await;
    for round in 1..=3 {
        here.gets_through(&there, round * 1_000).await;
        server.cli().ask(&["FLUSHALL"]).await;
        server.cli().ask(&["SCRIPT", "FLUSH"]).await;
    }
    here.gets_through(&there, 10_000).await;
    assert_in_order_and_once(&there);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_a_frozen_redis_held_up_for_too_long_never_arrives() {
    let (mut server, here, there) = two_nodes().await;
    here.gets_through(&there, 0).await;
    here.post.settled().await;
    server.process().freeze();
    here.send(there.own(), 500, "too late").unwrap();
    sleep(Duration::from_secs(3)).await;
    server.process().thaw();
    here.gets_through(&there, 1_000).await;
    assert!(!there.mailbox.numbers().contains(&500));
    assert_in_order_and_once(&there);
    there
        .mailbox
        .until("the hole is noticed", |mailbox| mailbox.gaps() > 0)
        .await;
    assert_eq!(here.post.counts().letters_lost, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_survives_that_redis_hangs_for_a_moment() {
    let (mut server, here, there) = two_nodes().await;
    here.gets_through(&there, 0).await;
    here.post.settled().await;
    server.process().freeze();
    for number in 500..510 {
        here.send(there.own(), number, "hello").unwrap();
    }
    // Longer than an answer is waited for, so that the batch is sent again.
    sleep(Duration::from_millis(800)).await;
    server.process().thaw();
    there
        .mailbox
        .until("all arrive", |mailbox| {
            mailbox.numbers().iter().filter(|number| **number >= 500).count() == 10
        })
        .await;
    assert_in_order_and_once(&there);
}

/// For how long a letter is tried, but for the pause between two tries.
const TRIED: Duration = Duration::from_millis(1_900);

#[tokio::test(flavor = "multi_thread")]
async fn letters_survive_that_connections_are_killed() {
    let (server, here, there) = two_nodes().await;
    let mut taken = Vec::new();
    for number in 0..3_000 {
        if here.send(there.own(), number, "hello").is_ok() {
            taken.push((number, Instant::now()));
        }
        if number % 500 == 250 {
            server.cli().ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
        }
        sleep(Duration::from_micros(300)).await;
    }
    here.gets_through(&there, 10_000).await;
    assert_in_order_and_once(&there);
    let arrivals = there.mailbox.arrivals();
    for (number, sent) in taken {
        let next = arrivals.iter().find(|arrival| arrival.number >= number);
        let next = next.expect("the last one arrived");
        // On a machine that is busy enough even a new connection takes too long.
        let tried = next.at.saturating_duration_since(sent);
        assert!(
            next.number == number || tried >= TRIED,
            "{number} was lost after {tried:?}"
        );
    }
    assert!(there.post.counts().relinks >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_hears_nothing_notices_and_hears_again() {
    let server = Standalone::start(Keeps::Nothing).await;
    let proxy = Proxy::to(server.address(), 1).await;
    let here = Node::start(&Plan::at(server.address())).await;
    let there = Node::start(&Plan::at(proxy.address())).await;
    here.gets_through(&there, 0).await;
    let reading = server.cli().ask(&["CLIENT", "LIST", "TYPE", "normal"]).await;
    let reading = reading
        .lines()
        .filter(|line| line.contains("cmd=xread"))
        .filter_map(|line| {
            line.split_once("addr=127.0.0.1:")?
                .1
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .filter(|port| proxy.links().contains(port))
        .collect::<Vec<u16>>();
    assert_eq!(reading.len(), 1, "one connection reads");
    assert!(proxy.set_link(reading[0], &Mode::Deaf(passerby_tests::proxy::Way::Down)));
    let before = there.post.counts().relinks;
    here.gets_through(&there, 1_000).await;
    assert_eq!(there.post.counts().relinks, before + 1);
    assert_in_order_and_once(&there);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_way_is_cut_letters_are_refused_and_later_go_on() {
    let server = Standalone::start(Keeps::Nothing).await;
    let proxy = Proxy::to(server.address(), 1).await;
    let here = Node::start(&Plan::at(proxy.address())).await;
    let there = Node::start(&Plan::at(server.address())).await;
    here.gets_through(&there, 0).await;
    proxy.set(Mode::Blackhole).await;
    until("letters are refused", PATIENCE, async || {
        here.send(there.own(), 500, "hello") == Err(Unsent::Cut)
    })
    .await;
    proxy.set(Mode::Pass).await;
    here.gets_through(&there, 1_000).await;
    assert_in_order_and_once_or_again(&there);
}

/// A letter that was tried until one was refused has the same number each time.
fn assert_in_order_and_once_or_again(node: &Node) {
    let numbers = node.mailbox.numbers();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_away_for_long_reads_nothing_of_the_past() {
    let server = Standalone::start(Keeps::Nothing).await;
    let proxy = Proxy::to(server.address(), 1).await;
    let here = Node::start(&Plan::at(server.address())).await;
    let there = Node::start(&Plan::at(proxy.address())).await;
    here.gets_through(&there, 0).await;
    proxy.set(Mode::Refuse).await;
    sleep(Duration::from_millis(500)).await;
    there.mailbox.events().clear();
    here.send(there.own(), 500, "of the past").unwrap();
    sleep(Duration::from_millis(2_500)).await;
    proxy.set(Mode::Pass).await;
    here.gets_through(&there, 1_000).await;
    assert!(!there.mailbox.numbers().contains(&500));
    let late = |event: &Event| matches!(event, Event::Gap { from } if *from == here.own());
    assert!(there.mailbox.events().iter().any(late));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_letters_go_on_while_an_inbox_moves() {
    let cluster = Cluster::start(0).await;
    let plan = Plan::in_cluster(&cluster);
    let (here, there) = (Node::start(&plan).await, Node::start(&plan).await);
    here.gets_through(&there, 0).await;
    let slot = cluster.slot_of(&there.inbox()).await;
    let owner = cluster.owner_of(slot).await;
    let primaries = cluster.primaries().await;
    let other = *primaries
        .iter()
        .find(|address| **address != owner)
        .expect("another primary");
    cluster.move_slot(slot, other, Duration::ZERO).await;
    here.gets_through(&there, 1_000).await;
    here.post.settled().await;
    here.gets_through(&there, 2_000).await;
    assert_in_order_and_once(&there);
}
