//! Seats that come where their new node, or the store, has heard less of them than others have.

use super::{comes_from, online, say};
use crate::ConnectError;
use crate::ports::{Fact, Farewell, TokenSerial};
use crate::testing::{TestCluster, run, step};
use passerby_domain::id::Seq;
use passerby_domain::notice::EndReason;
use passerby_domain::time::{Millis, Moment};
use std::task::Poll;

/// The letter that says so comes to the former owner when the seat has gone.
#[test]
fn a_chat_that_has_begun_while_a_seat_was_elsewhere_is_where_it_comes() {
    let mut cluster = TestCluster::of(3);
    let alice = cluster.visitor(0);
    let bob = run(cluster[1].visitor());
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    cluster.carry(nodes[1], nodes[0]);
    cluster.work();
    assert_eq!(cluster.store.chatting().len(), 2);
    let back = comes_from(&mut cluster, [1, 2], &bob, |_| ());
    assert_eq!(back.hears(), ["welcome back chatting", "matched"]);
    assert_eq!(back.chat(), alice.chat());
    say(&cluster, 2, &back, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears().last().map(String::as_str), Some("message hello"));
    assert_eq!(back.hears(), ["ack 1"]);
}

/// It waited for its turn meanwhile.
#[test]
fn one_who_comes_with_a_token_that_was_spent_a_moment_ago_disturbs_nobody() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    let (chat, token) = (cluster.share(1), alice.token().0);
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    let mut first = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    let mut second = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    assert!(step(first.as_mut()).is_pending());
    assert!(step(second.as_mut()).is_pending());
    cluster.carry(nodes[1], nodes[0]);
    cluster.carry(nodes[0], nodes[1]);
    let Poll::Ready(first) = step(first.as_mut()) else {
        panic!("it has all it needs");
    };
    let first = first.unwrap().unwrap();
    chat.heard(&first.seat, first.connection);
    assert!(cluster.finish(second).unwrap().is_none());
    assert_eq!(first.farewell(), None);
    assert_eq!(online(&cluster), 1);
}

/// The node that had the seat thought that another had it, and keeps only what is left of it.
#[test]
fn a_dead_token_takes_nothing_of_what_is_left_of_a_seat() {
    let mut cluster = TestCluster::of(3);
    let [_alice, bob] = cluster.pair([0, 1]);
    let unheard = cluster.come_back(1, &bob, 1).unwrap();
    let back = cluster.come_back(1, &bob, 1).unwrap();
    cluster[1].lose_user(bob.user());
    assert!(cluster.come_back(2, &unheard, 1).is_none());
    // For longer than it is kept where it was.
    cluster.pass(Millis::from_secs(6));
    let back = cluster.come_back(2, &back, 1).unwrap();
    assert_eq!(
        back.hears()[0],
        "welcome back chatting",
        "it is held for its user"
    );
}

#[test]
fn what_is_left_of_a_seat_is_there_for_one_who_comes_back_to_the_same_node() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    cluster[1].lose_user(bob.user());
    let back = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting", "message hello"]);
}

/// Nor has the store, which has failed over.
#[test]
fn one_who_comes_back_to_where_they_were_before_misses_nothing_though_the_store_has_not_heard_that_they_left()
{
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let before = cluster.store.back_up();
    let there = cluster.come_back(2, &bob, 1).unwrap();
    cluster.deliver();
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    cluster.store.restore(before);
    cluster.clock.advance(Millis::new(200));
    let back = cluster.come_back(1, &there, 1).unwrap();
    assert_eq!(
        back.hears(),
        ["welcome back chatting", "message hello"],
        "without a gap"
    );
    assert_eq!(there.farewell(), Some(Farewell::Replaced));
    assert_eq!(online(&cluster), 2);
}

/// Their connection may break before it is welcomed.
#[test]
fn a_seat_that_was_taken_from_a_dead_node_is_held_until_the_grace_is_over() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(6));
    let taken = run(cluster[0].take_over(bob.user(), TokenSerial(1), Seq::new(2), Moment::ORIGIN));
    assert!(taken.unwrap().is_some());
    cluster.pass(Millis::from_secs(19));
    assert_eq!(alice.hears(), ["partner_away"]);
    cluster.pass(Millis::from_secs(2));
    assert_eq!(alice.hears(), ["chat_ended partner_disconnected", "waiting"]);
}

/// It has lost everything, and hears of the one before it hears of the other.
#[test]
fn one_whose_partner_the_store_has_not_heard_of_yet_is_asked_to_come_again() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.cut(0);
    cluster.store.forget_all();
    cluster.pass(Millis::from_secs(1));
    cluster.kill(1);
    let (chat, token) = (cluster.share(2), bob.token().0);
    let coming = Box::pin(async { chat.come_back(&bob, &token, 2).await });
    let refused = cluster.finish(coming);
    assert!(
        matches!(refused, Err(ConnectError::Store(_))),
        "{:?}",
        refused.is_ok()
    );
    cluster.mend(0);
    cluster.pass(Millis::from_secs(5));
    let back = cluster.come_back(2, &bob, 2).unwrap();
    assert_eq!(back.hears()[0], "welcome back chatting, with a gap");
    assert_eq!(back.chat(), alice.chat());
}

/// The node that one of them came to first has nothing to hand over but that nobody remembers anything.
#[test]
fn what_both_ends_have_forgotten_is_not_delivered_twice_when_one_moves_on() {
    for who in ["the one who heard it", "the one who said it"] {
        let mut cluster = TestCluster::of(4);
        let [alice, bob] = cluster.pair([0, 0]);
        say(&cluster, 0, &alice, "hello", "a").unwrap();
        assert_eq!(bob.hears(), ["message hello"]);
        cluster.kill(0);
        cluster.pass(Millis::from_secs(5));
        let mut bob = cluster.come_back(1, &bob, 2).unwrap();
        let mut alice = cluster.come_back(2, &alice, 2).unwrap();
        if who == "the one who heard it" {
            bob = cluster.come_back(3, &bob, 2).unwrap();
        } else {
            alice = cluster.come_back(3, &alice, 2).unwrap();
        }
        let node = if who == "the one who heard it" { 2 } else { 3 };
        let _ = say(&cluster, node, &alice, "hello", "a");
        cluster.pass(Millis::from_secs(8));
        let heard = bob.hears();
        assert!(!heard.contains(&"message hello".to_owned()), "{who}: {heard:?}");
        assert!(!alice.hears().contains(&"ack a".to_owned()), "{who}");
    }
}

#[test]
fn a_chat_that_is_lost_with_the_nodes_of_both_is_counted() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let left = crate::ports::Release::Rest;
    let pairing = &cluster[1].adapters().pairing;
    run(crate::ports::PairingStore::release(
        pairing,
        bob.seat.stamp(),
        left,
    ))
    .unwrap();
    for node in [0, 1] {
        cluster.kill(node);
    }
    cluster.pass(Millis::from_secs(5));
    cluster.come_back(2, &alice, 2).unwrap();
    assert_eq!(cluster[2].facts.count(Fact::ChatEnded(EndReason::Lost)), 1);
}
