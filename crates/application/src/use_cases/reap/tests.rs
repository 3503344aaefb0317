use super::*;
use crate::Entry;
use crate::testing::{HonestPairing, PassAll, TestChat, Visit, Visitor, chat, run, step};
use passerby_domain::criteria::{Criteria, Interests, Language};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;
use std::pin::pin;

fn idler(chat: &TestChat<HonestPairing, PassAll>) -> Visitor<HonestPairing, PassAll> {
    let visit = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    run(chat.visit(visit)).unwrap()
}

#[test]
fn a_chat_ends_when_the_grace_of_one_is_over() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    assert_eq!(chat.next_deadline(), Some(chat.now() + Millis::from_secs(20)));
    chat.clock.advance(Millis::new(19_999));
    run(chat.reap());
    assert_eq!(bob.hears(), ["partner_away"]);
    chat.clock.advance(Millis::new(1));
    run(chat.reap());
    assert_eq!(bob.hears(), ["chat_ended partner_disconnected", "waiting"]);
    assert!(run(chat.recognise(&alice.token().0)).unwrap().is_none());
    let census = Census {
        online: 1,
        waiting: 1,
        chatting: 0,
    };
    assert_eq!(chat.own_census(), census);
    assert_eq!(chat.next_deadline(), None, "nothing is left behind");
}

#[test]
fn when_both_are_away_the_chat_ends_with_the_grace_of_the_first() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    chat.clock.advance(Millis::from_secs(5));
    run(chat.drop_line(&bob));
    chat.clock.advance(Millis::from_secs(15));
    run(chat.reap());
    let back = run(chat.come_back(&bob, &bob.token().0, 1)).unwrap().unwrap();
    assert_eq!(
        back.hears(),
        [
            "welcome back waiting",
            "partner_away",
            "chat_ended partner_disconnected",
            "waiting"
        ]
    );
    assert_eq!(chat.adapters().pairing.waiting(), [bob.user()]);
}

#[test]
fn one_who_comes_back_in_time_is_not_ended_by_a_reaper_that_was_late() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    let deadline = chat.next_deadline().unwrap();
    chat.clock.set(deadline);
    // The reaper has taken her off its list when she comes back.
    let due = chat.timers.take_due(deadline, BATCH);
    assert_eq!(due, [(deadline, alice.user())]);
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    run(chat.attend(&back.seat, deadline, deadline));
    assert_eq!(back.hears(), ["welcome back chatting"]);
    assert_eq!(back.farewell(), None);
    assert_eq!(bob.hears(), ["partner_away", "partner_back"]);
    chat.message(&back.seat, &back.chat(), "hello", None).unwrap();
    chat.message(&bob.seat, &bob.chat(), "hello", None).unwrap();
}

#[test]
fn one_who_stays_idle_is_sent_away() {
    let chat = chat().start();
    let alice = idler(&chat);
    chat.clock.advance(Millis::new(15 * 60_000 - 1));
    run(chat.reap());
    assert_eq!(alice.farewell(), None);
    chat.clock.advance(Millis::new(1));
    run(chat.reap());
    assert_eq!(alice.farewell(), Some(Farewell::IdleTimeout));
    assert_eq!(chat.own_census(), Census::default());
    assert!(run(chat.recognise(&alice.token().0)).unwrap().is_none());
}

#[test]
fn one_who_joins_in_time_is_not_sent_away_by_a_reaper_that_was_late() {
    let chat = chat().start();
    let alice = idler(&chat);
    let deadline = chat.next_deadline().unwrap();
    chat.clock.set(deadline);
    let due = chat.timers.take_due(deadline, BATCH);
    assert_eq!(due.len(), 1);
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    run(chat.attend(&alice.seat, deadline, deadline));
    assert_eq!(alice.farewell(), None);
    assert_eq!(alice.hears(), ["welcome idle", "waiting"]);
}

#[test]
fn idle_time_counts_from_the_moment_one_became_idle() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    chat.clock.advance(Millis::from_secs(14 * 60));
    run(chat.leave(&alice.seat, None)).unwrap();
    chat.clock.advance(Millis::from_secs(14 * 60));
    run(chat.reap());
    assert_eq!(alice.farewell(), None);
}

