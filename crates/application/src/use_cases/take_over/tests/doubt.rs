//! Nodes that cannot know whether their seats are theirs still.

use super::{moved, say};
use crate::ports::{Assertion, Attendance, Farewell, Letter, PairingStore as _, Recollection, TokenSerial};
use crate::testing::{Chore, Guest, Line, TestCluster, Told, run, step};
use crate::{ConnectError, MessageError};
use passerby_domain::id::Seq;
use passerby_domain::notice::Replay;
use passerby_domain::time::{Millis, Moment};
use std::pin::pin;
use std::task::Poll;

/// A node may seem silent to another that has not heard the latest of it.
#[test]
fn an_owner_that_has_spoken_again_is_asked_for_what_it_has() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(1);
    cluster.pass(Millis::new(3_500));
    cluster.wake(1);
    cluster.begin(1, Chore::Beat);
    cluster.deliver();
    alice.hears();
    say(&cluster, 0, &alice, "still there?", "1").ok();
    let back = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(back.hears()[0], "welcome back chatting", "without a gap");
}

/// What such a node keeps for them may never reach them, and it cannot tell.
#[test]
fn a_node_that_is_cut_off_confirms_no_message_to_one_who_may_be_elsewhere() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.cut(0);
    cluster.pass(Millis::from_secs(1));
    say(&cluster, 0, &alice, "one", "1").unwrap();
    run(cluster[0].drop_line(&bob));
    cluster.pass(Millis::from_secs(1));
    alice.hears();
    let said = say(&cluster, 0, &alice, "two", "2");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
    // They came back to this node all the same.
    let back = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(
        back.hears(),
        ["welcome back chatting", "message one", "message two"]
    );
    say(&cluster, 0, &alice, "two", "2").unwrap();
    assert_eq!(alice.hears(), ["partner_back", "ack 2"]);
    assert_eq!(back.hears(), [""; 0], "it is not told twice");
}

#[test]
fn a_node_that_has_just_woken_confirms_no_message_to_one_who_may_be_elsewhere() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    let [ann, ben] = cluster.pair([0, 1]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    cluster.wake_and_beat(0);
    for guest in [&alice, &bob, &ann] {
        run(cluster[0].drop_line(guest));
    }
    let alice = cluster.come_back(0, &alice, 1).unwrap();
    let said = say(&cluster, 0, &alice, "one", "1");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
    // Nor does it to one on another node.
    ben.hears();
    say(&cluster, 1, &ben, "two", "2").ok();
    cluster.deliver();
    assert!(ben.hears().iter().all(|heard| heard != "ack 2"));
    // All is well when notes are compared.
    cluster.pass(Millis::from_secs(3));
    alice.hears();
    say(&cluster, 0, &alice, "three", "3").unwrap();
    assert_eq!(alice.hears(), ["ack 3"]);
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    assert!(bob.hears().ends_with(&["message three".to_owned()]));
}

/// Their seats may be others' by then, or become others' a moment later.
#[test]
fn a_node_that_has_just_woken_takes_nobody_back_before_it_has_a_lease_again() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let there = cluster.come_back(1, &alice, 1).unwrap();
    assert_eq!(there.hears()[0], "welcome back chatting, with a gap");
    cluster.wake(0);
    for guest in [&alice, &bob] {
        let refused = run(cluster[0].come_back(guest, &guest.token().0, 1));
        assert!(matches!(refused, Err(ConnectError::Store(_))), "{refused:?}");
    }
    cluster.begin(0, Chore::Beat);
    cluster.work();
    assert!(cluster.come_back(0, &bob, 1).is_some(), "nobody has taken him");
}

/// The first to have a lease again finds that all the others have none; and they have all there is.
#[test]
fn of_nodes_that_all_stood_still_none_takes_a_seat_without_asking_for_it() {
    let mut cluster = TestCluster::of(2);
    let [_alice, bob] = cluster.pair([0, 0]);
    for node in [0, 1] {
        cluster.stall(node);
    }
    cluster.pass(Millis::from_secs(8));
    for node in [0, 1] {
        cluster.wake(node);
    }
    let refused = run(cluster[1].come_back(&bob, &bob.token().0, 1));
    assert!(
        matches!(refused, Err(ConnectError::Store(_))),
        "it has none itself: {refused:?}"
    );
    cluster.wake_and_beat(1);
    let back = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(back.hears()[0], "welcome back chatting", "without a gap");
}

/// Of two who were on a node that stood still, one comes back there and the other, a moment before or later, elsewhere.
#[test]
fn whoever_is_lost_to_another_node_is_not_written_to_any_more_by_a_partner_who_stayed() {
    lost_to_another_node(&[0, 1]);
    lost_to_another_node(&[1, 0]);
}

