//! What pairing costs Redis: microseconds of its main thread for each step, with few and with many who wait.
//!
//! Starts a server of its own. `cargo bench -p passerby-redis --bench pairing`; a word as argument leaves out the cases
//! whose name does not hold it. Without cargo's `--bench` it merely shows that it works.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark says what it finds, and has clock and runtime of its own"
)]

use futures_util::stream::{StreamExt as _, iter};
use passerby_application::ports::{
    Claim, Clock, PairingRules, PairingStore as _, Release, SameOrigin, Seeker, Stamp, TokenSerial,
};
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interests, Language, Patience};
use passerby_domain::id::{ChatId, Generation, Incarnation, NodeId, Origin, UserId};
use passerby_domain::notice::Census;
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use passerby_redis::seal::Secrets;
use passerby_redis::time::RedisTime;
use passerby_redis::{Link, PairingOptions, Redis, RedisOptions, RedisPairing, TimeSource};
use passerby_tests::redis::{Keeps, Standalone};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many operations are on their way at once.
const AT_ONCE: usize = 64;
/// How much is measured.
struct Effort {
    /// How many pairs each case makes.
    pairs: u128,
    /// How many others wait meanwhile.
    crowds: &'static [u128],
}

const MEASURED: Effort = Effort {
    pairs: 4_000,
    crowds: &[0, 1_000, 100_000],
};
/// Enough to see that each case still does.
const SHOWN: Effort = Effort {
    pairs: 50,
    crowds: &[0, 100],
};

struct Ticking(Instant);

impl Clock for Ticking {
    fn now(&self) -> Moment {
        Moment::from_millis(86_400_000) + Millis::from(self.0.elapsed())
    }

    fn unix(&self, _: Moment) -> UnixMillis {
        UnixMillis(0)
    }
}

/// What people ask for.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    interests: usize,
    language: bool,
    avoid: u128,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "nothing",
        interests: 0,
        language: false,
        avoid: 0,
    },
    Kind {
        name: "1 interest, a language",
        interests: 1,
        language: true,
        avoid: 2,
    },
    Kind {
        name: "3 interests, a language",
        interests: 3,
        language: true,
        avoid: 5,
    },
    Kind {
        name: "10 interests, a language",
        interests: 10,
        language: true,
        avoid: 60,
    },
];

struct Bench {
    server: Standalone,
    store: RedisPairing,
    clock: Arc<Ticking>,
    effort: Effort,
    /// Whoever is gone does not come back: others take their place.
    people: AtomicU64,
}

/// What the server had done at some point.
struct Work {
    /// Microseconds of its main thread.
    cpu: f64,
    /// Microseconds in scripts, and how many there were.
    scripts: (f64, f64),
}

