//! What a seat is told about itself.

use super::stage::{ROOMY, Stage, chat};
use super::{DeliverySetup, Limits};
use passerby_application::ports::{Farewell, Flush};
use passerby_domain::notice::{Census, Notice};

/// They begin with 1 and miss none; what is transient has none.
pub fn events_are_numbered_in_the_order_they_are_told<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.idle();
    stage.stats();
    stage.matched(chat(1));
    stage.hears_from_partner(chat(1), "hello");
    stage.reply("pong", Flush::Now);
    stage.chat_ended(chat(1));
    let lines = [
        "1 idle",
        "stats",
        "2 matched",
        "3 message hello",
        "pong",
        "4 chat_ended partner_left",
    ];
    assert_eq!(wire.hears(), lines);
}

/// One write for all of it.
pub fn what_is_put_off_goes_out_with_the_next_flush<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    let writes = wire.writes();
    stage.post(&Notice::Idle, Flush::Later);
    stage.reply("pong", Flush::Later);
    stage.post(&Notice::Stats(Census::default()), Flush::Later);
    assert_eq!(wire.writes(), writes);
    stage.idle();
    assert_eq!(wire.hears(), ["1 idle", "pong", "stats", "2 idle"]);
    assert_eq!(wire.writes(), writes + 1);
    stage.flush();
    assert_eq!(wire.writes(), writes + 1, "an empty write");
}

/// In pieces of any size, every byte once.
pub fn a_slow_connection_hears_everything_in_order<S: DeliverySetup>() {
    for piece in [1, 2, 3, 7, 50] {
        let stage = Stage::<S>::open();
        let wire = stage.arrives();
        wire.take_only(0);
        for _ in 0..5 {
            stage.idle();
            stage.stats();
        }
        assert!(wire.is_waited_for());
        let mut turns = 0;
        while wire.is_waited_for() {
            wire.swallow(piece);
            stage.flush();
            turns += 1;
            assert!(turns < 500, "it never ends");
        }
        stage.idle();
        wire.recover();
        let lines: Vec<_> = (1..=5)
            .flat_map(|seq| [format!("{seq} idle"), "stats".to_owned()])
            .chain(["6 idle".to_owned()])
            .collect();
        assert_eq!(wire.hears(), lines, "in pieces of {piece}");
        stage.idle();
        assert_eq!(wire.hears(), ["7 idle"]);
    }
}

/// What is numbered waits for its return.
pub fn a_connection_that_takes_nothing_is_cut_when_too_many_events_wait<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { events: 3, ..ROOMY });
    let wire = stage.arrives();
    wire.take_only(0);
    for _ in 0..3 {
        stage.idle();
        assert_eq!(wire.hung_up(), None);
    }
    stage.idle();
    assert_eq!(wire.hung_up(), Some(Farewell::SlowConsumer));
    stage.idle();
    let lines = [
        "welcome whole 0..5",
        "1 idle",
        "2 idle",
        "3 idle",
        "4 idle",
        "5 idle",
    ];
    assert_eq!(stage.comes_back(0).hears(), lines);
}

/// As with events.
pub fn a_connection_that_takes_nothing_is_cut_when_too_many_bytes_wait<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { bytes: 100, ..ROOMY });
    let wire = stage.arrives();
    wire.take_only(0);
    stage.reply(&"x".repeat(90), Flush::Now);
    assert_eq!(wire.hung_up(), None);
    stage.idle();
    stage.reply(&"x".repeat(50), Flush::Now);
    assert_eq!(wire.hung_up(), Some(Farewell::SlowConsumer));
    assert_eq!(stage.comes_back(0).hears(), ["welcome whole 0..1", "1 idle"]);
}

/// A connection that takes what it is given may be told any number of things between two flushes.
pub fn a_connection_that_keeps_up_is_not_cut<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { events: 3, ..ROOMY });
    let wire = stage.arrives();
    for _ in 0..20 {
        stage.post(&Notice::Idle, Flush::Later);
    }
    stage.flush();
    assert_eq!((wire.hears().len(), wire.hung_up()), (20, None));
}

/// So that a replay longer than the limits does not cut the connection it is for.
pub fn a_replay_does_not_count_as_waiting<S: DeliverySetup>() {
    let stage = Stage::<S>::open_with(Limits { events: 3, ..ROOMY });
    stage.arrives();
    for _ in 0..10 {
        stage.idle();
    }
    let (wire, _) = stage.attach(Some(0));
    wire.take_only(0);
    stage.flush();
    stage.idle();
    assert_eq!(wire.hung_up(), None);
    wire.recover();
    assert_eq!(wire.hears().len(), 12);
}

/// Its reader will notice; until then nothing is lost.
pub fn a_broken_connection_loses_nothing_that_is_numbered<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    wire.snap();
    stage.idle();
    stage.idle();
    assert!(!wire.is_waited_for());
    assert_eq!(
        stage.comes_back(0).hears(),
        ["welcome whole 0..2", "1 idle", "2 idle"]
    );
}

/// Whether anybody is there to read it or not. What has no number does not count.
pub fn the_number_of_the_last_event_is_known<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    assert_eq!(stage.last(), 0);
    stage.arrives();
    stage.matched(chat(1));
    stage.stats();
    assert_eq!(stage.last(), 1);
    stage.detach();
    stage.hears_from_partner(chat(1), "one");
    assert_eq!(stage.last(), 2);
}
