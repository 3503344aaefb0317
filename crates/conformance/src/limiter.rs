//! The suite of the port `RateLimiter`.

use crate::setup::Timed;
use passerby_application::ports::{RateLimiter, TurnedAway};
use passerby_domain::id::{Origin, Origins, WiderOrigins};
use passerby_domain::time::Millis;
use std::future::Future;
use std::sync::Mutex;

/// What one origin may do in a case; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Seats at once.
    pub connections: u32,
    /// Attempts within a minute.
    pub attempts_per_minute: u32,
}

/// Makes a limiter ready for one case.
pub trait LimiterSetup: Timed<Port: RateLimiter> {
    /// A limiter that has counted nothing.
    fn open(limits: Limits) -> impl Future<Output = Self> + Send;
}

type Permit<S> = <<S as crate::Setup>::Port as RateLimiter>::Permit;

const MINUTE: u64 = 60_000;

async fn open<S: LimiterSetup>(connections: u32, attempts_per_minute: u32) -> S {
    S::open(Limits {
        connections,
        attempts_per_minute,
    })
    .await
}

fn ipv4(origin: u128) -> Origins {
    let [exact, lasting] = [origin, origin + (1 << 100)].map(Origin::from_bits);
    Origins {
        exact,
        wider: None,
        lasting,
    }
}

fn ipv6(exact: u128, site: u128, network: u128) -> Origins {
    let [site, network] = [site + (1 << 80), network + (1 << 90)].map(Origin::from_bits);
    Origins {
        wider: Some(WiderOrigins { site, network }),
        ..ipv4(exact)
    }
}

/// Lets somebody in, or says when they may come back.
async fn admit<S: LimiterSetup>(setup: &S, origins: &Origins) -> Result<Permit<S>, Millis> {
    match setup.port().admit(origins).await {
        Ok(permit) => Ok(permit),
        Err(TurnedAway::TooMany { retry_after }) => {
            let is_sensible = (Millis::from_secs(1)..=Millis::from_secs(60)).contains(&retry_after);
            assert!(is_sensible, "come back after {retry_after:?}");
            Err(retry_after)
        }
        Err(TurnedAway::Store(error)) => panic!("the counts cannot be read: {error}"),
    }
}

async fn admit_all<S: LimiterSetup>(setup: &S, origins: impl IntoIterator<Item = Origins>) -> Vec<Permit<S>> {
    let mut permits = Vec::new();
    for origins in origins {
        match admit(setup, &origins).await {
            Ok(permit) => permits.push(permit),
            Err(after) => panic!("number {} is turned away for {after:?}", permits.len() + 1),
        }
    }
    permits
}

async fn is_turned_away<S: LimiterSetup>(setup: &S, origins: &Origins) -> Millis {
    match admit(setup, origins).await {
        Ok(_) => panic!("nobody is turned away"),
        Err(retry_after) => retry_after,
    }
}

/// The twenty-first of twenty is turned away.
pub async fn an_origin_has_as_many_seats_as_it_may_and_no_more<S: LimiterSetup>() {
    let setup = open::<S>(20, 0).await;
    let permits = admit_all(&setup, (0..20).map(|_| ipv4(1))).await;
    is_turned_away(&setup, &ipv4(1)).await;
    is_turned_away(&setup, &ipv4(1)).await;
    assert_eq!(permits.len(), 20);
}

/// At once, and for one other.
pub async fn a_seat_that_is_dropped_is_free_again<S: LimiterSetup>() {
    let setup = open::<S>(2, 0).await;
    let mut permits = admit_all(&setup, [ipv4(1), ipv4(1)]).await;
    for _ in 0..5 {
        is_turned_away(&setup, &ipv4(1)).await;
        permits.pop();
        permits.extend(admit_all(&setup, [ipv4(1)]).await);
    }
    is_turned_away(&setup, &ipv4(1)).await;
}

