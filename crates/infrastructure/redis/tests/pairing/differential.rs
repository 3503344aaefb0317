//! Random operations, applied to the store in memory and to Redis in cluster mode: equal answers.
//!
//! Set `PASSERBY_DIFFERENTIAL_SEED` to the seed that a failure tells to see it again, and `PASSERBY_DIFFERENTIAL_RUNS` to try
//! more of them.

use crate::stage::{Servers, Way, run};
use fastrand::Rng;
use passerby_application::ports::{
    Block, Claim, Clock as _, Offer, PairingRules, PairingStore, Release, SameOrigin, Seeker, Stamp,
    TokenSerial,
};
use passerby_application::testing::ManualClock;
use passerby_conformance::manual_clock;
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interests, Language, Mode, Patience};
use passerby_domain::id::{ChatId, Generation, Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::Millis;
use passerby_memory::MemoryPairing;
use passerby_redis::{RedisPairing, TimeSource};
use std::sync::Arc;

const OPERATIONS: usize = 1_500;

/// A person, as their owner knows them.
#[derive(Clone, Debug)]
struct Person {
    seat: u128,
    generation: u64,
    origin: u128,
}

/// Which languages people name.
#[derive(Clone, Copy, PartialEq)]
enum Tongues {
    Few,
    /// Everybody one of many, so that hardly anybody meets and many wait for the same.
    Many,
}

/// Two stores that are told the same.
struct Two {
    seed: u64,
    random: Rng,
    clock: Arc<ManualClock>,
    memory: MemoryPairing<ManualClock>,
    redis: RedisPairing,
    tongues: Tongues,
    people: Vec<Person>,
    born: u128,
    /// The last offers, dead or alive.
    offers: Vec<Offer>,
    pairs: usize,
}

impl Two {
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(..choices.len())]
    }

    fn born(&mut self) -> Person {
        self.born += 1;
        Person {
            // The order of ids is not that of coming.
            seat: self.born.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c95_1ce4_e5b9),
            generation: 5,
            origin: self.random.u128(..40),
        }
    }

    fn seeker(&mut self, index: usize) -> Seeker {
        let now = self.clock.now();
        let person = self.people[index].clone();
        let interests: &[&str] = match self.tongues {
            Tongues::Few => self.pick(&[
                &[][..],
                &[],
                &["a"],
                &["b"],
                &["a", "b"],
                &["b", "c", "d"],
                &["a", "c", "e", "f", "g"],
            ]),
            Tongues::Many => self.pick(&[&[][..], &["a"], &["a", "b"]]),
        };
        let language = match self.tongues {
            Tongues::Few => self
                .pick(&[None, None, Some("en"), Some("de"), Some("fr")])
                .map(str::to_owned),
            Tongues::Many => Some(format!(
                "x{}{}",
                self.random.lowercase(),
                self.pick(&['a', 'b', 'c'])
            )),
        };
        let mut avoid = Vec::new();
        for _ in 0..self.random.usize(..4) {
            let other = self.random.usize(..self.people.len());
            avoid.push(Avoided {
                seat: UserId::from_bits(self.people[other].seat),
                until: now + Millis::new(self.random.u64(..8_000)),
                cause: self.pick(&[Cause::Parted, Cause::Blocked]),
            });
        }
        let (since, patient) = (self.random.u64(..9_000), self.random.u64(..20_000));
        let (since, patient) = (self.pick(&[0, 0, 0, since]), self.pick(&[0, 0, patient]));
        Seeker {
            stamp: self.stamp(index),
            origin: Origin::from_bits(person.origin),
            lasting_origin: Origin::from_bits(person.origin + 1_000),
            criteria: Criteria {
                interests: Interests::parse(interests.iter().copied()).unwrap(),
                language: language.map(|language| Language::parse(&language).unwrap()),
                mode: match self.tongues {
                    Tongues::Few => self.pick(&[Mode::Text, Mode::Text, Mode::Text, Mode::Video]),
                    Tongues::Many => Mode::Text,
                },
            },
            place: Place::taken_at(now - Millis::new(since)),
            from: now - Millis::new(patient),
            avoid,
            serial: TokenSerial(1),
            chat: ChatId::from_bits(self.random.u128(..)),
        }
    }

    fn stamp(&self, index: usize) -> Stamp {
        let person = &self.people[index];
        Stamp {
            seat: UserId::from_bits(person.seat),
            generation: Generation::new(person.generation),
        }
    }

    async fn claims(&mut self, index: usize) {
        let seeker = self.seeker(index);
        let expected = self.memory.claim(seeker.clone()).await.unwrap();
        let answer = self.redis.claim(seeker.clone()).await.unwrap();
        assert_eq!(answer, expected, "seed {}, {seeker:?}", self.seed);
        if let Claim::Offered(offer) = answer {
            self.pairs += 1;
            self.offers.push(offer);
            if self.offers.len() > 12 {
                self.offers.remove(0);
            }
        }
    }

    async fn step(&mut self) {
        let index = self.random.usize(..self.people.len());
        match self.random.u32(..100) {
            0..50 => {
                self.people[index].generation += self.pick(&[0, 1, 1, 2]);
                self.claims(index).await;
            }
            // Somebody's word comes late.
            50..55 => {
                let now = self.people[index].generation;
                self.people[index].generation = now - self.random.u64(..3);
                self.claims(index).await;
                self.people[index].generation = now;
            }
            // A chat has begun: what is said of its seats from now on is newer.
            55..70 => {
                let Some(at) = self.random.usize(..=self.offers.len()).checked_sub(1) else {
                    return;
                };
                let (offer, moves) = (self.offers[at], self.random.u64(..3));
                let stamps = [offer.seeker, offer.found];
                for person in &mut self.people {
                    let stamp = stamps.iter().find(|stamp| stamp.seat.bits() == person.seat);
                    let newer = stamp.map_or(0, |stamp| stamp.generation.get() + moves);
                    person.generation = person.generation.max(newer);
                }
            }
            70..82 => {
                self.people[index].generation += self.random.u64(..2);
                let release = self.pick(&[Release::Rest, Release::Hold]);
                self.releases(index, release).await;
            }
            82..86 => {
                self.people[index].generation += 1;
                self.releases(index, Release::Gone).await;
                // A late word does not bring them back.
                self.claims(index).await;
                self.people[index] = self.born();
            }
            86..91 => {
                let other = self.random.usize(..self.people.len());
                let block = Block {
                    origins: [index, other].map(|index| Origin::from_bits(self.people[index].origin + 1_000)),
                    until: self.clock.now() + Millis::new(self.random.u64(..10_000)),
                };
                self.memory.block(block).await.unwrap();
                self.redis.block(block).await.unwrap();
            }
            _ => self.clock.advance(Millis::new(self.random.u64(..2_500))),
        }
    }

    async fn releases(&mut self, index: usize, release: Release) {
        let stamp = self.stamp(index);
        self.memory.release(stamp, release).await.unwrap();
        self.redis.release(stamp, release).await.unwrap();
    }
}

