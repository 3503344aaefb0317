use super::*;
use crate::testing::{Told, chat, run};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;

#[test]
fn a_partner_is_told_until_when_the_chat_is_held() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Dropped));
    assert_eq!(bob.hears(), ["partner_away"]);
    let until = chat.adapters().clock.unix(chat.now() + Millis::from_secs(20));
    assert!(matches!(bob.wire.told().last(), Some(Told::PartnerAway { until: told, .. }) if *told == until));
    let census = Census {
        online: 2,
        waiting: 0,
        chatting: 2,
    };
    assert_eq!(chat.own_census(), census);
    assert_eq!(chat.facts.count(Fact::Dropped), 1);
}

#[test]
fn a_closed_page_is_held_for_a_shorter_time() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::PageClosed));
    assert_eq!(chat.next_deadline(), Some(chat.now() + Millis::from_secs(3)));
    assert_eq!(bob.hears(), ["partner_away"]);
}

#[test]
fn one_who_says_good_bye_is_gone_at_once() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Left));
    assert_eq!(bob.hears(), ["chat_ended partner_left", "waiting"]);
    assert!(chat.seat_of(alice.user()).is_none());
    let census = Census {
        online: 1,
        waiting: 1,
        chatting: 0,
    };
    assert_eq!(chat.own_census(), census);
    assert!(
        run(chat.come_back(&alice, &alice.token().0, 0))
            .unwrap()
            .is_none()
    );
}

#[test]
fn one_who_broke_the_rules_is_gone_at_once_and_nobody_says_they_left() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Expelled));
    assert_eq!(bob.hears(), ["chat_ended partner_disconnected", "waiting"]);
    assert_eq!(chat.facts.count(Fact::Gone), 1);
}

#[test]
fn nobody_is_paired_with_one_whose_connection_is_gone() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.drop_line(&alice));
    let bob = run(chat.visitor());
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
    assert_eq!(chat.adapters().pairing.waiting(), [bob.user()]);
    assert_eq!(chat.own_census().waiting, 2, "her place is held");
}

#[test]
fn the_end_of_an_older_connection_is_no_news() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let again = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    for departure in [Departure::Dropped, Departure::Left, Departure::Expelled] {
        run(chat.disconnect(&alice.seat, alice.connection, departure));
    }
    assert_eq!(bob.hears(), [""; 0]);
    chat.message(&bob.seat, &bob.chat(), "still there?", None)
        .unwrap();
    chat.flush(&bob.seat);
    assert_eq!(again.hears(), ["welcome back chatting", "message still there?"]);
}

#[test]
fn a_connection_ends_once() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Dropped));
    chat.clock.advance(Millis::from_secs(5));
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Dropped));
    assert_eq!(bob.hears(), ["partner_away"]);
    assert_eq!(
        chat.next_deadline(),
        Some(chat.now() + Millis::from_secs(15)),
        "the grace has not begun anew"
    );
}

#[test]
fn what_is_written_to_one_who_is_away_is_kept_for_them() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    chat.message(&bob.seat, &bob.chat(), "are you there?", None)
        .unwrap();
    let back = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back chatting", "message are you there?"]);
}

#[test]
fn news_that_a_partner_is_away_is_nothing_to_one_who_knows_that_they_are_back() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let (name, before) = {
        let book = bob.seat.lock();
        (
            book.session.chatting().unwrap().chat,
            alice.seat.lock().session.generation(),
        )
    };
    run(chat.drop_line(&alice));
    run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    assert_eq!(bob.hears(), ["partner_away", "partner_back"]);
    // A thread that was about to bring the news of the drop gets to it only now.
    chat.partner_dropped(&bob.seat, name, chat.now(), before.next());
    assert_eq!(bob.hears(), [""; 0]);
    let away = bob.seat.lock().session.chatting().unwrap().link.absence;
    assert!(away.is_none());
}

#[test]
fn news_of_a_partner_from_an_older_chat_is_nothing() {
    let chat = chat()
        .options(|options| options.rematch_cooldown = Millis::ZERO)
        .start();
    let [alice, bob] = run(chat.pair());
    let first = bob.seat.lock().session.chatting().unwrap().chat;
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    bob.hears();
    let generation = alice.seat.lock().session.generation().next();
    chat.partner_dropped(&bob.seat, first, chat.now(), generation);
    assert_eq!(bob.hears(), [""; 0]);
}
