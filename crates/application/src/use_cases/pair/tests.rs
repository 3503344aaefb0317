use super::*;
use crate::ports::{MockPairingStore, StoreError};
use crate::testing::{
    Line, PassAll, TestChat, TestCluster, Told, UnreliablePairing, Visitor, chat, run, step,
};
use crate::{Departure, Entry};
use passerby_domain::criteria::{Criteria, Interest, Interests, Language, Mode};
use passerby_domain::id::UserId;
use passerby_domain::notice::Census;
use std::pin::pin;
use std::sync::Mutex;

type Slow = UnreliablePairing<crate::testing::HonestPairing>;

/// A node whose store is at the end of a line, and somebody who waits there.
fn with_one_waiting() -> (TestChat<Slow, PassAll>, Visitor<Slow, PassAll>) {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let alice = run(chat.visitor());
    alice.hears();
    (chat, alice)
}

fn video() -> Criteria {
    Criteria {
        mode: Mode::Video,
        ..Criteria::default()
    }
}

/// Somebody who sits idle, to join when the test says so.
fn idler(chat: &TestChat<Slow, PassAll>) -> Visitor<Slow, PassAll> {
    let visit = crate::testing::Visit {
        entry: Entry::Idle,
        ..crate::testing::Visit::default()
    };
    let visitor = run(chat.visit(visit)).unwrap();
    visitor.hears();
    visitor
}

/// Lets `meanwhile` happen after the store has offered Alice to Bob and before Bob's node hears of it.
fn while_an_offer_is_on_its_way(
    meanwhile: impl FnOnce(&TestChat<Slow, PassAll>, &Visitor<Slow, PassAll>, &Visitor<Slow, PassAll>),
) -> (
    TestChat<Slow, PassAll>,
    Visitor<Slow, PassAll>,
    Visitor<Slow, PassAll>,
) {
    let (chat, alice) = with_one_waiting();
    let bob = idler(&chat);
    let store = chat.adapters().pairing.clone();
    {
        let mut joining = pin!(chat.join(&bob.seat, Criteria::default()));
        store.set(Line::AnswersHeld);
        assert!(step(joining.as_mut()).is_pending());
        assert_eq!(store.store().chatting().len(), 2, "to the store the two have met");
        // What happens meanwhile is asked of a line that is good, and only the first answer is late.
        store.set(Line::Good);
        meanwhile(&chat, &alice, &bob);
        run(joining).unwrap();
    }
    (chat, alice, bob)
}

#[test]
fn what_both_are_told_of_the_chat_is_what_they_share() {
    let chat = chat().start();
    let criteria = |interests: &[&str]| Criteria {
        interests: Interests::parse(interests.iter().copied()).unwrap(),
        language: Some(Language::parse("en").unwrap()),
        mode: Mode::Video,
    };
    let alice = run(chat.visitor_who(criteria(&["Chess", "tea"])));
    let bob = run(chat.visitor_who(criteria(&["chess", "rust"])));
    for (visitor, role) in [(alice, Role::Responder), (bob, Role::Initiator)] {
        let told = visitor.wire.told();
        let Some(Told::Matched { facts, .. }) = told.last() else {
            panic!("{told:?}");
        };
        let common: Vec<&str> = facts.common_interests.iter().map(Interest::as_str).collect();
        assert_eq!(common, ["chess"]);
        assert_eq!(facts.language.unwrap().as_str(), "en");
        assert_eq!((facts.mode, facts.role), (Mode::Video, role));
    }
}

#[test]
fn nothing_in_the_way_and_a_late_answer_still_pairs() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|_, _, _| {});
    assert_eq!(alice.hears(), ["matched"]);
    assert_eq!(bob.hears(), ["matched"]);
    assert_eq!(chat.adapters().pairing.store().chatting().len(), 2);
}

#[test]
fn one_who_leaves_while_an_offer_is_on_its_way_is_idle_and_the_other_waits() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, _| {
        run(chat.leave(&alice.seat, None)).unwrap();
    });
    assert_eq!(alice.hears(), ["idle"]);
    assert_eq!(bob.hears(), ["waiting"]);
    assert_eq!(chat.adapters().pairing.store().waiting(), [bob.user()]);
    assert_eq!(chat.facts.count(Fact::OfferLapsed), 1);
}

#[test]
fn a_seeker_who_leaves_before_the_answer_leaves_the_one_they_were_offered_in_the_queue() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, _, bob| {
        run(chat.leave(&bob.seat, None)).unwrap();
    });
    assert_eq!(bob.hears(), ["waiting", "idle"]);
    assert_eq!(
        alice.hears(),
        [""; 0],
        "she was told that she waits, and still does"
    );
    assert_eq!(chat.adapters().pairing.store().waiting(), [alice.user()]);
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
}

