use super::*;
use crate::ports::MockTextScreen;
use crate::testing::{PassAll, TestChat, Told, Visitor, chat, run};
use passerby_domain::time::Millis;

#[expect(clippy::unnecessary_wraps, reason = "a message may have none")]
fn id(id: &str) -> Option<MessageId<'_>> {
    Some(MessageId::parse(id).unwrap())
}

type Fake = crate::testing::HonestPairing;

fn pair() -> (
    TestChat<Fake, PassAll>,
    Visitor<Fake, PassAll>,
    Visitor<Fake, PassAll>,
) {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    (chat, alice, bob)
}

#[test]
fn messages_arrive_as_they_were_sent_and_in_order() {
    let (chat, alice, bob) = pair();
    for text in ["one", " two ", "three\n\u{202e}"] {
        chat.message(&alice.seat, &alice.chat(), text, None).unwrap();
    }
    assert_eq!(bob.hears(), [""; 0], "nothing is written before the flush");
    chat.flush(&alice.seat);
    assert_eq!(
        bob.hears(),
        ["message one", "message  two ", "message three\n\u{202e}"]
    );
    assert_eq!(alice.hears(), [""; 0], "without an id there is no answer");
    assert_eq!(chat.facts.count(Fact::Relayed), 3);
    let at = chat.adapters().clock.unix(chat.now());
    assert!(matches!(bob.wire.told().last(), Some(Told::Message { at: told, .. }) if *told == at));
}

#[test]
fn a_message_with_an_id_is_acknowledged_and_the_partners_part_is_written_first() {
    let (chat, alice, bob) = pair();
    chat.message(&alice.seat, &alice.chat(), "hello", id("m1"))
        .unwrap();
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(alice.hears(), ["ack m1"]);
}

#[test]
fn a_message_sent_again_is_acknowledged_again_and_read_once_whatever_it_says() {
    let (chat, alice, bob) = pair();
    chat.message(&alice.seat, &alice.chat(), "hello", id("m1"))
        .unwrap();
    chat.message(&alice.seat, &alice.chat(), "good-bye", id("m1"))
        .unwrap();
    chat.message(&alice.seat, &alice.chat(), "\0", id("m1")).unwrap();
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(alice.hears(), ["ack m1", "ack m1", "ack m1"]);
    assert_eq!(chat.facts.count(Fact::Repeated), 2);
}

#[test]
fn ids_of_the_two_do_not_get_in_each_others_way() {
    let (chat, alice, bob) = pair();
    chat.message(&alice.seat, &alice.chat(), "from alice", id("m1"))
        .unwrap();
    chat.message(&bob.seat, &bob.chat(), "from bob", id("m1"))
        .unwrap();
    chat.flush(&alice.seat);
    chat.flush(&bob.seat);
    assert_eq!(alice.hears(), ["ack m1", "message from bob"]);
    assert_eq!(bob.hears(), ["message from alice", "ack m1"]);
}

#[test]
fn an_id_of_an_older_chat_is_free_in_the_next() {
    let chat = chat()
        .options(|options| options.rematch_cooldown = Millis::ZERO)
        .start();
    let [alice, bob] = run(chat.pair());
    chat.message(&alice.seat, &alice.chat(), "hello", id("m1"))
        .unwrap();
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    bob.hears();
    chat.message(&alice.seat, &alice.chat(), "hello again", id("m1"))
        .unwrap();
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello again"]);
}

#[test]
fn one_who_writes_too_often_is_refused_until_there_is_room() {
    let (chat, alice, bob) = pair();
    for number in 0..20 {
        let id = number.to_string();
        chat.message(
            &alice.seat,
            &alice.chat(),
            "x",
            Some(MessageId::parse(&id).unwrap()),
        )
        .unwrap();
    }
    let send = |id| chat.message(&alice.seat, &alice.chat(), "x", id);
    let retry_after = Millis::new(100);
    assert_eq!(send(id("new")), Err(MessageError::RateLimited { retry_after }));
    assert_eq!(
        send(id("3")),
        Ok(()),
        "this one was delivered, so no error may say otherwise"
    );
    chat.clock.advance(retry_after);
    assert_eq!(send(id("new")), Ok(()));
    chat.flush(&alice.seat);
    assert_eq!(bob.hears().len(), 21);
}

#[test]
fn one_whose_refusal_was_lost_does_not_arrive_behind_those_after_it() {
    let (chat, alice, bob) = pair();
    let send = |text, id| chat.message(&alice.seat, &alice.chat(), text, id);
    for _ in 0..20 {
        send("x", None).unwrap();
    }
    let refused = send("first", id("1"));
    assert!(
        matches!(refused, Err(MessageError::RateLimited { .. })),
        "{refused:?}"
    );
    chat.clock.advance(Millis::from_secs(1));
    send("second", id("2")).unwrap();
    // The connection breaks before she hears of either, and she sends both again.
    run(chat.drop_line(&alice));
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(send("first", id("1")), refused);
    assert_eq!(send("second", id("2")), Ok(()));
    chat.flush(&back.seat);
    assert_eq!(bob.hears().last().map(String::as_str), Some("partner_back"));
    assert_eq!(
        bob.hears()
            .iter()
            .filter(|heard| *heard == "message first")
            .count(),
        0
    );
    // Now she knows, and may try it as a new one.
    assert_eq!(send("first", id("1")), Ok(()));
}

