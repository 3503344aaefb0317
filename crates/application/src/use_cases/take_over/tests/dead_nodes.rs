//! Seats of nodes that have died.

use super::{comes_from, say, say_and_lose_the_first, sorted};
use crate::ports::{PairingStore as _, Release, TokenSerial};
use crate::testing::{Guest, Line, TestCluster, Told, Visit, run, step};
use crate::{ConnectError, Entry, MessageError};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::Seq;
use passerby_domain::notice::Replay;
use passerby_domain::time::{Millis, Moment};
use std::pin::{Pin, pin};
use std::task::Poll;

type Coming = Result<Option<Guest>, ConnectError>;

/// The number from which one who is back with a gap is told on.
fn begins_at(back: &Guest) -> u64 {
    let told = back.wire.told();
    match told.first() {
        Some(Told::Welcome {
            replay: Replay::Gap { seq, .. },
            ..
        }) => *seq,
        _ => panic!("{told:?}"),
    }
}

/// One that was told something on the first would take it for something else on the second.
#[test]
fn two_nodes_that_know_no_more_of_a_seat_than_its_position_number_their_events_apart() {
    let mut cluster = TestCluster::of(4);
    let [_alice, bob] = cluster.pair([0, 1]);
    let mut first_numbers = Vec::new();
    for dead in [1, 2] {
        cluster.kill(dead);
        cluster.pass(Millis::from_secs(6));
        let back = cluster.come_back(dead + 1, &bob, 1).unwrap();
        first_numbers.push(begins_at(&back));
    }
    assert!(
        first_numbers[0] + 1_000_000 < first_numbers[1],
        "{first_numbers:?}"
    );
}

/// Otherwise they could not name their own position at the next resume.
#[test]
fn one_who_claims_the_last_position_of_all_is_not_numbered_on_from_there() {
    let mut cluster = TestCluster::of(3);
    let [_alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(6));
    let back = cluster.come_back(2, &bob, (1 << 53) - 1).unwrap();
    let begins_at = begins_at(&back);
    assert!(begins_at < (1 << 53) - (1 << 40), "{begins_at}");
}

/// The chat that they were in last is not known any more, but whom they are kept from is.
#[test]
fn whose_node_is_dead_is_told_until_when_they_cannot_meet_whom_they_left() {
    let mut cluster = TestCluster::of(3);
    let [_alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster.pass(Millis::from_secs(1));
    cluster.kill(1);
    cluster.pass(Millis::from_secs(5));
    let back = cluster.come_back(2, &bob, 4).unwrap();
    run(cluster[2].join(&back.seat, Criteria::default())).unwrap();
    let told = back.wire.told();
    let waiting = told.iter().rev().find_map(|told| match told {
        Told::Waiting(waiting) => Some(waiting),
        _ => None,
    });
    assert!(
        waiting.is_some_and(|waiting| waiting.cooldown_until.is_some()),
        "{told:?}"
    );
}

#[test]
fn whose_node_is_dead_comes_back_with_a_gap_and_the_partner_is_told_so() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(5));
    assert_eq!(alice.hears(), ["partner_away"]);
    let back = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting, with a gap"]);
    let told = back.wire.told();
    assert!(
        matches!(&told[0], Told::Welcome { replay: Replay::Gap { seq, .. }, .. } if *seq > 1),
        "{told:?}"
    );
    assert_eq!(alice.hears(), ["partner_back"]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    say(&cluster, 2, &back, "hello", "b").unwrap();
    cluster.deliver();
    assert_eq!(sorted(alice.hears()), ["ack a", "message hello"]);
    assert_eq!(sorted(back.hears()), ["ack b", "message hello"]);
}

#[test]
fn what_a_dead_node_had_accepted_is_unconfirmed_when_it_is_sent_again() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a"]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(5));
    let back = cluster.come_back(2, &bob, 2).unwrap();
    back.hears();
    assert_eq!(
        say(&cluster, 0, &alice, "hello", "a"),
        Err(MessageError::Unconfirmed)
    );
    cluster.deliver();
    assert_eq!(back.hears(), [""; 0]);
}

