use super::*;
use passerby_application::testing::{ManualClock, run};
use passerby_domain::id::WiderOrigins;
use passerby_domain::time::Moment;

fn limiter(connections: u32, attempts: u32) -> (OriginLimiter<ManualClock>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Moment::from_millis(1_000)));
    let limits = OriginLimits {
        connections: NonZeroU32::new(connections),
        attempts_per_minute: NonZeroU32::new(attempts),
    };
    (OriginLimiter::new(limits, Arc::clone(&clock)), clock)
}

fn ipv4(origin: u128) -> Origins {
    Origins {
        exact: Origin::from_bits(origin),
        wider: None,
        lasting: Origin::from_bits(origin),
    }
}

fn ipv6(exact: u128, site: u128, network: u128) -> Origins {
    let [site, network] = [site, network].map(Origin::from_bits);
    Origins {
        wider: Some(WiderOrigins { site, network }),
        ..ipv4(exact)
    }
}

fn admit(limiter: &OriginLimiter<ManualClock>, origins: &Origins) -> Result<Permit, Millis> {
    match run(limiter.admit(origins)) {
        Ok(permit) => Ok(permit),
        Err(TurnedAway::TooMany { retry_after }) => Err(retry_after),
        Err(TurnedAway::Store(error)) => panic!("{error}"),
    }
}

fn remembered(limiter: &OriginLimiter<ManualClock>) -> usize {
    limiter
        .counts
        .shards
        .iter()
        .map(|shard| shard.lock().unwrap().len())
        .sum()
}

#[test]
fn an_origin_without_seats_is_forgotten_at_once_when_attempts_do_not_count() {
    let (limiter, _) = limiter(2, 0);
    let permit = admit(&limiter, &ipv6(1, 2, 3)).unwrap();
    assert_eq!(remembered(&limiter), 3);
    drop(permit);
    assert_eq!(remembered(&limiter), 0);
}

#[test]
fn attempts_are_forgotten_after_a_minute() {
    let (limiter, clock) = limiter(0, 5);
    for origin in 0..100 {
        drop(admit(&limiter, &ipv4(origin * 64)).unwrap());
    }
    assert_eq!(remembered(&limiter), 100);
    clock.set(Moment::from_millis(62_000));
    drop(admit(&limiter, &ipv4(0)).unwrap());
    assert_eq!(remembered(&limiter), 1);
}

#[test]
fn without_limits_nothing_is_counted() {
    let (limiter, _) = limiter(0, 0);
    let permits: Vec<_> = (0..100).map(|_| admit(&limiter, &ipv4(1)).unwrap()).collect();
    assert_eq!(remembered(&limiter), 0);
    assert_eq!(permits.len(), 100);
}

#[test]
fn one_origin_cannot_use_up_the_ceiling_of_its_neighbours() {
    let (limiter, _) = limiter(0, 2);
    for _ in 0..100 {
        let _ = admit(&limiter, &ipv6(1, 100, 1_000));
    }
    assert!(admit(&limiter, &ipv6(2, 100, 1_000)).is_ok());
}

#[test]
fn a_full_table_turns_new_origins_away_but_knows_the_old_ones() {
    let (limiter, clock) = limiter(0, 3);
    let in_first_shard = |number: u128| ipv4(number * SHARDS as u128);
    for number in 0..Shard::CAPACITY as u128 {
        assert!(admit(&limiter, &in_first_shard(number)).is_ok());
    }
    assert!(admit(&limiter, &in_first_shard(u128::from(u64::MAX))).is_err());
    assert!(admit(&limiter, &in_first_shard(0)).is_ok());
    clock.set(Moment::from_millis(62_000));
    assert!(admit(&limiter, &in_first_shard(u128::from(u64::MAX))).is_ok());
    assert_eq!(clock.now(), Moment::from_millis(62_000));
}

#[test]
fn nobody_is_told_to_come_back_within_less_than_a_second() {
    let (limiter, clock) = limiter(0, 3);
    drop(admit(&limiter, &ipv4(1)).unwrap());
    drop(admit(&limiter, &ipv4(1)).unwrap());
    clock.set(Moment::from_millis(60_800));
    drop(admit(&limiter, &ipv4(1)).unwrap());
    assert_eq!(admit(&limiter, &ipv4(1)).unwrap_err(), Millis::from_secs(1));
}
