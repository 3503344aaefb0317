//! What befalls the server, and what nodes notice of it. These run by the time of Redis itself.

use crate::stage::{Servers, Way, run};
use passerby_application::ports::{
    Belief, Believed, Claim, Clock, Difference, Dossier, PairingRules, PairingStore as _, Release,
    SameOrigin, Seeker, Stamp, Standing, StoreError, StoreMemory, TokenSerial, Verdict,
};
use passerby_domain::criteria::{Criteria, Interests, Patience};
use passerby_domain::id::{ChatId, Generation, NodeId, Origin, UserId};
use passerby_domain::notice::Census;
use passerby_domain::priority::Place;
use passerby_domain::time::Millis;
use passerby_memory::SystemClock;
use passerby_redis::{RedisPairing, TimeSource};
use passerby_tests::PATIENCE;
use passerby_tests::redis::{Cli, Standalone};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

const RULES: PairingRules = PairingRules {
    patience: Patience {
        interests: Millis::from_secs(8),
        language: Millis::from_secs(15),
    },
    same_origin: SameOrigin::Allowed,
};

/// A server of its own, and two nodes.
struct Stage {
    way: Way,
    server: Arc<Mutex<Standalone>>,
    cli: Cli,
    clock: Arc<SystemClock>,
    here: RedisPairing,
    there: RedisPairing,
}

impl Stage {
    async fn open() -> Self {
        let stage = Self::open_silent().await;
        beats(&stage.here).await;
        beats(&stage.there).await;
        stage
    }

    /// No node has spoken yet.
    async fn open_silent() -> Self {
        let (servers, server) = Servers::own_alone().await;
        let way = Way::open(servers).await;
        let clock = Arc::new(SystemClock::start());
        let cli = server.lock().unwrap().cli().clone();
        Self {
            here: way.node(1, RULES, clock.clone(), TimeSource::Redis),
            there: way.node(2, RULES, clock.clone(), TimeSource::Redis),
            way,
            server,
            cli,
            clock,
        }
    }

    fn person(&self, seat: u128, interests: &[&str]) -> Seeker {
        let now = self.clock.now();
        Seeker {
            stamp: Stamp {
                seat: UserId::from_bits(seat),
                generation: Generation::new(5),
            },
            origin: Origin::from_bits(seat),
            lasting_origin: Origin::from_bits(1_000 + seat),
            criteria: Criteria {
                interests: Interests::parse(interests.iter().copied()).unwrap(),
                ..Criteria::default()
            },
            place: Place::taken_at(now),
            from: now,
            avoid: Vec::new(),
            serial: TokenSerial(1),
            chat: ChatId::from_bits(seat),
        }
    }

    fn freeze(&self) {
        self.server.lock().unwrap().process().freeze();
    }

    fn thaw(&self) {
        self.server.lock().unwrap().process().thaw();
    }

    /// How many scripts have run.
    async fn scripts(&self) -> u64 {
        let stats = self.cli.ask(&["INFO", "commandstats"]).await;
        let calls = stats.split("cmdstat_evalsha:calls=").nth(1);
        calls.map_or(0, |calls| calls.split(',').next().unwrap().parse().unwrap())
    }
}

async fn beats(node: &RedisPairing) -> StoreMemory {
    let name = NodeId::parse(&format!("{node:p}")).unwrap();
    node.heartbeat(&name, Census::default()).await.unwrap().memory
}

async fn waits(node: &RedisPairing, seeker: &Seeker) {
    let claim = node.claim(seeker.clone()).await.unwrap();
    assert!(matches!(claim, Claim::Waiting { .. }), "{claim:?}");
}

/// Its sender was told that it timed out, and has gone on.
#[test]
fn a_script_that_comes_late_changes_nothing() {
    run(async {
        let stage = Stage::open().await;
        let (known, late) = (stage.person(1, &["cats"]), stage.person(2, &["dogs"]));
        waits(&stage.here, &known).await;
        let before = stage.scripts().await;
        stage.freeze();
        let claim = stage.here.claim(late.clone()).await;
        assert!(matches!(claim, Err(StoreError::Timeout(_))), "{claim:?}");
        sleep(Duration::from_millis(1_100)).await;
        stage.thaw();
        stage.way.is_up().await;
        // It did come.
        stage
            .cli
            .until("the script has run", PATIENCE, async || {
                stage.scripts().await > before
            })
            .await;
        beats(&stage.here).await;
        beats(&stage.there).await;
        assert_eq!(stage.here.locate(late.stamp.seat).await.unwrap(), None);
        waits(&stage.there, &stage.person(3, &["dogs"])).await;
        let claim = stage.there.claim(stage.person(4, &["cats"])).await.unwrap();
        assert!(matches!(claim, Claim::Proposed { .. }), "{claim:?}");
    });
}

