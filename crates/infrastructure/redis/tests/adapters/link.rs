//! The way to one server, and what befalls it.

use crate::pretender::{LIMIT, Pretender};
use crate::stage::{Alone, Way, elsewhere, one, run};
use passerby_application::ports::StoreError;
use passerby_redis::client::cmd;
use passerby_redis::{CheckError, Redis, RedisOptions, Script};
use passerby_tests::proxy::{Mode, Proxy};
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::{PATIENCE, succeeds};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longer than any test takes: whoever is answered earlier did not wait for it.
const FOR_EVER: Duration = Duration::from_secs(300);

/// Appends to a list, and answers how long it is.
pub(crate) fn append() -> Script {
    Script::new("return redis.call('RPUSH', KEYS[1], ARGV[1])")
}

pub(crate) async fn push(redis: &Redis, script: &Script, value: u64) -> Result<u64, StoreError> {
    let key = redis.keys().pairing("list");
    redis.script(script, &[&key], value).await
}

/// Tries until it works.
pub(crate) async fn works_again(redis: &Redis, script: &Script) {
    succeeds("redis can be asked again", PATIENCE * 3, async || {
        push(redis, script, 0).await
    })
    .await;
}

#[test]
fn a_script_that_the_server_forgot_runs_all_the_same() {
    run(async {
        let stage = Alone::start().await;
        let script = append();
        for number in 1..4 {
            assert_eq!(push(&stage.way.redis, &script, 0).await.unwrap(), number);
            stage.server.cli().ask(&["SCRIPT", "FLUSH"]).await;
        }
        let key = stage.way.redis.keys().pairing("list");
        let length: u64 = stage.way.redis.pooled_script(&script, &[&key], 7).await.unwrap();
        assert_eq!(length, 4);
    });
}

#[test]
fn what_was_asked_first_reaches_redis_first() {
    run(async {
        let stage = Alone::start().await;
        let script = append();
        let redis = &stage.way.redis;
        push(redis, &script, 0).await.unwrap();
        let asked = (1..500).map(|number| push(redis, &script, number));
        for (number, length) in (2..).zip(futures_util::future::join_all(asked).await) {
            assert_eq!(length.unwrap(), number);
        }
    });
}

#[test]
fn while_redis_is_away_nobody_waits_and_when_it_is_back_everything_works_again() {
    run(async {
        let mut server = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let options = RedisOptions {
            response_timeout: FOR_EVER,
            ..one(&server)
        };
        let way = Way::open(&options).await;
        let script = append();
        server.process().kill();
        way.is_down().await;
        let refused = timeout(PATIENCE, push(&way.redis, &script, 0)).await;
        assert!(matches!(
            refused.expect("at once"),
            Err(StoreError::Unavailable(_))
        ));
        let key = way.redis.keys().pairing("list");
        let refused = timeout(PATIENCE, way.redis.pooled_script::<u64>(&script, &[&key], 0)).await;
        assert!(matches!(
            refused.expect("at once"),
            Err(StoreError::Unavailable(_))
        ));
        let refused = timeout(PATIENCE, way.redis.dedicated(FOR_EVER)).await;
        assert!(matches!(
            refused.expect("at once"),
            Err(StoreError::Unavailable(_))
        ));
        server.again().await;
        let epoch = way.is_up().await;
        assert!(epoch > 1);
        push(&way.redis, &script, 0).await.unwrap();
    });
}

