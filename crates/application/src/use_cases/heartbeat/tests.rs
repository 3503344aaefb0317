use crate::Departure;
use crate::ports::Fact;
use crate::ports::{Claim, MockPairingStore};
use crate::testing::{Line, Told, UnreliablePairing, chat, run};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;

#[test]
fn the_census_is_what_the_store_says_of_the_whole_cluster() {
    let everybody = Census {
        online: 1_000,
        waiting: 100,
        chatting: 800,
    };
    let mut store = MockPairingStore::new();
    store
        .expect_claim()
        .returning(|_| Box::pin(async { Ok(Claim::Waiting { retry_at: None }) }));
    store
        .expect_heartbeat()
        .withf(|node, own| node.as_str() == "test" && own.waiting == 1 && own.online == 1)
        .times(1)
        .returning(move |_, _| Box::pin(async move { Ok(everybody.into()) }));
    let chat = chat().pairing(|_| store).start();
    run(chat.visitor());
    assert_eq!(chat.census(), chat.own_census(), "nobody has said more yet");
    run(chat.heartbeat()).unwrap();
    assert_eq!(chat.census(), everybody);
}

#[test]
fn while_the_store_is_down_the_last_census_stands() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    run(chat.visitor());
    run(chat.heartbeat()).unwrap();
    chat.adapters().pairing.set(Line::Down);
    run(chat.heartbeat()).unwrap_err();
    assert_eq!(chat.census().online, 1);
    assert_eq!(chat.facts.count(Fact::StoreFailed), 1);
}

#[test]
fn once_the_store_is_back_it_hears_where_everybody_stands() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    store.set(Line::Down);
    run(chat.leave(&carol.seat, None)).unwrap();
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    run(chat.drop_line(&bob));
    assert_eq!(store.store().waiting(), [carol.user()], "as it was before");
    store.set(Line::Good);
    run(chat.heartbeat()).unwrap();
    assert_eq!(store.store().waiting(), [alice.user()]);
    assert_eq!(alice.hears().last().unwrap(), "waiting", "and not paused");
}

#[test]
fn a_store_that_did_not_fail_is_told_nothing_twice() {
    let mut store = MockPairingStore::new();
    store
        .expect_claim()
        .times(1)
        .returning(|_| Box::pin(async { Ok(Claim::Waiting { retry_at: None }) }));
    store
        .expect_heartbeat()
        .times(3)
        .returning(|_, own| Box::pin(async move { Ok(own.into()) }));
    let chat = chat().pairing(|_| store).start();
    run(chat.visitor());
    for _ in 0..3 {
        run(chat.heartbeat()).unwrap();
    }
    assert_eq!(chat.census().waiting, 1);
}

#[test]
fn those_who_do_not_chat_are_told_how_many_people_there_are() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    run(chat.heartbeat()).unwrap();
    for visitor in [&alice, &bob, &carol] {
        chat.tell_census(&visitor.seat);
        chat.flush(&visitor.seat);
    }
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    let census = Census {
        online: 3,
        waiting: 1,
        chatting: 2,
    };
    assert_eq!(carol.wire.told().last(), Some(&Told::Stats(census)));
}

#[test]
fn tidying_forgets_whom_one_may_meet_again() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.skip(&alice.seat, &alice.chat())).unwrap();
    run(chat.leave(&alice.seat, None)).unwrap();
    let avoided = |at| alice.seat.lock().avoidance.in_force(at).count();
    let start = chat.now();
    assert_eq!(avoided(start), 1);
    chat.clock.advance(Millis::from_secs(60));
    chat.tidy(&alice.seat);
    assert_eq!(avoided(start), 0);
    chat.tidy(&bob.seat);
}

#[test]
fn however_people_come_and_go_they_are_counted_where_they_are() {
    let chat = chat().start();
    let mut visitors = Vec::new();
    for round in 0_u64..40 {
        let visitor = run(chat.visitor());
        match round % 5 {
            0 => run(chat.drop_line(&visitor)),
            1 => drop(run(chat.leave(&visitor.seat, None))),
            2 => drop(run(chat.skip(&visitor.seat, &visitor.chat()))),
            3 => run(chat.disconnect(&visitor.seat, visitor.connection, Departure::Left)),
            _ => drop(run(chat.kick(visitor.user()))),
        }
        visitors.push(visitor);
        chat.clock.advance(Millis::new(700));
        run(chat.reap());
        let mut counted = Census::default();
        for seat in chat.register.all() {
            let book = seat.lock();
            counted.online += 1;
            counted.waiting += u64::from(book.session.wait().is_some());
            counted.chatting += u64::from(book.session.chatting().is_some());
        }
        assert_eq!(chat.own_census(), counted, "after round {round}");
    }
    assert!(chat.own_census().online > 0);
    for visitor in visitors {
        run(chat.disconnect(&visitor.seat, visitor.connection, Departure::Left));
    }
    assert_eq!(chat.own_census(), Census::default());
    assert_eq!(chat.next_deadline(), None, "no timer is left behind");
    assert_eq!(chat.adapters().pairing.waiting(), []);
}

#[test]
fn one_whom_the_store_has_in_a_chat_with_somebody_who_is_gone_is_searched_for_anew() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let alice = run(chat.visitor());
    store.set(Line::AnswersLost);
    let bob = run(chat.visitor());
    store.set(Line::Down);
    run(chat.disconnect(&bob.seat, bob.connection, Departure::Left));
    store.set(Line::Good);
    let together: Vec<_> = store
        .store()
        .chatting()
        .into_iter()
        .map(|(user, _)| user)
        .collect();
    assert_eq!(
        together,
        [alice.user(), bob.user()],
        "the store has heard neither"
    );
    run(chat.heartbeat()).unwrap();
    assert_eq!(store.store().waiting(), [alice.user()]);
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
}