#[test]
fn what_both_ends_have_forgotten_is_not_delivered_twice() {
    for nodes in [[1, 1], [1, 2]] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 0]);
        say(&cluster, 0, &alice, "hello", "a").unwrap();
        assert_eq!(bob.hears(), ["message hello"]);
        cluster.kill(0);
        cluster.pass(Millis::from_secs(5));
        // Longer after the other than any memory of it is doubted.
        let bob = cluster.come_back(nodes[1], &bob, 2).unwrap();
        cluster.pass(Millis::from_secs(3));
        let alice = cluster.come_back(nodes[0], &alice, 2).unwrap();
        let _ = say(&cluster, nodes[0], &alice, "hello", "a");
        cluster.pass(Millis::from_secs(8));
        assert!(!bob.hears().contains(&"message hello".to_owned()), "{nodes:?}");
        assert!(!alice.hears().contains(&"ack a".to_owned()));
        say(&cluster, nodes[0], &alice, "later", "b").unwrap();
        cluster.deliver();
        assert_eq!(bob.hears(), ["message later"]);
    }
}

#[test]
fn both_of_a_dead_node_find_each_other_again_wherever_they_come_back() {
    for nodes in [[1, 1], [1, 2]] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 0]);
        let chat = alice.chat();
        cluster.kill(0);
        cluster.pass(Millis::from_secs(5));
        let alice = cluster.come_back(nodes[0], &alice, 2).unwrap();
        assert_eq!(alice.hears(), ["welcome back chatting, with a gap"]);
        let bob = cluster.come_back(nodes[1], &bob, 1).unwrap();
        cluster.pass(Millis::from_secs(6));
        assert_eq!([alice.chat(), bob.chat()], [chat.clone(), chat], "{nodes:?}");
        alice.hears();
        bob.hears();
        cluster[nodes[0]]
            .message(&alice.seat, &alice.chat(), "hello", None)
            .unwrap();
        cluster[nodes[0]].flush(&alice.seat);
        cluster.deliver();
        assert_eq!(bob.hears(), ["message hello"], "{nodes:?}");
    }
}

/// Lets time pass until somebody is back.
fn comes(cluster: &mut TestCluster, mut coming: Pin<&mut impl Future<Output = Coming>>) -> Guest {
    loop {
        cluster.pass(Millis::new(250));
        if let Poll::Ready(came) = step(coming.as_mut()) {
            return came.unwrap().unwrap();
        }
    }
}

#[test]
fn both_of_a_dead_node_who_come_back_at_once_hear_each_other_at_once() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    // Nobody knows that it is dead: it is asked, and does not answer.
    cluster.stall(0);
    let chats = [1, 2].map(|node| cluster.share(node));
    let tokens = [&alice, &bob].map(|guest| guest.token().0);
    let mut alices = pin!(chats[0].come_back(&alice, &tokens[0], 2));
    let mut bobs = pin!(chats[1].come_back(&bob, &tokens[1], 1));
    // Alice's is asked for first, when Bob's is the dead node's still, and is there last.
    assert!(step(alices.as_mut()).is_pending());
    assert!(step(bobs.as_mut()).is_pending());
    let bob = comes(&mut cluster, bobs);
    let alice = comes(&mut cluster, alices);
    cluster.deliver();
    for (from, to, node) in [(&alice, &bob, 1), (&bob, &alice, 2)] {
        to.hears();
        cluster[node]
            .message(&from.seat, &from.chat(), "hello", None)
            .unwrap();
        cluster.deliver();
        assert_eq!(to.hears(), ["message hello"]);
    }
    cluster.pass(Millis::from_secs(6));
    for guest in [alice, bob] {
        assert_eq!(guest.hears(), [""; 0], "all that there is to say has been said");
    }
}

