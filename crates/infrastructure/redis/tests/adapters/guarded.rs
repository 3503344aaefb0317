//! A server that speaks TLS alone and lets a node do what it needs and nothing else: by the very rules that are shipped.

use crate::stage::{Way, elsewhere, run};
use passerby_application::ports::{
    Ban, BanId, Bans as _, Offence, RateLimiter as _, Report, ReportId, Reports as _,
};
use passerby_application::testing::ManualClock;
use passerby_domain::id::{ChatId, Incarnation, Origin, Origins, UserId};
use passerby_domain::time::UnixMillis;
use passerby_memory::OriginLimits;
use passerby_redis::seal::{Sealer, Secrets};
use passerby_redis::{Link, RedisBans, RedisLimiter, RedisOptions, RedisReports};
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::{PATIENCE, succeeds};
use std::num::NonZeroU32;
use std::sync::Arc;

const RULES: &str = include_str!("../../../../../deploy/redis/users.acl");

/// The rules as Redis reads them: without comments, each user on one line. First the one without a name, then the nodes.
fn rules() -> [String; 2] {
    let lines = RULES
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.flat_map(str::split_whitespace);
    let text = words.collect::<Vec<_>>().join(" ");
    let (nobody, node) = text.split_once("user passerby").expect("the user of the nodes");
    [nobody.trim().to_owned(), format!("user passerby{node} >s3cret")]
}

async fn start(keeps: Keeps) -> (Standalone, RedisOptions) {
    let server = elsewhere(move || async move {
        let [nobody, node] = rules();
        Standalone::start_guarded_as_told(keeps, &[&nobody, &node]).await
    })
    .await;
    let authority = server.authority().expect("it speaks TLS");
    let options = RedisOptions {
        user: Some("passerby".to_owned()),
        password: Some("s3cret".to_owned()),
        tls_ca: Some(std::fs::read(authority).expect("readable")),
        ..RedisOptions::standalone(format!("rediss://nobody:wrong@{}", server.address()))
    };
    (server, options)
}

/// Redis reads its append-only file back as the user without a name, and checks what that one may do.
#[test]
fn what_a_guarded_server_keeps_is_there_after_its_restart() {
    run(async {
        let (mut server, options) = start(Keeps::Everything).await;
        let ban = |bits| Ban {
            id: BanId(0),
            origin: Origin::from_bits(bits),
            offence: Offence::Spam,
            until: None,
        };
        let mut made = Vec::new();
        let way = Way::open(&options).await;
        for bits in [7, 8] {
            made.push(RedisBans::new(way.redis.clone()).add(ban(bits)).await.unwrap());
        }
        server.process().kill();
        let _server = elsewhere(move || async move {
            server.again().await;
            server
        })
        .await;
        let way = Way::open(&options).await;
        let kept = RedisBans::new(way.redis.clone()).list(UnixMillis(1)).await;
        assert_eq!(kept.unwrap(), made);
    });
}

#[test]
fn what_is_shipped_as_rules_suffices_for_all_that_a_node_does() {
    run(async {
        let (_server, options) = start(Keeps::Nothing).await;
        let way = Way::open(&options).await;
        way.redis.check().await.unwrap();

        let bans = RedisBans::new(way.redis.clone());
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

        let secrets = Secrets {
            current: b"secret",
            previous: &[],
        };
        let life = Incarnation::from_bits(1);
        let reports = RedisReports::new(
            way.redis.clone(),
            Sealer::new(RedisReports::CONTEXT, secrets, life),
        );
        for number in 1..3 {
            let report = Report {
                id: ReportId(0),
                at: UnixMillis(1),
                chat: ChatId::from_bits(1),
                reporter: UserId::from_bits(2),
                reported: UserId::from_bits(3),
                reported_origin: ban.origin,
                offence: Offence::Spam,
                detail: None,
            };
            assert_eq!(reports.record(report).await.unwrap(), ReportId(number));
        }
        assert_eq!(reports.page(None, 10).await.unwrap().reports.len(), 2);

        let limits = OriginLimits {
            connections: NonZeroU32::new(1),
            attempts_per_minute: NonZeroU32::new(9),
        };
        let clock = Arc::new(ManualClock::default());
        let [here, there] = [1, 2].map(|life| {
            let life = Incarnation::from_bits(life);
            RedisLimiter::new(way.redis.clone(), limits, Arc::clone(&clock), life)
        });
        let background = tokio::spawn(here.background());
        let origins = Origins {
            exact: ban.origin,
            wider: None,
            lasting: ban.origin,
        };
        let seat = here.admit(&origins).await.unwrap();
        assert!(there.admit(&origins).await.is_err(), "it is counted in redis");
        drop(seat);
        succeeds("the seat is free again", PATIENCE, async || {
            let seat = there.admit(&origins).await;
            here.pass(passerby_domain::time::Millis::from_secs(60));
            there.pass(passerby_domain::time::Millis::from_secs(60));
            seat
        })
        .await;
        background.abort();
    });
}

#[test]
fn neither_with_a_wrong_password_nor_without_trust_is_there_a_way() {
    run(async {
        let (_server, options) = start(Keeps::Nothing).await;
        let wrong_password = RedisOptions {
            password: Some("wrong".to_owned()),
            ..options.clone()
        };
        let no_trust = RedisOptions {
            tls_ca: None,
            ..options.clone()
        };
        for options in [wrong_password, no_trust] {
            let way = Way::begin(&options);
            let error = way.redis.check().await.unwrap_err().to_string();
            assert!(!error.contains("wrong") && !error.contains("s3cret"), "{error}");
            assert_eq!(*way.redis.link().borrow(), Link::Down);
        }
        Way::open(&options).await;
    });
}
