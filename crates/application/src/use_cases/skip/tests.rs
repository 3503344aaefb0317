use super::*;
use crate::ports::Clock;
use crate::testing::{Line, Told, UnreliablePairing, chat, run, step};
use passerby_domain::notice::Waiting;
use std::pin::pin;
use std::sync::Barrier;
use std::thread;

#[test]
fn both_are_told_and_look_for_others() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
    assert_eq!(
        chat.adapters().pairing.waiting(),
        [alice.user(), bob.user()],
        "they are not paired again at once"
    );
}

#[test]
fn both_are_told_when_they_could_meet_again() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    let end = chat.adapters().clock.unix(chat.now() + Millis::from_secs(60));
    for visitor in [alice, bob] {
        let told = visitor.wire.told();
        let Some(Told::Waiting(Waiting { cooldown_until, .. })) = told.last() else {
            panic!("{told:?}");
        };
        assert_eq!(*cooldown_until, Some(end));
    }
}

#[test]
fn the_one_who_was_skipped_is_ahead_of_the_one_who_skipped() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    chat.clock.advance(Millis::from_secs(1));
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), bob.chat());
    let dave = run(chat.visitor());
    assert_eq!(dave.chat(), alice.chat());
}

#[test]
fn the_one_who_was_skipped_is_ahead_of_those_who_came_while_they_chatted() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    chat.clock.advance(Millis::from_secs(10));
    let carol = run(chat.visitor());
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(carol.chat(), bob.chat(), "the partner is looked for first");
}

#[test]
fn one_who_waits_is_met_at_once() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "matched"]);
    assert_eq!(carol.hears(), ["matched"]);
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
}

#[test]
fn skipping_another_chat_or_none_changes_nothing() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    assert_eq!(
        run(chat.skip(&alice.seat, "AAAAAAAAAAAAAAAA")),
        Err(SkipError::StaleChat)
    );
    assert_eq!(
        run(chat.skip(&carol.seat, &alice.chat())),
        Err(SkipError::NotChatting)
    );
    assert_eq!([alice.hears(), bob.hears(), carol.hears()], [[""; 0]; 3]);
}

#[test]
fn when_both_skip_each_is_told_once_and_waits_once() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    run(chat.skip(&alice.seat, &name)).unwrap();
    assert_eq!(run(chat.skip(&bob.seat, &name)), Err(SkipError::NotChatting));
    run(chat.skip(&alice.seat, &name)).unwrap_err();
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
    assert_eq!(chat.own_census().waiting, 2);
}

#[test]
fn of_two_who_skip_at_the_same_moment_on_two_threads_one_is_first() {
    for _ in 0..500 {
        let chat = chat().start();
        let [alice, bob] = run(chat.pair());
        let name = alice.chat();
        let both_are_there = Barrier::new(2);
        let skipped = thread::scope(|scope| {
            let skips = [&alice, &bob].map(|visitor| {
                scope.spawn(|| {
                    both_are_there.wait();
                    run(chat.skip(&visitor.seat, &name))
                })
            });
            skips.map(|skip| skip.join().unwrap())
        });
        let [first, second] = if skipped[0].is_ok() {
            [alice, bob]
        } else {
            [bob, alice]
        };
        assert!(skipped.contains(&Err(SkipError::NotChatting)), "{skipped:?}");
        assert_eq!(first.hears(), ["chat_ended you_skipped", "waiting"]);
        assert_eq!(second.hears(), ["chat_ended partner_skipped", "waiting"]);
    }
}

#[test]
fn when_both_skip_at_the_same_moment_neither_is_told_of_the_other() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    // A late "your partner skipped" finds a chat that is over already.
    run(chat.skip(&bob.seat, &name)).unwrap();
    run(chat.left_alone(&bob.seat, bob_chat(&bob), EndReason::PartnerSkipped));
    assert_eq!(bob.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(alice.hears(), ["chat_ended partner_skipped", "waiting"]);
}

fn bob_chat<S: crate::ports::PairingStore>(
    bob: &crate::testing::Visitor<S, crate::testing::PassAll>,
) -> passerby_domain::id::ChatId {
    let told = bob.wire.told();
    told.iter().rev().find_map(Told::chat).unwrap()
}

#[test]
fn one_who_skips_too_often_is_refused_and_their_partner_notices_nothing() {
    let chat = chat().start();
    let skipper = run(chat.visitor());
    for _ in 0..5 {
        run(chat.visitor());
        run(chat.skip(&skipper.seat, &skipper.chat())).unwrap();
    }
    let last = run(chat.visitor());
    // The partners before are ahead in the queue, so they meet each other; the last to come may meet the skipper.
    let name = skipper.chat();
    skipper.hears();
    let partner_heard = last.hears();
    let refused = run(chat.skip(&skipper.seat, &name)).unwrap_err();
    assert_eq!(
        refused,
        SkipError::RateLimited {
            retry_after: Millis::from_secs(3)
        }
    );
    assert_eq!(skipper.hears(), [""; 0]);
    assert_eq!(last.hears(), [""; 0], "after {partner_heard:?}");
    assert_eq!(chat.facts.count(Fact::RateLimited), 1);
    chat.clock.advance(Millis::from_secs(3));
    run(chat.skip(&skipper.seat, &name)).unwrap();
}

#[test]
fn a_refused_name_costs_no_skip() {
    let chat = chat().start();
    let [alice, _bob] = run(chat.pair());
    for _ in 0..20 {
        run(chat.skip(&alice.seat, "AAAAAAAAAAAAAAAA")).unwrap_err();
    }
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
}

#[test]
fn a_slow_store_keeps_nobody_from_learning_that_the_chat_is_over() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    chat.adapters().pairing.set(Line::RequestsHeld);
    let mut skipping = pin!(chat.skip(&alice.seat, &name));
    assert!(step(skipping.as_mut()).is_pending());
    assert_eq!(alice.hears(), ["chat_ended you_skipped"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped"]);
    chat.adapters().pairing.set(Line::Good);
    run(skipping).unwrap();
    assert_eq!([alice.hears(), bob.hears()], [["waiting"], ["waiting"]]);
}

#[test]
fn a_chat_ends_for_both_though_the_store_is_down() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let [alice, bob] = run(chat.pair());
    chat.adapters().pairing.set(Line::Down);
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting paused"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting paused"]);
    chat.adapters().pairing.set(Line::Good);
    run(chat.heartbeat()).unwrap();
    assert_eq!(alice.hears(), ["waiting"]);
    assert_eq!(bob.hears(), ["waiting"]);
}

#[test]
fn two_who_parted_meet_again_once_their_cooldown_is_over() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    alice.hears();
    bob.hears();
    let end = chat.now() + Millis::from_secs(60);
    assert_eq!(chat.next_deadline(), Some(end));
    chat.clock.advance(Millis::new(59_999));
    run(chat.reap());
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    chat.clock.advance(Millis::new(1));
    run(chat.reap());
    assert_eq!([alice.hears(), bob.hears()], [["matched"], ["matched"]]);
    assert_eq!(chat.next_deadline(), None);
}
