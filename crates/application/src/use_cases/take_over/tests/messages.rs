//! What is said while one of the two, or both, move: each message once, in its order, and answered with the truth.

use super::{comes_from, moved, say, say_and_lose_the_first, sorted};
use crate::MessageError;
use crate::book::Book;
use crate::ports::{Address, Assertion, Attendance, Consignment, Letter, Recollection, Repetition};
use crate::testing::{TestCluster, run, step};
use passerby_domain::notice::Secret;
use passerby_domain::time::{Millis, UnixMillis};

#[test]
fn accepted_ids_move_with_the_seat_that_accepted_them_and_with_the_one_that_sent_them() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "one", "1").unwrap();
    cluster.deliver();
    let bob = cluster.come_back(2, &bob, 2).unwrap();
    say(&cluster, 0, &alice, "one", "1").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack 1", "ack 1"]);
    let alice = cluster.come_back(1, &alice, 2).unwrap();
    say(&cluster, 1, &alice, "one", "1").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["welcome back chatting", "ack 1"]);
    assert_eq!(bob.hears(), ["welcome back chatting"]);
}

#[test]
fn what_is_said_to_one_who_is_on_the_way_waits_for_them_in_its_order() {
    // Said on the node that they come to, or on a third one.
    for speaker in [2, 0] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([speaker, 1]);
        let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
        let (chat, token) = (cluster.share(2), bob.token().0);
        let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
        assert!(step(coming.as_mut()).is_pending());
        // The seat has left its node, which tells so, and is not here yet.
        assert!(cluster.carry(nodes[2], nodes[1]));
        say(&cluster, speaker, &alice, "too early", "0").unwrap();
        while cluster.carry(nodes[speaker], nodes[1]) {}
        while speaker != 2 && cluster.carry(nodes[1], nodes[speaker]) {}
        if speaker == 2 {
            cluster[2].receive_moved(nodes[1], moved(&alice, &bob), nodes[2]);
        }
        for (text, id) in [("one", "1"), ("two", "2"), ("one", "1")] {
            say(&cluster, speaker, &alice, text, id).unwrap();
        }
        while speaker != 2 && cluster.carry(nodes[speaker], nodes[2]) {}
        let bob = cluster.finish(coming).unwrap().unwrap();
        cluster.deliver();
        // What was refused goes after them, unless the rest went before it.
        let (heard, told): (&[_], &[_]) = if speaker == 0 {
            let heard = &[
                "welcome back chatting",
                "message too early",
                "message one",
                "message two",
            ];
            (heard, &["ack 0", "ack 1", "ack 1", "ack 2"])
        } else {
            let heard = &["welcome back chatting", "message one", "message two"];
            (heard, &["ack 1", "ack 1", "ack 2", "unreachable 0"])
        };
        assert_eq!(bob.hears(), heard, "{speaker}");
        assert_eq!(sorted(alice.hears()), told, "{speaker}");
    }
}

#[test]
fn what_waits_for_one_who_does_not_come_is_refused() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let (chat, token) = (cluster.share(2), bob.token().0);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    cluster[0].receive_moved(nodes[1], moved(&alice, &bob), nodes[2]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    while cluster.carry(nodes[0], nodes[2]) {}
    assert_eq!(alice.hears(), [""; 0]);
    drop(coming);
    cluster.deliver();
    assert_eq!(alice.hears(), ["unreachable 1"]);
}

/// Both move at once. Where Alice is the store says who has Bob; the node that had him does not know yet, and asserts him.
#[test]
fn what_is_said_after_the_word_of_a_former_owner_does_not_come_before_what_was_said_to_the_new_one() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let (chat, token) = (cluster.share(0), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(
        step(coming.as_mut()).is_pending(),
        "his node has not been asked yet"
    );
    let alice = comes_from(&mut cluster, [0, 2], &alice, |_| ());
    say(&cluster, 2, &alice, "one", "1").unwrap();
    run(cluster[1].drop_line(&bob));
    let presence = Assertion {
        address: moved(&alice, &bob),
        attendance: Attendance::Away {
            held: Millis::from_secs(20),
        },
        recollection: Recollection::Whole,
    };
    cluster[2].share().receive(nodes[1], Letter::Presence(presence));
    say(&cluster, 2, &alice, "two", "2").unwrap();
    while cluster.carry(nodes[2], nodes[1]) {}
    let bob = cluster.finish(coming).unwrap().unwrap();
    cluster.deliver();
    let heard = bob.hears();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("message")).collect();
    assert_eq!(messages, ["message one", "message two"]);
}

