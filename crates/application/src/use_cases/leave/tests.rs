use super::*;
use crate::JoinError;
use crate::testing::{Line, UnreliablePairing, chat, run};
use passerby_domain::criteria::Criteria;
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;

#[test]
fn one_who_leaves_a_chat_is_idle_and_the_other_looks_on() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.leave(&alice.seat, Some(&alice.chat()))).unwrap();
    assert_eq!(alice.hears(), ["chat_ended you_left", "idle"]);
    assert_eq!(bob.hears(), ["chat_ended partner_left", "waiting"]);
    assert_eq!(chat.adapters().pairing.waiting(), [bob.user()]);
    let census = Census {
        online: 2,
        waiting: 1,
        chatting: 0,
    };
    assert_eq!(chat.own_census(), census);
}

#[test]
fn one_who_leaves_the_queue_is_found_by_nobody() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    run(chat.leave(&alice.seat, None)).unwrap();
    let bob = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "idle"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
}

#[test]
fn one_who_names_their_last_chat_leaves_the_queue_too_and_the_chat_after_it() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let first = alice.chat();
    run(chat.skip(&bob.seat, &first)).unwrap();
    run(chat.leave(&alice.seat, Some(&first))).unwrap();
    assert_eq!(alice.hears(), ["chat_ended partner_skipped", "waiting", "idle"]);

    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), bob.chat());
    run(chat.leave(&bob.seat, Some(&first))).unwrap();
    assert_eq!(
        carol.hears(),
        ["welcome idle", "matched", "chat_ended partner_left", "waiting"]
    );
}

#[test]
fn a_chat_that_was_never_ones_own_is_not_left() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    let foreign = Some("AAAAAAAAAAAAAAAA");
    for visitor in [&alice, &bob, &carol] {
        assert_eq!(
            run(chat.leave(&visitor.seat, foreign)),
            Err(LeaveError::StaleChat)
        );
        assert_eq!(visitor.hears(), [""; 0]);
    }
}

#[test]
fn one_who_is_idle_has_nothing_to_leave() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let name = alice.chat();
    run(chat.leave(&alice.seat, None)).unwrap();
    alice.hears();
    assert_eq!(run(chat.leave(&alice.seat, None)), Err(LeaveError::AlreadyIdle));
    assert_eq!(
        run(chat.leave(&alice.seat, Some(&name))),
        Err(LeaveError::AlreadyIdle)
    );
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(bob.hears().len(), 2);
}

#[test]
fn leaving_is_obeyed_however_often_but_joining_again_has_to_wait() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    for round in 0..6 {
        let partner = run(chat.visitor());
        assert_eq!(partner.chat(), alice.chat(), "in round {round}");
        run(chat.leave(&alice.seat, Some(&alice.chat()))).unwrap();
        run(chat.disconnect(&partner.seat, partner.connection, crate::Departure::Left));
        if round < 5 {
            run(chat.join(&alice.seat, Criteria::default())).unwrap();
        }
    }
    let retry_after = Millis::from_secs(3);
    let slowed = run(chat.join(&alice.seat, Criteria::default()));
    assert_eq!(slowed, Err(JoinError::Slowed { retry_after }));
    alice.hears();
    chat.clock.advance(retry_after);
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
    assert_eq!(alice.hears(), ["waiting"]);
}

#[test]
fn leaving_the_queue_costs_nothing() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    for _ in 0..20 {
        run(chat.leave(&alice.seat, None)).unwrap();
        run(chat.join(&alice.seat, Criteria::default())).unwrap();
    }
    assert_eq!(chat.facts.count(Fact::RateLimited), 0);
}

#[test]
fn one_who_left_while_the_store_was_down_is_out_of_the_queue_once_it_is_back() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let alice = run(chat.visitor());
    store.set(Line::Down);
    run(chat.leave(&alice.seat, None)).unwrap();
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "idle"]);
    assert_eq!(
        store.store().waiting(),
        [alice.user()],
        "the store does not know yet"
    );
    store.set(Line::Good);
    run(chat.heartbeat()).unwrap();
    assert_eq!(store.store().waiting(), []);
}

#[test]
fn one_the_store_still_has_in_the_queue_is_met_by_nobody() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let alice = run(chat.visitor());
    store.set(Line::Down);
    run(chat.leave(&alice.seat, None)).unwrap();
    store.set(Line::Good);
    let bob = run(chat.visitor());
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
    assert_eq!(store.store().waiting(), [bob.user()]);
}