#[test]
fn one_who_waits_or_chats_is_never_sent_away() {
    let chat = chat().start();
    let [alice, _bob] = run(chat.pair());
    let carol = run(chat.visitor());
    assert_eq!(chat.next_deadline(), None);
    chat.clock.advance(Millis::from_secs(24 * 60 * 60));
    run(chat.reap());
    assert_eq!([alice.farewell(), carol.farewell()], [None, None]);
}

fn who_likes(interest: &str) -> Criteria {
    Criteria {
        interests: Interests::parse([interest]).unwrap(),
        ..Criteria::default()
    }
}

#[test]
fn two_who_share_nothing_meet_once_the_patience_of_both_is_over() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(who_likes("chess")));
    chat.clock.advance(Millis::from_secs(2));
    let bob = run(chat.visitor_who(who_likes("tea")));
    alice.hears();
    bob.hears();
    while let Some(deadline) = chat.next_deadline() {
        assert!(chat.now() <= deadline, "each deadline is dealt with once");
        chat.clock.set(deadline);
        run(chat.reap());
    }
    assert_eq!(chat.now(), Moment::from_millis(1_000 + 2_000 + 8_000));
    assert_eq!([alice.hears(), bob.hears()], [["matched"], ["matched"]]);
}

#[test]
fn languages_are_insisted_on_for_longer() {
    let chat = chat().start();
    let speaks = |tag| Criteria {
        language: Some(Language::parse(tag).unwrap()),
        ..Criteria::default()
    };
    let alice = run(chat.visitor_who(speaks("en")));
    let bob = run(chat.visitor_who(speaks("pt")));
    chat.clock.advance(Millis::new(14_999));
    run(chat.reap());
    assert_eq!(alice.hears(), ["welcome idle", "waiting"]);
    chat.clock.advance(Millis::new(1));
    run(chat.reap());
    assert_eq!(alice.hears(), ["matched"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting", "matched"]);
}

#[test]
fn patience_runs_on_while_one_is_away() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(who_likes("chess")));
    run(chat.drop_line(&alice));
    chat.clock.advance(Millis::from_secs(8));
    run(chat.reap());
    let bob = run(chat.visitor());
    let back = run(chat.come_back(&alice, &alice.token().0, 1)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back waiting", "matched"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting", "matched"]);
}

#[test]
fn patience_begins_anew_with_the_next_wait() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(who_likes("chess")));
    let bob = run(chat.visitor_who(who_likes("chess")));
    chat.clock.advance(Millis::from_secs(60));
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    let carol = run(chat.visitor_who(who_likes("chess")));
    assert_eq!(carol.chat(), alice.chat());
    let dave = run(chat.visitor());
    assert_eq!(
        dave.hears(),
        ["welcome idle", "waiting"],
        "bob insists on chess again"
    );
}

#[test]
fn the_sleeper_is_woken_when_something_is_due_earlier() {
    let chat = chat().start();
    let _idler = idler(&chat);
    let known = chat.next_deadline();
    let mut sleep = pin!(chat.deadline_before(known));
    assert!(step(sleep.as_mut()).is_pending());
    let bob = run(chat.visitor());
    assert!(
        step(sleep.as_mut()).is_pending(),
        "one who waits for anybody has no deadline"
    );
    run(chat.drop_line(&bob));
    assert!(step(sleep.as_mut()).is_ready());
    assert!(chat.next_deadline() < known);
}

#[test]
fn more_deadlines_than_a_batch_are_all_dealt_with() {
    let chat = chat().start();
    let visitors: Vec<_> = (0..2 * BATCH + 10).map(|_| idler(&chat)).collect();
    chat.clock.advance(chat.options().idle_timeout);
    run(chat.reap());
    assert!(
        visitors
            .iter()
            .all(|visitor| visitor.farewell() == Some(Farewell::IdleTimeout))
    );
    assert_eq!(chat.next_deadline(), None);
    assert_eq!(chat.own_census(), Census::default());
}
