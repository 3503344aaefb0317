//! The suite of `limiter`, and that it counts over all nodes, the living only, and goes on while Redis is away.

use crate::stage::{Alone, run};
use passerby_application::ports::{Clock as _, RateLimiter as _, TurnedAway};
use passerby_application::testing::ManualClock;
use passerby_conformance::limiter::{LimiterSetup, Limits};
use passerby_conformance::{Setup, Timed, manual_clock};
use passerby_domain::id::{Incarnation, Origin, Origins};
use passerby_domain::time::{Millis, Moment};
use passerby_memory::OriginLimits;
use passerby_redis::{Permit, Redis, RedisLimiter};
use passerby_tests::{PATIENCE, succeeds, until};
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::task::JoinHandle;

struct Limiter {
    node: Node,
    clock: Arc<ManualClock>,
    _stage: Alone,
}

/// The limiter of one node.
struct Node {
    limiter: RedisLimiter<ManualClock>,
    clock: Arc<ManualClock>,
    background: JoinHandle<()>,
}

impl Node {
    fn new(redis: &Redis, limits: Limits, clock: &Arc<ManualClock>, life: u64) -> Self {
        let limits = OriginLimits {
            connections: NonZeroU32::new(limits.connections),
            attempts_per_minute: NonZeroU32::new(limits.attempts_per_minute),
        };
        let life = Incarnation::from_bits(life);
        let limiter = RedisLimiter::new(redis.clone(), limits, Arc::clone(clock), life);
        Self {
            background: tokio::spawn(limiter.background()),
            clock: Arc::clone(clock),
            limiter,
        }
    }

    async fn admit(&self, origin: u128) -> Option<Permit> {
        let origins = Origins {
            exact: Origin::from_bits(origin),
            wider: None,
            lasting: Origin::from_bits(origin),
        };
        match self.limiter.admit(&origins).await {
            Ok(permit) => Some(permit),
            Err(TurnedAway::TooMany { .. }) => None,
            Err(TurnedAway::Store(error)) => panic!("the counts cannot be read: {error}"),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.background.abort();
    }
}

impl Setup for Limiter {
    type Port = RedisLimiter<ManualClock>;

    fn port(&self) -> &Self::Port {
        &self.node.limiter
    }

