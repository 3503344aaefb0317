//! The pauses between two tries to reach Redis.

use std::time::Duration;
use tokio::time::sleep;

/// The first pause; each that follows is twice as long.
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest.
const LONGEST: Duration = Duration::from_secs(1);
/// A connection that was of use for so long is made anew at once when it breaks, since that cannot happen more than four
/// times a second.
const SOUND: Duration = Duration::from_millis(250);

/// How long to wait before the next try, so that whatever Redis does nobody connects to it without end.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    /// Before the first try.
    pub(crate) const fn new() -> Self {
        Self { next: SHORTEST }
    }

    /// Waits until it is time to try again. `lived` is how long the last connection was of use: zero if there was none.
    ///
    /// Dropped before its end it counts as a pause that was made.
    pub(crate) async fn after(&mut self, lived: Duration) {
        if lived >= SOUND {
            self.next = SHORTEST;
            return;
        }
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn waits(backoff: &mut Backoff, lived: Duration) -> Duration {
        let begun = Instant::now();
        backoff.after(lived).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn tries_in_vain_become_rarer() {
        let mut backoff = Backoff::new();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pauses.push(waits(&mut backoff, Duration::ZERO).await.as_millis());
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_of_use_is_made_anew_at_once_however_often_it_breaks() {
        let mut backoff = Backoff::new();
        for _ in 0..5 {
            assert_eq!(waits(&mut backoff, SOUND).await, Duration::ZERO);
        }
        assert_eq!(waits(&mut backoff, SOUND / 2).await, SHORTEST);
    }

    #[tokio::test(start_paused = true)]
    async fn after_what_was_of_use_pauses_are_short_again() {
        let mut backoff = Backoff::new();
        for _ in 0..5 {
            backoff.after(Duration::ZERO).await;
        }
        backoff.after(SOUND).await;
        assert_eq!(waits(&mut backoff, Duration::ZERO).await, SHORTEST);
    }
}