/// One had left the chat, and then both nodes died: of the one who comes back first, the store only knows that they chatted.
#[test]
fn two_who_have_lost_their_chat_do_not_meet_again_at_once() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let left = cluster[1]
        .adapters()
        .pairing
        .release(bob.seat.stamp(), Release::Rest);
    run(left).unwrap();
    for node in [0, 1] {
        cluster.kill(node);
    }
    cluster.pass(Millis::from_secs(5));
    let alice = cluster.come_back(2, &alice, 2).unwrap();
    assert_eq!(alice.hears(), ["welcome back waiting, with a gap"]);
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    run(cluster[2].join(&bob.seat, Criteria::default())).unwrap();
    assert_eq!(bob.hears(), ["welcome back idle, with a gap", "waiting"]);
}

/// Whoever leaves looks for nobody, so that no search tells the store.
#[test]
fn whom_one_who_has_left_must_not_meet_is_known_when_their_node_is_dead() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    cluster.kill(0);
    let taken = run(cluster[1].adapters().pairing.take(alice.user(), TokenSerial(1)));
    let avoided: Vec<_> = taken
        .unwrap()
        .unwrap()
        .dossier
        .avoid
        .iter()
        .map(|of| of.seat)
        .collect();
    assert_eq!(avoided, [bob.user()]);
}

/// The store had the pair before its node could tell the two.
#[test]
fn two_whose_node_died_before_it_could_tell_them_of_each_other_are_told_where_they_come_back() {
    let mut cluster = TestCluster::of(3);
    let alice = cluster.visitor(0);
    let idle = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    let bob = cluster.visit(0, idle);
    {
        let node = cluster.share(0);
        node.adapters().pairing.set(Line::AnswersHeld);
        let mut joining = pin!(node.join(&bob.seat, Criteria::default()));
        assert!(step(joining.as_mut()).is_pending());
        assert_eq!(cluster.store.chatting().len(), 2);
        cluster.kill(0);
    }
    assert_eq!([alice.chat(), bob.chat()], ["", ""], "they were told nothing");
    cluster.pass(Millis::from_secs(5));
    let alice = cluster.come_back(1, &alice, 2).unwrap();
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    for guest in [&alice, &bob] {
        assert_eq!(guest.hears()[0], "welcome back chatting, with a gap");
    }
    assert_eq!(alice.chat(), bob.chat());
    cluster.pass(Millis::from_secs(6));
    bob.hears();
    say(&cluster, 1, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["message hello"]);
}

/// The node is not even known to be dead yet.
#[test]
fn what_both_have_forgotten_with_their_node_is_not_passed_on_once_more() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    assert_eq!(bob.hears(), ["message hello"]);
    cluster.kill(0);
    let back = cluster.come_back(1, &alice, 1).unwrap();
    let bob = cluster.come_back(2, &bob, 2).unwrap();
    assert!(matches!(
        say(&cluster, 1, &back, "hello", "1"),
        Err(MessageError::Unconfirmed)
    ));
    cluster.deliver();
    let heard = bob.hears();
    assert!(!heard.contains(&"message hello".to_owned()), "{heard:?}");
}

#[test]
fn whose_partner_does_not_come_back_from_a_dead_node_is_left_alone_at_the_end_of_the_grace() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 0]);
    cluster.kill(0);
    cluster.pass(Millis::from_secs(5));
    let alice = cluster.come_back(1, &alice, 2).unwrap();
    cluster.pass(Millis::from_secs(25));
    assert_eq!(
        alice.hears(),
        [
            "welcome back chatting, with a gap",
            "chat_ended partner_disconnected",
            "waiting"
        ]
    );
}

#[test]
fn nobody_comes_for_the_seats_of_a_dead_node_and_nothing_of_them_is_left() {
    let mut cluster = TestCluster::of(3);
    let alice = cluster.visitor(1);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(10));
    assert_eq!(cluster.store.waiting(), []);
    let bob = cluster.visitor(0);
    assert_eq!(bob.hears(), ["welcome idle", "waiting"], "the dead are not met");
    cluster.pass(Millis::from_secs(30));
    assert_eq!(cluster.store.known(), [bob.user()]);
    assert!(cluster.come_back(2, &alice, 1).is_none());
}

