use crate::ports::{Anomaly, Fact, Farewell, PairingStore, Release, Stamp, TokenSerial};
use crate::testing::{Line, TestCluster, run, step};
use crate::{ConnectError, Departure};
use passerby_domain::criteria::Criteria;
use passerby_domain::text::MessageId;
use passerby_domain::time::Millis;

#[test]
fn a_store_that_was_emptied_is_told_all_again() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let carol = cluster.visitor(0);
    let idle = cluster.visitor(1);
    // They are paired at once, so let one go.
    run(cluster[1].leave(&idle.seat, None)).unwrap();
    cluster.pass(Millis::from_secs(1));
    cluster.store.forget_all();
    cluster.pass(Millis::from_secs(3));
    let chatting: Vec<_> = cluster
        .store
        .chatting()
        .into_iter()
        .map(|(user, _)| user)
        .collect();
    assert_eq!(chatting, [alice.user(), bob.user()]);
    assert_eq!(cluster.store.waiting(), [carol.user()]);
    assert_eq!(cluster.store.known().len(), 4);
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2], "they notice nothing");
}

/// Until all nodes have told it what they know, nobody is taken for gone on its word.
#[test]
fn one_who_comes_back_while_the_store_is_empty_finds_their_chat_as_soon_as_it_has_learned_of_it() {
    for passed in [0, 250, 1_000] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        let token = bob.token().0;
        cluster.store.forget_all();
        cluster.pass(Millis::new(passed));
        let mut tries = 0;
        let back = loop {
            let chat = cluster.share(2);
            let (guest, token) = (&bob, token.clone());
            if let Ok(back) = cluster.finish(async move { chat.come_back(guest, &token, 1).await }) {
                break back.expect("they are nobody new");
            }
            tries += 1;
            assert!(tries < 100, "they are never let in");
            cluster.pass(Millis::new(100));
        };
        assert_eq!(back.hears(), ["welcome back chatting"], "after {passed} ms");
        assert_eq!(back.user(), bob.user());
        cluster.pass(Millis::from_secs(10));
        let chat = alice.chat();
        cluster[0].message(&alice.seat, &chat, "there?", None).unwrap();
        cluster.deliver();
        assert_eq!(back.hears(), ["message there?"], "after {passed} ms");
    }
}

#[test]
fn a_difference_is_put_right_the_second_time_it_is_seen() {
    let mut cluster = TestCluster::of(1);
    let alice = cluster.visitor(0);
    let wrong = Stamp {
        seat: alice.user(),
        generation: alice.seat.lock().session.generation(),
    };
    run(cluster[0].adapters().pairing.release(wrong, Release::Rest)).unwrap();
    assert_eq!(cluster.store.waiting(), []);
    while cluster[0].facts.count(Fact::Anomaly(Anomaly::Difference)) == 0 {
        assert_eq!(cluster.store.waiting(), []);
        assert!(cluster[0].now().as_millis() < 30_000, "it is never put right");
        cluster.pass(Millis::new(250));
    }
    cluster.pass(Millis::from_secs(1));
    assert_eq!(cluster.store.waiting(), [alice.user()]);
}

#[test]
fn a_node_that_did_not_run_hangs_up_on_all_and_they_come_back() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(5));
    assert!(cluster[0].has_stalled());
    cluster.wake_and_beat(0);
    assert_eq!(alice.farewell(), Some(Farewell::Restarting));
    run(cluster[0].drop_line(&alice));
    let back = cluster.come_back(0, &alice, 2).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(bob.hears().last().map(String::as_str), Some("partner_back"));
}

#[test]
fn a_node_that_did_not_run_asks_before_it_gives_a_seat_back() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let moved = cluster.come_back(1, &alice, 1).unwrap();
    moved.hears();
    cluster.wake_and_beat(0);
    // Before the node has compared notes.
    let back = cluster.come_back(0, &moved, 1 << 21).unwrap();
    assert!(back.hears()[0].starts_with("welcome back waiting"));
    assert_eq!(
        moved.farewell(),
        Some(Farewell::Replaced),
        "the newer has the seat"
    );
    cluster.pass(Millis::from_secs(7));
    assert_eq!(back.farewell(), None);
    assert_eq!(cluster.store.waiting(), [alice.user()]);
}

