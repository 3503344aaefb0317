use crate::ports::{
    Address, Assertion, Attendance, Farewell, Letter, PairingStore as _, Recollection, TokenSerial,
};
use crate::testing::{Chore, Guest, Line, RecordingWire, TestCluster, Told, run, step};
use crate::{ConnectError, Departure, FirstWord, MessageError, SkipError};
use passerby_domain::flood::Rate;
use passerby_domain::id::Seq;
use passerby_domain::notice::Replay;
use passerby_domain::text::MessageId;
use passerby_domain::time::Millis;
use std::pin::pin;
use std::task::Poll;

fn say(cluster: &TestCluster, node: usize, guest: &Guest, text: &str, id: &str) -> Result<(), MessageError> {
    let id = MessageId::parse(id).unwrap();
    let said = cluster[node].message(&guest.seat, &guest.chat(), text, Some(id));
    cluster[node].flush(&guest.seat);
    said
}

/// Alice says these on node 0 to a partner on node 1, each its own id, and the letter of the first is lost on the way.
fn say_and_lose_the_first(cluster: &mut TestCluster, alice: &Guest, ids: &[&str]) {
    let (from, to) = (cluster.incarnation(0), cluster.incarnation(1));
    say(cluster, 0, alice, ids[0], ids[0]).unwrap();
    cluster.office.lose(from, to);
    for id in &ids[1..] {
        say(cluster, 0, alice, id, id).unwrap();
    }
    while cluster.carry(from, to) {}
}

/// Letters of two ways come in any order.
fn sorted(mut heard: Vec<String>) -> Vec<String> {
    heard.sort();
    heard
}

/// What `alice`'s node is told when her partner is another node's by now.
fn moved(alice: &Guest, bob: &Guest) -> Address {
    Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    }
}

fn online(cluster: &TestCluster) -> u64 {
    let running = (0..cluster.size()).filter(|node| !cluster.is_dead(*node));
    running.map(|node| cluster[node].own_census().online).sum()
}

#[test]
fn one_who_comes_back_to_another_node_is_told_what_they_missed_and_the_old_connection_is_replaced() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "one", "1").unwrap();
    say(&cluster, 0, &alice, "two", "2").unwrap();
    cluster.deliver();
    let moved = cluster.come_back(2, &bob, 2).unwrap();
    assert_eq!(moved.user(), bob.user());
    assert_eq!(moved.hears(), ["welcome back chatting", "message two"]);
    assert_eq!(bob.farewell(), Some(Farewell::Replaced));
    assert_eq!(alice.hears(), ["ack 1", "ack 2"], "the partner notices nothing");
    assert_eq!(online(&cluster), 2);
    say(&cluster, 0, &alice, "three", "3").unwrap();
    say(&cluster, 2, &moved, "four", "4").unwrap();
    cluster.deliver();
    assert_eq!(sorted(moved.hears()), ["ack 4", "message three"]);
    assert_eq!(sorted(alice.hears()), ["ack 3", "message four"]);
}

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
    cluster.wake(0);
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

/// Their seats may be others' by then.
#[test]
fn a_node_that_has_just_woken_takes_nobody_back_before_the_store_answers() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let there = cluster.come_back(1, &alice, 1).unwrap();
    assert_eq!(there.hears()[0], "welcome back chatting, with a gap");
    cluster.wake(0);
    cluster[0].adapters().pairing.set(Line::AnswersLost);
    let refused = run(cluster[0].come_back(&alice, &alice.token().0, 1));
    assert!(matches!(refused, Err(ConnectError::Store(_))), "{refused:?}");
}

/// Of two who were on a node that stood still, one comes back there and the other, a moment later, elsewhere.
#[test]
fn whoever_is_lost_to_another_node_is_not_written_to_any_more_by_a_partner_who_stayed() {
    lost_to_another_node(None);
    // The node has a lease again before it compares notes.
    lost_to_another_node(Some(Chore::Beat));
}