    fn run<F: Future>(case: F) -> F::Output {
        run(case)
    }
}

impl Timed for Limiter {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    async fn pass(&self, span: Millis) {
        self.clock.advance(span);
        self.node.limiter.pass(span);
    }
}

impl LimiterSetup for Limiter {
    async fn open(limits: Limits) -> Self {
        let stage = Alone::start().await;
        let clock = Arc::new(manual_clock());
        Self {
            node: Node::new(&stage.way.redis, limits, &clock, 1),
            clock,
            _stage: stage,
        }
    }
}

passerby_conformance::rate_limiter_conformance!(Limiter);

const TWO_SEATS: Limits = Limits {
    connections: 2,
    attempts_per_minute: 0,
};

async fn two_nodes(limits: Limits) -> (Alone, Node, Node) {
    let stage = Alone::start().await;
    let clock = Arc::new(manual_clock());
    let [first, second] = [1, 2].map(|life| Node::new(&stage.way.redis, limits, &clock, life));
    (stage, first, second)
}

/// Asks again until somebody is let in.
async fn is_let_in(node: &Node, origin: u128) -> Permit {
    succeeds("they are let in", PATIENCE, async || {
        node.admit(origin).await.ok_or("no seat is free")
    })
    .await
}

#[test]
fn seats_of_all_nodes_count_and_a_free_one_is_free_for_all() {
    run(async {
        let (_stage, first, second) = two_nodes(TWO_SEATS).await;
        let here = first.admit(7).await.expect("the first seat");
        let there = second.admit(7).await.expect("the second seat");
        assert!(first.admit(7).await.is_none());
        assert!(second.admit(7).await.is_none());
        drop(here);
        let again = is_let_in(&second, 7).await;
        assert!(first.admit(7).await.is_none());
        drop((there, again));
    });
}

#[test]
fn attempts_at_all_nodes_count() {
    run(async {
        let limits = Limits {
            connections: 0,
            attempts_per_minute: 3,
        };
        let (_stage, first, second) = two_nodes(limits).await;
        assert!(first.admit(7).await.is_some());
        assert!(second.admit(7).await.is_some());
        assert!(first.admit(7).await.is_some());
        assert!(second.admit(7).await.is_none());
        assert!(second.admit(8).await.is_some());
    });
}

#[test]
fn whoever_goes_on_knocking_costs_redis_next_to_nothing_and_is_refused_everywhere() {
    run(async {
        let limits = Limits {
            connections: 0,
            attempts_per_minute: 3,
        };
        let (stage, first, second) = two_nodes(limits).await;
        for _ in 0..3 {
            assert!(first.admit(7).await.is_some());
        }
        for _ in 0..100 {
            assert!(first.admit(7).await.is_none());
        }
        let key = stage.way.redis.keys().origin(Origin::from_bits(7));
        let counted = async || {
            let steps = stage.server.cli().ask(&["HGET", key.as_str(), "t"]).await;
            let steps = steps.trim().split(',').skip(1);
            steps.map(|count| count.parse::<u32>().unwrap()).sum::<u32>()
        };
        assert_eq!(counted().await, 4, "it was asked for one of the hundred");
        // The next time it is asked it hears of all of them.
        first.clock.advance(Millis::from_secs(1));
        assert!(first.admit(7).await.is_none());
        assert_eq!(counted().await, 104);
        assert!(second.admit(7).await.is_none());
        assert!(second.admit(8).await.is_some());
    });
}

#[test]
fn seats_of_a_dead_node_do_not_count() {
    run(async {
        let (stage, first, second) = two_nodes(TWO_SEATS).await;
        let _lost = [
            first.admit(7).await.expect("a seat"),
            first.admit(7).await.expect("a seat"),
        ];
        assert!(second.admit(7).await.is_none());
        // It dies, and half a minute goes by without a word.
        first.background.abort();
        let nodes = stage.way.redis.keys().limit_nodes();
        let life = Incarnation::from_bits(1).to_string();
        stage
            .server
            .cli()
            .ask(&["HSET", nodes.as_str(), "since", "1", &life, "1"])
            .await;
        let here = [
            is_let_in(&second, 7).await,
            second.admit(7).await.expect("the second seat"),
        ];
        assert!(second.admit(7).await.is_none());
        drop(here);
    });
}

#[test]
fn a_node_of_which_redis_knows_nothing_yet_is_not_taken_for_dead() {
    run(async {
        let (stage, first, second) = two_nodes(TWO_SEATS).await;
        let _seats = [
            first.admit(7).await.expect("a seat"),
            first.admit(7).await.expect("a seat"),
        ];
        first.background.abort();
        let nodes = stage.way.redis.keys().limit_nodes();
        stage.server.cli().ask(&["DEL", nodes.as_str()]).await;
        for _ in 0..5 {
            assert!(second.admit(7).await.is_none());
        }
    });
}

#[test]
fn while_redis_is_away_a_node_counts_by_itself_and_tells_what_it_counted_afterwards() {
    run(async {
        let (mut stage, first, second) = two_nodes(TWO_SEATS).await;
        let before = first.admit(7).await.expect("a seat");
        stage.server.process().kill();
        stage.way.is_down().await;
        let during = first.admit(7).await.expect("the second seat of this node");
        assert!(first.admit(7).await.is_none());
        stage.server.again().await;
        stage.way.is_up().await;
        until("all seats are told of", PATIENCE * 3, async || {
            second.admit(7).await.is_none()
        })
        .await;
        drop((before, during));
        drop(is_let_in(&second, 7).await);
    });
}

#[test]
fn nothing_is_left_of_an_origin_that_went() {
    run(async {
        let limits = Limits {
            connections: 2,
            attempts_per_minute: 0,
        };
        let (stage, first, _second) = two_nodes(limits).await;
        let key = stage.way.redis.keys().origin(Origin::from_bits(7));
        let cli = stage.server.cli();
        let seat = first.admit(7).await.expect("a seat");
        assert_eq!(cli.ask(&["EXISTS", key.as_str()]).await.trim(), "1");
        drop(seat);
        cli.until("the origin is forgotten", PATIENCE, async || {
            cli.ask(&["EXISTS", key.as_str()]).await.trim() == "0"
        })
        .await;
    });
}