/// What the store said of the seat that was here is not true of the one that is here now.
#[test]
fn a_seat_that_comes_back_while_notes_are_compared_is_not_lost() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let moved = cluster.come_back(1, &alice, 1).unwrap();
    cluster.wake_and_beat(0);
    let chat = cluster.share(0);
    let pairing = chat.adapters().pairing.clone();
    pairing.set(Line::AnswersHeld);
    let mut notes = Box::pin(chat.verify());
    assert!(step(notes.as_mut()).is_pending());
    pairing.set(Line::Good);
    let back = cluster.come_back(0, &moved, 1 << 21).unwrap();
    run(notes);
    assert_eq!(back.farewell(), None);
    assert!(cluster[0].seat_of(alice.user()).is_some());
}

/// They went for good on the node that they had come to.
#[test]
fn a_node_that_did_not_run_gives_back_no_seat_that_is_gone_since() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let moved = cluster.come_back(1, &alice, 1).unwrap();
    run(cluster[1].disconnect(&moved.seat, moved.connection, Departure::Left));
    cluster.pass(Millis::from_secs(1));
    cluster.wake_and_beat(0);
    let refused = run(cluster[0].come_back(&alice, &alice.token().0, 1));
    assert!(
        matches!(refused, Err(ConnectError::Store(_))),
        "the store may have forgotten: {refused:?}"
    );
    cluster.pass(Millis::from_secs(5));
    assert!(cluster.come_back(0, &alice, 1).is_none(), "they come anew");
    assert_eq!(cluster.store.known(), []);
    assert_eq!(cluster[0].own_census().online, 0);
}

#[test]
fn a_store_that_was_away_hears_of_those_who_went_meanwhile() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster[0].adapters().pairing.set(Line::Down);
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    assert_eq!(cluster.store.known(), [alice.user()]);
    cluster[0].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(2));
    assert_eq!(cluster.store.known(), []);
}

/// Another node has taken the seat, and nobody has told its user yet.
#[test]
fn one_whose_search_stays_stale_is_told_that_they_wait_within_three_seconds() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    alice.hears();
    cluster.pass(Millis::from_secs(1));
    let taken = cluster[1].adapters().pairing.take(alice.user(), TokenSerial(1));
    assert!(run(taken).unwrap().is_some());
    run(cluster[0].join(&alice.seat, Criteria::default())).unwrap();
    assert_eq!(alice.hears(), [""; 0], "there may be a partner already");
    cluster.pass(Millis::new(1_500));
    assert_eq!(alice.hears(), ["waiting"]);
}

#[test]
fn one_who_is_gone_and_whom_a_restored_store_remembers_is_forgotten_after_a_grace() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = [0, 1].map(|node| cluster.visitor(node));
    let backup = cluster.store.back_up();
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    cluster.pass(Millis::from_secs(1));
    assert_eq!(cluster.store.known(), [bob.user()]);
    cluster.store.restore(backup);
    assert!(cluster.store.known().contains(&alice.user()));
    cluster.pass(Millis::from_secs(30));
    assert_eq!(cluster.store.known(), [bob.user()], "who is there stays");
}

#[test]
fn a_store_that_does_not_say_whom_it_remembers_is_asked_again_soon() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = [0, 1].map(|node| cluster.visitor(node));
    let backup = cluster.store.back_up();
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    cluster.pass(Millis::from_secs(1));
    cluster.store.restore(backup);
    for _ in 0..12 {
        cluster.clock.advance(Millis::new(500));
        for node in [0, 1] {
            cluster[node].tick();
            run(cluster[node].beat()).unwrap();
        }
    }
    // All have told it again what they know, and it is away when it is asked for the rest.
    cluster[0].adapters().pairing.set(Line::Down);
    run(cluster[0].tend());
    cluster[0].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(25));
    assert_eq!(cluster.store.known(), [bob.user()]);
}