#[test]
fn one_who_waited_on_a_dead_node_waits_on_the_next() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(1);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(5));
    let back = cluster.come_back(0, &alice, 1).unwrap();
    assert_eq!(back.hears()[0], "welcome back waiting, with a gap");
    let bob = cluster.visitor(0);
    assert_eq!(bob.chat(), back.chat());
}

#[test]
fn whose_node_died_a_moment_ago_was_away_and_is_back_for_the_partner() {
    for (node, partner) in [(2, 1), (1, 1)] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, partner]);
        cluster.kill(0);
        // Nobody has noticed.
        let alice = cluster.come_back(node, &alice, 2).unwrap();
        cluster.pass(Millis::from_secs(1));
        assert_eq!(alice.hears(), ["welcome back chatting, with a gap"]);
        assert_eq!(bob.hears(), ["partner_away", "partner_back"], "on {node}");
    }
}

/// Nobody remembers the order then.
#[test]
fn what_a_dead_node_lost_on_the_way_does_not_come_behind_what_it_did_not() {
    for node in [2, 1] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        say_and_lose_the_first(&mut cluster, &alice, &["1", "2"]);
        cluster.kill(0);
        cluster.pass(Millis::from_secs(6));
        let alice = cluster.come_back(node, &alice, 1).unwrap();
        for id in ["1", "2"] {
            let said = say(&cluster, node, &alice, id, id);
            assert_eq!(said.is_err(), node == 1 && id == "1", "{node}, {id}: {said:?}");
        }
        cluster.deliver();
        let heard = bob.hears();
        let messages = heard.iter().filter(|heard| heard.starts_with("message"));
        assert_eq!(messages.collect::<Vec<_>>(), ["message 2"], "{node}");
        let told = alice.hears();
        assert!(told.contains(&"ack 2".to_owned()), "{node}: {told:?}");
        assert_eq!(
            told.contains(&"unconfirmed 1".to_owned()),
            node == 2,
            "{node}: {told:?}"
        );
        // Once nothing is said again any more, all is as ever.
        cluster.pass(Millis::from_secs(4));
        say(&cluster, node, &alice, "3", "3").unwrap();
        cluster.deliver();
        assert!(bob.hears().contains(&"message 3".to_owned()), "{node}");
    }
}

/// Where no letter was lost, what has not come was said after what has.
#[test]
fn who_comes_back_from_a_dead_node_is_heard_at_once() {
    for node in [2, 1] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        say(&cluster, 0, &alice, "before", "1").unwrap();
        cluster.deliver();
        cluster.kill(0);
        cluster.pass(Millis::from_secs(6));
        let alice = cluster.come_back(node, &alice, 1).unwrap();
        bob.hears();
        for (text, id) in [("before", "1"), ("after", "2")] {
            say(&cluster, node, &alice, text, id).unwrap();
        }
        cluster.deliver();
        assert_eq!(bob.hears(), ["message after"], "{node}");
        let told = alice.hears();
        for ack in ["ack 1", "ack 2"] {
            assert!(told.contains(&ack.to_owned()), "{node}: {told:?}");
        }
    }
}

/// The node to which both came looked for usurpers then, and let them find each other only afterwards.
#[test]
fn what_both_ends_have_forgotten_is_not_delivered_twice_when_they_find_each_other_late() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([1, 1]);
    say(&cluster, 1, &alice, "hello", "1").unwrap();
    assert_eq!(bob.hears(), ["message hello"]);
    cluster.kill(1);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    cluster.wake_and_beat(0);
    cluster[0].tick();
    let bob = cluster.come_back(0, &bob, 2).unwrap();
    let alice = cluster.come_back(0, &alice, 2).unwrap();
    for end in [&alice, &bob] {
        cluster[0].look_for_partner(&end.seat);
    }
    let said = say(&cluster, 0, &alice, "hello", "1");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
    assert!(!bob.hears().contains(&"message hello".to_owned()));
}

