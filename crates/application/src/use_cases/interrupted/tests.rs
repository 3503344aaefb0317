use crate::ports::PairingStore;
use crate::testing::{Line, PassAll, RecordingWire, TestChat, UnreliablePairing, Visit, chat, run, step};
use crate::use_cases::Entry;
use passerby_domain::criteria::Criteria;
use passerby_domain::id::Seq;
use passerby_domain::time::Millis;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;

/// Polled once, while the store holds its answers or has not done what it was asked, and dropped.
fn interrupt<S: PairingStore>(chat: &TestChat<UnreliablePairing<S>, PassAll>, line: Line, work: impl Future) {
    chat.adapters().pairing.set(line);
    assert!(step(pin!(work).as_mut()).is_pending());
    chat.adapters().pairing.set(Line::Good);
}

fn pass<S: PairingStore>(chat: &TestChat<S, PassAll>, time: Millis) {
    chat.clock.advance(time);
    run(chat.reap());
}

const GRACE: Millis = Millis::from_secs(20);

#[test]
fn one_whose_connecting_is_given_up_is_gone_after_the_grace_and_nobody_meets_them() {
    for line in [Line::RequestsHeld, Line::AnswersHeld] {
        let chat = chat().pairing(UnreliablePairing::new).start();
        interrupt(&chat, line, chat.visitor());
        let stranger = run(chat.visitor());
        assert_eq!(stranger.hears(), ["welcome idle", "waiting"], "{line:?}");
        assert_eq!(chat.own_census().online, 2);
        pass(&chat, GRACE);
        assert_eq!(chat.own_census().online, 1, "{line:?}");
        let other = run(chat.visitor());
        assert_eq!(other.chat(), stranger.chat());
    }
}

#[test]
fn one_whose_coming_back_is_given_up_may_come_back_until_the_end_of_the_grace() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let alice = run(chat.visitor());
    run(chat.drop_line(&alice));
    let returning = run(chat.recognise(&alice.token().0)).unwrap().unwrap();
    let wire = Arc::new(RecordingWire::default());
    let back = chat.resume(returning, Ipv4Addr::LOCALHOST.into(), wire.clone(), Seq::new(0));
    interrupt(&chat, Line::RequestsHeld, back);
    assert_eq!(wire.hears(), ["welcome back waiting", "waiting"]);
    pass(&chat, Millis::from_secs(10));
    let again = run(chat.come_back(&alice, &wire.token().0, 1)).unwrap();
    run(chat.drop_line(&again.unwrap()));
    pass(&chat, GRACE);
    assert_eq!(chat.own_census().online, 0);
}

#[test]
fn both_are_looked_for_when_a_skip_is_given_up() {
    for line in [Line::RequestsHeld, Line::AnswersHeld] {
        let chat = chat().pairing(UnreliablePairing::new).start();
        let [alice, bob] = run(chat.pair());
        chat.clock.advance(Millis::from_secs(1));
        interrupt(&chat, line, chat.skip(&alice.seat, &alice.chat()));
        run(chat.reap());
        assert_eq!(
            [alice.hears(), bob.hears()],
            [
                ["chat_ended you_skipped", "waiting"],
                ["chat_ended partner_skipped", "waiting"]
            ]
        );
        let [carol, dave] = [run(chat.visitor()), run(chat.visitor())];
        assert_eq!(
            [carol.chat(), dave.chat()],
            [bob.chat(), alice.chat()],
            "{line:?}"
        );
    }
}

#[test]
fn one_whose_join_is_given_up_is_looked_for() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let alice = run(chat.visit(Visit {
        entry: Entry::Idle,
        ..Visit::default()
    }))
    .unwrap();
    interrupt(
        &chat,
        Line::RequestsHeld,
        chat.join(&alice.seat, Criteria::default()),
    );
    run(chat.reap());
    assert_eq!(alice.hears().last().unwrap(), "waiting");
    let bob = run(chat.visitor());
    assert_eq!(bob.chat(), alice.chat());
}