#[test]
fn what_was_said_to_a_former_owner_does_not_come_behind_what_was_said_since() {
    // The letter arrives before he is back, or after it.
    for arrives_before in [true, false] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
        say(&cluster, 0, &alice, "under way", "1").unwrap();
        // While it is on its way, Bob goes to another node and comes back.
        let there = comes_from(&mut cluster, [1, 2], &bob, |_| ());
        while cluster.carry(nodes[2], nodes[0]) {}
        say(&cluster, 0, &alice, "since", "2").unwrap();
        while cluster.carry(nodes[0], nodes[2]) {}
        let back = comes_from(&mut cluster, [2, 1], &there, |cluster| {
            if arrives_before {
                cluster.carry(nodes[0], nodes[1]);
            }
        });
        cluster.deliver();
        assert_eq!(back.hears(), ["welcome back chatting", "message since"]);
        assert_eq!(sorted(alice.hears()), ["ack 2", "unreachable 1"]);
    }
}

/// The first letter is lost on the way, those that follow it are not, and the answers are. Whether the client then says all
/// again on a third node or on the partner's, what was lost stays so: it would come behind what was said after it.
#[test]
fn what_was_lost_on_the_way_does_not_come_behind_what_was_not() {
    for node in [2, 1] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        say_and_lose_the_first(&mut cluster, &alice, &["1", "2", "3"]);
        let (from, to) = (cluster.incarnation(0), cluster.incarnation(1));
        cluster.office.lose_all(to, from);
        let alice = cluster.come_back(node, &alice, 2).unwrap();
        for id in ["1", "2", "3", "4"] {
            let said = say(&cluster, node, &alice, id, id);
            let is_known_at_once = node == 1 && id == "1";
            assert_eq!(said.is_err(), is_known_at_once, "{node}, {id}: {said:?}");
        }
        cluster.deliver();
        assert_eq!(bob.hears(), ["message 2", "message 3", "message 4"], "{node}");
        let told = sorted(alice.hears());
        let answers = [
            "ack 2",
            "ack 3",
            "ack 4",
            "unconfirmed 1",
            "welcome back chatting",
        ];
        let others = answers
            .into_iter()
            .filter(|answer| node == 2 || *answer != "unconfirmed 1");
        assert_eq!(told, others.collect::<Vec<_>>(), "{node}");
    }
}

/// Each of the two sendings is answered, and both with the truth.
#[test]
fn what_went_two_ways_is_acknowledged_once_for_each_and_refused_for_none() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    let (from, to) = (cluster.incarnation(0), cluster.incarnation(1));
    assert!(cluster.carry(from, to));
    cluster.office.lose(to, from);
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(bob.hears(), ["welcome back chatting", "message hello"]);
    alice.hears();
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.pass(Millis::from_secs(5));
    assert_eq!(alice.hears(), ["ack 1", "ack 1"]);
    assert_eq!(bob.hears(), [""; 0]);
}

/// As above, with the partner coming to the node of the one who speaks.
#[test]
fn what_was_lost_on_the_way_does_not_come_behind_what_was_not_when_the_partner_comes() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say_and_lose_the_first(&mut cluster, &alice, &["1", "2"]);
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(bob.hears(), ["welcome back chatting", "message 2"]);
    let said = say(&cluster, 0, &alice, "1", "1");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
    say(&cluster, 0, &alice, "2", "2").unwrap();
    assert_eq!(bob.hears(), [""; 0]);
}

