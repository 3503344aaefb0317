use super::*;
use proptest::prelude::*;

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn refused(millis: u64) -> Result<(), Exhausted> {
    Err(Exhausted {
        retry_after: Millis::new(millis),
    })
}

/// How many tokens can be taken at once.
fn drained(bucket: &mut TokenBucket, rate: Option<&Rate>, now: Moment) -> u32 {
    (0..1_000)
        .find(|_| bucket.take(rate, now).is_err())
        .expect("every burst here is smaller")
}

#[test]
fn a_burst_is_there_at_once_and_then_one_each_period() {
    let rate = Rate::per_second(10, 20);
    let mut bucket = TokenBucket::default();
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(0)), 20);
    assert_eq!(bucket.take(rate.as_ref(), at(0)), refused(100));
    assert_eq!(bucket.take(rate.as_ref(), at(99)), refused(1));
    assert_eq!(bucket.take(rate.as_ref(), at(100)), Ok(()));
    assert_eq!(bucket.take(rate.as_ref(), at(100)), refused(100));
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(350)), 2);
    assert_eq!(bucket.take(rate.as_ref(), at(350)), refused(50));
}

#[test]
fn a_bucket_left_alone_holds_no_more_than_its_burst() {
    let rate = Rate::per_minute(20, 5);
    let mut bucket = TokenBucket::default();
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(1_000_000)), 5);
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(1_003_000)), 1);
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(900_000_000)), 5);
}

#[test]
fn a_burst_of_zero_or_one_is_one_at_a_time() {
    for burst in [0, 1] {
        let rate = Rate::per_second(1, burst);
        let mut bucket = TokenBucket::default();
        assert_eq!(drained(&mut bucket, rate.as_ref(), at(5)), 1);
        assert_eq!(bucket.take(rate.as_ref(), at(5)), refused(1_000));
    }
}

#[test]
fn a_count_of_zero_is_no_limit() {
    assert_eq!(Rate::per_second(0, 5), None);
    assert_eq!(Rate::per_minute(0, 5), None);
    let mut bucket = TokenBucket::default();
    for _ in 0..10_000 {
        assert_eq!(bucket.take(None, at(0)), Ok(()));
        bucket.force_take(None, at(0));
    }
    assert_eq!(bucket, TokenBucket::default());
}

#[test]
fn looking_takes_nothing() {
    let rate = Rate::per_second(1, 1);
    let mut bucket = TokenBucket::default();
    for _ in 0..3 {
        assert_eq!(bucket.has_room(rate.as_ref(), at(0)), Ok(()));
    }
    assert_eq!(bucket.take(rate.as_ref(), at(0)), Ok(()));
    for _ in 0..3 {
        assert_eq!(bucket.has_room(rate.as_ref(), at(0)), refused(1_000));
    }
}

#[test]
fn taking_by_force_makes_a_debt_of_one_token_and_no_more() {
    let rate = Rate::per_minute(20, 5);
    let mut bucket = TokenBucket::default();
    for _ in 0..5 {
        bucket.force_take(rate.as_ref(), at(0));
    }
    assert_eq!(bucket.has_room(rate.as_ref(), at(0)), refused(3_000));
    for _ in 0..100 {
        bucket.force_take(rate.as_ref(), at(0));
        assert_eq!(bucket.has_room(rate.as_ref(), at(0)), refused(6_000));
    }
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(6_000)), 1);
}

#[test]
fn taking_by_force_costs_as_much_as_asking() {
    let rate = Rate::per_second(10, 3);
    let (mut asked, mut forced) = (TokenBucket::default(), TokenBucket::default());
    for now in [0, 0, 250, 280] {
        asked.take(rate.as_ref(), at(now)).unwrap();
        forced.force_take(rate.as_ref(), at(now));
        assert_eq!(asked, forced);
    }
}

#[test]
fn taking_by_force_never_pays_back_what_was_taken_before() {
    let (slow, fast) = (Rate::per_minute(1, 1), Rate::per_second(10, 1));
    let mut bucket = TokenBucket::default();
    bucket.take(slow.as_ref(), at(0)).unwrap();
    // Another rate holds now, as after a change of the settings.
    bucket.force_take(fast.as_ref(), at(0));
    assert_eq!(bucket.has_room(fast.as_ref(), at(0)), refused(60_000));
}

