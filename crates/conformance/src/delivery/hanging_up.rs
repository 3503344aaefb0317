//! The end of a connection.

use super::DeliverySetup;
use super::stage::{Stage, chat};
use passerby_application::ports::{Farewell, Flush};
use passerby_domain::notice::Notice;

/// Why, and before that all that was put off.
pub fn whoever_is_hung_up_on_hears_the_rest_first<S: DeliverySetup>() {
    for why in [
        Farewell::Kicked,
        Farewell::IdleTimeout,
        Farewell::Restarting,
        Farewell::Overloaded,
    ] {
        let stage = Stage::<S>::open();
        let wire = stage.arrives();
        wire.take_only(4);
        stage.post(&Notice::Idle, Flush::Now);
        stage.reply("error kicked", Flush::Later);
        stage.close(why);
        assert_eq!(wire.hears(), ["1 idle", "error kicked"]);
        assert_eq!(wire.hung_up(), Some(why));
    }
}

/// The seat goes on without a connection.
pub fn after_the_end_of_a_connection_events_are_kept<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    stage.matched(chat(1));
    stage.close(Farewell::Restarting);
    stage.close(Farewell::Kicked);
    stage.hears_from_partner(chat(1), "hello");
    stage.stats();
    assert_eq!(wire.hears(), ["1 matched"]);
    assert_eq!(wire.hung_up(), Some(Farewell::Restarting));
    assert_eq!(
        stage.comes_back(1).hears(),
        ["welcome whole 1..2", "2 message hello"]
    );
}

/// What is not there cannot be hung up on.
pub fn an_outbox_without_a_connection_has_nobody_to_hang_up_on<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    stage.close(Farewell::Kicked);
    stage.detach();
    stage.flush();
    let wire = stage.arrives();
    stage.detach();
    stage.detach();
    stage.close(Farewell::Kicked);
    assert_eq!(wire.hung_up(), None);
}

/// It may come back for the rest.
pub fn a_connection_that_took_nothing_for_too_long_is_cut<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    wire.take_only(3);
    stage.idle();
    stage.idle();
    wire.stall();
    assert_eq!(wire.hung_up(), Some(Farewell::SlowConsumer));
    assert!(wire.ends_whole());
    assert_eq!(
        stage.comes_back(0).hears(),
        ["welcome whole 0..2", "1 idle", "2 idle"]
    );
}

/// Nobody writes to it any more, whatever it takes.
pub fn a_connection_that_was_taken_off_hears_nothing_more<S: DeliverySetup>() {
    let stage = Stage::<S>::open();
    let wire = stage.arrives();
    wire.take_only(0);
    stage.idle();
    stage.detach();
    wire.recover();
    stage.idle();
    stage.flush();
    assert!(wire.hears().is_empty());
    assert!(!wire.is_waited_for());
}
