//! Random words of three nodes, some of which fall silent and come back, said to a plain list and to Redis in cluster mode:
//! equal answers.
//!
//! `PASSERBY_DIFFERENTIAL_SEED` and `PASSERBY_DIFFERENTIAL_RUNS` are as for the store in memory.

use crate::differential::{number, seeds};
use crate::stage::{Servers, Way, run};
use fastrand::Rng;
use passerby_application::ports::{
    Belief, Believed, Block, Claim, Clock as _, Dossier, Handover, HandoverLimits, Offer, OutboxContents,
    PairingRules, PairingStore as _, Pulse, Recollection, Release, SameOrigin, Seeker, Stamp, Standing,
    StoreMemory, Stranger, Taken, TokenSerial, Verdict,
};
use passerby_application::testing::{HonestPairing, ManualClock};
use passerby_conformance::manual_clock;
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interests, Language, Patience};
use passerby_domain::id::{ChatId, Generation, Incarnation, NodeId, Origin, Seq, UserId};
use passerby_domain::notice::{Census, Role};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment};
use passerby_redis::{RedisPairing, TimeSource};
use std::sync::Arc;

const OPERATIONS: usize = 1_000;
const PEOPLE: usize = 14;
const LIVES: [u64; 3] = [21, 22, 23];

/// Nobody's patience ends on the way: when a store notices that is its own affair.
const HOUR: Millis = Millis::from_secs(3_600);

/// A person, as their owner knows them.
#[derive(Clone, Debug)]
struct Person {
    seat: u128,
    generation: u64,
    owner: usize,
    serial: u32,
    chat: Option<(ChatId, UserId, Role)>,
    place: Moment,
}

/// What a seat was taken with, as far as it can be compared.
#[derive(Debug, PartialEq)]
struct Account {
    former: Incarnation,
    stamp: Stamp,
    origins: [Origin; 2],
    criteria: Criteria,
    avoid: Vec<Avoided>,
    serial: TokenSerial,
    standing: Standing,
    partner: Option<Stranger>,
    legacy: Option<(Stamp, Moment, OutboxContents)>,
}

impl From<Taken> for Account {
    fn from(taken: Taken) -> Self {
        let dossier = taken.dossier;
        Self {
            former: taken.former,
            stamp: dossier.stamp,
            origins: [dossier.origin, dossier.lasting_origin],
            criteria: dossier.criteria,
            avoid: dossier.avoid,
            serial: dossier.serial,
            standing: dossier.standing,
            partner: taken.partner,
            legacy: taken
                .legacy
                .map(|legacy| (legacy.stamp, legacy.held_until, legacy.outbox)),
        }
    }
}

struct World {
    seed: u64,
    random: Rng,
    clock: ManualClock,
    list: [HonestPairing; 3],
    redis: [RedisPairing; 3],
    is_silent: [bool; 3],
    people: Vec<Person>,
    born: u128,
    offers: Vec<Offer>,
    told: Told,
}

/// How often what was told.
#[derive(Debug, Default)]
struct Told {
    agreed: usize,
    taken: usize,
    legacies: usize,
    partners: usize,
    lost: usize,
}

/// Asks the list and Redis, as one node, and expects the same.
macro_rules! same {
    ($world:expr, $node:expr, $store:ident => $ask:expr) => {{
        let list = {
            let $store = &$world.list[$node];
            $ask.await.unwrap()
        };
        let redis = {
            let $store = &$world.redis[$node];
            $ask.await.unwrap()
        };
        (list, redis)
    }};
    ($world:expr, $node:expr, $store:ident => $ask:expr, compared) => {{
        let (list, redis) = same!($world, $node, $store => $ask);
        assert_eq!(redis, list, "seed {}: {}", $world.seed, stringify!($ask));
        redis
    }};
}