#[test]
fn a_period_that_is_no_whole_microsecond_is_rounded_in_favour_of_the_limit() {
    let rate = Rate::per_second(600_000, 900);
    let mut bucket = TokenBucket::default();
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(0)), 900);
    assert_eq!(drained(&mut bucket, rate.as_ref(), at(1)), 500);
}

#[test]
fn the_fastest_and_the_slowest_rate_do_not_overflow() {
    for rate in [
        Rate::per_second(u32::MAX, u32::MAX),
        Rate::per_minute(1, u32::MAX),
    ] {
        for now in [0, 1, u64::MAX / 1_000, u64::MAX] {
            let mut bucket = TokenBucket::default();
            assert_eq!(bucket.take(rate.as_ref(), at(now)), Ok(()));
            bucket.force_take(rate.as_ref(), at(now));
            assert_eq!(bucket.has_room(rate.as_ref(), at(now)), Ok(()));
        }
    }
}

/// A rate with the figures it was made of: count, microseconds, burst.
fn rates() -> impl Strategy<Value = (Rate, u64, u64, u64)> {
    (1_u32..5_000, 1_u32..50, any::<bool>()).prop_map(|(count, burst, by_second)| {
        let (rate, span) = if by_second {
            (Rate::per_second(count, burst), 1_000_000)
        } else {
            (Rate::per_minute(count, burst), 60_000_000)
        };
        (rate.unwrap(), u64::from(count), span, u64::from(burst))
    })
}

/// Moments that do not go back, close together and far apart.
fn moments() -> impl Strategy<Value = Vec<u64>> {
    (
        0_u64..1 << 40,
        prop::collection::vec(
            prop_oneof![4 => Just(0_u64), 4 => 0_u64..5, 2 => 0_u64..2_000, 1 => 0_u64..100_000],
            1..400,
        ),
    )
        .prop_map(|(start, gaps)| {
            gaps.into_iter()
                .scan(start, |now, gap| {
                    *now += gap;
                    Some(*now)
                })
                .collect()
        })
}

proptest! {
    #[test]
    fn no_window_of_time_grants_more_than_the_burst_and_the_rate((rate, count, span, burst) in rates(), moments in moments()) {
        let mut bucket = TokenBucket::default();
        let grants: Vec<u64> =
            moments.into_iter().filter(|&now| bucket.take(Some(&rate), at(now)).is_ok()).collect();
        for (i, from) in grants.iter().enumerate() {
            for (j, to) in grants.iter().enumerate().skip(i) {
                let granted = (j - i + 1) as u64;
                prop_assert!(granted <= burst + (to - from) * 1_000 * count / span);
            }
        }
    }

    #[test]
    fn a_refusal_changes_nothing_and_tells_when_to_come_back((rate, ..) in rates(), moments in moments(), by_force in any::<bool>()) {
        let mut bucket = TokenBucket::default();
        for now in moments {
            if by_force && now % 7 == 0 {
                bucket.force_take(Some(&rate), at(now));
            }
            let before = bucket;
            prop_assert_eq!(bucket.has_room(Some(&rate), at(now)), { let mut copy = bucket; copy.take(Some(&rate), at(now)) });
            if let Err(Exhausted { retry_after }) = bucket.take(Some(&rate), at(now)) {
                prop_assert_eq!(bucket, before);
                prop_assert!(retry_after > Millis::ZERO);
                let mut copy = bucket;
                prop_assert!(copy.take(Some(&rate), at(now + retry_after.get() - 1)).is_err());
                prop_assert!(copy.take(Some(&rate), at(now) + retry_after).is_ok());
            }
        }
    }

    #[test]
    fn whoever_keeps_to_the_rate_is_never_refused((rate, count, span, _) in rates(), start in 0_u64..1 << 40, takes in 1_u64..200) {
        // Spaced in whole milliseconds, at or above the period.
        let gap = span.div_ceil(count).div_ceil(1_000);
        let mut bucket = TokenBucket::default();
        for i in 0..takes {
            prop_assert_eq!(bucket.take(Some(&rate), at(start + i * gap)), Ok(()));
        }
    }

    #[test]
    fn a_debt_is_over_after_two_periods((rate, count, span, _) in rates(), moments in moments()) {
        let mut bucket = TokenBucket::default();
        for now in moments {
            bucket.force_take(Some(&rate), at(now));
            let two_periods = (2 * span.div_ceil(count)).div_ceil(1_000);
            prop_assert!(bucket.has_room(Some(&rate), at(now + two_periods)).is_ok());
        }
    }
}