async fn compare(way: &Way, seed: u64, tongues: Tongues) -> usize {
    let mut random = Rng::with_seed(seed);
    let rules = PairingRules {
        patience: Patience {
            interests: Millis::new(random.u64(2_000..12_000)),
            language: Millis::new(
                random.u64(2_000..12_000) + if tongues == Tongues::Many { 90_000 } else { 0 },
            ),
        },
        same_origin: if random.bool() {
            SameOrigin::Allowed
        } else {
            SameOrigin::Refused
        },
    };
    let clock = Arc::new(manual_clock());
    let mut two = Two {
        seed,
        memory: MemoryPairing::new(rules, Arc::clone(&clock)),
        redis: way.node(seed, rules, clock.clone(), TimeSource::OwnClock),
        random,
        clock,
        tongues,
        people: Vec::new(),
        born: 0,
        offers: Vec::new(),
        pairs: 0,
    };
    let crowd = match tongues {
        Tongues::Few => two.random.usize(6..60),
        Tongues::Many => 300,
    };
    for _ in 0..crowd {
        let person = two.born();
        two.people.push(person);
    }
    let lines = way.redis.keys().pairing("lines");
    let mut question = passerby_redis::client::cmd("ZCARD");
    question.arg(lines.as_str());
    let mut most: usize = 0;
    for number in 0..OPERATIONS {
        two.step().await;
        if number % 50 == 0 {
            most = most.max(way.redis.command(&lines, &question).await.unwrap());
        }
    }
    assert_eq!(two.redis.anomalies().strays(), 0, "seed {seed}");
    if tongues == Tongues::Many {
        assert!(most > 50, "no family was large, seed {seed}: {most}");
    }
    two.pairs
}

/// A number in the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seed that is asked for or one by chance, and those after it.
pub(crate) fn seeds(runs: u64) -> std::ops::Range<u64> {
    let first = number("PASSERBY_DIFFERENTIAL_SEED").unwrap_or_else(|| fastrand::u64(..1 << 40));
    first..first + runs
}

#[test]
fn redis_answers_as_the_store_in_memory_does() {
    run(async {
        for seed in seeds(number("PASSERBY_DIFFERENTIAL_RUNS").unwrap_or(3)) {
            println!("seed {seed}");
            let way = Way::open(Servers::many()).await;
            let tongues = if seed % 2 == 0 {
                Tongues::Few
            } else {
                Tongues::Many
            };
            let pairs = compare(&way, seed, tongues).await;
            assert!(pairs > 50, "a run without pairs shows nothing");
        }
    });
}