/// A slow client may say again only then what had arrived before.
#[test]
fn what_may_have_come_from_a_dead_node_is_not_called_undelivered() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["message hello"]);
    cluster.kill(0);
    cluster.pass(Millis::from_secs(6));
    let alice = cluster.come_back(2, &alice, 1).unwrap();
    // Nobody is there any more to say that it came.
    cluster.kill(1);
    cluster.pass(Millis::from_secs(8));
    let said = say(&cluster, 2, &alice, "hello", "1");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
}

/// Alice, back on node 2 for so long since hers died, and Bob, who was on node 1 all the while.
fn back_from_a_dead_node(nodes: usize, since: Millis) -> (TestCluster, [Guest; 2]) {
    let mut cluster = TestCluster::of(nodes);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(0);
    cluster.pass(Millis::from_secs(6));
    let alice = cluster.come_back(2, &alice, 1).unwrap();
    cluster.pass(since);
    alice.hears();
    bob.hears();
    (cluster, [alice, bob])
}

/// Whoever refuses it now may not be the one who was told before.
#[test]
fn what_may_have_come_from_a_dead_node_is_not_called_undelivered_by_who_refuses_it_either() {
    let (mut cluster, [alice, _bob]) = back_from_a_dead_node(3, Millis::from_secs(5));
    cluster[1].adapters().delivery.set_room(0);
    say(&cluster, 2, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["unconfirmed 1"]);
}

/// It is said for the first time, which its new node cannot know, arrives, and nobody hears of that.
#[test]
fn what_has_come_is_not_called_undelivered_when_the_chat_is_over() {
    let (mut cluster, [alice, bob]) = back_from_a_dead_node(3, Millis::from_secs(5));
    let (here, there) = (cluster.incarnation(2), cluster.incarnation(1));
    say(&cluster, 2, &alice, "hello", "1").unwrap();
    while cluster.carry(here, there) {}
    assert_eq!(bob.hears(), ["message hello"]);
    cluster.office.lose(there, here);
    run(cluster[2].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.pass(Millis::from_secs(3));
    let told = alice.hears();
    assert!(told.contains(&"unconfirmed 1".to_owned()), "{told:?}");
}

/// Nor has it been sent before because it went after a partner who moved.
#[test]
fn what_went_after_a_partner_is_not_called_undelivered_when_the_chat_is_over() {
    let (mut cluster, [alice, bob]) = back_from_a_dead_node(4, Millis::from_secs(1));
    let [former, here, there] = [1, 2, 3].map(|node| cluster.incarnation(node));
    say(&cluster, 2, &alice, "hello", "1").unwrap();
    let bob = comes_from(&mut cluster, [1, 3], &bob, |_| ());
    for (from, to) in [(here, former), (former, here), (here, there)] {
        while cluster.carry(from, to) {}
    }
    assert_eq!(bob.hears().last().unwrap(), "message hello");
    cluster.office.lose_all(there, here);
    run(cluster[2].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.pass(Millis::from_secs(3));
    let told = alice.hears();
    assert!(told.contains(&"unconfirmed 1".to_owned()), "{told:?}");
}

/// Its node was given it, and nobody there knows.
#[test]
fn a_seat_whose_taking_was_not_heard_of_is_gone_when_nobody_comes_for_it() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(1));
    cluster[2].adapters().pairing.set(Line::AnswersLost);
    let came = run(cluster[2].take_over(bob.user(), TokenSerial(1), Seq::new(2), Moment::ORIGIN));
    assert!(came.is_err());
    cluster[2].adapters().pairing.set(Line::Good);
    assert!(cluster.store.known().contains(&bob.user()));
    cluster.pass(Millis::from_secs(40));
    assert_eq!(cluster.store.known(), [alice.user()]);
}
