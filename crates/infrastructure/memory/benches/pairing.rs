//! What a search costs, among few who wait and among many: the figures for 100,000 should be those for 1,000.
//!
//! Run with `cargo bench -p passerby-memory`.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench may")]

use divan::Bencher;
use passerby_application::ports::{
    Claim, PairingRules, PairingStore as _, Release, SameOrigin, Seeker, Stamp,
};
use passerby_application::testing::{ManualClock, run};
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interests, Language, Patience};
use passerby_domain::id::{ChatId, Generation, Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment};
use passerby_memory::MemoryPairing;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

const WAITING: [usize; 2] = [1_000, 100_000];
const NOW: Moment = Moment::from_millis(3_600_000);
const TEN: [&str; 10] = [
    "art", "books", "cats", "dogs", "films", "games", "maths", "music", "rust", "travel",
];

fn main() {
    divan::main();
}

struct Queue {
    store: MemoryPairing<ManualClock>,
    generation: u64,
    /// Everybody who waited from the beginning.
    crowd: HashMap<UserId, Seeker>,
    /// Who was found and is to come back.
    found: Vec<UserId>,
}

impl Queue {
    /// So many who wait, none of whom fits another.
    fn of(count: usize, person: impl Fn(u64) -> Seeker) -> Self {
        let rules = PairingRules {
            patience: Patience {
                interests: Millis::from_secs(8),
                language: Millis::from_secs(15),
            },
            same_origin: SameOrigin::Allowed,
        };
        let store = MemoryPairing::new(rules, Arc::new(ManualClock::at(NOW)));
        let crowd: HashMap<_, _> = (0..count as u64)
            .map(person)
            .map(|one| (one.stamp.seat, one))
            .collect();
        let mut queue = Self {
            store,
            generation: 1,
            crowd,
            found: Vec::new(),
        };
        for person in queue.crowd.values() {
            assert!(
                matches!(queue.claim(person.clone()), Claim::Waiting { .. }),
                "somebody was found"
            );
        }
        queue.generation = 2;
        queue
    }

    /// Whoever was found waits again.
    fn restore(&mut self) {
        while let Some(found) = self.found.pop() {
            let person = self.crowd[&found].clone();
            self.claim_anew(person);
        }
    }

    /// Claims, and finds one of the crowd.
    fn find(&mut self, seeker: Seeker) -> Claim {
        let claim = self.claim_anew(seeker);
        let Claim::Offered(offer) = claim else {
            panic!("nobody was found")
        };
        self.found.push(offer.found.seat);
        claim
    }

    fn claim(&self, seeker: Seeker) -> Claim {
        run(self.store.claim(seeker)).expect("the memory is always there")
    }

    /// Claims with a newer generation, whoever it is.
    fn claim_anew(&mut self, mut seeker: Seeker) -> Claim {
        self.generation += 1;
        seeker.stamp.generation = Generation::new(self.generation);
        self.claim(seeker)
    }

    fn rest(&mut self, seat: UserId) {
        self.generation += 1;
        let stamp = Stamp {
            seat,
            generation: Generation::new(self.generation),
        };
        run(self.store.release(stamp, Release::Rest)).expect("the memory is always there");
    }
}

/// A seat's id, as far from its neighbours as a hash would put it.
fn id(seat: u64) -> UserId {
    let half = |salt: u64| u128::from((seat ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31));
    UserId::from_bits(half(0) << 64 | half(0x5555))
}

fn person(seat: u64) -> Seeker {
    let bits = id(seat).bits();
    Seeker {
        stamp: Stamp {
            seat: id(seat),
            generation: Generation::new(1),
        },
        origin: Origin::from_bits(bits),
        lasting_origin: Origin::from_bits(bits ^ 1),
        criteria: Criteria::default(),
        place: Place::taken_at(NOW - Millis::new(seat)),
        from: NOW,
        avoid: Vec::new(),
        serial: passerby_application::ports::TokenSerial(1),
        chat: ChatId::from_bits(bits),
    }
}

fn with(seat: u64, interests: &[&str], language: Option<&str>) -> Seeker {
    let mut person = person(seat);
    person.criteria.interests = Interests::parse(interests.iter().copied()).expect("interests");
    person.criteria.language = language.map(|language| Language::parse(language).expect("a language"));
    person
}