fn lost_to_another_node(first: Option<Chore>) {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    cluster.wake(0);
    for guest in [&alice, &bob] {
        run(cluster[0].drop_line(guest));
    }
    let alice = cluster.come_back(0, &alice, 1).unwrap();
    // What the new owner says of itself does not arrive for a while.
    let there = cluster.incarnation(1);
    cluster.office.cut(there);
    let bob = cluster.come_back(1, &bob, 1).unwrap();
    if let Some(chore) = first {
        cluster.begin(0, chore);
        cluster.work();
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

#[test]
fn a_place_in_the_queue_moves_with_its_seat() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.pass(Millis::from_secs(1));
    let moved = cluster.come_back(1, &alice, 1).unwrap();
    assert_eq!(moved.hears()[0], "welcome back waiting");
    assert_eq!(cluster.store.waiting(), [alice.user()]);
    let bob = cluster.visitor(0);
    assert_eq!(bob.chat(), moved.chat());
}

#[test]
fn limits_and_cooldowns_move_with_the_seat() {
    let mut cluster = TestCluster::with(2, |options| options.skips = Rate::per_minute(1, 2));
    let alice = cluster.visitor(0);
    for _ in 0..2 {
        cluster.visitor(1);
        run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
        cluster.deliver();
    }
    let seen = alice.wire.told().iter().filter(|told| told.is_numbered()).count() as u64;
    let moved = cluster.come_back(1, &alice, seen).unwrap();
    assert_eq!(
        moved.hears(),
        ["welcome back waiting"],
        "the two are avoided still"
    );
    cluster.visitor(0);
    assert!(matches!(
        run(cluster[1].skip(&moved.seat, &moved.chat())),
        Err(SkipError::RateLimited { .. })
    ));
}

#[test]
fn the_last_chat_may_be_reported_on_another_node() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let chat = alice.chat();
    run(cluster[1].skip(&bob.seat, &chat)).unwrap();
    cluster.deliver();
    let moved = cluster.come_back(1, &alice, 4).unwrap();
    moved.hears();
    run(cluster[1].report(&moved.seat, &chat, crate::ports::Offence::Spam, None)).unwrap();
    assert_eq!(moved.hears(), ["reported"]);
    assert_eq!(cluster[1].reports.all()[0].reported, bob.user());
}

#[test]
fn a_dead_token_takes_nothing_back_anywhere() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    let moved = cluster.come_back(1, &alice, 1).unwrap();
    cluster[1].heard(&moved.seat, moved.connection);
    cluster.pass(Millis::from_secs(1));
    for node in [0, 1] {
        assert!(cluster.come_back(node, &alice, 1).is_none(), "on {node}");
    }
    assert!(cluster.come_back(0, &moved, 1).is_some());
}

#[test]
fn one_whose_welcome_was_lost_comes_back_with_the_token_before() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.come_back(1, &alice, 1).unwrap();
    assert!(cluster.come_back(0, &alice, 1).is_some());
    assert_eq!(online(&cluster), 1);
}

