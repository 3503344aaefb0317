//! The open loop: messages are due at moments fixed beforehand, whatever the server does.
//!
//! A sender that waits for answers slows down together with the server and so hides its worst moments (coordinated
//! omission). Here each message has a due moment, and its latency counts from that moment, also when it left late.
//!
//! **Architecture Invariants:** the schedule is arithmetic; nothing about it depends on what happened. The timer is the
//! system's own and wakes within microseconds: those of the runtime are rounded to milliseconds, which would be most of
//! the latency that is measured.

use std::num::NonZeroU64;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::clock::{Clock, Nanos, SECOND};
use crate::failure::Failure;

/// Fractions of a message a second that are told apart.
const MICRO: u64 = 1_000_000;

/// When which user sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    start: Nanos,
    /// Millionths of a message a second, all users together.
    micro_rate: NonZeroU64,
    users: u64,
}

impl Schedule {
    /// `rate` messages a second of all `users` together, in turn, from `start` on. Nothing when there is nobody, or
    /// when the rate is not a positive number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the cast of a float keeps to the bounds, and nothing below a millionth matters"
    )]
    pub(crate) fn new(start: Nanos, rate: f64, users: usize) -> Option<Self> {
        let micro_rate = NonZeroU64::new((rate * MICRO as f64) as u64)?;
        let users = u64::try_from(users).ok().filter(|&users| users > 0)?;
        Some(Self {
            start,
            micro_rate,
            users,
        })
    }

    /// When the message with this number, of all users together, is due.
    pub(crate) fn due(&self, number: u64) -> Nanos {
        let scaled = u128::from(number) * u128::from(SECOND) * u128::from(MICRO);
        let after = scaled / u128::from(self.micro_rate.get());
        u64::try_from(after)
            .unwrap_or(u64::MAX)
            .saturating_add(self.start)
    }

    /// When a user's message with this number is due. Users count from 0, and so do their messages.
    pub(crate) fn due_of(&self, user: u64, number: u64) -> Nanos {
        self.due(number.saturating_mul(self.users).saturating_add(user))
    }
}

/// Wakes each user when a message of theirs is due, until the end.
///
/// # Errors
/// When the system has no timer for us.
pub(crate) async fn run(
    schedule: Schedule,
    clock: Clock,
    end: Nanos,
    users: &[Notify],
) -> Result<(), Failure> {
    let timer = Timer::new()?;
    let mut number = 0_u64;
    while schedule.due(number) < end {
        let now = clock.now();
        let due = schedule.due(number);
        if due > now {
            timer.sleep(due - now).await?;
            continue;
        }
        // All that is due by now, then let the users run, also when the next is due at once.
        for (place, user) in (number..).zip(users.iter().cycle().skip(place(number, users))) {
            if schedule.due(place) > now {
                number = place;
                break;
            }
            user.notify_one();
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

fn place(number: u64, users: &[Notify]) -> usize {
    let count = u64::try_from(users.len()).unwrap_or(u64::MAX).max(1);
    usize::try_from(number % count).unwrap_or_default()
}

/// A timer of the system that the runtime waits for like for a socket.
struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    #[allow(
        deprecated,
        reason = "newer versions of tokio deprecate it for descriptors that lie about themselves; an owned one does not"
    )]
    fn new() -> Result<Self, Failure> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(refused)?;
        AsyncFd::new(timer).map(Self).map_err(refused)
    }

    async fn sleep(&self, span: Nanos) -> Result<(), Failure> {
        let value = Timespec {
            tv_sec: i64::try_from(span / SECOND).unwrap_or(i64::MAX),
            // Below a second, so it fits.
            tv_nsec: i64::try_from(span % SECOND).unwrap_or_default(),
        };
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: value,
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once).map_err(refused)?;
        loop {
            let mut ready = self.0.readable().await.map_err(refused)?;
            let read = ready.try_io(|timer| {
                let mut expirations = [0_u8; 8];
                Ok(rustix::io::read(timer.get_ref(), &mut expirations)?)
            });
            match read {
                Ok(outcome) => return outcome.map(|_| ()).map_err(refused),
                Err(_would_block) => {}
            }
        }
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::System {
        what: "a timer",
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn messages_are_due_at_even_distances_and_users_take_turns() {
        let schedule = Schedule::new(5 * SECOND, 4.0, 2).unwrap();
        let due: Vec<_> = (0..5).map(|number| schedule.due(number)).collect();
        let quarter = SECOND / 4;
        assert_eq!(
            due,
            (0..5)
                .map(|number| 5 * SECOND + number * quarter)
                .collect::<Vec<_>>()
        );
        assert_eq!(schedule.due_of(0, 0), schedule.due(0));
        assert_eq!(schedule.due_of(1, 0), schedule.due(1));
        assert_eq!(schedule.due_of(0, 1), schedule.due(2));
        assert_eq!(schedule.due_of(1, 1), schedule.due(3));
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let schedule = Schedule::new(0, 3.0, 1).unwrap();
        assert_eq!(schedule.due(3 * 86_400 * 365), 86_400 * 365 * SECOND);
        let slow = Schedule::new(0, 0.5, 1).unwrap();
        assert_eq!(slow.due(1), 2 * SECOND);
    }

    #[test]
    fn a_rate_of_nothing_is_no_schedule() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert_eq!(Schedule::new(0, rate, 2), None);
        }
        assert_eq!(Schedule::new(0, 1.0, 0), None);
    }

    #[tokio::test]
    async fn every_user_is_woken_and_nobody_before_their_time() {
        let clock = Clock::start();
        let schedule = Schedule::new(0, 1000.0, 2).unwrap();
        let users = Arc::new([Notify::new(), Notify::new()]);
        let (woken, _) = tokio::join!(
            async {
                users[1].notified().await;
                clock.now()
            },
            run(schedule, clock, SECOND / 100, &*users),
        );
        assert!(woken >= schedule.due_of(1, 0), "{woken}");
        // Both have a permit left or were woken: their later messages are due as well.
        users[0].notified().await;
    }

    #[tokio::test]
    async fn the_end_of_the_schedule_is_the_end_of_the_pacer() {
        let clock = Clock::start();
        let schedule = Schedule::new(0, 1_000_000.0, 1).unwrap();
        run(schedule, clock, SECOND / 100, &[Notify::new()])
            .await
            .unwrap();
        assert!(schedule.due(10_000) >= SECOND / 100);
    }
}