impl Bench {
    fn seeker(&self, seat: u128, generation: u64, kind: Kind, share: u128) -> Seeker {
        // One interest is shared with whoever has the same `share`, the others with nobody.
        let words: Vec<_> = (0..kind.interests)
            .map(|number| match number {
                0 => format!("share {share}"),
                number => format!("{seat} {number}"),
            })
            .collect();
        let now = self.clock.now();
        Seeker {
            stamp: Stamp {
                seat: UserId::from_bits(
                    (seat + u128::from(self.people.load(Ordering::Relaxed)) * 1_000_000)
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c95),
                ),
                generation: Generation::new(generation),
            },
            origin: Origin::from_bits(seat),
            lasting_origin: Origin::from_bits(seat << 64),
            criteria: Criteria {
                interests: Interests::parse(words.iter().map(String::as_str)).expect("interests"),
                language: kind.language.then(|| Language::parse("en").expect("a language")),
                ..Criteria::default()
            },
            place: Place::taken_at(now),
            from: now,
            avoid: (0..kind.avoid)
                .map(|number| Avoided {
                    seat: UserId::from_bits((number + 1) << 100),
                    until: now + Millis::from_secs(60),
                    cause: Cause::Parted,
                })
                .collect(),
            serial: TokenSerial(1),
            chat: ChatId::from_bits(seat * 1_000_003 + u128::from(generation)),
        }
    }

    async fn beat(&self) {
        let node = NodeId::parse("one").expect("a name");
        self.store
            .heartbeat(&node, Census::default())
            .await
            .expect("a heartbeat");
    }

    async fn work(&self) -> Work {
        let cli = self.server.cli();
        let info = cli.ask(&["INFO", "everything"]).await;
        let field = |name: &str| -> f64 {
            let line = info.lines().find(|line| line.starts_with(name)).expect(name);
            line[name.len() + 1..].trim().parse().expect("a number")
        };
        let cpu = field("used_cpu_sys_main_thread") + field("used_cpu_user_main_thread");
        let stats = info.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
        let part = |name: &str| -> f64 {
            let stats = stats.unwrap_or_default();
            let after = stats.split(name).nth(1).and_then(|rest| rest.split(',').next());
            after.and_then(|number| number.parse().ok()).unwrap_or(0.0)
        };
        Work {
            cpu: cpu * 1e6,
            scripts: (part("usec="), part("calls=")),
        }
    }

    async fn measure(&self, name: &str, count: u128, work: impl AsyncFnOnce()) -> f64 {
        let before = self.work().await;
        work().await;
        let after = self.work().await;
        let count = count as f64;
        let cpu = (after.cpu - before.cpu) / count;
        let scripts = (after.scripts.0 - before.scripts.0) / count;
        println!("    {name:<34} {cpu:7.1} µs of Redis, {scripts:7.1} in scripts");
        cpu
    }

    /// Many who fit nobody: each insists on an interest of their own.
    async fn fill(&self, from: u128, to: u128) {
        let kind = Kind {
            name: "",
            interests: 2,
            language: true,
            avoid: 1,
        };
        iter(from..to)
            .for_each_concurrent(AT_ONCE, |seat| async move {
                let mut seeker = self.seeker((1 << 60) + seat, 1, kind, (1 << 60) + seat);
                seeker.from += Millis::from_secs(3_600);
                let claim = self.store.claim(seeker).await.expect("a claim");
                assert!(matches!(claim, Claim::Waiting { .. }), "{claim:?}");
            })
            .await;
    }

    /// Each pair has an interest that nobody else has: first all wait, then all are found.
    async fn pairs(&self, kind: Kind, generation: u64) {
        println!("  {}", kind.name);
        let waits = self
            .measure("a claim that waits", self.effort.pairs, async || {
                iter(0..self.effort.pairs)
                    .for_each_concurrent(AT_ONCE, |pair| async move {
                        let seeker = self.seeker(2 * pair, generation, kind, pair);
                        let claim = self.store.claim(seeker).await.expect("a claim");
                        assert!(matches!(claim, Claim::Waiting { .. }), "{claim:?}");
                    })
                    .await;
            })
            .await;
        let meets = self
            .measure("a claim that finds somebody", self.effort.pairs, async || {
                iter(0..self.effort.pairs)
                    .for_each_concurrent(AT_ONCE, |pair| async move {
                        let seeker = self.seeker(2 * pair + 1, generation, kind, pair);
                        let claim = self.store.claim(seeker).await.expect("a claim");
                        assert!(matches!(claim, Claim::Offered(_)), "{claim:?}");
                    })
                    .await;
            })
            .await;
        println!(
            "    {:<34} {:7.1} µs of Redis",
            "together, for a pair",
            waits + meets
        );
    }

    /// People come one after the other, so many at a time, and each meets whoever is there, by one of few interests or
    /// anyhow.
    async fn stream(&self, kind: Kind, generation: u64, at_once: usize) {
        println!("  a stream of people who want {}, {at_once} at a time", kind.name);
        let pairs = AtomicU64::new(0);
        let before = self.work().await;
        iter(0..2 * self.effort.pairs)
            .for_each_concurrent(at_once, |seat| {
                let pairs = &pairs;
                async move {
                    let seeker = self.seeker(seat, generation, kind, seat * 7 % 41);
                    if let Claim::Offered(_) = self.store.claim(seeker).await.expect("a claim") {
                        pairs.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
            .await;
        let after = self.work().await;
        let pairs = pairs.into_inner() as f64;
        println!(
            "    {:<34} {:7.1} µs of Redis, {:7.1} in scripts",
            "for a pair",
            (after.cpu - before.cpu) / pairs,
            (after.scripts.0 - before.scripts.0) / pairs
        );
    }

    /// Everybody insists on another language and has nothing else to ask: all stand in one family.
    async fn babel(&self, generation: u64) {
        println!("  everybody insists on another language");
        let nothing = Kind {
            name: "",
            interests: 0,
            language: false,
            avoid: 0,
        };
        self.measure("a claim that waits", self.effort.pairs, async || {
            iter(0..self.effort.pairs)
                .for_each_concurrent(AT_ONCE, |seat| async move {
                    let mut seeker = self.seeker(2 * seat, generation, nothing, 0);
                    seeker.criteria.language = Some(Language::parse(&letters(seat)).expect("a language"));
                    seeker.from += Millis::from_secs(3_600);
                    let claim = self.store.claim(seeker).await.expect("a claim");
                    assert!(matches!(claim, Claim::Waiting { .. }), "{claim:?}");
                })
                .await;
        })
        .await;
        self.measure("a claim that finds somebody", self.effort.pairs, async || {
            iter(0..self.effort.pairs)
                .for_each_concurrent(AT_ONCE, |seat| async move {
                    let seeker = self.seeker(2 * seat + 1, generation, nothing, 0);
                    let claim = self.store.claim(seeker).await.expect("a claim");
                    assert!(matches!(claim, Claim::Offered(_)), "{claim:?}");
                })
                .await;
        })
        .await;
    }

    async fn goes(&self, generation: u64) {
        self.measure("a seat that goes", 2 * self.effort.pairs, async || {
            iter(0..2 * self.effort.pairs)
                .for_each_concurrent(AT_ONCE, |seat| async move {
                    let stamp = self.seeker(seat, generation, KINDS[0], 0).stamp;
                    self.store.release(stamp, Release::Gone).await.expect("answered");
                })
                .await;
        })
        .await;
    }
}

/// Letters that no other number has.
fn letters(mut number: u128) -> String {
    let mut letters = String::from("x");
    for _ in 0..5 {
        letters.push(char::from(b'a' + u8::try_from(number % 26).expect("a letter")));
        number /= 26;
    }
    letters
}

async fn run(effort: Effort) {
    let server = Standalone::start(Keeps::Nothing).await;
    let options = RedisOptions::standalone(format!("redis://{}", server.address()));
    let (redis, keeper) = Redis::open(&options).expect("options");
    let keeper = tokio::spawn(keeper.run());
    let mut link = redis.link();
    link.wait_for(|link| matches!(link, Link::Up { .. }))
        .await
        .expect("a link");
    let clock = Arc::new(Ticking(Instant::now()));
    let hour = Millis::from_secs(3_600);
    let options = PairingOptions {
        rules: PairingRules {
            patience: Patience {
                interests: hour,
                language: hour,
            },
            same_origin: SameOrigin::Allowed,
        },
        incarnation: Incarnation::from_bits(7),
        longest_grace: Millis::from_secs(20),
        time: TimeSource::Redis,
    };
    let secrets = Secrets {
        current: b"secret",
        previous: &[],
    };
    let time = Arc::new(RedisTime::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let store = RedisPairing::new(redis, secrets, time, options);
    let bench = Bench {
        server,
        store,
        clock,
        effort,
        people: AtomicU64::new(1),
    };
    bench.beat().await;
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let (mut waiting, mut generation) = (0, 1);
    for &crowd in bench.effort.crowds {
        println!("{crowd} others wait");
        bench.fill(waiting, crowd).await;
        waiting = crowd;
        for kind in KINDS {
            if words.iter().all(|word| kind.name.contains(word.as_str())) {
                for at_once in [1, AT_ONCE] {
                    bench.stream(kind, generation, at_once).await;
                    generation += 10;
                    bench.goes(generation).await;
                    bench.people.fetch_add(1, Ordering::Relaxed);
                }
                if kind.interests > 0 {
                    bench.pairs(kind, generation).await;
                    generation += 10;
                }
                bench.goes(generation).await;
                bench.people.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    bench.babel(generation).await;
    generation += 10;
    bench.goes(generation).await;
    keeper.abort();
}

fn main() {
    let measures = std::env::args().any(|word| word == "--bench");
    let effort = if measures { MEASURED } else { SHOWN };
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(run(effort));
}