/// Alice comes back to node 0, which has just woken, and Bob to node 1, in the order of these nodes.
fn lost_to_another_node(order: &[usize; 2]) {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    cluster.wake(0);
    for guest in [&alice, &bob] {
        run(cluster[0].drop_line(guest));
    }
    // What the new owner says of itself does not arrive for a while.
    let there = cluster.incarnation(1);
    let [mut alice, mut bob] = [alice, bob];
    for node in order {
        if *node == 0 {
            cluster.begin(0, Chore::Beat);
            cluster.work();
            alice = cluster.come_back(0, &alice, 1).unwrap();
        } else {
            cluster.office.cut(there);
            bob = cluster.come_back(1, &bob, 1).unwrap();
        }
    }
    let (mut told, mut heard) = (alice.hears(), bob.hears());
    for number in 0..60 {
        if number == 16 {
            cluster.office.mend(there);
        }
        let number = number.to_string();
        say(&cluster, 0, &alice, &number, &number).ok();
        cluster.pass(Millis::new(250));
        told.extend(alice.hears());
        heard.extend(bob.hears());
    }
    let received = |number: &str| heard.contains(&format!("message {number}"));
    let in_vain: Vec<_> = told
        .iter()
        .filter_map(|told| told.strip_prefix("ack "))
        .filter(|number| !received(number))
        .collect();
    assert!(in_vain.is_empty(), "acknowledged and never received: {in_vain:?}");
    assert!(received("59"), "they talk on: {told:?}");
}

/// Who has gone to another node meanwhile is not known to have gone.
#[test]
fn a_node_that_stood_still_for_a_moment_confirms_nothing_before_it_has_compared_notes() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(2));
    let there = cluster.come_back_unheard(1, &bob, 1);
    say(&cluster, 0, &alice, "hello", "1").unwrap_err();
    cluster.wake(0);
    let unconfirmed = say(&cluster, 0, &alice, "well", "2");
    assert!(
        matches!(unconfirmed, Err(MessageError::Unconfirmed)),
        "{unconfirmed:?}"
    );
    cluster.pass(Millis::from_secs(2));
    say(&cluster, 0, &alice, "are you there?", "3").unwrap();
    cluster.deliver();
    assert!(there.hears().contains(&"message are you there?".to_owned()));
    assert_eq!(alice.hears().last().unwrap(), "ack 3");
}

/// It may have asked a store that nobody else believes any more, as a node that has not heard of a failover.
#[test]
fn a_node_that_is_not_answered_serves_a_seat_only_if_it_has_it_still() {
    for what_befalls in ["another takes it", "the store is gone"] {
        let mut cluster = TestCluster::of(3);
        let [_alice, bob] = cluster.pair([0, 1]);
        cluster.office.cut(cluster.incarnation(1));
        let node = cluster.share(2);
        let mut coming = pin!(node.take_over(bob.user(), TokenSerial(1), Seq::new(2), Moment::ORIGIN));
        assert!(step(coming.as_mut()).is_pending(), "its owner is asked");
        if what_befalls == "another takes it" {
            let taken = run(cluster[0].adapters().pairing.take(bob.user(), TokenSerial(1)));
            assert!(taken.unwrap().is_some());
        } else {
            cluster[2].adapters().pairing.set(Line::Down);
        }
        cluster.clock.advance(Millis::from_secs(3));
        let Poll::Ready(came) = step(coming.as_mut()) else {
            panic!("{what_befalls}: it is waited for still");
        };
        assert!(came.is_err(), "{what_befalls}");
        assert_eq!(cluster[2].own_census().online, 0, "{what_befalls}");
    }
}

/// The assertion of a former owner that does not know yet is late.
#[test]
fn a_former_owner_does_not_speak_for_a_seat_that_has_come_to_its_partner() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let former = cluster.incarnation(1);
    let assertion = Assertion {
        address: moved(&alice, &bob),
        attendance: Attendance::Here,
        recollection: Recollection::Whole,
    };
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    cluster.deliver();
    assert!(
        cluster[0]
            .share()
            .receive(former, Letter::Presence(assertion))
            .is_none()
    );
    assert_eq!(bob.farewell(), None);
    say(&cluster, 0, &alice, "still here?", "1").unwrap();
    assert_eq!(bob.hears(), ["welcome back chatting", "message still here?"]);
}

/// Somebody who was on node 0, which is cut off, and has come back on node 1.
fn gone_from_a_node_that_is_cut_off() -> (TestCluster, Guest, Guest) {
    let mut cluster = TestCluster::of(2);
    let [_alice, bob] = cluster.pair([0, 0]);
    cluster.cut(0);
    run(cluster[0].drop_line(&bob));
    cluster.pass(Millis::from_secs(6));
    let there = cluster.come_back(1, &bob, 1).unwrap();
    (cluster, bob, there)
}