/// What is known of his tenure is what the store said when they met, be it on one node or on two.
#[test]
fn one_who_has_moved_often_hears_the_first_word_of_a_partner() {
    for node in [0, 1] {
        let mut cluster = TestCluster::of(3);
        let mut bob = cluster.visitor(1);
        for node in [2, 1, 2, 1] {
            bob = cluster.come_back(node, &bob, 1).unwrap();
        }
        let mut alice = cluster.visitor(node);
        assert_eq!(alice.chat(), bob.chat());
        bob.hears();
        if node == 1 {
            alice = comes_from(&mut cluster, [1, 0], &alice, |_| ());
        }
        say(&cluster, 0, &alice, "hello", "1").unwrap();
        cluster.deliver();
        assert_eq!(bob.hears().last().map(String::as_str), Some("message hello"));
        assert_eq!(alice.hears().last().map(String::as_str), Some("ack 1"));
    }
}

/// It was sent when the seat was there before, by a number of its own.
#[test]
fn a_receipt_is_for_no_message_that_was_said_since_the_seat_was_elsewhere() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "one", "1").unwrap();
    let there = comes_from(&mut cluster, [0, 2], &alice, |_| ());
    let back = comes_from(&mut cluster, [2, 0], &there, |_| ());
    back.hears();
    say(&cluster, 0, &back, "two", "2").unwrap();
    // The first arrives and is answered, the second is lost.
    cluster.carry(nodes[0], nodes[1]);
    cluster.office.lose_all(nodes[0], nodes[1]);
    while cluster.carry(nodes[1], nodes[0]) {}
    assert_eq!(bob.hears(), ["message one"]);
    let told = back.hears();
    assert!(!told.contains(&"ack 2".to_owned()), "{told:?}");
}

/// Alice said it before she moved, and it was slower than she was.
#[test]
fn what_comes_from_a_former_owner_of_its_user_does_not_come_behind_what_they_said_since() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "before", "1").unwrap();
    let alice = comes_from(&mut cluster, [0, 2], &alice, |_| ());
    say(&cluster, 2, &alice, "since", "2").unwrap();
    while cluster.carry(nodes[2], nodes[1]) {}
    assert!(bob.hears().contains(&"message since".to_owned()));
    cluster.deliver();
    let heard = bob.hears();
    assert!(!heard.contains(&"message before".to_owned()), "{heard:?}");
    let told = alice.hears();
    assert!(!told.contains(&"ack 1".to_owned()), "{told:?}");
}

/// As what waited for Bob at the door of the node to which both have come since.
#[test]
fn what_was_said_before_its_user_went_and_came_back_does_not_come_behind_what_they_said_meanwhile() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let (from, chat) = (
        alice.seat.stamp(),
        alice.seat.lock().session.chatting().unwrap().chat,
    );
    let before = Letter::Message {
        address: Address {
            chat,
            from,
            to: bob.user(),
        },
        consignment: Consignment(1),
        tenure: bob.seat.stamp().generation.tenure(),
        id: None,
        repetition: Repetition::No,
        text: Secret("before"),
        at: UnixMillis(0),
    };
    let there = cluster.come_back(2, &alice, 1).unwrap();
    say(&cluster, 2, &there, "since", "2").unwrap();
    cluster.deliver();
    let back = cluster.come_back(0, &there, 1).unwrap();
    cluster.deliver();
    assert!(
        cluster[1]
            .share()
            .receive(cluster.incarnation(0), before)
            .is_none()
    );
    say(&cluster, 0, &back, "now", "3").unwrap();
    cluster.deliver();
    let heard = bob.hears();
    assert_eq!(heard, ["message since", "message now"]);
}

/// As when a store that has forgotten him names the node that he tries to come to, and he stays where he was.
#[test]
fn what_waits_at_the_door_does_not_come_behind_what_was_said_to_one_who_stayed() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[0].doorstep.expect(bob.user());
    for (node, word) in [(0, "1"), (1, "2")] {
        let owner = cluster.incarnation(node);
        let set_owner = |book: &mut Book<_>| {
            let chatting = book.session.chatting_mut().unwrap();
            chatting.link.remote_mut().unwrap().owner = owner;
        };
        cluster[0].change(&alice.seat, set_owner);
        say(&cluster, 0, &alice, word, word).unwrap();
    }
    cluster.deliver();
    assert_eq!([alice.hears(), bob.hears()], [["ack 2"], ["message 2"]]);
    assert_eq!(cluster[0].doorstep.open(bob.user(), |waiting| waiting.len()), 0);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(alice.hears(), ["unconfirmed 1"]);
}
