use super::*;
use passerby_application::ports::{Offer, SameOrigin};
use passerby_application::testing::{ManualClock, run};
use passerby_domain::criteria::{Criteria, Interests, Language, Patience};
use passerby_domain::id::{ChatId, Generation, Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment};

fn store() -> (MemoryPairing<ManualClock>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Moment::from_millis(1_000)));
    let rules = PairingRules {
        patience: Patience {
            interests: Millis::new(8_000),
            language: Millis::new(15_000),
        },
        same_origin: SameOrigin::Allowed,
    };
    (MemoryPairing::new(rules, Arc::clone(&clock)), clock)
}

fn stamp(seat: u128, generation: u64) -> Stamp {
    Stamp {
        seat: UserId::from_bits(seat),
        generation: Generation::new(generation),
    }
}

fn seeker(seat: u128, interests: &[&str], language: Option<&str>) -> Seeker {
    let from = Moment::from_millis(1_000);
    Seeker {
        stamp: stamp(seat, 1),
        origin: Origin::from_bits(seat),
        lasting_origin: Origin::from_bits(seat),
        criteria: Criteria {
            interests: Interests::parse(interests.iter().copied()).unwrap(),
            language: language.map(|tag| Language::parse(tag).unwrap()),
            ..Criteria::default()
        },
        place: Place::taken_at(from),
        from,
        avoid: Vec::new(),
        serial: passerby_application::ports::TokenSerial(1),
        chat: ChatId::from_bits(seat),
    }
}

fn claim(store: &MemoryPairing<ManualClock>, seeker: Seeker) -> Claim {
    run(store.claim(seeker)).unwrap()
}

fn release(store: &MemoryPairing<ManualClock>, seat: Stamp, release: Release) {
    run(store.release(seat, release)).unwrap();
}

fn sizes(store: &MemoryPairing<ManualClock>) -> (usize, usize) {
    store.with_book(|book| book.sizes())
}

#[test]
fn two_who_ask_for_nothing_are_offered_each_other() {
    let (store, _) = store();
    assert_eq!(
        claim(&store, seeker(1, &[], None)),
        Claim::Waiting { retry_at: None }
    );
    let offer = Offer {
        chat: ChatId::from_bits(2),
        seeker: stamp(2, 1),
        found: stamp(1, 1),
    };
    assert_eq!(claim(&store, seeker(2, &[], None)), Claim::Offered(offer));
}

#[test]
fn nothing_is_left_in_the_index_of_those_who_went() {
    let (store, clock) = store();
    let interests = [["a", "b"], ["b", "c"], ["c", "a"]];
    for seat in 0..3_000_u128 {
        let language = ["en", "de", "fr"][seat as usize % 3];
        let number = seat.to_string();
        let [one, other] = interests[seat as usize % 3];
        clock.advance(Millis::new(10));
        claim(&store, seeker(seat, &[one, other, &number], Some(language)));
    }
    for seat in 0..3_000 {
        release(
            &store,
            stamp(seat, 2),
            if seat % 2 == 0 {
                Release::Rest
            } else {
                Release::Gone
            },
        );
    }
    assert_eq!(sizes(&store), (1_500, 0));
}

#[test]
fn a_search_that_is_repeated_as_patience_ends_is_found_by_those_who_share_nothing() {
    let (store, clock) = store();
    let cats = || seeker(1, &["cats"], Some("en"));
    assert_eq!(
        claim(&store, cats()),
        Claim::Waiting {
            retry_at: Some(Moment::from_millis(9_000))
        }
    );
    clock.set(Moment::from_millis(9_000));
    assert_eq!(
        claim(&store, cats()),
        Claim::Waiting {
            retry_at: Some(Moment::from_millis(16_000))
        }
    );
    clock.set(Moment::from_millis(16_000));
    assert_eq!(claim(&store, cats()), Claim::Waiting { retry_at: None });
    let particular = Seeker {
        from: Moment::from_millis(16_000),
        ..seeker(2, &[], Some("de"))
    };
    assert!(matches!(claim(&store, particular), Claim::Waiting { .. }));
    let offered = claim(&store, seeker(3, &[], None));
    assert!(
        matches!(offered, Claim::Offered(offer) if offer.found == stamp(1, 1)),
        "{offered:?}"
    );
}

#[test]
fn whoever_is_left_by_one_who_goes_waits_by_a_newer_search() {
    let (store, _) = store();
    claim(&store, seeker(1, &[], None));
    assert!(matches!(claim(&store, seeker(2, &[], None)), Claim::Offered(_)));
    assert_eq!(claim(&store, seeker(1, &[], None)), Claim::Stale);
    release(&store, stamp(2, 2), Release::Gone);
    let again = Seeker {
        stamp: stamp(1, 2),
        ..seeker(1, &[], None)
    };
    assert_eq!(claim(&store, again), Claim::Waiting { retry_at: None });
}