/// Their position would be set back, and whatever they read there be told once more.
#[test]
fn a_node_that_is_cut_off_takes_nobody_back_who_was_told_more_elsewhere() {
    let (cluster, bob, there) = gone_from_a_node_that_is_cut_off();
    let told = there.wire.told();
    let Some(Told::Welcome {
        replay: Replay::Gap { seq, .. },
        ..
    }) = told.first()
    else {
        panic!("{told:?}");
    };
    let refused = run(cluster[0].come_back(&bob, &bob.token().0, *seq));
    assert!(matches!(refused, Err(ConnectError::Store(_))), "{refused:?}");
    let back = run(cluster[0].come_back(&bob, &bob.token().0, 1)).unwrap();
    assert!(
        back.is_some(),
        "whoever was told nothing elsewhere is at home here"
    );
}

/// The connection that is closed is the only one there is.
#[test]
fn who_came_back_to_a_node_that_was_cut_off_is_asked_to_come_again_once_it_knows_better() {
    let (mut cluster, bob, there) = gone_from_a_node_that_is_cut_off();
    run(cluster[1].drop_line(&there));
    let back = run(cluster[0].come_back(&bob, &bob.token().0, 1))
        .unwrap()
        .unwrap();
    cluster.mend(0);
    cluster.pass(Millis::from_secs(6));
    assert_eq!(back.farewell(), Some(Farewell::Overloaded));
    let again = cluster.come_back(1, &back, 1).unwrap();
    assert_eq!(again.farewell(), None);
}

/// Nor did the node know yet that it was cut off when they came back.
#[test]
fn who_came_back_to_a_node_just_cut_off_is_asked_to_come_again_and_who_was_there_before_is_not() {
    for (absent, farewell) in [
        (Millis::new(300), Farewell::Overloaded),
        (Millis::ZERO, Farewell::Replaced),
    ] {
        let mut cluster = TestCluster::of(2);
        let bob = cluster.visitor(0);
        cluster.pass(Millis::from_secs(6));
        if absent > Millis::ZERO {
            cluster.cut(0);
            run(cluster[0].drop_line(&bob));
            cluster.pass(absent);
        }
        let here = run(cluster[0].come_back(&bob, &bob.token().0, 1))
            .unwrap()
            .unwrap();
        if absent == Millis::ZERO {
            cluster.pass(Millis::from_secs(3));
            cluster.cut(0);
        }
        cluster.pass(Millis::from_secs(6));
        // An attempt that the client gave up on, or another connection.
        let there = cluster.come_back(1, &here, 1).unwrap();
        run(cluster[1].drop_line(&there));
        cluster.mend(0);
        cluster.pass(Millis::from_secs(6));
        assert_eq!(here.farewell(), Some(farewell), "after {absent:?}");
    }
}

/// A store that has lost everything hears first from a node that has not had the seat for long. Whoever it had gone to gave
/// the token, and is dead.
#[test]
fn what_a_node_has_that_a_later_one_served_since_is_not_gone_on_with() {
    let mut cluster = TestCluster::of(3);
    let alice = cluster.visitor(0);
    cluster.cut(0);
    run(cluster[0].drop_line(&alice));
    cluster.pass(Millis::from_secs(6));
    let there = cluster.come_back(1, &alice, 1).unwrap();
    there.hears();
    run(cluster[1].leave(&there.seat, None)).unwrap();
    cluster.kill(1);
    cluster.store.forget_all();
    cluster.mend(0);
    cluster.pass(Millis::from_secs(6));
    let found = run(cluster[2].adapters().pairing.locate(alice.user())).unwrap();
    assert_eq!(found.unwrap().owner, cluster.incarnation(0));
    let back = cluster.come_back(2, &there, 1 << 40).unwrap();
    let told = back.wire.told();
    assert!(
        matches!(
            told.first(),
            Some(Told::Welcome {
                replay: Replay::Gap { .. },
                ..
            })
        ),
        "{told:?}"
    );
    run(cluster[2].drop_line(&back));
    assert!(
        cluster.come_back(2, &back, 1 << 41).is_some(),
        "the seat is theirs"
    );
}

