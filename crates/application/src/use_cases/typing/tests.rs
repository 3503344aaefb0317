use super::*;
use crate::testing::{chat, run};
use passerby_domain::time::Millis;

#[test]
fn a_partner_sees_that_one_is_typing() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    chat.typing(&alice.seat, &alice.chat(), Typing::Started);
    chat.typing(&alice.seat, &alice.chat(), Typing::Stopped);
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["typing started", "typing stopped"]);
    assert_eq!(alice.hears(), [""; 0]);
}

#[test]
fn a_hint_about_another_chat_is_dropped_in_silence() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    chat.typing(&alice.seat, "AAAAAAAAAAAAAAAA", Typing::Started);
    chat.typing(&carol.seat, &alice.chat(), Typing::Started);
    for visitor in [&alice, &bob, &carol] {
        chat.flush(&visitor.seat);
        assert_eq!(visitor.hears(), [""; 0]);
    }
}

#[test]
fn too_many_hints_are_dropped_and_later_ones_pass_again() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    for _ in 0..100 {
        chat.typing(&alice.seat, &alice.chat(), Typing::Started);
    }
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["typing started"; 5]);
    chat.clock.advance(Millis::new(200));
    chat.typing(&alice.seat, &alice.chat(), Typing::Stopped);
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["typing stopped"]);
}

#[test]
fn one_who_is_away_is_not_told_later_that_somebody_typed() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&bob));
    chat.typing(&alice.seat, &alice.chat(), Typing::Started);
    let back = run(chat.come_back(&bob, &bob.token().0, 1)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
}
