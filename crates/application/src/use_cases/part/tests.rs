use super::*;
use crate::testing::{Line, Told, UnreliablePairing, chat, run};
use passerby_domain::criteria::Criteria;
use passerby_domain::notice::Replay;
use passerby_domain::time::Millis;

#[test]
fn a_release_that_comes_late_does_not_take_out_one_who_is_back_in_the_queue() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.leave(&alice.seat, None)).unwrap();
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    // The thread on which she left gets no further until now.
    run(chat.release(&alice.seat, Release::Rest));
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user()]);
}

#[test]
fn news_of_the_end_of_an_older_chat_does_not_end_the_present_one() {
    let chat = chat()
        .options(|options| options.rematch_cooldown = Millis::ZERO)
        .start();
    let [alice, bob] = run(chat.pair());
    let first = bob.seat.lock().session.chatting().unwrap().chat;
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    assert_eq!(alice.chat(), bob.chat(), "they have met again");
    alice.hears();
    run(chat.left_alone(&alice.seat, first, EndReason::PartnerLeft));
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(chat.own_census().chatting, 2);
}

#[test]
fn one_who_is_away_when_left_alone_finds_out_on_their_return() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    assert_eq!(
        chat.adapters().pairing.waiting(),
        [bob.user()],
        "she is not looked for"
    );
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(
        back.hears(),
        ["welcome back waiting", "chat_ended partner_skipped", "waiting"]
    );
    let replay = Replay::Whole { seq: 2, replay_to: 4 };
    assert!(
        matches!(&back.wire.told()[0], Told::Welcome { replay: told, .. } if *told == replay),
        "both were told before she came"
    );
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user(), bob.user()]);
}

#[test]
fn those_who_are_kept_apart_know_it_on_both_sides() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let until = chat.now() + Millis::from_secs(9);
    chat.keep_apart(&alice.seat, bob.user(), until);
    let now = chat.now();
    assert_eq!(alice.seat.lock().avoidance.until(bob.user(), now), Some(until));
    assert_eq!(bob.seat.lock().avoidance.until(alice.user(), now), Some(until));
}

#[test]
fn a_release_that_fails_is_noted() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let alice = run(chat.visitor());
    chat.adapters().pairing.set(Line::AnswersLost);
    run(chat.leave(&alice.seat, None)).unwrap();
    assert_eq!(chat.facts.count(Fact::StoreFailed), 1);
    assert_eq!(chat.adapters().pairing.store().waiting(), []);
}