#[test]
fn a_seat_that_became_idle_may_be_taken_back_elsewhere() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    cluster[0].heard(&alice.seat, alice.connection);
    cluster.pass(Millis::from_secs(1));
    cluster.kill(0);
    cluster.pass(Millis::from_secs(5));
    let back = cluster.come_back(1, &alice, 2).unwrap();
    assert_eq!(back.hears(), ["welcome back idle, with a gap"]);
}

#[test]
fn a_node_that_did_not_run_sends_nobody_to_a_partner_who_is_elsewhere_since() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    cluster.stall(0);
    cluster.pass(Millis::from_secs(8));
    let moved = cluster.come_back(1, &bob, 2).unwrap();
    moved.hears();
    cluster.wake_and_beat(0);
    run(cluster[0].drop_line(&alice));
    // Before the node has compared notes.
    let alice = cluster.come_back(0, &alice, 2).unwrap();
    alice.hears();
    let id = MessageId::parse("a").unwrap();
    let said = cluster[0].message(&alice.seat, &alice.chat(), "hello", Some(id));
    cluster[0].flush(&alice.seat);
    cluster.deliver();
    let (told, heard) = (alice.hears(), moved.hears());
    let is_delivered = heard.contains(&"message hello".to_owned());
    assert_eq!(
        told.contains(&"ack a".to_owned()),
        is_delivered,
        "{said:?} {told:?} {heard:?}"
    );
}

#[test]
fn a_seat_that_another_node_is_about_to_ask_for_is_kept_for_it() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.pass(Millis::from_secs(2));
    let (chat, token) = (cluster.share(1), alice.token().0);
    let mut coming = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending(), "it asks");
    cluster[0].verify_soon();
    run(cluster[0].tend());
    assert!(cluster[0].seat_of(alice.user()).is_some());
    let moved = cluster.finish(coming).unwrap().unwrap();
    assert_eq!(moved.hears(), ["welcome back waiting"]);
}

/// It asked the store, and died before it asked whom the store names.
#[test]
fn a_seat_that_was_taken_by_a_node_which_died_before_it_asked_for_it_stays_where_it_is() {
    let mut cluster = TestCluster::of(4);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.pass(Millis::from_secs(1));
    let pairing = &cluster[2].adapters().pairing;
    let taken = run(pairing.take(alice.user(), TokenSerial(1)));
    assert!(taken.unwrap().is_some());
    cluster.kill(2);
    cluster.pass(Millis::from_secs(20));
    assert_eq!(alice.farewell(), None);
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2], "they notice nothing");
    let moved = cluster.come_back(3, &alice, 2).unwrap();
    assert_eq!(moved.hears(), ["welcome back chatting"], "nothing was missed");
}

/// As one that was given up for one who came too late, and came back all the same.
#[test]
fn one_who_is_here_is_paired_though_the_store_has_heard_that_they_are_gone() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    let gone = run(cluster[0]
        .adapters()
        .pairing
        .release(alice.seat.stamp(), Release::Gone));
    gone.unwrap();
    assert_eq!(cluster.store.waiting(), []);
    cluster.pass(Millis::from_secs(10));
    assert_eq!(cluster.store.waiting(), [alice.user()]);
    let bob = cluster.visitor(1);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(bob.chat(), alice.chat());
}

/// Its own store says so, and all that the node says of the seat is stale to it.
#[test]
fn a_seat_that_its_node_was_given_once_more_without_noticing_is_paired_all_the_same() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster.pass(Millis::from_secs(1));
    for node in [1, 0] {
        // Nobody waits for what comes of it.
        let taken = run(cluster[node]
            .adapters()
            .pairing
            .take(alice.user(), TokenSerial(1)));
        assert!(taken.unwrap().is_some());
    }
    cluster.pass(Millis::from_secs(10));
    assert_eq!(cluster.store.waiting(), [alice.user()]);
    let bob = cluster.visitor(1);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(bob.chat(), alice.chat());
}
