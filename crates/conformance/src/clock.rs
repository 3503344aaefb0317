//! The suite of the port `Clock`.

use crate::setup::Setup;
use passerby_application::ports::Clock;
use passerby_domain::time::{Millis, Moment};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a clock ready for one case.
pub trait ClockSetup: Setup<Port: Clock> {
    /// A clock.
    fn open() -> Self;
}

/// However often it is asked.
pub fn time_never_goes_back<S: ClockSetup>() {
    let setup = S::open();
    let mut last = setup.port().now();
    for _ in 0..100_000 {
        let now = setup.port().now();
        assert!(now >= last);
        last = now;
    }
}

/// What one thread was told is not in the future of another.
pub fn time_never_goes_back_from_one_thread_to_the_next<S: ClockSetup>() {
    let setup = S::open();
    let told = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..20_000 {
                    let before = told.load(Ordering::SeqCst);
                    let now = setup.port().now().as_millis();
                    assert!(now >= before);
                    told.fetch_max(now, Ordering::SeqCst);
                }
            });
        }
    });
}

/// While the wall clock is not set, which it is not meanwhile.
pub fn the_same_moment_is_the_same_time_of_day<S: ClockSetup>() {
    let setup = S::open();
    let moment = setup.port().now();
    let unix = setup.port().unix(moment);
    for _ in 0..10_000 {
        setup.port().unix(setup.port().now());
        assert_eq!(setup.port().unix(moment), unix);
    }
}

/// A span is a span, on both scales.
pub fn moments_are_as_far_apart_as_their_times_of_day<S: ClockSetup>() {
    let setup = S::open();
    let moment = setup.port().now();
    for span in [1, 999, 60_000, 30 * 86_400_000] {
        let unix = setup.port().unix(moment + Millis::new(span));
        assert_eq!(unix.0 - setup.port().unix(moment).0, span);
    }
}

/// A thousand years of it.
pub fn the_time_of_day_is_told_of_the_past_and_of_the_future<S: ClockSetup>() {
    let setup = S::open();
    let now = setup.port().now();
    let unix = setup.port().unix(now);
    assert!(setup.port().unix(Moment::ORIGIN) <= unix);
    assert!(setup.port().unix(now + Millis::from_secs(1_000 * 365 * 86_400)) >= unix);
}
