mod meanwhile;

use super::*;
use crate::ports::{Farewell, MockBans, Offence, StoreError};
use crate::testing::{Line, TestCluster, Told, UnreliablePairing, Visit, chat, run, step};
use crate::{BanOrder, BanTarget, Entry};
use passerby_domain::criteria::Criteria;
use passerby_domain::flood::Rate;
use passerby_domain::time::Millis;

#[test]
fn one_who_comes_back_to_a_chat_finds_it_and_the_partner_is_told() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
    assert_eq!(bob.hears(), ["partner_away", "partner_back"]);
    assert_eq!(back.user(), alice.user());
    let complete = Completeness::Whole;
    assert_eq!(chat.facts.count(Fact::Resumed { complete }), 1);
    assert_eq!(chat.next_deadline(), None, "no grace is running any more");
}

#[test]
fn what_was_not_seen_is_told_again_and_what_was_is_not() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    for text in ["one", "two", "three"] {
        chat.message(&bob.seat, &bob.chat(), text, None).unwrap();
    }
    chat.flush(&bob.seat);
    run(chat.drop_line(&alice));
    // `waiting` was her first event, `matched` the second.
    let back = run(chat.come_back(&alice, &alice.token().0, 3)).unwrap().unwrap();
    assert_eq!(
        back.hears(),
        ["welcome back chatting", "message two", "message three"]
    );
}

#[test]
fn one_who_says_they_saw_more_than_there_was_is_told_of_a_gap() {
    let chat = chat().start();
    let [alice, _bob] = run(chat.pair());
    let back = run(chat.come_back(&alice, &alice.token().0, 99))
        .unwrap()
        .unwrap();
    assert_eq!(back.hears(), ["welcome back chatting, with a gap"]);
    let complete = Completeness::Gap;
    assert_eq!(chat.facts.count(Fact::Resumed { complete }), 1);
}

#[test]
fn one_who_waited_keeps_their_place() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.drop_line(&alice));
    chat.clock.advance(Millis::from_secs(1));
    let back = run(chat.come_back(&alice, &alice.token().0, 1)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back waiting"]);
    let place = back.seat.lock().session.wait().unwrap().place;
    assert_eq!(chat.now().since(place.since()), Millis::from_secs(1));
    let bob = run(chat.visitor());
    assert_eq!(bob.chat(), back.chat());
}

/// The store has not answered yet, so that they were not told that they wait.
#[test]
fn the_welcome_says_where_one_stands_after_what_is_told_again() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let visit = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    let alice = run(chat.visit(visit)).unwrap();
    alice.hears();
    store.set(Line::RequestsHeld);
    let mut joining = Box::pin(chat.join(&alice.seat, Criteria::default()));
    assert!(step(joining.as_mut()).is_pending());
    store.set(Line::Good);
    run(chat.drop_line(&alice));
    let back = run(chat.come_back(&alice, &alice.token().0, 0)).unwrap().unwrap();
    let told = back.wire.told();
    let Some(Told::Welcome { replay, .. }) = told.first() else {
        panic!("{told:?}");
    };
    assert!(
        matches!(replay, Replay::Whole { seq: 0, replay_to: 1 }),
        "{replay:?}"
    );
    assert_eq!(back.hears(), ["welcome back waiting", "waiting"]);
    run(joining).unwrap();
    assert_eq!(back.hears(), [""; 0]);
}

#[test]
fn one_who_was_idle_stays_so() {
    let chat = chat().start();
    let visit = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    let alice = run(chat.visit(visit)).unwrap();
    run(chat.drop_line(&alice));
    chat.clock.advance(Millis::from_secs(10));
    let back = run(chat.come_back(&alice, &alice.token().0, 0)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back idle"]);
    assert_eq!(
        chat.next_deadline(),
        Some(chat.now() + chat.options().idle_timeout),
        "the idle time begins anew"
    );
}

#[test]
fn when_both_were_away_each_finds_out_about_the_other() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    run(chat.drop_line(&bob));
    let alice = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(alice.hears(), ["welcome back chatting", "partner_away"]);
    let told = alice.wire.told();
    assert!(
        matches!(
            &told[0],
            Told::Welcome {
                partner_away_until: Some(_),
                ..
            }
        ),
        "{told:?}"
    );
    let bob = run(chat.come_back(&bob, &bob.token().0, 1)).unwrap().unwrap();
    assert_eq!(
        bob.hears(),
        ["welcome back chatting", "partner_away", "partner_back"]
    );
    assert!(matches!(
        &bob.wire.told()[0],
        Told::Welcome {
            partner_away_until: None,
            ..
        }
    ));
    assert_eq!(alice.hears(), ["partner_back"]);
}