/// Be there more than may be: it was let in elsewhere.
pub async fn a_seat_that_came_from_elsewhere_counts<S: LimiterSetup>() {
    let setup = open::<S>(2, 3).await;
    let mut permits = admit_all(&setup, [ipv4(1), ipv4(1)]).await;
    permits.push(setup.port().hold(&ipv4(1)));
    for _ in 0..2 {
        permits.pop();
        setup.pass(Millis::from_secs(60)).await;
        let seats = permits.len();
        match (seats, admit(&setup, &ipv4(1)).await) {
            (2, Err(_)) | (1, Ok(_)) => {}
            (_, admitted) => panic!("{seats} seats: {:?}", admitted.err()),
        }
    }
    let setup = open::<S>(0, 1).await;
    let _held = setup.port().hold(&ipv4(1));
    admit_all(&setup, [ipv4(1)]).await;
}

/// In the networks around it, too.
pub async fn a_seat_that_came_from_elsewhere_counts_in_wider_networks<S: LimiterSetup>() {
    let setup = open::<S>(1, 0).await;
    let held: Vec<_> = (0..4)
        .map(|origin| setup.port().hold(&ipv6(origin, 1, 1)))
        .collect();
    is_turned_away(&setup, &ipv6(9, 1, 1)).await;
    drop(held);
    admit_all(&setup, [ipv6(9, 1, 1)]).await;
}

/// Whether the seats of the others are still taken or not.
pub async fn the_attempt_after_the_last_of_a_minute_is_refused<S: LimiterSetup>() {
    let setup = open::<S>(0, 60).await;
    for second in 0..60 {
        if second % 10 == 0 {
            setup.pass(Millis::new(900)).await;
        }
        drop(admit_all(&setup, [ipv4(1)]).await);
    }
    is_turned_away(&setup, &ipv4(1)).await;
    setup.pass(Millis::new(2 * MINUTE)).await;
    admit_all(&setup, (0..60).map(|_| ipv4(1))).await;
}

/// Whoever does not stop is not let in.
pub async fn a_refused_attempt_counts_as_an_attempt<S: LimiterSetup>() {
    let setup = open::<S>(0, 3).await;
    admit_all(&setup, (0..3).map(|_| ipv4(1))).await;
    for _ in 0..20 {
        setup.pass(Millis::from_secs(10)).await;
        is_turned_away(&setup, &ipv4(1)).await;
    }
    let setup = open::<S>(1, 3).await;
    let permit = admit_all(&setup, [ipv4(1)]).await;
    is_turned_away(&setup, &ipv4(1)).await;
    is_turned_away(&setup, &ipv4(1)).await;
    drop(permit);
    is_turned_away(&setup, &ipv4(1)).await;
}

/// When the attempts are over again, all seats are there.
pub async fn a_refused_attempt_takes_no_seat<S: LimiterSetup>() {
    let setup = open::<S>(5, 3).await;
    drop(admit_all(&setup, (0..3).map(|_| ipv4(1))).await);
    for _ in 0..10 {
        is_turned_away(&setup, &ipv4(1)).await;
    }
    let mut permits = Vec::new();
    for _ in 0..5 {
        setup.pass(Millis::new(2 * MINUTE)).await;
        permits.extend(admit_all(&setup, [ipv4(1)]).await);
    }
    is_turned_away(&setup, &ipv4(1)).await;
}

/// Nobody is told a time that is too early, if nobody else of their origin comes before.
pub async fn whoever_comes_back_when_told_is_let_in<S: LimiterSetup>() {
    let setup = open::<S>(0, 3).await;
    for _ in 0..20 {
        if let Err(retry_after) = admit(&setup, &ipv4(1)).await {
            setup.pass(retry_after).await;
            admit_all(&setup, [ipv4(1)]).await;
        }
        setup.pass(Millis::new(700)).await;
    }
}

/// Neither with seats nor with attempts.
pub async fn origins_do_not_count_for_each_other<S: LimiterSetup>() {
    let setup = open::<S>(1, 2).await;
    let permits = admit_all(&setup, (0..200).map(ipv4)).await;
    is_turned_away(&setup, &ipv4(7)).await;
    admit_all(&setup, [ipv4(200)]).await;
    assert_eq!(permits.len(), 200);
}