#[test]
fn a_text_that_is_none_is_refused() {
    let (chat, alice, bob) = pair();
    let send = |text: &str| chat.message(&alice.seat, &alice.chat(), text, id("m1"));
    assert_eq!(send(" \u{200b} "), Err(MessageError::Text(TextError::Invalid)));
    assert_eq!(send("\u{1b}[2J"), Err(MessageError::Text(TextError::Invalid)));
    let long = "x".repeat(2_001);
    assert_eq!(send(&long), Err(MessageError::Text(TextError::TooLong)));
    chat.flush(&alice.seat);
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    assert_eq!(send(&long[1..]), Ok(()), "the id of a refused message is free");
}

#[test]
fn a_content_rule_refuses_a_message_as_a_whole() {
    let mut screen = MockTextScreen::new();
    screen.expect_screen().returning(|text| {
        if text.as_str().contains("spam") {
            Screened::Rejected
        } else {
            Screened::Pass
        }
    });
    let chat = chat().screen(screen).start();
    let [alice, bob] = run(chat.pair());
    let send = |text| chat.message(&alice.seat, &alice.chat(), text, None);
    assert_eq!(send("buy spam"), Err(MessageError::Rejected));
    assert_eq!(send("hello"), Ok(()));
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello"]);
}

#[test]
fn nothing_is_passed_on_outside_the_chat_that_is_named() {
    let (chat, alice, bob) = pair();
    let carol = run(chat.visitor());
    carol.hears();
    let name = alice.chat();
    let send = |visitor: &Visitor<Fake, PassAll>, chat_id: &str| {
        chat.message(&visitor.seat, chat_id, "hello", id("m1"))
    };
    assert_eq!(send(&alice, "AAAAAAAAAAAAAAAA"), Err(MessageError::StaleChat));
    assert_eq!(send(&alice, ""), Err(MessageError::StaleChat));
    assert_eq!(send(&carol, &name), Err(MessageError::NotChatting));
    run(chat.skip(&bob.seat, &name)).unwrap();
    assert_eq!(alice.chat(), carol.chat(), "carol waited and is met by alice");
    chat.flush(&alice.seat);
    assert!(!carol.hears().iter().any(|heard| heard.starts_with("message")));
}

#[test]
fn a_message_that_crosses_a_skip_reaches_neither_the_old_partner_nor_the_new() {
    let (chat, alice, bob) = pair();
    let name = alice.chat();
    run(chat.skip(&bob.seat, &name)).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
    let sent = chat.message(&alice.seat, &name, "to bob alone", id("m1"));
    assert_eq!(sent, Err(MessageError::StaleChat));
    chat.flush(&alice.seat);
    for visitor in [&bob, &carol] {
        assert!(!visitor.hears().iter().any(|heard| heard.starts_with("message")));
    }
}

#[test]
fn one_whose_partner_has_ended_the_chat_a_moment_ago_is_told_it_was_not_delivered() {
    let (chat, alice, bob) = pair();
    // Bob's side is over, and alice's has not heard of it yet.
    chat.change(&bob.seat, |book| {
        let name = book.session.chatting().unwrap().chat;
        let after = passerby_domain::session::AfterChat::Idle;
        let reason = passerby_domain::notice::EndReason::YouLeft;
        chat.end_chat(&bob.seat, book, name, after, reason)
            .map(drop)
            .unwrap();
    });
    let sent = chat.message(&alice.seat, &alice.chat(), "hello", id("m1"));
    assert_eq!(sent, Err(MessageError::Unreachable(Undelivered::Gone)));
    chat.flush(&alice.seat);
    chat.flush(&bob.seat);
    assert_eq!(bob.hears(), ["chat_ended you_left"]);
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(chat.facts.count(Fact::Undelivered), 1);
}

#[test]
fn a_partner_who_does_not_read_takes_no_more() {
    let (chat, alice, bob) = pair();
    chat.adapters().delivery.set_room(2);
    let send = |text| chat.message(&alice.seat, &alice.chat(), text, None);
    send("one").unwrap();
    send("two").unwrap();
    assert_eq!(send("three"), Err(MessageError::Unreachable(Undelivered::Full)));
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message one", "message two"]);
    send("three").unwrap();
}

#[test]
fn a_flush_without_a_partner_writes_what_is_ones_own() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    chat.tell_census(&alice.seat);
    chat.flush(&alice.seat);
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "stats"]);
}