/// Nobody could renew a lease, and one node is the first to do so.
#[test]
fn an_owner_that_the_store_could_not_hear_either_is_asked_for_what_it_has() {
    for chores in [&[Chore::Beat][..], &[]] {
        let mut cluster = TestCluster::of(3);
        let [_alice, bob] = cluster.pair([0, 1]);
        let set = |cluster: &TestCluster, node: usize, line| cluster[node].adapters().pairing.set(line);
        for node in 0..3 {
            set(&cluster, node, Line::Down);
        }
        cluster.pass(Millis::from_secs(6));
        set(&cluster, 2, Line::Good);
        for chore in chores {
            cluster.begin(2, *chore);
        }
        cluster.deliver();
        let back = cluster.come_back(2, &bob, 1).unwrap();
        assert_eq!(back.hears()[0], "welcome back chatting", "without a gap");
    }
}

/// A store that has lost everything is back, and the new owner's question waits until the former one has an inbox again.
#[test]
fn an_owner_that_is_asked_after_it_has_heard_of_its_loss_still_gives_what_it_has() {
    let mut cluster = TestCluster::of(2);
    let [_alice, bob] = cluster.pair([0, 1]);
    let set = |cluster: &TestCluster, line| {
        for node in 0..2 {
            cluster[node].adapters().pairing.set(line);
        }
    };
    set(&cluster, Line::Down);
    cluster.pass(Millis::from_secs(6));
    set(&cluster, Line::Good);
    for node in [1, 0] {
        cluster.begin(node, Chore::Beat);
        cluster.deliver();
    }
    cluster.office.cut(cluster.incarnation(1));
    let node = cluster.share(0);
    {
        let mut coming = pin!(node.take_over(bob.user(), TokenSerial(1), Seq::new(1), Moment::ORIGIN));
        assert!(step(coming.as_mut()).is_pending(), "its owner is asked");
        cluster.begin(1, Chore::Tend);
        cluster.work();
        assert_eq!(cluster[1].own_census().online, 0, "it has heard of its loss");
        assert_eq!(bob.farewell(), Some(Farewell::Replaced));
        cluster.office.mend(cluster.incarnation(1));
        cluster.deliver();
        let Poll::Ready(came) = step(coming.as_mut()) else {
            panic!("it is waited for still");
        };
        assert!(came.unwrap().is_some());
    }
    let back = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(back.hears()[0], "welcome back chatting", "without a gap");
}

/// In the last second of an old primary he sets out to where he had come from, and turns back. The new primary knows nothing of
/// that, and the node that he did not reach still has what it had handed over before.
#[test]
fn what_a_node_handed_over_is_outdated_once_it_has_taken_the_seat_again() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    // He has not read the welcome, nor what comes after it.
    let _there = cluster.come_back(2, &bob, 1).unwrap();
    let backup = cluster.store.back_up();
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears().last().map(String::as_str), Some("ack 1"));
    let (chat, token) = (cluster.share(1), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    cluster.deliver();
    drop(coming);
    cluster.store.restore(backup);
    let back = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting, with a gap"]);
}

/// The store heard it and nobody heard the store; or nobody knows whether the seat is there still when its owner does not answer.
#[test]
fn who_is_served_stays_so_when_another_node_has_taken_their_seat_in_vain() {
    for what_is_lost in ["the answer of the store", "the answer of the owner"] {
        let mut cluster = TestCluster::of(2);
        let [alice, bob] = cluster.pair([0, 1]);
        let token = bob.token().0;
        if what_is_lost == "the answer of the store" {
            cluster[0].adapters().pairing.set(Line::AnswersLost);
            let refused = run(cluster[0].come_back(&bob, &token, 2));
            assert!(
                matches!(refused, Err(ConnectError::Store(_))),
                "{:?}",
                refused.err()
            );
            cluster[0].adapters().pairing.set(Line::Good);
        } else {
            cluster.office.cut(cluster.incarnation(0));
            let node = cluster.share(0);
            let mut coming = pin!(node.come_back(&bob, &token, 2));
            assert!(step(coming.as_mut()).is_pending(), "its owner is asked");
            cluster[0].adapters().pairing.set(Line::Down);
            cluster.clock.advance(Millis::from_secs(3));
            assert!(matches!(
                step(coming.as_mut()),
                Poll::Ready(Err(ConnectError::Store(_)))
            ));
            cluster[0].adapters().pairing.set(Line::Good);
            cluster.office.mend(cluster.incarnation(0));
        }
        cluster.pass(Millis::from_secs(20));
        assert_eq!(bob.farewell(), None, "{what_is_lost}");
        say(&cluster, 0, &alice, "still there?", "1").unwrap();
        cluster.deliver();
        assert!(
            bob.hears().contains(&"message still there?".to_owned()),
            "{what_is_lost}"
        );
        let back = cluster.come_back(0, &bob, 2).unwrap();
        assert_eq!(back.hears()[0], "welcome back chatting", "{what_is_lost}");
    }
}
