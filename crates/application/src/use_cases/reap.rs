//! Reaping: act on what is over. Graces, idle times, patience.

use super::CONCURRENCY;
use crate::chat::Chat;
use crate::link::Link;
use crate::ports::{Delivery, Farewell, Offer, Ports};
use crate::seat::Seat;
use futures_util::stream::{StreamExt, iter};
use passerby_domain::id::ChatId;
use passerby_domain::notice::EndReason;
use passerby_domain::session::{AfterChat, Left, Presence, State};
use passerby_domain::time::{Millis, Moment};
use std::sync::Arc;

/// How many seats are looked at before the next deadline is asked for again.
const BATCH: usize = 256;

/// How long a question about an offer may take before it is asked again.
const ASKING: Millis = Millis::from_secs(1);

/// What a deadline that has passed calls for.
enum Due<P: Ports> {
    /// The user is gone, from there; a partner must be told why.
    SeeOff(Left<Link<P>>, EndReason),
    SearchAgain,
    /// Nobody has said what came of an offer.
    AskAbout(Offer),
    /// The partner is on another node, and was awaited long enough.
    GiveUp(ChatId),
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
        self.notice_stall();
        loop {
            let now = self.now();
            let due = self.timers.take_due(now, BATCH);
            if due.is_empty() {
                return;
            }
            // A store that is slow for one keeps the others no longer than it must.
            iter(due)
                .for_each_concurrent(CONCURRENCY, |(deadline, user)| async move {
                    if let Some(seat) = self.register.get(user) {
                        self.attend(&seat, deadline, now).await;
                    }
                })
                .await;
        }
    }

    async fn attend(&self, seat: &Arc<Seat<P>>, deadline: Moment, now: Moment) {
        // Whoever goes does so under the lock that showed why: one who comes back or joins a moment later finds the
        // seat gone, and one who did so a moment before keeps it.
        let due = self.change(seat, |book| {
            if book.deadline == Some(deadline) {
                book.deadline = None;
            }
            if let Some(pending) = book.pending_mut() {
                let offer = pending.offer;
                if pending.ask_at > now {
                    return Due::Nothing;
                }
                // Should this question be lost, it is asked again.
                pending.ask_at = now + ASKING;
                return Due::AskAbout(offer);
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
                (State::Chatting(chatting), Presence::Here)
                    if chatting.link.given_up_at().is_some_and(|at| at <= now) =>
                {
                    Due::GiveUp(chatting.chat)
                }
                _ => Due::Nothing,
            }
        });
        match due {
            Due::SeeOff(left, told_partner) => self.see_off(seat, left, told_partner).await,
            Due::SearchAgain => self.seek(seat).await,
            Due::AskAbout(offer) => self.settle_offer(seat, offer).await,
            Due::GiveUp(chat) => self.give_up(seat, chat).await,
            Due::Nothing => {}
        }
    }

    /// Ends a chat whose partner did not come back, and whose owner does not say so.
    async fn give_up(&self, seat: &Arc<Seat<P>>, chat: ChatId) {
        let partner = self.change(seat, |book| {
            let ended = self.end_chat(
                seat,
                book,
                chat,
                AfterChat::QueueInOldPlace,
                EndReason::PartnerDisconnected,
            );
            ended.ok()
        });
        if let Some(partner) = partner {
            self.leave_alone(seat, &partner, chat, EndReason::PartnerDisconnected)
                .await;
            self.after_left_alone(seat).await;
        }
    }
}

#[cfg(test)]
mod tests;
