//! The suite of the pairing store passes a store that is right, however slow, and fails one that takes its
//! answer in two steps, or that is wrong in another way that looks harmless.
#![allow(clippy::expect_used, reason = "a test may")]

mod plain_store;

use passerby_application::ports::{Clock as _, PairingRules};
use passerby_conformance::pairing::{PairingSetup, crowds, fitting, keeping_apart, offers, order, staleness};
use passerby_conformance::{Setup, Timed, block_on, manual_clock};
use passerby_domain::time::{Millis, Moment};
use plain_store::{Fault, PlainStore};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A store with a fault.
struct Faulty<const FAULT: u8>(PlainStore);

const FAULTS: [Fault; 6] = [
    Fault::None,
    Fault::GetThenRemove,
    Fault::ForgetsGenerations,
    Fault::KeepsDeadOffers,
    Fault::FirstComeFirstServed,
    Fault::HearsTheSeekerOnly,
];
const RIGHT: u8 = 0;
const GET_THEN_REMOVE: u8 = 1;
const FORGETS_GENERATIONS: u8 = 2;
const KEEPS_DEAD_OFFERS: u8 = 3;
const FIRST_COME_FIRST_SERVED: u8 = 4;
const HEARS_THE_SEEKER_ONLY: u8 = 5;

impl<const FAULT: u8> Setup for Faulty<FAULT> {
    type Port = PlainStore;

    fn port(&self) -> &PlainStore {
        &self.0
    }
}

impl<const FAULT: u8> Timed for Faulty<FAULT> {
    fn now(&self) -> Moment {
        self.0.clock.now()
    }

    async fn pass(&self, span: Millis) {
        self.0.clock.advance(span);
    }
}

impl<const FAULT: u8> PairingSetup for Faulty<FAULT> {
    async fn open(rules: PairingRules) -> Self {
        Self(PlainStore::new(rules, manual_clock(), FAULTS[usize::from(FAULT)]))
    }
}

passerby_conformance::pairing_store_conformance!(Faulty<RIGHT>);

fn fails(case: impl Future<Output = ()>) -> bool {
    catch_unwind(AssertUnwindSafe(|| block_on(case))).is_err()
}

#[test]
fn a_store_that_gets_and_then_removes_is_caught_every_time() {
    for _ in 0..10 {
        assert!(fails(crowds::searches_side_by_side_never_take_the_same_seat::<
            Faulty<GET_THEN_REMOVE>,
        >()));
    }
}

#[test]
fn nothing_but_the_race_tells_a_store_that_gets_and_then_removes() {
    block_on(fitting::everybody_meets_exactly_those_the_rule_allows::<
        Faulty<GET_THEN_REMOVE>,
    >());
    block_on(order::the_store_answers_as_a_plain_list_would::<
        Faulty<GET_THEN_REMOVE>,
    >());
    block_on(offers::nobody_else_is_offered_either_of_two::<
        Faulty<GET_THEN_REMOVE>,
    >());
}

#[test]
fn a_store_that_forgets_generations_is_caught() {
    assert!(fails(staleness::an_older_search_changes_nothing::<
        Faulty<FORGETS_GENERATIONS>,
    >()));
    assert!(fails(staleness::an_older_release_changes_nothing::<
        Faulty<FORGETS_GENERATIONS>,
    >()));
    assert!(fails(staleness::whoever_is_gone_stays_gone::<
        Faulty<FORGETS_GENERATIONS>,
    >()));
}

#[test]
fn a_store_that_lets_a_seat_go_on_with_a_dead_offer_is_caught() {
    type Store = Faulty<KEEPS_DEAD_OFFERS>;
    assert!(fails(
        offers::whoever_was_left_with_a_dead_offer_is_found_only_once_they_search_again::<Store>()
    ));
}

#[test]
fn a_store_that_serves_by_place_alone_is_caught() {
    type Store = Faulty<FIRST_COME_FIRST_SERVED>;
    assert!(fails(order::most_interests_in_common_come_first::<Store>()));
    assert!(fails(
        order::a_shared_interest_counts_more_than_an_earlier_place::<Store>()
    ));
    assert!(fails(order::the_store_answers_as_a_plain_list_would::<Store>()));
}

#[test]
fn a_store_that_hears_the_seeker_only_is_caught() {
    type Store = Faulty<HEARS_THE_SEEKER_ONLY>;
    assert!(fails(
        keeping_apart::who_avoids_the_seeker_is_not_met_until_that_ends::<Store>()
    ));
}
