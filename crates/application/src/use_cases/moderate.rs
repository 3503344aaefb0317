//! What operators do to users: ban an origin, remove a user.

use crate::chat::Chat;
use crate::ports::{
    Ban, BanId, Clock, Delivery, Fact, Farewell, Offence, Page, PageCursor, Ports, StoreError,
};
use crate::seat::Seat;
use passerby_domain::id::{Origin, UserId};
use passerby_domain::notice::EndReason;
use passerby_domain::session::Left;
use passerby_domain::time::{Millis, UnixMillis};
use std::sync::Arc;

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

/// There is nobody, or nothing, of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is none of that name")]
pub struct Unknown;

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
            BanTarget::User(user) => {
                self.register
                    .get(user)
                    .ok_or(ModerationError::Unknown)?
                    .origins()
                    .exact
            }
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
        // Before the seats are listed: whoever is not on the list yet sees it, and asks for bans again.
        self.count_ban();
        for seat in self.register.all() {
            if seat.origins().exact == origin {
                self.remove(&seat, Farewell::Banned(ban)).await;
            }
        }
        Ok(ban)
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

    /// Removes a user: their chat ends as `Moderated`, their partner goes back to the queue.
    ///
    /// # Errors
    /// [`Unknown`].
    pub async fn kick(&self, user: UserId) -> Result<(), Unknown> {
        let seat = self.register.get(user).ok_or(Unknown)?;
        self.remove(&seat, Farewell::Kicked).await;
        Ok(())
    }

    /// Removes a seat that came in while a ban was made, if the ban is about it.
    pub(crate) async fn catch_up_with_bans(&self, seat: &Arc<Seat<P>>) {
        let now = self.adapters.clock.unix(self.now());
        if let Ok(Some(ban)) = self.adapters.bans.find(seat.origins().exact, now).await {
            self.remove(seat, Farewell::Banned(ban)).await;
        }
    }

    async fn remove(&self, seat: &Arc<Seat<P>>, why: Farewell) {
        let removed = self.change(seat, |book| {
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
        self.register.remove(seat.user());
        self.note(Fact::Gone);
        if let Some((chat, partner)) = parted {
            self.left_alone(&partner, chat, EndReason::Moderated).await;
        }
        self.release(seat, crate::ports::Release::Gone).await;
    }
}

#[cfg(test)]
mod tests;