#[test]
fn one_who_drops_while_an_offer_is_on_its_way_is_paired_once_they_are_back() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, _| run(chat.drop_line(alice)));
    assert_eq!(bob.hears(), ["waiting"]);
    let alice = run(chat.come_back(&alice, &alice.token().0, 1)).unwrap().unwrap();
    assert_eq!(alice.hears(), ["welcome back waiting", "matched"]);
    assert_eq!(bob.hears(), ["matched"]);
}

#[test]
fn one_who_is_gone_for_ever_while_an_offer_is_on_its_way_is_not_met() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, _| {
        run(chat.disconnect(&alice.seat, alice.connection, Departure::Left));
    });
    assert_eq!(bob.hears(), ["waiting"]);
    assert_eq!(chat.adapters().pairing.store().waiting(), [bob.user()]);
    assert!(chat.seat_of(alice.user()).is_none());
}

#[test]
fn an_offer_does_not_outlive_a_change_of_mind() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, _| {
        run(chat.join(&alice.seat, video())).unwrap();
    });
    assert_eq!(alice.hears(), ["waiting"]);
    assert_eq!(bob.hears(), ["waiting"]);
    assert_eq!(
        chat.adapters().pairing.store().waiting(),
        [alice.user(), bob.user()]
    );
}

#[test]
fn when_both_move_on_while_an_offer_is_on_its_way_they_are_paired_by_their_new_searches() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, bob| {
        run(chat.join(&alice.seat, video())).unwrap();
        run(chat.join(&bob.seat, video())).unwrap();
    });
    assert_eq!(alice.hears(), ["waiting", "matched"]);
    assert_eq!(bob.hears(), ["matched"]);
    assert_eq!(alice.chat(), bob.chat());
    assert_eq!(chat.adapters().pairing.store().waiting(), []);
}

#[test]
fn two_who_were_kept_apart_while_an_offer_was_on_its_way_are_not_paired() {
    let (chat, alice, bob) = while_an_offer_is_on_its_way(|chat, alice, bob| {
        let until = chat.now() + Millis::from_secs(60);
        chat.keep_apart(&alice.seat, bob.user(), until);
    });
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(bob.hears(), ["waiting"]);
    assert_eq!(
        chat.adapters().pairing.store().waiting(),
        [alice.user(), bob.user()]
    );
}

#[test]
fn a_claim_that_arrives_after_its_user_has_left_puts_nobody_in_the_queue() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let store = chat.adapters().pairing.clone();
    let alice = idler(&chat);
    store.set(Line::RequestsHeld);
    {
        let mut joining = pin!(chat.join(&alice.seat, Criteria::default()));
        assert!(step(joining.as_mut()).is_pending());
        store.set(Line::Good);
        run(chat.leave(&alice.seat, None)).unwrap();
        run(joining).unwrap();
    }
    assert_eq!(alice.hears(), ["waiting", "idle"]);
    assert_eq!(store.store().waiting(), []);
    assert_eq!(chat.own_census().waiting, 0);
}

#[test]
fn a_late_answer_that_somebody_waits_does_not_contradict_that_they_were_matched() {
    let (chat, alice) = with_one_waiting();
    let store = chat.adapters().pairing.clone();
    store.set(Line::AnswersHeld);
    let mut joining = pin!(chat.join(&alice.seat, Criteria::default()));
    assert!(step(joining.as_mut()).is_pending());
    store.set(Line::Good);
    let bob = run(chat.visitor());
    run(joining).unwrap();
    assert_eq!(alice.hears(), ["matched"]);
    assert_eq!(bob.hears(), ["welcome idle", "matched"]);
}

#[test]
fn nobody_who_waits_stays_unseen_after_answers_were_lost() {
    let (chat, alice) = with_one_waiting();
    let store = chat.adapters().pairing.clone();
    store.set(Line::AnswersLost);
    let bob = run(chat.visitor());
    assert_eq!(bob.hears(), ["welcome idle", "waiting paused"]);
    assert_eq!(store.store().chatting().len(), 2, "to the store the two have met");
    store.set(Line::Good);
    chat.clock.advance(STORE_RETRY);
    run(chat.reap());
    run(chat.heartbeat()).unwrap();
    assert_eq!(bob.hears(), ["waiting", "matched"]);
    assert_eq!(alice.hears(), ["matched"]);
}

#[test]
fn a_chat_begins_and_goes_on_though_the_store_is_gone_by_then() {
    let (chat, alice) = with_one_waiting();
    let store = chat.adapters().pairing.clone();
    let bob = idler(&chat);
    store.set(Line::AnswersHeld);
    {
        let mut joining = pin!(chat.join(&bob.seat, Criteria::default()));
        assert!(step(joining.as_mut()).is_pending());
        // The answer to the claim comes through, and nothing after it.
        store.set(Line::Down);
        run(joining).unwrap();
    }
    assert_eq!(alice.hears(), ["matched"]);
    assert_eq!(bob.hears(), ["matched"]);
    chat.message(&alice.seat, &alice.chat(), "hello", None).unwrap();
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello"]);
}