#[test]
fn a_server_that_is_frozen_is_given_up_after_one_timeout_and_found_again() {
    run(async {
        let mut stage = Alone::start().await;
        let script = append();
        let first = stage.way.is_up().await;
        stage.server.process().freeze();
        let slow = push(&stage.way.redis, &script, 0).await;
        assert!(matches!(slow, Err(StoreError::Timeout(_))), "{slow:?}");
        let refused = push(&stage.way.redis, &script, 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        stage.server.process().thaw();
        assert!(stage.way.is_up().await > first);
        push(&stage.way.redis, &script, 0).await.unwrap();
    });
}

#[test]
fn a_server_that_answers_somebody_is_not_given_up_because_it_keeps_another_waiting() {
    run(async {
        let server = Pretender::start().await;
        let options = RedisOptions {
            response_timeout: LIMIT,
            ..RedisOptions::standalone(format!("redis://{}", server.address))
        };
        let way = Way::open(&options).await;
        let epoch = way.is_up().await;
        let key = way.redis.keys().pairing("list");
        let (mut quick, mut slow) = (cmd("GET"), cmd("GET"));
        quick.arg("a-moment");
        slow.arg("patience");
        let ask = |command| way.redis.command::<Option<u64>>(&key, command);
        let (answered, kept_waiting) = tokio::join!(ask(&quick), ask(&slow));
        assert_eq!(answered.unwrap(), None);
        assert!(
            matches!(kept_waiting, Err(StoreError::Timeout(_))),
            "{kept_waiting:?}"
        );
        assert_eq!(ask(&quick).await.unwrap(), None);
        assert_eq!(way.is_up().await, epoch);
    });
}

#[test]
fn a_script_that_does_not_end_makes_redis_unavailable_and_no_more() {
    run(async {
        let stage = Alone::start().await;
        let cli = stage.server.cli();
        cli.ask(&["CONFIG", "SET", "busy-reply-threshold", "50"]).await;
        let endless = Script::new("while true do end");
        let key = stage.way.redis.keys().pairing("list");
        let stuck = stage.way.redis.script::<u64>(&endless, &[&key], 0).await;
        assert!(matches!(stuck, Err(StoreError::Timeout(_))), "{stuck:?}");
        let refused = push(&stage.way.redis, &append(), 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        cli.ask(&["SCRIPT", "KILL"]).await;
        works_again(&stage.way.redis, &append()).await;
    });
}

#[test]
fn a_broken_connection_is_replaced() {
    run(async {
        let server = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let address = server.address();
        let proxy = elsewhere(move || Proxy::to(address, 1)).await;
        let way = Way::open(&RedisOptions::standalone(format!("redis://{}", proxy.address()))).await;
        let first = way.is_up().await;
        proxy.reset_links();
        works_again(&way.redis, &append()).await;
        assert!(way.is_up().await > first);
    });
}

#[test]
fn a_way_on_which_nothing_moves_is_given_up_and_another_is_found() {
    run(async {
        let server = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let address = server.address();
        let proxy = elsewhere(move || Proxy::to(address, 1)).await;
        let way = Way::open(&RedisOptions::standalone(format!("redis://{}", proxy.address()))).await;
        for port in proxy.links() {
            proxy.set_link(port, &Mode::Blackhole);
        }
        let slow = push(&way.redis, &append(), 0).await;
        assert!(matches!(slow, Err(StoreError::Timeout(_))), "{slow:?}");
        works_again(&way.redis, &append()).await;
    });
}

#[test]
fn a_primary_that_becomes_a_replica_is_left_until_it_is_a_primary_again() {
    run(async {
        let stage = Alone::start().await;
        let other = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let script = append();
        let key = stage.way.redis.keys().pairing("list");
        // A pooled connection that would be handed out again.
        let _: u64 = stage.way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
        let cli = stage.server.cli();
        let port = other.address().port().to_string();
        cli.ask(&["REPLICAOF", "127.0.0.1", &port]).await;
        let refused = push(&stage.way.redis, &script, 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        stage.way.is_down().await;
        cli.ask(&["REPLICAOF", "NO", "ONE"]).await;
        works_again(&stage.way.redis, &script).await;
        let _: u64 = stage.way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
    });
}

#[test]
fn a_pooled_connection_that_finds_a_replica_is_not_used_again() {
    run(async {
        let stage = Alone::start().await;
        let other = elsewhere(|| Standalone::start(Keeps::Nothing)).await;
        let script = append();
        let key = stage.way.redis.keys().pairing("list");
        let connections = async || {
            let list = stage
                .server
                .cli()
                .ask(&["CLIENT", "LIST", "TYPE", "normal"])
                .await;
            list.lines().filter(|line| !line.contains("cmd=client")).count()
        };
        let _: u64 = stage.way.redis.pooled_script(&script, &[&key], 0).await.unwrap();
        assert_eq!(connections().await, 2, "the shared one and a pooled one");
        let port = other.address().port().to_string();
        stage.server.cli().ask(&["REPLICAOF", "127.0.0.1", &port]).await;
        let refused = stage.way.redis.pooled_script::<u64>(&script, &[&key], 0).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        stage
            .server
            .cli()
            .until("it is closed", PATIENCE, async || connections().await == 1)
            .await;
    });
}

#[test]
fn a_command_that_blocks_delays_nobody_else_and_ends_with_the_link() {
    run(async {
        let mut stage = Alone::start().await;
        let redis = stage.way.redis.clone();
        let block = redis.response_timeout() * 4;
        let mut reader = redis.dedicated(block).await.unwrap();
        let mut wait = cmd("BLPOP");
        wait.arg(redis.keys().pairing("list").as_str())
            .arg(block.as_secs_f64());
        let waiting = reader.command::<Option<(String, u64)>>(&wait);
        let speaking = async {
            // Longer than an answer may take on the shared connection.
            sleep(redis.response_timeout() * 2).await;
            let _: () = redis
                .command(
                    &redis.keys().pairing("other"),
                    cmd("SET").arg(redis.keys().pairing("other").as_str()).arg(1),
                )
                .await
                .unwrap();
            push(&redis, &append(), 7).await.unwrap();
        };
        let (heard, ()) = tokio::join!(waiting, speaking);
        assert_eq!(heard.unwrap().expect("it was there").1, 7);
        let mut endless = redis.dedicated(FOR_EVER).await.unwrap();
        let mut wait = cmd("BLPOP");
        wait.arg(redis.keys().pairing("list").as_str()).arg(0);
        let waiting = endless.command::<Option<(String, u64)>>(&wait);
        let killing = async { stage.server.process().kill() };
        let (ended, ()) = timeout(PATIENCE, async { tokio::join!(waiting, killing) })
            .await
            .expect("it ends");
        assert!(ended.is_err());
    });
}

#[test]
fn an_answer_of_another_shape_makes_no_sense() {
    run(async {
        let stage = Alone::start().await;
        let text = Script::new("return 'a secret word'");
        let key = stage.way.redis.keys().pairing("list");
        let error = stage
            .way
            .redis
            .script::<u64>(&text, &[&key], 0)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)));
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        let wrong = Script::new("return redis.call('GET', KEYS[1]) .. 1");
        let error = stage
            .way
            .redis
            .script::<u64>(&wrong, &[&key], 0)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)));
        assert!(format!("{error:?}").contains("user_script:1"), "{error:?}");
    });
}

#[test]
fn a_server_of_another_kind_than_the_settings_say_is_refused_at_the_start() {
    run(async {
        let stage = Alone::start().await;
        stage.way.redis.check().await.unwrap();
        drop(stage.server);
        assert!(matches!(stage.way.redis.check().await, Err(CheckError::Away(_))));
    });
}
