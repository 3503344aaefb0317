//! What operators do to users: ban an origin, remove a user.

use crate::chat::Chat;
use crate::ports::{
    Ban, BanId, Clock, Delivery, Farewell, Letter, Offence, Page, PageCursor, PairingStore, Peers, Ports,
    StoreError,
};
use crate::seat::Seat;
use passerby_domain::id::{Origin, UserId};
use passerby_domain::notice::EndReason;
use passerby_domain::session::Left;
use passerby_domain::time::{Millis, UnixMillis};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Whom to ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanTarget {
    /// The origin of a user who is here.
    User(UserId),
    /// An origin, as a report or another ban names it.
    Origin(Origin),
}

/// A ban to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanOrder {
    /// Whom.
    pub target: BanTarget,
    /// Why.
    pub offence: Offence,
    /// For how long; `None` means until it is lifted.
    pub span: Option<Millis>,
}

/// Why an operator's order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ModerationError {
    /// There is nobody of that name.
    #[error("there is nobody of that name")]
    Unknown,
    /// The store failed.
    #[error("the order could not be recorded")]
    Store(#[source] StoreError),
}

impl<P: Ports> Chat<P> {
    /// Bans an origin, and removes all its users from this node at once: their chats end as `Moderated`, their
    /// partners go back to the queue.
    ///
    /// # Errors
    /// [`ModerationError`].
    pub async fn ban(&self, order: BanOrder) -> Result<Ban, ModerationError> {
        let origin = match order.target {
            BanTarget::Origin(origin) => origin,
            BanTarget::User(user) => self.origin_of(user).await?,
        };
        let now = self.adapters.clock.unix(self.now());
        let until = order
            .span
            .map(|span| UnixMillis(now.0.saturating_add(span.get())));
        let ban = Ban {
            id: BanId(0),
            origin,
            offence: order.offence,
            until,
        };
        let ban = self
            .adapters
            .bans
            .add(ban)
            .await
            .map_err(ModerationError::Store)?;
        for peer in self.peerage.heard() {
            // One that does not hear of it asks about bans when somebody connects.
            let _ = self.adapters.peers.send(peer, &Letter::Ban(ban));
        }
        self.enforce(&[ban]).await;
        Ok(ban)
    }

    /// Removes whom bans are about from this node.
    pub(crate) async fn enforce(&self, bans: &[Ban]) {
        // Before the seats are listed: whoever is not on the list yet sees it, and asks for bans again.
        self.count_ban();
        let bans: HashMap<_, _> = bans.iter().map(|ban| (ban.origin, *ban)).collect();
        for seat in self.register.all() {
            let is_at = seat.lock().origin(&seat);
            if let Some(ban) = bans.get(&is_at).or_else(|| bans.get(&seat.origin())) {
                self.remove(&seat, Farewell::Banned(*ban)).await;
            }
        }
    }

    /// Enforces the bans that this node has not heard of: it stood still, or was cut off, when they were made.
    pub(crate) async fn look_for_bans(&self) {
        let last = BanId(self.last_ban.load(Ordering::Acquire));
        let now = self.adapters.clock.unix(self.now());
        // If they cannot be read, they are the next time.
        let Ok(new) = self.adapters.bans.made_after(last, now).await else {
            return;
        };
        self.last_ban.store(new.last.0, Ordering::Release);
        if !new.bans.is_empty() {
            self.enforce(&new.bans).await;
        }
    }

    async fn origin_of(&self, user: UserId) -> Result<Origin, ModerationError> {
        if let Some(seat) = self.register.get(user) {
            return Ok(seat.lock().origin(&seat));
        }
        let location = self.adapters.pairing.locate(user).await;
        let location = location.map_err(ModerationError::Store)?;
        Ok(location.ok_or(ModerationError::Unknown)?.origin)
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`ModerationError`].
    pub async fn lift_ban(&self, id: BanId) -> Result<(), ModerationError> {
        match self.adapters.bans.lift(id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ModerationError::Unknown),
            Err(error) => Err(ModerationError::Store(error)),
        }
    }

    /// The bans in force.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bans(&self) -> Result<Vec<Ban>, StoreError> {
        self.adapters
            .bans
            .list(self.adapters.clock.unix(self.now()))
            .await
    }

    /// Some reports, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reports(&self, cursor: Option<PageCursor>, limit: usize) -> Result<Page, StoreError> {
        self.adapters.reports.page(cursor, limit).await
    }

    /// Removes a user, on whatever node they are: their chat ends as `Moderated`, their partner goes back to the queue.
    ///
    /// # Errors
    /// [`ModerationError`].
    pub async fn kick(&self, user: UserId) -> Result<(), ModerationError> {
        if self.kick_from_here(user).await {
            return Ok(());
        }
        let location = self.adapters.pairing.locate(user).await;
        let location = location.map_err(ModerationError::Store)?;
        let owner = location.ok_or(ModerationError::Unknown)?.owner;
        let sent = self.adapters.peers.send(owner, &Letter::Kick { user });
        sent.map_err(|_| ModerationError::Unknown)
    }

    /// Removes a user of this node. False if they are not here.
    pub(crate) async fn kick_from_here(&self, user: UserId) -> bool {
        let Some(seat) = self.register.get(user) else {
            return false;
        };
        self.remove(&seat, Farewell::Kicked).await;
        true
    }

    /// Removes a seat that came in while a ban was made, if the ban is about it.
    pub(crate) async fn catch_up_with_bans(&self, seat: &Arc<Seat<P>>) {
        let now = self.adapters.clock.unix(self.now());
        let (came_from, is_at) = (seat.origin(), seat.lock().origin(seat));
        let elsewhere = (came_from != is_at).then_some(came_from);
        for origin in [is_at].into_iter().chain(elsewhere) {
            if let Ok(Some(ban)) = self.adapters.bans.find(origin, now).await {
                return self.remove(seat, Farewell::Banned(ban)).await;
            }
        }
    }

    /// Removes a seat of this node, and tells the partner.
    pub(super) async fn remove(&self, seat: &Arc<Seat<P>>, why: Farewell) {
        let removed = self.change(seat, |book| {
            book.abroad = None;
            let left = book.session.depart().ok()?;
            let parted = match left {
                Left::Chat(ended) => {
                    let chat = ended.chat;
                    Some((chat, self.after_end(seat, book, ended, EndReason::Moderated)))
                }
                Left::Queue | Left::Idleness => None,
            };
            self.adapters.delivery.close(&seat.route, why);
            Some(parted)
        });
        let Some(parted) = removed else { return };
        self.strike_off(seat.user());
        if let Some((chat, partner)) = parted {
            self.leave_alone(seat, &partner, chat, EndReason::Moderated).await;
        }
        self.release(seat, crate::ports::Release::Gone).await;
    }
}

#[cfg(test)]
mod tests;
