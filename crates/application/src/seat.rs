//! One user's place on this node.
//!
//! **Architecture Invariants.** All that changes about a seat is in its [`Book`], under one small lock that is
//! never held across an await. Two books are locked together where a chat begins or is ended, always in the order
//! of their users' ids (`Chat::change_both`). An outbox's lock may be taken under a book's lock, never the other way round.

use crate::book::Book;
use crate::ports::{Delivery, Ports, RateLimiter, Stamp};
use passerby_domain::id::{Origin, UserId};
use passerby_domain::time::Moment;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which of the connections that a seat ever had a connection is. It says nothing without its seat: those of two seats may be
/// equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionNumber(pub(crate) u32);

/// The way to a seat's outbox.
pub(crate) type Route<P> = <<P as Ports>::Delivery as Delivery>::Route;
/// What counts a seat against its origin's limit.
pub(crate) type Permit<P> = <<P as Ports>::Limiter as RateLimiter>::Permit;

/// One user's place on this node. It is held through [`Arc`](std::sync::Arc)s: by the connection, the register and, during a
/// chat, the partner's seat.
pub struct Seat<P: Ports> {
    user: UserId,
    origin: Origin,
    lasting_origin: Origin,
    pub(crate) route: Route<P>,
    /// See [`Seat::hears_all_since`]; 0 if that is not known. Beside the book, since the partner's side asks for it under its
    /// own book's lock.
    hears_all_since: AtomicU64,
    book: Mutex<Book<P>>,
}

impl<P: Ports> Seat<P> {
    pub(crate) fn new(
        user: UserId,
        [origin, lasting_origin]: [Origin; 2],
        route: Route<P>,
        book: Book<P>,
    ) -> Self {
        Self {
            user,
            origin,
            lasting_origin,
            route,
            hears_all_since: AtomicU64::default(),
            book: Mutex::new(book),
        }
    }

    /// Whose seat it is.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Where its user came from, or was when the seat came to this node, as bans know it.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Where its user comes from, as blocks know it.
    pub const fn lasting_origin(&self) -> Origin {
        self.lasting_origin
    }

    /// Since when all that the partner says in the present chat has come to this seat on this node, but for what was lost on
    /// the way and is known to be. None if the chat began elsewhere, or something was refused.
    pub(crate) fn hears_all_since(&self) -> Option<Moment> {
        let since = Moment::from_millis(self.hears_all_since.load(Ordering::Relaxed));
        (since != Moment::ORIGIN).then_some(since)
    }

    /// A chat begins here.
    pub(crate) fn hears_all_from(&self, now: Moment) {
        self.hears_all_since.store(now.as_millis(), Ordering::Relaxed);
    }

    /// Something that the partner said was refused here.
    pub(crate) fn hears_not_all(&self) {
        self.hears_all_from(Moment::ORIGIN);
    }

    /// The seat as it is now.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            seat: self.user,
            generation: self.lock().session.generation(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Book<P>> {
        // A panic under the lock is a bug that ends one connection; the book itself is whole after each step.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Ports> fmt::Debug for Seat<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