#[test]
fn of_two_who_come_back_at_once_on_two_nodes_one_stays() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 2].map(|node| cluster.share(node));
    let token = bob.token().0;
    let mut first = Box::pin(nodes[0].come_back(&bob, &token, 1));
    let mut second = Box::pin(nodes[1].come_back(&bob, &token, 1));
    let (mut one, mut other) = (None, None);
    while one.is_none() || other.is_none() {
        if one.is_none()
            && let std::task::Poll::Ready(guest) = step(first.as_mut())
        {
            one = Some(guest);
        }
        if other.is_none()
            && let std::task::Poll::Ready(guest) = step(second.as_mut())
        {
            other = Some(guest);
        }
        cluster.deliver();
        cluster.clock.advance(Millis::new(50));
    }
    cluster.pass(Millis::from_secs(8));
    let guests = [one, other].map(|guest| guest.unwrap().ok().flatten());
    let open = guests
        .iter()
        .flatten()
        .filter(|guest| guest.farewell().is_none())
        .count();
    assert_eq!(open, 1);
    assert_eq!(online(&cluster), 2);
    assert_eq!(cluster.store.chatting().len(), 2);
    assert_eq!(
        alice
            .hears()
            .iter()
            .filter(|line| line.starts_with("chat_ended"))
            .count(),
        0
    );
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
        let told = back.wire.told();
        let Some(Told::Welcome {
            replay: Replay::Gap { seq, .. },
            ..
        }) = told.first()
        else {
            panic!("{told:?}");
        };
        first_numbers.push(*seq);
    }
    assert!(
        first_numbers[0] + 1_000_000 < first_numbers[1],
        "{first_numbers:?}"
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
fn a_chat_that_was_on_offer_goes_on_where_its_seat_has_gone() {
    let mut cluster = TestCluster::of(3);
    let found = cluster.visitor(0);
    let seeker = run(cluster[1].visitor());
    run(cluster[1].drop_line(&seeker));
    let moved = cluster.come_back(2, &seeker, 0).unwrap();
    cluster.pass(Millis::from_secs(4));
    assert!(!found.chat().is_empty());
    assert_eq!(found.chat(), moved.chat());
    assert_eq!(cluster.store.chatting().len(), 2);
}

#[test]
fn one_who_left_for_good_does_not_come_back() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    assert!(cluster.come_back(1, &alice, 1).is_none());
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

#[test]
fn once_a_first_word_is_answered_the_token_before_is_dead_on_every_node() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    let moved = cluster.come_back(1, &alice, 2).unwrap();
    assert_eq!(cluster[1].heard(&moved.seat, moved.connection), FirstWord::Spends);
    run(cluster[1].spend(&moved.seat));
    assert_eq!(
        cluster[1].heard(&moved.seat, moved.connection),
        FirstWord::Harmless
    );
    assert!(cluster.come_back(0, &alice, 2).is_none());
    assert_eq!(moved.farewell(), None);
    assert!(cluster[1].seat_of(alice.user()).is_some());
}

#[test]
fn two_connections_that_bring_one_seat_here_at_once_take_turns() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.pass(Millis::from_secs(1));
    let (chat, token) = (cluster.share(1), alice.token().0);
    let mut older = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    let mut newer = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    assert!(step(older.as_mut()).is_pending());
    assert!(step(newer.as_mut()).is_pending());
    let older = cluster.finish(older).unwrap().unwrap();
    let newer = cluster.finish(newer).unwrap().unwrap();
    assert_eq!(older.hears(), ["welcome back waiting"]);
    assert_eq!(older.farewell(), Some(Farewell::Replaced));
    assert_eq!(newer.hears(), ["welcome back waiting"]);
    assert_eq!(newer.farewell(), None);
    assert_eq!(online(&cluster), 1);
}

#[test]
fn one_who_is_recognised_where_the_seat_was_is_asked_to_try_again_and_loses_nothing() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let token = bob.token().0;
    let returning = run(cluster[1].recognise(&token)).unwrap().unwrap();
    // Another attempt of the same client, which it has given up on, or not, takes the seat away meanwhile.
    let elsewhere = cluster.come_back(0, &bob, 2).unwrap();
    cluster.deliver();
    let wire = std::sync::Arc::new(RecordingWire::default());
    let seen = passerby_domain::id::Seq::new(2);
    let refused = run(cluster[1].resume(returning, bob.address, wire, seen));
    assert!(matches!(refused, Err(ConnectError::Store(_))), "{refused:?}");
    assert_eq!(elsewhere.farewell(), None);
    let back = cluster.come_back(1, &elsewhere, 2).unwrap();
    cluster.deliver();
    say(&cluster, 0, &alice, "still here", "1").unwrap();
    cluster.deliver();
    assert!(
        back.hears().contains(&"message still here".to_owned()),
        "{:?}",
        back.hears()
    );
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
        let refused = say(&cluster, speaker, &alice, "too early", "0");
        refused.unwrap();
        while cluster.carry(nodes[speaker], nodes[1]) {}
        while speaker != 2 && cluster.carry(nodes[1], nodes[speaker]) {}
        if speaker == 2 {
            cluster[2].receive_moved(moved(&alice, &bob), nodes[2]);
        }
        for (text, id) in [("one", "1"), ("two", "2"), ("one", "1")] {
            say(&cluster, speaker, &alice, text, id).unwrap();
        }
        while speaker != 2 && cluster.carry(nodes[speaker], nodes[2]) {}
        let bob = cluster.finish(coming).unwrap().unwrap();
        cluster.deliver();
        assert_eq!(
            bob.hears(),
            ["welcome back chatting", "message one", "message two"],
            "{speaker}"
        );
        assert_eq!(
            sorted(alice.hears()),
            ["ack 1", "ack 2", "unreachable 0"],
            "{speaker}"
        );
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
    cluster[0].receive_moved(moved(&alice, &bob), nodes[2]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    while cluster.carry(nodes[0], nodes[2]) {}
    assert_eq!(alice.hears(), [""; 0]);
    drop(coming);
    cluster.deliver();
    assert_eq!(alice.hears(), ["unreachable 1"]);
}