/// Four times the limit for a /56, sixteen times for a /48.
pub async fn a_wider_network_has_a_ceiling_of_seats<S: LimiterSetup>() {
    let setup = open::<S>(2, 0).await;
    // Sixteen times two seats, over four /56 of one /48.
    let origins = (0..32).map(|number| ipv6(number, number / 8, 0));
    let mut permits = admit_all(&setup, origins.clone().take(8)).await;
    is_turned_away(&setup, &ipv6(100, 0, 0)).await;
    permits.extend(admit_all(&setup, origins.skip(8)).await);
    is_turned_away(&setup, &ipv6(100, 50, 0)).await;
    permits.extend(admit_all(&setup, [ipv6(100, 50, 1)]).await);
    permits.swap_remove(0);
    admit_all(&setup, [ipv6(100, 50, 0)]).await;
}

/// As with seats.
pub async fn a_wider_network_has_a_ceiling_of_attempts<S: LimiterSetup>() {
    let setup = open::<S>(0, 2).await;
    drop(admit_all(&setup, (0..8).map(|number| ipv6(number, 0, 0))).await);
    is_turned_away(&setup, &ipv6(100, 0, 0)).await;
    drop(admit_all(&setup, (8..31).map(|number| ipv6(number, number, 0))).await);
    // Whether an attempt that a /56 refused counts in its /48 is left to the adapter.
    let late = [
        admit(&setup, &ipv6(200, 200, 0)).await.is_ok(),
        admit(&setup, &ipv6(201, 201, 0)).await.is_ok(),
    ];
    assert!(!late[1], "more than sixteen times the limit");
    admit_all(&setup, [ipv6(202, 202, 1)]).await;
}

/// What was counted on the way to the refusal is taken back.
pub async fn whoever_is_refused_in_a_wider_network_takes_no_seat_in_a_narrower_one<S: LimiterSetup>() {
    let setup = open::<S>(1, 0).await;
    let mut permits = admit_all(&setup, (0..4).map(|number| ipv6(number, 0, 0))).await;
    for _ in 0..10 {
        is_turned_away(&setup, &ipv6(9, 0, 0)).await;
    }
    permits.pop();
    let permit = admit_all(&setup, [ipv6(9, 0, 0)]).await;
    drop(permit);
    drop(permits);
    admit_all(&setup, (0..4).map(|number| ipv6(number, 0, 0))).await;
}

/// However many come from one origin.
pub async fn without_limits_everybody_is_let_in<S: LimiterSetup>() {
    let setup = open::<S>(0, 0).await;
    let permits = admit_all(&setup, (0..500).map(|_| ipv6(1, 1, 1))).await;
    assert_eq!(permits.len(), 500);
}

/// Also when they come and go at the same time.
pub async fn many_threads_get_no_more_seats_than_there_are<S: LimiterSetup>() {
    const SEATS: u32 = 5;
    let setup = open::<S>(SEATS, 0).await;
    // Whoever is let in says so before anybody can see that they are, and says that they go while they are
    // still in.
    let inside = Mutex::new(0_u32);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            let (setup, inside) = (&setup, &inside);
            threads.spawn(move || {
                for _ in 0..100 {
                    let Ok(permit) = S::run(admit(setup, &ipv6(1, 1, 1))) else {
                        continue;
                    };
                    {
                        let mut inside = inside.lock().expect("no case panicked");
                        *inside += 1;
                        assert!(*inside <= SEATS, "{inside} seats");
                    }
                    std::thread::yield_now();
                    *inside.lock().expect("no case panicked") -= 1;
                    drop(permit);
                }
            });
        }
    });
    let permits = admit_all(&setup, (0..SEATS).map(|_| ipv6(1, 1, 1))).await;
    is_turned_away(&setup, &ipv6(1, 1, 1)).await;
    drop(permits);
}
