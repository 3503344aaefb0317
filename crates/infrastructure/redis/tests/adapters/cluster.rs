//! A cluster, and what befalls its primaries.

use crate::link::{append, push, works_again};
use crate::stage::{Many, run};
use passerby_application::ports::{Ban, BanId, Bans as _, Offence, StoreError};
use passerby_domain::id::{Incarnation, Origin};
use passerby_domain::time::UnixMillis;
use passerby_redis::keys::Key;
use passerby_redis::{CheckError, RedisBans, RedisOptions, Script};
use passerby_tests::redis::Cli;
use std::net::SocketAddr;
use std::time::Duration;

/// Who serves the state of pairing, and an inbox that another serves.
async fn two_primaries(stage: &Many) -> (SocketAddr, u16, Key) {
    let keys = stage.way.redis.keys();
    let slot = stage.cluster.slot_of(keys.pairing("list").as_str()).await;
    let home = stage.cluster.owner_of(slot).await;
    for life in 0.. {
        let inbox = keys.inbox(Incarnation::from_bits(life));
        let slot = stage.cluster.slot_of(inbox.as_str()).await;
        if stage.cluster.owner_of(slot).await != home {
            return (home, slot, inbox);
        }
    }
    unreachable!("slots are spread over the primaries")
}

async fn other(stage: &Many, script: &Script, inbox: &Key) -> Result<u64, StoreError> {
    stage.way.redis.script(script, &[inbox], 0).await
}

#[test]
fn scripts_reach_the_primaries_of_their_keys_though_these_forgot_them() {
    run(async {
        let stage = Many::start(0).await;
        let (home, _, inbox) = two_primaries(&stage).await;
        let script = append();
        assert_eq!(push(&stage.way.redis, &script, 0).await.unwrap(), 1);
        assert_eq!(other(&stage, &script, &inbox).await.unwrap(), 1);
        Cli::to(home).ask(&["SCRIPT", "FLUSH"]).await;
        assert_eq!(push(&stage.way.redis, &script, 0).await.unwrap(), 2);
        assert_eq!(other(&stage, &script, &inbox).await.unwrap(), 2);
        let asked = (3..40).map(|_| push(&stage.way.redis, &script, 0));
        for (number, length) in (3..).zip(futures_util::future::join_all(asked).await) {
            assert_eq!(length.unwrap(), number, "in the order of asking");
        }
    });
}

#[test]
fn one_server_of_a_cluster_is_not_taken_for_one_server() {
    run(async {
        let stage = Many::start(0).await;
        stage.way.redis.check().await.unwrap();
        let alone = RedisOptions::standalone(format!("redis://{}", stage.cluster.addresses()[0]));
        let (alone, _) = passerby_redis::Redis::open(&alone).unwrap();
        assert!(matches!(alone.check().await, Err(CheckError::WrongMode)));
    });
}

#[test]
fn when_one_primary_is_frozen_the_others_work_on_and_nobody_waits_for_it() {
    run(async {
        let mut stage = Many::start(0).await;
        let (home, _, inbox) = two_primaries(&stage).await;
        let script = append();
        push(&stage.way.redis, &script, 0).await.unwrap();
        other(&stage, &script, &inbox).await.unwrap();
        stage.cluster.node(home).freeze();
        let slow = push(&stage.way.redis, &script, 0).await;
        assert!(matches!(slow, Err(StoreError::Timeout(_))), "{slow:?}");
        stage.way.is_down().await;
        let refused = push(&stage.way.redis, &script, 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        other(&stage, &script, &inbox).await.unwrap();
        stage.cluster.node(home).thaw();
        works_again(&stage.way.redis, &script).await;
        stage.way.is_up().await;
    });
}

#[test]
fn when_a_primary_dies_its_replica_is_found() {
    run(async {
        let mut stage = Many::start(1).await;
        let (home, _, _) = two_primaries(&stage).await;
        let script = append();
        push(&stage.way.redis, &script, 0).await.unwrap();
        stage.cluster.node(home).kill();
        works_again(&stage.way.redis, &script).await;
        stage.way.is_up().await;
    });
}

#[test]
fn when_a_primary_is_frozen_its_replica_is_found() {
    run(async {
        let mut stage = Many::start(1).await;
        let (home, _, _) = two_primaries(&stage).await;
        let script = append();
        push(&stage.way.redis, &script, 0).await.unwrap();
        stage.cluster.node(home).freeze();
        works_again(&stage.way.redis, &script).await;
        stage.cluster.node(home).thaw();
    });
}

#[test]
fn a_slot_that_moves_is_followed() {
    run(async {
        let stage = Many::start(0).await;
        let (home, slot, _) = two_primaries(&stage).await;
        let there = stage.cluster.owner_of(slot).await;
        let list = stage.way.redis.keys().pairing("list");
        let slot = stage.cluster.slot_of(list.as_str()).await;
        let script = append();
        push(&stage.way.redis, &script, 0).await.unwrap();
        for to in [there, home] {
            let moving = stage.cluster.move_slot(slot, to, Duration::ZERO);
            let asking = async {
                for _ in 0..50 {
                    let answer = push(&stage.way.redis, &script, 0).await;
                    assert!(!matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
                }
            };
            tokio::join!(moving, asking);
            works_again(&stage.way.redis, &script).await;
        }
    });
}

#[test]
fn bans_are_kept_in_a_cluster_as_well() {
    run(async {
        let stage = Many::start(0).await;
        let bans = RedisBans::new(stage.way.redis.clone());
        let ban = Ban {
            id: BanId(0),
            origin: Origin::from_bits(7),
            offence: Offence::Spam,
            until: None,
        };
        let made = bans.add(ban).await.unwrap();
        assert_eq!(bans.find(ban.origin, UnixMillis(1)).await.unwrap(), Some(made));
        assert_eq!(bans.list(UnixMillis(1)).await.unwrap(), [made]);
        assert!(bans.lift(made.id).await.unwrap());
        assert_eq!(bans.find(ban.origin, UnixMillis(1)).await.unwrap(), None);
    });
}
