//! What moves with a seat, and what becomes of the connection that is left.

use super::{online, say, sorted};
use crate::ports::{Clock as _, Farewell};
use crate::testing::{Guest, Line, RecordingWire, TestCluster, run, step};
use crate::{ConnectError, Departure, FirstWord, SkipError};
use passerby_domain::flood::Rate;
use passerby_domain::id::Seq;
use passerby_domain::time::Millis;
use std::sync::Arc;

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

/// It is the token of a welcome that its client never heard, and the store takes it for good.
#[test]
fn a_dead_token_does_not_take_a_seat_from_whom_it_serves() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let unheard = cluster.come_back(1, &bob, 1).unwrap();
    let back = cluster.come_back(1, &bob, 1).unwrap();
    cluster.deliver();
    alice.hears();
    back.hears();
    assert!(cluster.come_back(0, &unheard, 1).is_none());
    cluster.pass(Millis::from_secs(8));
    assert_eq!(back.farewell(), None);
    assert_eq!(alice.hears(), [""; 0], "nothing has happened to the partner");
    assert_eq!(online(&cluster), 2);
    for (node, from, to) in [(0, &alice, &back), (1, &back, &alice)] {
        say(&cluster, node, from, "still here", "1").unwrap();
        cluster.deliver();
        assert_eq!(to.hears().last().map(String::as_str), Some("message still here"));
    }
    run(cluster[1].skip(&back.seat, &back.chat())).unwrap();
    cluster.pass(Millis::from_secs(1));
    let carol = cluster.visitor(0);
    let dave = cluster.visitor(0);
    cluster.pass(Millis::from_secs(1));
    assert_ne!(carol.chat(), dave.chat(), "both who waited were found");
}

#[test]
fn a_seat_is_taken_back_also_where_the_store_does_not_answer_for_a_moment() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let unheard = cluster.come_back(1, &bob, 1).unwrap();
    let back = cluster.come_back(1, &bob, 1).unwrap();
    cluster.deliver();
    alice.hears();
    let (chat, token) = (cluster.share(0), unheard.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    cluster[1].adapters().pairing.set(Line::Down);
    assert!(cluster.finish(coming).unwrap().is_none());
    cluster.pass(Millis::new(500));
    cluster[1].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(8));
    assert_eq!(back.farewell(), None);
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(cluster.store.chatting().len(), 2);
    say(&cluster, 0, &alice, "still here", "1").unwrap();
    cluster.deliver();
    assert_eq!(
        back.hears().last().map(String::as_str),
        Some("message still here")
    );
}

#[test]
fn one_who_waits_is_found_after_a_dead_token_of_theirs_was_shown_elsewhere() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(1);
    let unheard = cluster.come_back(1, &alice, 1).unwrap();
    let back = cluster.come_back(1, &alice, 1).unwrap();
    assert!(cluster.come_back(0, &unheard, 1).is_none());
    cluster.pass(Millis::from_secs(1));
    let bob = cluster.visitor(0);
    cluster.deliver();
    assert_eq!(bob.hears().last().map(String::as_str), Some("matched"));
    assert_eq!(bob.chat(), back.chat());
}

#[test]
fn of_two_who_come_back_at_once_on_two_nodes_one_stays() {
    for nodes in [[0, 2], [1, 2], [2, 1]] {
        for speaks in [Speaks::Later, Speaks::AtOnce] {
            one_stays(nodes, speaks);
        }
    }
}

/// When a client that has come back speaks.
#[derive(Clone, Copy, PartialEq)]
enum Speaks {
    Later,
    AtOnce,
}