impl World {
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(..choices.len())]
    }

    fn born(&mut self) -> Person {
        self.born += 1;
        Person {
            seat: self.born.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c95_1ce4_e5b9),
            generation: 5,
            owner: self.random.usize(..3),
            serial: 3,
            chat: None,
            place: self.clock.now(),
        }
    }

    fn stamp(&self, index: usize) -> Stamp {
        Stamp {
            seat: UserId::from_bits(self.people[index].seat),
            generation: Generation::new(self.people[index].generation),
        }
    }

    fn seeker(&mut self, index: usize) -> Seeker {
        let now = self.clock.now();
        let interests = self.pick(&[&[][..], &[], &["a"], &["b"], &["a", "b"]]);
        let language = self.pick(&[None, None, Some("en"), Some("de")]);
        let mut avoid = Vec::new();
        if self.random.bool() {
            let other = self.random.usize(..self.people.len());
            avoid.push(Avoided {
                seat: UserId::from_bits(self.people[other].seat),
                until: now + Millis::new(self.random.u64(1..8_000)),
                cause: self.pick(&[Cause::Parted, Cause::Blocked]),
            });
        }
        let patient_for = self.pick(&[0, 4_000_000]);
        let person = &mut self.people[index];
        person.place = now;
        Seeker {
            origin: Origin::from_bits(person.seat % 9),
            lasting_origin: Origin::from_bits(1_000 + person.seat % 9),
            criteria: Criteria {
                interests: Interests::parse(interests.iter().copied()).unwrap(),
                language: language.map(|language| Language::parse(language).unwrap()),
                ..Criteria::default()
            },
            place: Place::taken_at(now),
            from: now - Millis::new(patient_for),
            avoid,
            serial: TokenSerial(person.serial),
            chat: ChatId::from_bits(self.random.u128(..)),
            stamp: self.stamp(index),
        }
    }

    fn dossier(&mut self, index: usize) -> Dossier {
        let seeker = self.seeker(index);
        let standing = match (self.people[index].chat, self.random.bool()) {
            (Some((chat, partner, role)), _) => Standing::Chatting {
                chat,
                partner,
                role,
                place: seeker.place,
            },
            (None, true) => Standing::Idle,
            (None, false) => Standing::Held {
                place: seeker.place,
                from: seeker.from,
            },
        };
        Dossier {
            stamp: seeker.stamp,
            origin: seeker.origin,
            lasting_origin: seeker.lasting_origin,
            criteria: seeker.criteria,
            avoid: seeker.avoid,
            serial: seeker.serial,
            standing,
        }
    }

    /// Somebody whose node speaks.
    fn somebody(&mut self) -> Option<usize> {
        let index = self.random.usize(..self.people.len());
        (!self.is_silent[self.people[index].owner]).then_some(index)
    }

    fn moves_on(&mut self, index: usize) {
        self.people[index].generation += self.random.u64(..2);
        self.people[index].chat = None;
    }

    async fn claims(&mut self, index: usize) {
        let (owner, seeker) = (self.people[index].owner, self.seeker(index));
        let claim = same!(self, owner, store => store.claim(seeker.clone()), compared);
        let offer = match claim {
            Claim::Offered(offer) => {
                self.are_chatting(offer);
                offer
            }
            Claim::Proposed { offer, .. } => offer,
            Claim::Waiting { .. } | Claim::Stale => return,
        };
        self.offers.push(offer);
        if self.offers.len() > 8 {
            self.offers.remove(0);
        }
    }

    /// Something is said of an offer, by whoever holds the seat.
    async fn answers(&mut self) {
        let at = if self.random.bool() {
            self.offers.len()
        } else {
            self.random.usize(..=self.offers.len())
        };
        let Some(offer) = at.checked_sub(1).map(|at| self.offers[at]) else {
            return;
        };
        let owner = |stamp: Stamp| {
            let index = self.who_has(stamp.seat)?;
            Some(self.people[index].owner)
        };
        let (Some(one), Some(other)) = (owner(offer.seeker), owner(offer.found)) else {
            return;
        };
        if self.is_silent[one] || self.is_silent[other] {
            return;
        }
        let verdict = if self.random.u32(..5) < 4 {
            same!(self, other, store => store.agree(offer), compared)
        } else {
            let side = self.pick(&[one, other]);
            same!(self, side, store => store.settle(offer), compared)
        };
        if verdict == Verdict::Agreed {
            self.told.agreed += 1;
            self.are_chatting(offer);
        }
    }

    fn who_has(&self, seat: UserId) -> Option<usize> {
        self.people.iter().position(|person| person.seat == seat.bits())
    }

    fn are_chatting(&mut self, offer: Offer) {
        let (one, other) = (offer.seeker.seat, offer.found.seat);
        for (seat, partner, role) in [(one, other, Role::Initiator), (other, one, Role::Responder)] {
            if let Some(index) = self.who_has(seat) {
                self.people[index].chat = Some((offer.chat, partner, role));
            }
        }
    }

    async fn takes(&mut self) {
        let (mut index, node) = (self.random.usize(..self.people.len()), self.random.usize(..3));
        let mut people = self.people.iter();
        if let Some(chatting) = people.position(|person| person.chat.is_some())
            && self.random.bool()
        {
            index = chatting;
        }
        if self.is_silent[node] {
            return;
        }
        let (seat, serial) = (self.stamp(index).seat, self.people[index].serial);
        let serial = TokenSerial(self.pick(&[serial, serial, serial + 1, serial - 1]));
        let (list, redis) = same!(self, node, store => store.take(seat, serial));
        let (list, redis) = (list.map(Account::from), redis.map(Account::from));
        assert_eq!(redis, list, "seed {}", self.seed);
        if let Some(account) = redis {
            self.told.taken += 1;
            self.told.legacies += usize::from(account.legacy.is_some());
            self.told.partners += usize::from(account.partner.is_some());
            let person = &mut self.people[index];
            person.owner = node;
            person.generation = account.stamp.generation.get();
            person.chat = match account.standing {
                Standing::Chatting {
                    chat, partner, role, ..
                } => Some((chat, partner, role)),
                Standing::Idle | Standing::Held { .. } => None,
            };
            if self.random.u32(..4) == 0 {
                self.gives_back(index).await;
            }
        }
    }

    /// Whoever was taken is not served after all, or a node says so that has no say.
    async fn gives_back(&mut self, index: usize) {
        let (seat, owner) = (self.stamp(index).seat, self.people[index].owner);
        let node = self.pick(&[owner, owner, (owner + 1) % 3]);
        same!(self, node, store => store.give_back(seat), compared);
        let there = same!(self, node, store => store.locate(seat), compared).expect("they were taken");
        let person = &mut self.people[index];
        if there.tenure != Generation::new(person.generation).tenure() {
            let is_it = |life: &u64| Incarnation::from_bits(*life) == there.owner;
            person.owner = LIVES.iter().position(is_it).expect("one of the three");
            person.generation = Generation::first_of(there.tenure).get();
        }
    }

    async fn compares(&mut self) {
        let node = self.random.usize(..3);
        let mut beliefs = Vec::new();
        for index in 0..self.people.len() {
            let chat = self.people[index].chat.map(|(chat, ..)| Believed::Chatting(chat));
            let standing = self.pick(&[
                Believed::Waiting,
                Believed::Resting,
                chat.unwrap_or(Believed::Waiting),
            ]);
            beliefs.push(Belief {
                stamp: self.stamp(index),
                standing,
            });
        }
        same!(self, node, store => store.verify(beliefs.clone()), compared);
    }

    async fn time_passes(&mut self, millis: u64) {
        self.clock.advance(Millis::new(millis));
        for node in 0..3 {
            if self.is_silent[node] {
                continue;
            }
            let name = NodeId::parse(["one", "two", "three"][node]).unwrap();
            let (mut list, mut redis): (Pulse, Pulse) =
                same!(self, node, store => store.heartbeat(&name, Census::default()));
            list.peers.sort_unstable();
            redis.peers.sort_unstable();
            assert_eq!(redis, list, "seed {}", self.seed);
            self.told.lost += usize::from(redis.memory == StoreMemory::Lost);
        }
        if let Some(living) = (0..3).find(|node| !self.is_silent[*node]) {
            same!(self, living, store => store.reap(), compared);
        }
    }

    async fn step(&mut self) {
        match self.random.u32(..100) {
            0..35 => {
                if let Some(index) = self.somebody() {
                    self.moves_on(index);
                    self.claims(index).await;
                }
            }
            35..55 => self.answers().await,
            55..63 => {
                if let Some(index) = self.somebody() {
                    self.moves_on(index);
                    let release = self.pick(&[Release::Rest, Release::Hold]);
                    let (owner, stamp) = (self.people[index].owner, self.stamp(index));
                    same!(self, owner, store => store.release(stamp, release), compared);
                }
            }
            63..65 => {
                if let Some(index) = self.somebody() {
                    self.people[index].generation += 1;
                    let (owner, stamp) = (self.people[index].owner, self.stamp(index));
                    same!(self, owner, store => store.release(stamp, Release::Gone), compared);
                    self.people[index] = self.born();
                }
            }
            65..71 => {
                if let Some(index) = self.somebody() {
                    self.people[index].generation += self.random.u64(..2);
                    self.people[index].serial += self.random.u32(..2);
                    let (owner, dossier) = (self.people[index].owner, self.dossier(index));
                    same!(self, owner, store => store.keep(dossier.clone()), compared);
                }
            }
            71..74 => {
                if let Some(index) = self.somebody() {
                    self.people[index].generation += 1;
                    let owner = self.people[index].owner;
                    let handover = self.handover(index);
                    same!(self, owner, store => store.bequeath(handover.clone()), compared);
                }
            }
            74..82 => self.takes().await,
            82..85 => {
                // A former owner, or somebody who never was one, speaks.
                let index = self.random.usize(..self.people.len());
                let node = self.random.usize(..3);
                let owner = self.people[index].owner;
                if !self.is_silent[node] && self.people[index].generation >= 1 << 24 && node != owner {
                    let known = self.people[index].generation;
                    self.people[index].generation = (1 << 24) - 1;
                    let stamp = self.stamp(index);
                    self.people[index].generation = known;
                    same!(self, node, store => store.release(stamp, Release::Rest), compared);
                }
            }
            85..89 => self.compares().await,
            89..91 => {
                let index = self.random.usize(..self.people.len());
                let seat = self.stamp(index).seat;
                same!(self, 0, store => store.locate(seat), compared);
                let origins = [self.random.u128(..9), self.random.u128(..9)];
                let block = Block {
                    origins: origins.map(|origin| Origin::from_bits(1_000 + origin)),
                    until: self.clock.now() + Millis::new(self.random.u64(..9_000)),
                };
                same!(self, 0, store => store.block(block), compared);
            }
            91..99 => {
                let millis = self.pick(&[200, 900, 1_000, 1_700, 4_000]);
                self.time_passes(millis).await;
            }
            _ => {
                let node = self.random.usize(..3);
                self.is_silent[node] ^= true;
                if self.random.bool() {
                    for _ in 0..self.random.u64(5..35) {
                        self.time_passes(1_000).await;
                    }
                }
                self.is_silent = [false; 3];
                self.time_passes(1).await;
            }
        }
    }

    fn handover(&mut self, index: usize) -> Handover {
        let dossier = self.dossier(index);
        let held = Millis::new(self.random.u64(1..12_000));
        Handover {
            stamp: dossier.stamp,
            origin: dossier.origin,
            lasting_origin: dossier.lasting_origin,
            criteria: dossier.criteria,
            avoid: dossier.avoid,
            standing: dossier.standing,
            since: None,
            partner: None,
            offer: None,
            last_chat: None,
            serials: [dossier.serial, dossier.serial],
            limits: HandoverLimits::default(),
            refused: Vec::new(),
            outbox: OutboxContents {
                last: Seq::new(self.random.u64(..)),
                chat: None,
                events: Vec::new(),
                placed: Vec::new(),
            },
            held_until: self.clock.now() + held,
            recollection: Recollection::Whole,
        }
    }
}

