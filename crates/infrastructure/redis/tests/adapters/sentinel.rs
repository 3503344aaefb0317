//! A primary that sentinels name, and its end.

use crate::link::{append, push, works_again};
use crate::stage::{Way, elsewhere, run};
use passerby_application::ports::StoreError;
use passerby_redis::{RedisMode, RedisOptions};
use passerby_tests::PATIENCE;
use passerby_tests::proxy::{Mode, Proxy};
use passerby_tests::redis::{Cli, Sentinel};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A way to the primary that these sentinels name.
async fn way(sentinel: &Sentinel, sentinels: &[SocketAddr]) -> Way {
    let options = RedisOptions {
        mode: RedisMode::Sentinel,
        urls: sentinels
            .iter()
            .map(|address| format!("redis://{address}"))
            .collect(),
        master_name: sentinel.name().to_owned(),
        ..RedisOptions::standalone("")
    };
    Way::open(&options).await
}

async fn start() -> (Sentinel, Way) {
    let sentinel = elsewhere(Sentinel::start).await;
    let way = way(&sentinel, &sentinel.addresses()).await;
    (sentinel, way)
}

#[test]
fn when_the_primary_dies_another_is_found() {
    run(async {
        let (mut sentinel, way) = start().await;
        let script = append();
        push(&way.redis, &script, 0).await.unwrap();
        way.redis.check().await.unwrap();
        let first = sentinel.primary().await;
        sentinel.server(first).kill();
        works_again(&way.redis, &script).await;
        assert_ne!(sentinel.primary().await, first);
        let key = way.redis.keys().pairing("list");
        let _: u64 = way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
    });
}

#[test]
fn when_another_primary_is_named_the_old_one_is_left_although_it_still_takes_writes() {
    run(async {
        let (sentinel, way) = start().await;
        let script = append();
        let key = way.redis.keys().pairing("list");
        push(&way.redis, &script, 0).await.unwrap();
        let _: u64 = way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
        let first = sentinel.primary().await;
        sentinel.fail_over().await;
        let second = sentinel.primary_after(first).await;
        let written = async {
            let new = Cli::to(second);
            let length = async || new.ask(&["LLEN", key.as_str()]).await.parse::<u64>().unwrap();
            let before = length().await;
            while length().await == before {
                let _ = push(&way.redis, &script, 0).await;
                sleep(Duration::from_millis(20)).await;
            }
            let before = length().await;
            let _: u64 = way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
            assert_eq!(length().await, before + 1, "pooled connections lead there, too");
        };
        timeout(PATIENCE, written)
            .await
            .expect("the new primary is written to");
    });
}

#[test]
fn a_primary_that_less_than_half_of_the_sentinels_confirm_is_left_although_it_answers() {
    run(async {
        let sentinel = elsewhere(Sentinel::start).await;
        let mut proxies = Vec::new();
        for address in sentinel.addresses() {
            proxies.push(Proxy::to(address, 0).await);
        }
        let addresses: Vec<_> = proxies.iter().map(Proxy::address).collect();
        let way = way(&sentinel, &addresses).await;
        let script = append();
        push(&way.redis, &script, 0).await.unwrap();
        proxies[0].set(Mode::Blackhole).await;
        proxies[1].set(Mode::Refuse).await;
        way.is_down().await;
        let refused = push(&way.redis, &script, 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        let answered = Cli::to(sentinel.primary().await).text(&["PING"]).await;
        assert_eq!(answered.unwrap(), "PONG", "the primary itself is well");
        // One of three may be missing.
        proxies[0].set(Mode::Pass).await;
        works_again(&way.redis, &script).await;
    });
}