#[test]
fn scripts_that_the_server_forgot_are_sent_again() {
    run(async {
        let stage = Stage::open().await;
        waits(&stage.here, &stage.person(1, &["cats"])).await;
        stage.cli.ask(&["SCRIPT", "FLUSH"]).await;
        let claim = stage.there.claim(stage.person(2, &["cats"])).await.unwrap();
        let Claim::Proposed { offer, .. } = claim else {
            panic!("{claim:?}");
        };
        stage.cli.ask(&["SCRIPT", "FLUSH"]).await;
        assert_eq!(stage.here.agree(offer).await.unwrap(), Verdict::Agreed);
    });
}

/// Each node is told once, and says all again.
#[test]
fn nodes_notice_that_all_was_lost_and_go_on() {
    run(async {
        let stage = Stage::open().await;
        let person = stage.person(1, &["cats"]);
        waits(&stage.here, &person).await;
        assert_eq!(beats(&stage.here).await, StoreMemory::Kept);
        stage.cli.ask(&["FLUSHALL"]).await;
        assert_eq!(beats(&stage.here).await, StoreMemory::Lost);
        assert_eq!(beats(&stage.there).await, StoreMemory::Lost);
        assert_eq!(beats(&stage.here).await, StoreMemory::Kept);
        let belief = Belief {
            stamp: person.stamp,
            standing: Believed::Waiting,
        };
        let differs = stage.here.verify(vec![belief]).await.unwrap();
        assert_eq!(differs, [Difference::Unlike(person.stamp.seat)]);
        waits(&stage.here, &person).await;
        let claim = stage.there.claim(stage.person(2, &["cats"])).await.unwrap();
        assert!(matches!(claim, Claim::Proposed { .. }), "{claim:?}");
    });
}

/// Who asks before they have noticed is not told that nobody is there.
#[test]
fn a_memory_that_was_lost_is_not_taken_for_the_truth_about_a_seat() {
    run(async {
        let stage = Stage::open().await;
        let person = stage.person(1, &["cats"]);
        let seat = person.stamp.seat;
        for part in ["all", "book"] {
            waits(&stage.here, &person).await;
            beats(&stage.there).await;
            assert!(stage.there.locate(seat).await.unwrap().is_some());
            if part == "all" {
                stage.cli.ask(&["FLUSHALL"]).await;
            } else {
                let key = stage.way.redis.keys().pairing(part);
                stage.cli.ask(&["DEL", key.as_str()]).await;
            }
            for notices in [false, true] {
                if notices {
                    // Another node has noticed, so Redis has a memory again, which is not the one that this node knows.
                    beats(&stage.here).await;
                }
                let located = stage.there.locate(seat).await;
                assert!(
                    matches!(located, Err(StoreError::Unavailable(_))),
                    "{part}: {located:?}"
                );
                let taken = stage.there.take(seat, person.serial).await;
                assert!(
                    matches!(taken, Err(StoreError::Unavailable(_))),
                    "{part}: {taken:?}"
                );
            }
            assert_eq!(beats(&stage.there).await, StoreMemory::Lost, "{part}");
            assert_eq!(stage.there.locate(seat).await.unwrap(), None, "{part}");
            assert!(
                stage.there.take(seat, person.serial).await.unwrap().is_none(),
                "{part}"
            );
        }
    });
}

/// It may have known that the chat had begun.
#[test]
fn a_memory_that_was_lost_is_not_taken_for_the_truth_about_an_offer() {
    run(async {
        let stage = Stage::open().await;
        let [found, seeker] = [1, 2].map(|seat| stage.person(seat, &["cats"]));
        waits(&stage.here, &found).await;
        beats(&stage.here).await;
        beats(&stage.there).await;
        let claim = stage.there.claim(seeker).await.unwrap();
        let Claim::Proposed { offer, .. } = claim else {
            panic!("{claim:?}");
        };
        assert_eq!(stage.here.agree(offer).await.unwrap(), Verdict::Agreed);
        stage.cli.ask(&["FLUSHALL"]).await;
        for notices in [false, true] {
            if notices {
                // The other's owner has noticed, and said its seat again.
                beats(&stage.here).await;
                waits(&stage.here, &stage.person(1, &["cats"])).await;
            }
            let settled = stage.there.settle(offer).await;
            assert!(matches!(settled, Err(StoreError::Unavailable(_))), "{settled:?}");
        }
        assert_eq!(beats(&stage.there).await, StoreMemory::Lost);
        assert_eq!(stage.there.settle(offer).await.unwrap(), Verdict::Lapsed);
    });
}

