//! Reaping: act on what is over. Graces, idle times, patience.

use crate::book::Link;
use crate::chat::Chat;
use crate::ports::{Delivery, Farewell, Ports};
use crate::seat::Seat;
use passerby_domain::notice::EndReason;
use passerby_domain::session::{Left, Presence, State};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// How many seats are looked at before the next deadline is asked for again.
const BATCH: usize = 256;

/// What a deadline that has passed calls for.
enum Due<P: Ports> {
    /// The user is gone, from there; a partner must be told why.
    SeeOff(Left<Link<P>>, EndReason),
    SearchAgain,
    Nothing,
}

impl<P: Ports> Chat<P> {
    /// The earliest moment at which [`Chat::reap`] has something to do.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// Completes when there is a deadline earlier than `known`. For the one task that calls [`Chat::reap`]: it sleeps
    /// until the deadline or until this, whichever comes first. Cancel safe.
    pub async fn deadline_before(&self, known: Option<Moment>) {
        self.timers.earlier_than(known).await;
    }

    /// Acts on all deadlines that have passed: ends seats whose grace is over, hangs up on those idle for too long,
    /// searches again for those whose patience or cooldown has ended.
    pub async fn reap(&self) {
        loop {
            let now = self.now();
            let due = self.timers.take_due(now, BATCH);
            if due.is_empty() {
                return;
            }
            for (deadline, user) in due {
                if let Some(seat) = self.register.get(user) {
                    self.attend(&seat, deadline, now).await;
                }
            }
        }
    }

    async fn attend(&self, seat: &Arc<Seat<P>>, deadline: Moment, now: Moment) {
        // Whoever goes does so under the lock that showed why: one who comes back or joins a moment later finds the
        // seat gone, and one who did so a moment before keeps it.
        let due = self.change(seat, |book| {
            if book.deadline == Some(deadline) {
                book.deadline = None;
            }
            match (book.session.state(), book.session.presence()) {
                (_, Presence::Away { until }) if until <= now => {
                    book.session.depart().map_or(Due::Nothing, |left| {
                        Due::SeeOff(left, EndReason::PartnerDisconnected)
                    })
                }
                (State::Idle, Presence::Here) if book.idle_since + self.options.idle_timeout <= now => {
                    self.adapters.delivery.close(&seat.route, Farewell::IdleTimeout);
                    book.session
                        .depart()
                        .map_or(Due::Nothing, |left| Due::SeeOff(left, EndReason::PartnerLeft))
                }
                (State::Waiting(_), Presence::Here) if book.retry_at.is_some_and(|at| at <= now) => {
                    book.retry_at = None;
                    Due::SearchAgain
                }
                _ => Due::Nothing,
            }
        });
        match due {
            Due::SeeOff(left, told_partner) => self.see_off(seat, left, told_partner).await,
            Due::SearchAgain => self.seek(seat).await,
            Due::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests;
