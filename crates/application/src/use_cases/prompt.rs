//! Promptness: a slow store keeps nobody from reading what they were told already.
//!
//! What a command tells its user is put off until the store has answered, so that `chat_ended` and the `waiting` or
//! `matched` after it cost one write. A store that does not answer at once must not hold it back.

use crate::chat::Chat;
use crate::ports::Ports;
use crate::seat::Seat;
use std::future::poll_fn;
use std::pin::pin;

impl<P: Ports> Chat<P> {
    /// Does `work`. If it has to wait, writes what `seat` was told so far, once.
    pub(crate) async fn promptly<T>(&self, seat: &Seat<P>, work: impl Future<Output = T> + Send) -> T {
        let mut work = pin!(work);
        let mut is_written = false;
        poll_fn(|context| {
            let progress = work.as_mut().poll(context);
            if progress.is_pending() && !is_written {
                is_written = true;
                self.flush_own(seat);
            }
            progress
        })
        .await
    }
}

#[cfg(test)]
mod tests;
