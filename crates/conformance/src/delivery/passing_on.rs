//! What one partner says to the other.

use super::stage::{ROOMY, Stage, chat};
use super::{DeliverySetup, Limits};
use passerby_application::ports::{Farewell, Flush, Receipt, Undelivered};

const PLACED: Result<Receipt, Undelivered> = Ok(Receipt::Placed);
const REPEATED: Result<Receipt, Undelivered> = Ok(Receipt::Repeated);

/// Not before it begins, not after it ends, and not in the next one.
pub fn only_what_is_of_the_present_chat_is_placed<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    assert_eq!(stage.say(chat(1), "too early", None), Err(Undelivered::Gone));
    stage.matched(chat(1));
    assert_eq!(stage.say(chat(2), "elsewhere", None), Err(Undelivered::Gone));
    stage.hears_from_partner(chat(1), "hello");
    stage.chat_ended(chat(1));
    assert_eq!(stage.say(chat(1), "too late", None), Err(Undelivered::Gone));
    assert_eq!(stage.typing(chat(1)), Err(Undelivered::Gone));
    stage.matched(chat(2));
    assert_eq!(stage.say(chat(1), "much too late", None), Err(Undelivered::Gone));
    stage.hears_from_partner(chat(2), "hi");
    let lines = [
        "1 matched",
        "2 message hello",
        "3 chat_ended partner_left",
        "4 matched",
        "5 message hi",
    ];
    assert_eq!(wire.hears(), lines);
}

/// Many messages of one read make one write.
pub fn it_is_written_by_the_next_flush<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.matched(chat(1));
    let writes = wire.writes();
    for text in ["one", "two"] {
        assert_eq!(stage.say(chat(1), text, None), PLACED);
    }
    assert_eq!(stage.typing(chat(1)), PLACED);
    assert_eq!(wire.writes(), writes);
    stage.flush();
    assert_eq!(
        wire.hears(),
        ["1 matched", "2 message one", "3 message two", "typing started"]
    );
    assert_eq!(wire.writes(), writes + 1);
}

/// Whatever the second one says.
pub fn a_message_with_a_known_id_is_not_placed_again<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.matched(chat(1));
    assert_eq!(stage.say(chat(1), "one", Some("a")), PLACED);
    assert_eq!(stage.say(chat(1), "one", Some("a")), REPEATED);
    assert_eq!(stage.say(chat(1), "other", Some("a")), REPEATED);
    assert_eq!(stage.say(chat(1), "one", Some("b")), PLACED);
    assert_eq!(stage.say(chat(1), "one", None), PLACED);
    assert_eq!(stage.say(chat(1), "one", None), PLACED);
    stage.flush();
    assert_eq!(wire.hears().len(), 5);
}

/// And it is known whether one was placed.
pub fn the_last_64_ids_of_a_chat_are_known_and_no_others<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits {
        events: 1_000,
        ..ROOMY
    });
    stage.arrives();
    stage.matched(chat(1));
    for id in 0..64 {
        assert_eq!(stage.say(chat(1), "hello", Some(&id.to_string())), PLACED);
    }
    for id in 0..64 {
        assert!(stage.has_placed(chat(1), &id.to_string()), "{id}");
        assert_eq!(
            stage.say(chat(1), "hello", Some(&id.to_string())),
            REPEATED,
            "{id}"
        );
    }
    assert!(!stage.has_placed(chat(1), "64"));
    assert!(!stage.has_placed(chat(2), "63"));
    assert_eq!(stage.say(chat(1), "hello", Some("64")), PLACED);
    assert!(stage.has_placed(chat(1), "1"));
    assert!(!stage.has_placed(chat(1), "0"));
    stage.chat_ended(chat(1));
    assert!(!stage.has_placed(chat(1), "64"));
    stage.matched(chat(2));
    assert_eq!(stage.say(chat(2), "hello", Some("64")), PLACED);
}

/// Neither the connection that drops nor the one that comes makes any difference.
pub fn ids_are_known_to_those_who_come_back<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    stage.matched(chat(1));
    assert_eq!(stage.say(chat(1), "hello", Some("a")), PLACED);
    stage.detach();
    assert_eq!(stage.say(chat(1), "hello", Some("a")), REPEATED);
    assert_eq!(stage.say(chat(1), "more", Some("b")), PLACED);
    stage.comes_back(1);
    assert_eq!(stage.say(chat(1), "more", Some("b")), REPEATED);
}