/// A language of their own, four letters long.
fn language(seat: u64) -> String {
    (0..4)
        .map(|place| char::from(b'a' + u8::try_from(seat / 26_u64.pow(place) % 26).unwrap_or_default()))
        .collect()
}

/// Three interests that nobody else has, and one of thirty languages.
fn unlike(seat: u64) -> Seeker {
    let interests = [0, 1, 2].map(|number| format!("thing {seat} {number}"));
    with(
        seat,
        &[&interests[0], &interests[1], &interests[2]],
        Some(&language(seat % 30)),
    )
}

const NEWCOMER: u64 = 10_000_000;

/// Each newcomer is another one, with interests that nobody has had before.
#[divan::bench(args = WAITING)]
fn come_find_nobody_and_leave(bencher: Bencher<'_, '_>, waiting: usize) {
    let queue = RefCell::new(Queue::of(waiting, unlike));
    let mut newcomers = NEWCOMER..;
    bencher
        .with_inputs(|| newcomers.next().map(unlike))
        .bench_local_values(|newcomer| {
            let newcomer = newcomer.expect("there is no end of newcomers");
            let seat = newcomer.stamp.seat;
            let claim = queue.borrow_mut().claim_anew(newcomer);
            queue.borrow_mut().rest(seat);
            claim
        });
}

/// Whoever waits asks again.
#[divan::bench(args = WAITING)]
fn search_again_and_find_nobody(bencher: Bencher<'_, '_>, waiting: usize) {
    let queue = RefCell::new(Queue::of(waiting, unlike));
    let mut steps = 0..;
    let seekers = || {
        let step: u64 = steps.next().unwrap_or_default();
        queue.borrow().crowd[&id(step * 7_919 % waiting as u64)].clone()
    };
    bencher
        .with_inputs(seekers)
        .bench_local_values(|seeker| queue.borrow_mut().claim_anew(seeker));
}

#[divan::bench(args = WAITING)]
fn find_the_one_who_shares_an_interest(bencher: Bencher<'_, '_>, waiting: usize) {
    let queue = RefCell::new(Queue::of(waiting, unlike));
    let mut lucky = (0..waiting as u64).cycle();
    let seekers = || {
        queue.borrow_mut().restore();
        let mut seeker = unlike(lucky.next().unwrap_or_default() * 7_919 % waiting as u64);
        seeker.stamp.seat = id(NEWCOMER);
        seeker
    };
    bencher
        .with_inputs(seekers)
        .bench_local_values(|seeker| queue.borrow_mut().find(seeker));
}

/// Everybody in the queue shares something with the seeker, and they are compared until there are enough.
#[divan::bench(args = WAITING)]
fn find_the_best_of_a_crowd_that_shares_interests(bencher: Bencher<'_, '_>, waiting: usize) {
    let crowd = |seat: u64| {
        let number = usize::try_from(seat).unwrap_or_default();
        with(
            seat,
            &[TEN[number % 10], TEN[number / 10 % 10]],
            Some(&language(seat)),
        )
    };
    let queue = RefCell::new(Queue::of(waiting, crowd));
    let seeker = with(NEWCOMER, &TEN, None);
    let seekers = || {
        queue.borrow_mut().restore();
        seeker.clone()
    };
    bencher
        .with_inputs(seekers)
        .bench_local_values(|seeker| queue.borrow_mut().find(seeker));
}

/// The first of the queue are those whom the seeker just parted from.
#[divan::bench(args = WAITING)]
fn pass_over_five_hundred_who_are_avoided(bencher: Bencher<'_, '_>, waiting: usize) {
    let queue = RefCell::new(Queue::of(waiting, |seat| with(seat, &[], Some(&language(seat)))));
    let mut seeker = with(NEWCOMER, &[], None);
    let until = NOW + Millis::from_secs(60);
    let first = (0..waiting as u64).rev().take(500);
    seeker.avoid = first
        .map(|seat| Avoided {
            seat: id(seat),
            until,
            cause: Cause::Parted,
        })
        .collect();
    let seekers = || {
        queue.borrow_mut().restore();
        seeker.clone()
    };
    bencher
        .with_inputs(seekers)
        .bench_local_values(|seeker| queue.borrow_mut().find(seeker));
}