/// What has lost a part is forgotten whole, since nobody could say what else is wrong with it.
#[test]
fn nodes_notice_that_a_part_was_lost_and_go_on() {
    run(async {
        let stage = Stage::open().await;
        let parts = [
            "book", "lines", "queue", "owners", "nodes", "ends", "blocks", "meta",
        ];
        for (seat, part) in (1..).step_by(3).zip(parts) {
            let [person, partner, late] =
                [seat, seat + 1, seat + 2].map(|seat| stage.person(seat, &["cats"]));
            waits(&stage.here, &person).await;
            let key = stage.way.redis.keys().pairing(part);
            assert_eq!(stage.cli.ask(&["DEL", key.as_str()]).await.trim(), "1", "{part}");
            // Whoever searches before anybody has noticed is answered all the same.
            stage.there.claim(late.clone()).await.unwrap();
            assert_eq!(beats(&stage.here).await, StoreMemory::Lost, "{part}");
            assert_eq!(beats(&stage.there).await, StoreMemory::Lost, "{part}");
            assert_eq!(beats(&stage.here).await, StoreMemory::Kept, "{part}");
            for (node, seeker) in [(&stage.here, &person), (&stage.there, &late)] {
                let stamp = Stamp {
                    generation: seeker.stamp.generation.next(),
                    ..seeker.stamp
                };
                node.release(stamp, Release::Gone).await.unwrap();
            }
            waits(&stage.here, &stage.person(seat + 100, &[part])).await;
            let claim = stage
                .there
                .claim(stage.person(seat + 200, &[part]))
                .await
                .unwrap();
            assert!(matches!(claim, Claim::Proposed { .. }), "{part}: {claim:?}");
            waits(&stage.here, &partner).await;
            let gone = Stamp {
                generation: partner.stamp.generation.next(),
                ..partner.stamp
            };
            stage.here.release(gone, Release::Gone).await.unwrap();
        }
    });
}

/// In a cluster an absent key makes scripts fail while its slot moves.
#[test]
fn no_key_is_absent_however_little_there_is() {
    run(async {
        let stage = Stage::open().await;
        for part in [
            "book", "lines", "queue", "owners", "nodes", "ends", "blocks", "meta",
        ] {
            let key = stage.way.redis.keys().pairing(part);
            assert_eq!(
                stage.cli.ask(&["EXISTS", key.as_str()]).await.trim(),
                "1",
                "{part}"
            );
        }
    });
}

#[test]
fn the_first_operation_asks_for_the_time_if_nobody_has() {
    run(async {
        let stage = Stage::open_silent().await;
        let person = stage.person(1, &["cats"]);
        let claim = stage.here.claim(person.clone()).await.unwrap();
        let retry_at = Some(person.from + RULES.patience.interests);
        assert_eq!(claim, Claim::Waiting { retry_at });
        // What is learned later does not move what was said.
        beats(&stage.here).await;
        assert_eq!(
            stage.here.claim(person).await.unwrap(),
            Claim::Waiting { retry_at }
        );
    });
}

/// The time of Redis closes it.
#[test]
fn an_offer_is_agreed_to_in_time_or_not_at_all() {
    run(async {
        let stage = Stage::open().await;
        // No offer is open for more than two seconds, however slow Redis seems.
        for (seat, pause, verdict) in [(10, 0, Verdict::Agreed), (20, 2_001, Verdict::Lapsed)] {
            waits(&stage.here, &stage.person(seat, &[])).await;
            let claim = stage.there.claim(stage.person(seat + 1, &[])).await.unwrap();
            let Claim::Proposed { offer, .. } = claim else {
                panic!("{claim:?}");
            };
            sleep(Duration::from_millis(pause)).await;
            assert_eq!(stage.here.agree(offer).await.unwrap(), verdict);
            beats(&stage.here).await;
        }
    });
}

/// Neither on the disk of the server, in whatever state a seat is.
#[test]
fn nothing_that_users_said_can_be_read_by_whoever_has_the_server() {
    run(async {
        let stage = Stage::open().await;
        let word = "canary in the mine";
        let person = stage.person(1, &[word]);
        waits(&stage.here, &person).await;
        let dossier = Dossier {
            stamp: Stamp {
                seat: UserId::from_bits(2),
                ..person.stamp
            },
            origin: person.origin,
            lasting_origin: person.lasting_origin,
            criteria: person.criteria.clone(),
            avoid: Vec::new(),
            serial: person.serial,
            standing: Standing::Idle,
        };
        stage.here.keep(dossier).await.unwrap();
        let taken = stage.there.take(person.stamp.seat, person.serial).await.unwrap();
        assert_eq!(taken.unwrap().dossier.criteria, person.criteria);
        stage.cli.ask(&["SAVE"]).await;
        let folder = stage.server.lock().unwrap().process().folder().join("dump.rdb");
        let disk = std::fs::read(folder).unwrap();
        let part = &word.as_bytes()[..6];
        assert!(disk.len() > 200);
        assert!(!disk.windows(part.len()).any(|bytes| bytes == part));
    });
}