#[test]
fn what_was_said_to_a_former_owner_does_not_come_behind_what_was_said_since() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "under way", "1").unwrap();
    // While the letter is on its way, Bob goes to another node and comes back.
    let there = comes_from(&mut cluster, [1, 2], &bob, |_| ());
    while cluster.carry(nodes[2], nodes[0]) {}
    say(&cluster, 0, &alice, "since", "2").unwrap();
    assert!(cluster.carry(nodes[0], nodes[2]));
    let back = comes_from(&mut cluster, [2, 1], &there, |cluster| {
        cluster.carry(nodes[0], nodes[1]);
    });
    cluster.deliver();
    assert_eq!(back.hears(), ["welcome back chatting", "message since"]);
    assert_eq!(sorted(alice.hears()), ["ack 2", "unreachable 1"]);
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
        while !cluster.office.kinds(to, from).is_empty() {
            cluster.office.lose(to, from);
        }
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
        cluster.pass(Millis::from_secs(3));
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
    cluster.wake(0);
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

/// Its node was given it, and nobody there knows.
#[test]
fn a_seat_whose_taking_was_not_heard_of_is_gone_when_nobody_comes_for_it() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(1));
    cluster[2].adapters().pairing.set(Line::AnswersLost);
    let came = run(cluster[2].take_over(bob.user(), TokenSerial(1), Seq::new(2)));
    assert!(came.is_err());
    cluster[2].adapters().pairing.set(Line::Good);
    assert!(cluster.store.known().contains(&bob.user()));
    cluster.pass(Millis::from_secs(40));
    assert_eq!(cluster.store.known(), [alice.user()]);
}

/// It may have asked a store that nobody else believes any more, as a node that has not heard of a failover.
#[test]
fn a_node_that_is_not_answered_serves_a_seat_only_if_it_has_it_still() {
    for what_befalls in ["another takes it", "the store is gone"] {
        let mut cluster = TestCluster::of(3);
        let [_alice, bob] = cluster.pair([0, 1]);
        cluster.office.cut(cluster.incarnation(1));
        let node = cluster.share(2);
        let mut coming = pin!(node.take_over(bob.user(), TokenSerial(1), Seq::new(2)));
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

/// Somebody comes from one node to another, and no letters are carried but those between these two, and what `meanwhile`
/// carries before the former one hands the seat over.
fn comes_from(
    cluster: &mut TestCluster,
    [former, node]: [usize; 2],
    guest: &Guest,
    meanwhile: impl FnOnce(&mut TestCluster),
) -> Guest {
    let (chat, token) = (cluster.share(node), guest.token().0);
    let [from, to] = [former, node].map(|node| cluster.incarnation(node));
    let mut coming = Box::pin(async { chat.come_back(guest, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    meanwhile(cluster);
    loop {
        cluster.carry(to, from);
        cluster.carry(from, to);
        if let std::task::Poll::Ready(guest) = step(coming.as_mut()) {
            return guest.unwrap().unwrap();
        }
    }
}
