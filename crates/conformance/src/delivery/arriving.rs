//! A connection is attached, and what was missed is told again.

use super::stage::{ROOMY, Stage, chat};
use super::{DeliverySetup, Limits, TapeWire};
use passerby_application::ports::{Farewell, Flush};
use passerby_domain::notice::{Notice, Replay};
use passerby_domain::time::Millis;
use std::sync::Arc;

/// It waits for the flush, so that what belongs to it goes out in the same write.
pub fn welcome_comes_first_and_waits_for_a_flush<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let (wire, replay) = stage.attach(None);
    assert_eq!(replay, Replay::Fresh);
    stage.post(&Notice::Idle, Flush::Later);
    assert_eq!(wire.writes(), 0);
    stage.flush();
    assert_eq!(wire.hears(), ["welcome fresh", "1 idle"]);
    assert_eq!(wire.writes(), 1);
}

/// All that came after the last event the client has seen, in order, then what is new.
pub fn whoever_comes_back_is_told_what_they_missed_and_then_what_is_new<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    stage.matched(chat(1));
    stage.hears_from_partner(chat(1), "one");
    stage.hears_from_partner(chat(1), "two");
    let (wire, replay) = stage.attach(Some(1));
    assert_eq!(replay, Replay::Whole { seq: 1, replay_to: 3 });
    stage.flush();
    stage.hears_from_partner(chat(1), "three");
    assert_eq!(
        wire.hears(),
        [
            "welcome whole 1..3",
            "2 message one",
            "3 message two",
            "4 message three"
        ]
    );
}

/// Written or not, each event comes once.
pub fn what_nobody_was_there_for_is_kept<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.matched(chat(1));
    stage.detach();
    stage.hears_from_partner(chat(1), "one");
    stage.chat_ended(chat(1));
    stage.idle();
    assert_eq!(wire.hears(), ["1 matched"]);
    let lines = [
        "welcome whole 0..4",
        "1 matched",
        "2 message one",
        "3 chat_ended partner_left",
        "4 idle",
    ];
    assert_eq!(stage.comes_back(0).hears(), lines);
    assert_eq!(stage.comes_back(3).hears(), ["welcome whole 3..4", "4 idle"]);
}

/// The client has it all.
pub fn whoever_missed_nothing_is_told_nothing<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    assert_eq!(stage.comes_back(0).hears(), ["welcome whole 0..0"]);
    stage.idle();
    let wire = stage.comes_back(1);
    assert_eq!(wire.hears(), ["welcome whole 1..1"]);
    stage.idle();
    assert_eq!(wire.hears(), ["2 idle"]);
}

/// Such a client goes on with the number it is told.
pub fn whoever_claims_to_have_seen_the_future_is_told_of_a_gap<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    for seen in [1, u64::MAX] {
        let (_, replay) = stage.attach(Some(seen));
        assert_eq!(replay, Replay::Gap { seq: 0, replay_to: 0 });
    }
    stage.idle();
    assert_eq!(stage.comes_back(u64::MAX).hears(), ["welcome gap 1..1"]);
}

/// They were worth something at once, or never.
pub fn what_is_transient_is_not_told_again<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.idle();
    stage.stats();
    stage.reply("pong", Flush::Now);
    assert_eq!(wire.hears(), ["1 idle", "stats", "pong"]);
    stage.detach();
    stage.stats();
    stage.reply("pong", Flush::Now);
    stage.idle();
    assert_eq!(
        stage.comes_back(0).hears(),
        ["welcome whole 0..2", "1 idle", "2 idle"]
    );
}

/// The older one learns why, and hears nothing more.
pub fn a_newer_connection_takes_the_place_of_the_older_one<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let older = stage.arrives();
    stage.idle();
    let newer = stage.comes_back(1);
    assert_eq!(older.hung_up(), Some(Farewell::Replaced));
    stage.idle();
    assert_eq!(older.hears(), ["1 idle"]);
    assert_eq!(newer.hears(), ["welcome whole 1..1", "2 idle"]);
    assert_eq!(newer.hung_up(), None);
}

/// No connection ends in the middle of a frame, wherever it stopped taking bytes; and the newer one has it
/// all.
pub fn a_connection_that_is_replaced_ends_with_a_whole_frame<S: DeliverySetup>() {
    for bytes in 0..40 {
        let stage = Stage::<S>::open();
        let older = stage.arrives();
        older.take_only(bytes);
        stage.matched(chat(1));
        stage.hears_from_partner(chat(1), "hello");
        stage.idle();
        let newer = stage.comes_back(0);
        assert!(older.ends_whole(), "after {bytes} bytes: {older:?}");
        assert_eq!(
            newer.hears(),
            ["welcome whole 0..3", "1 matched", "2 message hello", "3 idle"]
        );
        // Whoever still waits for the older connection lets go of it and does the newer one no harm.
        newer.take_only(0);
        stage.idle();
        older.stall();
        older.recover();
        assert!(!older.is_waited_for());
        newer.recover();
        assert_eq!(
            (newer.hears(), newer.hung_up()),
            (vec!["4 idle".to_owned()], None)
        );
    }
}

/// And says which numbers are left.
pub fn what_is_too_old_is_not_told_again_and_the_gap_is_told<S: DeliverySetup>() {
    let retention = Millis::from_secs(10);
    let stage = Stage::<S>::open_with(Limits { retention, ..ROOMY });
    stage.arrives();
    stage.idle();
    stage.idle();
    stage.clock.advance(Millis::from_secs(6));
    stage.idle();
    stage.tidy();
    let (_, replay) = stage.attach(Some(0));
    assert_eq!(replay, Replay::Whole { seq: 0, replay_to: 3 });
    stage.flush();
    stage.clock.advance(Millis::from_secs(20));
    stage.idle();
    stage.tidy();
    let wire = stage.comes_back(1);
    assert_eq!(wire.hears(), ["welcome gap 3..4", "4 idle"]);
    assert_eq!(stage.comes_back(3).hears(), ["welcome whole 3..4", "4 idle"]);
}

/// However long nobody comes.
pub fn what_was_never_written_is_never_too_old<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    stage.detach();
    stage.idle();
    stage.clock.advance(Millis::from_secs(3_600));
    stage.tidy();
    assert_eq!(stage.comes_back(0).hears(), ["welcome whole 0..1", "1 idle"]);
}

/// Another connection may drop at any byte of the replay; the next one still has it all, once.
pub fn a_replay_that_is_cut_short_is_told_again<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.arrives();
    for _ in 0..3 {
        stage.idle();
    }
    for bytes in 0..45 {
        let wire = Arc::<TapeWire>::default();
        wire.take_only(bytes);
        let replay = stage.attach_wire(&wire, Some(1));
        assert_eq!(replay, Replay::Whole { seq: 1, replay_to: 3 });
        stage.flush();
        stage.detach();
        let lines = ["welcome whole 0..3", "1 idle", "2 idle", "3 idle"];
        assert_eq!(stage.comes_back(0).hears(), lines, "after {bytes} bytes");
    }
}