#[test]
fn the_newer_of_two_connections_wins_and_the_partner_notices_nothing() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let second = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(alice.farewell(), Some(Farewell::Replaced));
    assert_eq!(second.farewell(), None);
    assert_eq!(bob.hears(), [""; 0]);
    chat.message(&bob.seat, &bob.chat(), "hello", None).unwrap();
    chat.flush(&bob.seat);
    assert_eq!(second.hears(), ["welcome back chatting", "message hello"]);
    assert_eq!(alice.hears(), [""; 0]);
}

#[test]
fn the_newer_of_two_connections_wins_even_if_it_is_the_faster_one() {
    let chat = chat().start();
    let [alice, _bob] = run(chat.pair());
    let given_up = run(chat.recognise(&alice.token().0)).unwrap().unwrap();
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    let late = run(chat.resume(given_up, alice.address, Arc::default(), Seq::NONE));
    assert!(matches!(late, Err(ConnectError::Replaced)));
    assert_eq!(back.farewell(), None, "nobody hangs up on the one that is left");
    assert_eq!(back.hears(), ["welcome back chatting"]);
}

#[test]
fn a_token_is_good_until_the_next_connection_is_heard_from() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let first = alice.token().0;
    // A welcome that was lost on its way strands nobody: the first token still works.
    let second = run(chat.come_back(&alice, &first, 1)).unwrap().unwrap();
    let third = run(chat.come_back(&alice, &first, 1)).unwrap().unwrap();
    assert!(
        run(chat.recognise(&second.token().0)).unwrap().is_none(),
        "only the token in the latest welcome is good"
    );
    chat.heard(&third.seat, third.connection);
    assert!(run(chat.recognise(&first)).unwrap().is_none(), "it is spent");
    assert!(run(chat.recognise(&third.token().0)).unwrap().is_some());
    assert!(run(chat.come_back(&alice, &first, 1)).unwrap().is_none());
}

#[test]
fn a_token_does_not_die_because_an_older_connection_was_heard_from() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let first = alice.token().0;
    run(chat.come_back(&alice, &first, 1)).unwrap().unwrap();
    chat.heard(&alice.seat, alice.connection);
    assert!(run(chat.recognise(&first)).unwrap().is_some());
}

#[test]
fn every_welcome_has_a_new_token_and_two_at_most_are_good() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let mut tokens = vec![alice.token().0];
    for _ in 0..4 {
        let token = tokens.last().unwrap();
        let back = run(chat.come_back(&alice, token, 1)).unwrap().unwrap();
        tokens.push(back.token().0);
    }
    let good: Vec<bool> = tokens
        .iter()
        .map(|token| run(chat.recognise(token)).unwrap().is_some())
        .collect();
    assert_eq!(good, [false, false, false, true, true]);
}

#[test]
fn a_token_that_never_was_one_takes_nothing_back() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    for token in [
        "",
        ".",
        "garbage",
        "AAAAAAAAAAAAAAAAAAAAAA.1",
        &format!("{}.7", alice.user()),
    ] {
        assert!(run(chat.recognise(token)).unwrap().is_none(), "{token}");
    }
}

#[test]
fn one_who_comes_a_moment_after_the_grace_comes_anew() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.drop_line(&alice));
    let returning = run(chat.recognise(&alice.token().0)).unwrap().unwrap();
    chat.clock.advance(Millis::from_secs(20));
    run(chat.reap());
    let wire = Arc::default();
    let resumed = run(chat.resume(returning, alice.address, wire, Seq::NONE));
    assert!(
        resumed.unwrap().is_none(),
        "the seat died while she was on her way"
    );
}

#[test]
fn a_banned_origin_does_not_come_back() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    let returning = run(chat.recognise(&alice.token().0)).unwrap().unwrap();
    let order = BanOrder {
        target: BanTarget::User(bob.user()),
        offence: Offence::Spam,
        span: None,
    };
    let ban = run(chat.ban(order)).unwrap();
    let wire = Arc::default();
    let refused = run(chat.resume(returning, bob.address, wire, Seq::NONE)).unwrap_err();
    assert!(matches!(refused, ConnectError::Banned(told) if told == ban));
    assert_eq!(
        chat.seat_of(alice.user()).unwrap().lock().connection,
        alice.connection
    );
}

#[test]
fn a_seat_that_is_here_can_be_taken_back_while_the_bans_cannot_be_read() {
    let mut bans = MockBans::new();
    bans.expect_find().times(1).returning(|_, _| Ok(None));
    bans.expect_find()
        .returning(|_, _| Err(StoreError::Unavailable("down".into())));
    let chat = chat().bans(bans).start();
    let alice = run(chat.visitor());
    let back = run(chat.come_back(&alice, &alice.token().0, 1)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back waiting"]);
}

#[test]
fn one_who_takes_over_while_waiting_can_be_met_under_their_new_ticket_only() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let old = alice.seat.lock().session.wait().unwrap().ticket;
    run(chat.come_back(&alice, &alice.token().0, 1)).unwrap().unwrap();
    let new = alice.seat.lock().session.wait().unwrap().ticket;
    assert!(old < new);
    let bob = run(chat.visitor());
    assert_eq!(bob.hears(), ["welcome idle", "matched"]);
}