fn one_stays(nodes: [usize; 2], speaks: Speaks) {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let chats = nodes.map(|node| cluster.share(node));
    let token = bob.token().0;
    let came = |node: usize, guest: &Result<Option<Guest>, ConnectError>| {
        if let (Speaks::AtOnce, Ok(Some(guest))) = (speaks, guest) {
            chats[node].heard(&guest.seat, guest.connection);
        }
    };
    let mut first = Box::pin(chats[0].come_back(&bob, &token, 1));
    let mut second = Box::pin(chats[1].come_back(&bob, &token, 1));
    let (mut one, mut other) = (None, None);
    while one.is_none() || other.is_none() {
        if one.is_none()
            && let std::task::Poll::Ready(guest) = step(first.as_mut())
        {
            came(0, &guest);
            one = Some(guest);
        }
        if other.is_none()
            && let std::task::Poll::Ready(guest) = step(second.as_mut())
        {
            came(1, &guest);
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
    assert_eq!(open, 1, "on {nodes:?}");
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

/// The store has forgotten that another node had taken it, as in a failover, and the one that has it from the store knows better.
#[test]
fn who_comes_back_to_a_former_owner_is_not_told_that_nothing_came_meanwhile() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([1, 1]);
    let backup = cluster.store.back_up();
    let there = cluster.come_back_unheard(0, &bob, 1);
    let [here, former] = [0, 1].map(|node| cluster.incarnation(node));
    assert_eq!(cluster.office.kinds(here, former)[0], "wish");
    cluster.office.lose(here, former);
    // Until what is said is confirmed by one who remembers nothing.
    cluster.pass(Millis::from_secs(4));
    run(cluster[0].drop_line(&there));
    say(&cluster, 1, &alice, "hello", "1").unwrap();
    cluster.deliver();
    let heard = alice.hears();
    assert!(heard.contains(&"ack 1".to_owned()), "{heard:?}");
    cluster.store.restore(backup);
    let back = cluster.come_back(1, &bob, 1).unwrap();
    cluster.deliver();
    assert_eq!(back.hears(), ["welcome back chatting, with a gap"]);
}

/// Where letters take long, those who come back have their chat as it was, a little later.
#[test]
fn a_former_owner_that_is_heard_is_waited_for_longer() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    let (chat, token) = (cluster.share(2), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    let [former, here] = [1, 2].map(|node| cluster.incarnation(node));
    assert!(cluster.carry(here, former), "the question");
    for _ in 0..6 {
        cluster.clock.advance(Millis::new(250));
        cluster.keep_up(Millis::new(250));
        cluster.work();
        assert!(step(coming.as_mut()).is_pending());
    }
    let bob = cluster.finish(coming).unwrap().unwrap();
    assert!(bob.hears().contains(&"message hello".to_owned()));
}

/// The store gives it to the node that they come to before it hears of the end.
#[test]
fn a_seat_that_ends_while_it_is_asked_for_does_not_come_back() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let (chat, token) = (cluster.share(0), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    run(cluster[1].disconnect(&bob.seat, bob.connection, Departure::Left));
    let began = cluster.clock.now();
    let back = cluster.finish(coming).unwrap();
    assert!(back.is_none());
    assert!(
        cluster.clock.now().since(began) < Millis::from_secs(1),
        "it is known at once"
    );
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), ["chat_ended partner_left", "waiting"]);
    assert_eq!(cluster.store.known(), [alice.user()]);
}

#[test]
fn one_who_left_for_good_does_not_come_back() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    assert!(cluster.come_back(1, &alice, 1).is_none());
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

/// Somebody shows up on another node, and so much later where the seat is; then the first attempt takes the seat away. What
/// becomes of the second.
fn outdone(cluster: &mut TestCluster, guest: &Guest, later: Millis) -> ConnectError {
    let (token, seen) = (guest.token().0, Seq::new(2));
    let first = run(cluster[0].recognise(&token)).unwrap().unwrap();
    cluster.clock.advance(later);
    let second = run(cluster[1].recognise(&token)).unwrap().unwrap();
    let (there, wire) = (cluster.share(0), Arc::new(RecordingWire::default()));
    let taken = cluster.finish(there.resume(first, guest.address, wire, seen));
    assert!(taken.unwrap().is_some());
    let refused = run(cluster[1].resume(second, guest.address, Arc::default(), seen));
    assert_eq!(cluster[0].own_census().chatting, 2, "the first has it still");
    refused.err().unwrap()
}

#[test]
fn one_whose_seat_is_taken_elsewhere_by_who_came_at_once_with_them_is_replaced() {
    for later in [0, 99] {
        let mut cluster = TestCluster::of(2);
        let [_alice, bob] = cluster.pair([0, 1]);
        let refused = outdone(&mut cluster, &bob, Millis::new(later));
        assert!(matches!(refused, ConnectError::Replaced), "{refused:?}");
    }
}

/// The first may be an attempt that the client has given up on.
#[test]
fn one_whose_seat_is_taken_elsewhere_by_who_came_before_them_tries_again_and_loses_nothing() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let refused = outdone(&mut cluster, &bob, Millis::new(100));
    assert!(matches!(refused, ConnectError::Store(_)), "{refused:?}");
    let back = cluster.come_back(1, &bob, 2).unwrap();
    cluster.deliver();
    say(&cluster, 0, &alice, "still here", "1").unwrap();
    cluster.deliver();
    assert!(
        back.hears().contains(&"message still here".to_owned()),
        "{:?}",
        back.hears()
    );
}

/// The one who has the seat knows better with whom: the store has forgotten that, and knows of a chat before.
#[test]
fn who_is_taken_over_stays_with_their_partner_whatever_the_store_knows_of_another() {
    let mut cluster = TestCluster::of(3);
    let [first, bob] = cluster.pair([0, 1]);
    // The former partner has moved, so that the store has them in a newer tenure than anybody else.
    let first = cluster.come_back(2, &first, 1).unwrap();
    let backup = cluster.store.back_up();
    run(cluster[2].leave(&first.seat, None)).unwrap();
    cluster.deliver();
    let second = cluster.visitor(0);
    assert_eq!(second.chat(), bob.chat());
    cluster.store.restore(backup);
    let bob = cluster.come_back(2, &bob, 4).unwrap();
    bob.hears();
    say(&cluster, 0, &second, "hello", "1").unwrap();
    say(&cluster, 2, &bob, "hi", "2").unwrap();
    cluster.deliver();
    assert!(bob.hears().contains(&"message hello".to_owned()));
    assert!(second.hears().contains(&"message hi".to_owned()));
}