async fn compare(way: &Way, seed: u64, told: &mut Told) {
    let rules = PairingRules {
        patience: Patience {
            interests: HOUR,
            language: HOUR,
        },
        same_origin: SameOrigin::Allowed,
    };
    let clock = manual_clock();
    let shared = Arc::new(clock.clone());
    let list = HonestPairing::new(rules, clock.clone());
    let mut world = World {
        seed,
        random: Rng::with_seed(seed),
        clock,
        list: LIVES.map(|life| list.node(Incarnation::from_bits(life))),
        redis: LIVES.map(|life| {
            // The list keeps what the dead left for 25 seconds.
            way.node_that_keeps(
                Millis::from_secs(23),
                life,
                rules,
                shared.clone(),
                TimeSource::OwnClock,
            )
        }),
        is_silent: [false; 3],
        people: Vec::new(),
        born: 0,
        offers: Vec::new(),
        told: std::mem::take(told),
    };
    world.time_passes(1).await;
    for _ in 0..PEOPLE {
        let person = world.born();
        world.people.push(person);
    }
    for _ in 0..OPERATIONS {
        world.step().await;
    }
    for store in &world.redis {
        assert_eq!(
            (store.anomalies().strays(), store.anomalies().unreadable()),
            (0, 0),
            "seed {seed}"
        );
    }
    *told = world.told;
}

#[test]
fn redis_answers_three_nodes_as_a_plain_list_would() {
    run(async {
        let mut told = Told::default();
        for seed in seeds(number("PASSERBY_DIFFERENTIAL_RUNS").unwrap_or(3)) {
            println!("seed {seed}");
            let way = Way::open(Servers::many()).await;
            compare(&way, seed, &mut told).await;
        }
        let rarest = [told.agreed, told.taken, told.legacies, told.partners, told.lost]
            .into_iter()
            .min();
        assert!(rarest > Some(0), "runs with {told:?} show little");
    });
}