#[test]
fn what_one_wanted_and_whom_they_parted_from_survive_a_return() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    run(chat.drop_line(&alice));
    let back = run(chat.come_back(&alice, &alice.token().0, 4)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back waiting"]);
    assert_eq!(
        chat.adapters().pairing.waiting(),
        [alice.user(), bob.user()],
        "the cooldown still keeps them apart"
    );
    assert_eq!(back.seat.lock().criteria, Criteria::default());
}

#[test]
fn news_that_a_partner_is_back_is_nothing_to_one_who_knows_that_they_went_again() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    let (name, returned) = {
        let book = back.seat.lock();
        (book.session.chatting().unwrap().chat, book.session.generation())
    };
    run(chat.drop_line(&back));
    assert_eq!(bob.hears(), ["partner_away", "partner_back", "partner_away"]);
    // A thread that was about to bring the news of her return gets to it only now.
    chat.partner_returned(&bob.seat, name, returned);
    assert_eq!(bob.hears(), [""; 0]);
    let away = bob.seat.lock().session.chatting().unwrap().link.absence;
    assert!(away.is_some());
}

#[test]
fn a_seat_is_not_taken_back_without_end() {
    let chat = chat()
        .options(|options| options.returns = Rate::per_second(1, 5))
        .start();
    let [alice, bob] = run(chat.pair());
    let [hers, his] = [alice.token().0, bob.token().0];
    for _ in 0..5 {
        assert!(run(chat.recognise(&hers)).unwrap().is_some());
    }
    let Err(NotNow::TooOften(exhausted)) = run(chat.recognise(&hers)) else {
        panic!("there is no limit");
    };
    assert!(
        run(chat.recognise(&his)).unwrap().is_some(),
        "the limit is of each seat"
    );
    chat.clock.advance(exhausted.retry_after);
    assert!(run(chat.recognise(&hers)).unwrap().is_some());
    assert_eq!(chat.facts.count(Fact::TurnedAway), 1);
}

/// Whoever has got hold of an old token must not keep its user out.
#[test]
fn a_spent_token_uses_nothing_up_of_what_its_seat_may_be_taken_back() {
    let chat = chat()
        .options(|options| options.returns = Rate::per_second(1, 2))
        .start();
    let alice = run(chat.visitor());
    let first = alice.token().0;
    let back = run(chat.come_back(&alice, &first, 1)).unwrap().unwrap();
    chat.heard(&back.seat, back.connection);
    for _ in 0..5 {
        assert!(run(chat.recognise(&first)).unwrap().is_none(), "it is spent");
    }
    assert!(run(chat.recognise(&back.token().0)).unwrap().is_some());
}

/// As above, where another node might have the seat.
#[test]
fn a_spent_token_uses_nothing_up_of_what_its_seat_may_be_taken_back_on_one_of_many_nodes_either() {
    let mut cluster = TestCluster::with(2, |options| options.returns = Rate::per_second(1, 2));
    let alice = cluster.visitor(0);
    let first = alice.token().0;
    let back = cluster.come_back(0, &alice, 1).unwrap();
    cluster[0].heard(&back.seat, back.connection);
    for _ in 0..5 {
        assert!(
            run(cluster[0].recognise(&first)).unwrap().is_none(),
            "it is spent"
        );
    }
    assert!(run(cluster[0].recognise(&back.token().0)).unwrap().is_some());
}

/// Its node tells the store before it answers, or a moment later.
#[test]
fn a_spent_token_is_dead_on_every_node_also_when_its_own_has_died() {
    for waits in [true, false] {
        let mut cluster = TestCluster::of(2);
        let alice = cluster.visitor(0);
        let back = cluster.come_back(0, &alice, 1).unwrap();
        cluster.pass(Millis::from_secs(1));
        let word = cluster[0].heard(&back.seat, back.connection);
        assert_eq!(word, FirstWord::Spends);
        if waits {
            run(cluster[0].spend(&back.seat));
        } else {
            cluster.pass(Millis::from_secs(1));
        }
        cluster.kill(0);
        cluster.pass(Millis::from_secs(6));
        assert!(cluster.come_back(1, &alice, 1).is_none(), "it is spent: {waits}");
        assert!(cluster.come_back(1, &back, 1).is_some());
    }
}