#[test]
fn both_ends_of_a_new_chat_are_counted_as_chatting() {
    let chat = chat().start();
    run(chat.pair());
    let census = Census {
        online: 2,
        waiting: 0,
        chatting: 2,
    };
    assert_eq!(chat.own_census(), census);
    assert!(matches!(chat.facts.all().last(), Some(Fact::Paired { .. })));
}

#[test]
fn the_longer_of_two_waits_is_what_counts() {
    let chat = chat().start();
    run(chat.visitor());
    chat.clock.advance(Millis::from_secs(7));
    run(chat.visitor());
    let waited = Millis::from_secs(7);
    assert_eq!(chat.facts.count(Fact::Paired { waited }), 1);
}

/// A store that answers as it is told, and remembers who asked.
fn scripted(
    answer: impl Fn(usize, &Seeker) -> Result<Claim, StoreError> + Send + Sync + 'static,
) -> (MockPairingStore, Arc<Mutex<Vec<Stamp>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let mut store = MockPairingStore::new();
    store.expect_claim().returning(move |seeker| {
        let mut asked = log.lock().unwrap();
        let answer = answer(asked.len(), &seeker);
        asked.push(seeker.stamp);
        Box::pin(async move { answer })
    });
    (store, asked)
}

#[test]
fn an_offer_of_somebody_unknown_or_of_oneself_begins_no_chat_and_the_search_goes_on_anew() {
    let (store, asked) = scripted(|count, seeker| {
        let found = match count {
            0 => UserId::from_bits(999),
            1 => seeker.stamp.seat,
            _ => return Ok(Claim::Waiting { retry_at: None }),
        };
        Ok(Claim::Offered(Offer {
            chat: seeker.chat,
            seeker: seeker.stamp,
            found: Stamp {
                seat: found,
                generation: Generation::new(1),
            },
        }))
    });
    let chat = chat().pairing(|_| store).start();
    let alice = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle", "waiting"]);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert!(asked.is_sorted_by(|earlier, later| earlier.generation < later.generation));
}

#[test]
fn a_search_that_is_answered_as_stale_tells_its_user_nothing() {
    let (store, _) = scripted(|_, _| Ok(Claim::Stale));
    let chat = chat().pairing(|_| store).start();
    let alice = run(chat.visitor());
    assert_eq!(alice.hears(), ["welcome idle"]);
}

#[test]
fn one_whose_search_is_never_answered_is_told_that_they_wait() {
    let mut cluster = TestCluster::of(1);
    let visit = crate::testing::Visit {
        entry: Entry::Idle,
        ..crate::testing::Visit::default()
    };
    let alice = cluster.visit(0, visit);
    alice.hears();
    let chat = cluster.share(0);
    chat.adapters().pairing.set(Line::AnswersHeld);
    let mut joining = pin!(chat.join(&alice.seat, Criteria::default()));
    let mut wait = |heard: &[&str]| {
        assert!(step(joining.as_mut()).is_pending());
        chat.tick();
        assert_eq!(alice.hears(), heard);
    };
    wait(&[]);
    cluster.clock.advance(Millis::new(UNTOLD.get() - 1));
    wait(&[]);
    cluster.clock.advance(Millis::new(1));
    wait(&["waiting"]);
    cluster.clock.advance(UNTOLD);
    wait(&[]);
}

#[test]
fn a_search_that_failed_is_made_again_under_a_new_ticket() {
    let (store, asked) = scripted(|count, _| match count {
        0 => Err(StoreError::Timeout("slow".into())),
        _ => Ok(Claim::Waiting { retry_at: None }),
    });
    let chat = chat().pairing(|_| store).start();
    let alice = run(chat.visitor());
    assert_eq!(chat.next_deadline(), Some(chat.now() + STORE_RETRY));
    chat.clock.advance(STORE_RETRY);
    run(chat.reap());
    assert_eq!(alice.hears(), ["welcome idle", "waiting paused", "waiting"]);
    let asked = asked.lock().unwrap();
    assert!(asked[0].generation < asked[1].generation);
    assert_eq!(chat.next_deadline(), None);
}

#[test]
fn a_store_that_says_to_ask_again_at_once_is_not_asked_without_end() {
    let (store, asked) = scripted(|_, seeker| {
        let retry_at = Some(seeker.from);
        Ok(Claim::Waiting { retry_at })
    });
    let chat = chat().pairing(|_| store).start();
    let _alice = run(chat.visitor());
    for round in 1..4 {
        assert_eq!(asked.lock().unwrap().len(), round);
        run(chat.reap());
        assert_eq!(asked.lock().unwrap().len(), round, "time has not passed");
        chat.clock.advance(Millis::new(1));
        run(chat.reap());
    }
}
