use super::*;
use crate::Departure;
use crate::testing::{Line, Told, UnreliablePairing, chat, run};
use passerby_domain::criteria::Mode;
use passerby_domain::notice::Waiting;

fn video() -> Criteria {
    Criteria {
        mode: Mode::Video,
        ..Criteria::default()
    }
}

#[test]
fn joining_again_is_answered_each_time_and_keeps_the_place() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    chat.clock.advance(Millis::from_secs(5));
    run(chat.join(&alice.seat, video())).unwrap();
    run(chat.join(&alice.seat, video())).unwrap();
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "waiting", "waiting"]);
    let told = alice.wire.told();
    let since: Vec<_> = told
        .iter()
        .filter_map(|told| match told {
            Told::Waiting(Waiting { since, .. }) => Some(*since),
            _ => None,
        })
        .collect();
    assert_eq!(since, [since[0]; 3]);
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user()]);
}

#[test]
fn what_one_joins_for_replaces_what_they_wanted_before() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.join(&alice.seat, video())).unwrap();
    let bob = run(chat.visitor());
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
    let carol = run(chat.visitor_who(video()));
    assert_eq!(carol.chat(), alice.chat());
}

#[test]
fn what_one_joined_for_holds_for_their_later_waits() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(video()));
    let bob = run(chat.visitor_who(video()));
    run(chat.skip(&bob.seat, &bob.chat())).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(
        carol.hears(),
        ["welcome idle", "waiting"],
        "the two still want video"
    );
    let dora = run(chat.visitor_who(video()));
    assert_eq!(
        dora.chat(),
        alice.chat(),
        "the one who was left alone is ahead of the other"
    );
}

#[test]
fn joining_in_a_chat_is_refused_and_changes_nothing() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    assert_eq!(
        run(chat.join(&alice.seat, video())),
        Err(JoinError::AlreadyChatting)
    );
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    assert_eq!(alice.seat.lock().criteria, Criteria::default());
}

#[test]
fn one_who_is_gone_cannot_join() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Left));
    assert_eq!(
        run(chat.join(&alice.seat, Criteria::default())),
        Err(JoinError::Gone)
    );
    assert_eq!(chat.adapters().pairing.waiting(), []);
}

#[test]
fn joining_while_the_store_is_down_is_answered_as_paused() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let alice = run(chat.visitor());
    alice.hears();
    chat.adapters().pairing.set(Line::Down);
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    assert_eq!(alice.hears(), ["waiting paused", "waiting paused"]);
    chat.adapters().pairing.set(Line::Good);
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    assert_eq!(alice.hears(), ["waiting"]);
    assert_eq!(chat.next_deadline(), None, "no search is due any more");
}