/// What is only worth something at once is not.
pub fn what_is_said_to_one_who_is_away_is_kept<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    stage.matched(chat(1));
    stage.detach();
    assert_eq!(stage.say(chat(1), "hello", None), PLACED);
    assert_eq!(stage.typing(chat(1)), Err(Undelivered::Away));
    stage.flush();
    assert_eq!(
        stage.comes_back(1).hears(),
        ["welcome whole 1..2", "2 message hello"]
    );
}

/// It says nothing about the connection, which has taken all there was.
pub fn what_is_larger_than_an_outbox_is_refused_and_cuts_nobody_off<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { bytes: 40, ..ROOMY });
    let wire = stage.arrives();
    stage.matched(chat(1));
    stage.flush();
    let long = "x".repeat(50);
    assert_eq!(stage.say(chat(1), &long, None), Err(Undelivered::Full));
    assert_eq!(wire.hung_up(), None);
    stage.hears_from_partner(chat(1), "short");
    stage.flush();
    assert_eq!(wire.hears(), ["1 matched", "2 message short"]);
}

/// Nothing was placed, so the same id may be tried again when there is room.
pub fn what_does_not_fit_is_refused_and_leaves_no_trace<S: DeliverySetup>() {
    for limits in [Limits { events: 3, ..ROOMY }, Limits { bytes: 40, ..ROOMY }] {
        let stage = Stage::<S>::open_with(limits);
        stage.arrives();
        stage.matched(chat(1));
        stage.detach();
        let mut placed = 0;
        while stage.say(chat(1), "hello", Some(&placed.to_string())) == PLACED {
            placed += 1;
            assert!(placed < 10, "there is always room");
        }
        assert!(placed > 0);
        let id = placed.to_string();
        assert_eq!(stage.say(chat(1), "hello", Some(&id)), Err(Undelivered::Full));
        assert!(!stage.has_placed(chat(1), &id));
        let wire = stage.comes_back(1);
        assert_eq!(wire.hears().len(), 1 + placed);
        assert_eq!(stage.say(chat(1), "again", Some(&id)), PLACED);
        stage.flush();
        assert_eq!(wire.hears(), [format!("{} message again", placed + 2)]);
    }
}

/// Events of state are not refused, however full it is.
pub fn there_is_always_room_for_the_end_of_the_chat<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { events: 3, ..ROOMY });
    stage.arrives();
    stage.matched(chat(1));
    stage.detach();
    while stage.say(chat(1), "hello", None) == PLACED {}
    stage.chat_ended(chat(1));
    stage.idle();
    let lines = stage.comes_back(1).hears();
    assert_eq!(lines[lines.len() - 2..], ["5 chat_ended partner_left", "6 idle"]);
}

/// What the socket takes need not wait for a flush to make room.
pub fn a_partner_who_keeps_up_can_be_told_more_than_an_outbox_holds<S: DeliverySetup>() {
    for limits in [Limits { events: 3, ..ROOMY }, Limits { bytes: 40, ..ROOMY }] {
        let stage = Stage::<S>::open_with(limits);
        let wire = stage.arrives();
        stage.matched(chat(1));
        for _ in 0..20 {
            assert_eq!(stage.say(chat(1), "hello", None), PLACED, "{limits:?}");
        }
        stage.flush();
        assert_eq!((wire.hears().len(), wire.hung_up()), (21, None));
    }
}

/// It is gone with its connection, and none comes to one that is not there.
pub fn what_is_transient_takes_no_room_once_the_connection_is_gone<S: DeliverySetup>() {
    for end in [None, Some(Farewell::Restarting)] {
        let stage = Stage::<S>::open_with(Limits { events: 3, ..ROOMY });
        let wire = stage.arrives();
        stage.matched(chat(1));
        wire.take_only(0);
        stage.stats();
        stage.reply("pong", Flush::Now);
        match end {
            None => stage.detach(),
            Some(why) => stage.close(why),
        }
        stage.stats();
        stage.reply("pong", Flush::Now);
        for _ in 0..3 {
            assert_eq!(stage.say(chat(1), "hello", None), PLACED, "{end:?}");
        }
        assert_eq!(stage.comes_back(1).hears().len(), 4);
    }
}
