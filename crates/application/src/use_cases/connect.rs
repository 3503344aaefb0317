//! Connecting: a new seat for somebody who came.

use crate::book::Book;
use crate::chat::{Chat, Deployment};
use crate::ports::{Ban, Clock, Delivery, Fact, Identity, Ports, RateLimiter, StoreError, TurnedAway};
use crate::seat::{ConnectionNumber, Permit, Seat};
use crate::use_cases::interrupted::Boarding;
use passerby_domain::criteria::Criteria;
use passerby_domain::id::Origins;
use passerby_domain::notice::{Replay, Standing, Welcome};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Leave to make a seat, counted against its origin. Dropping it gives the count of seats back, not that of
/// attempts.
#[must_use = "an admission that is dropped lets nobody in, and has counted an attempt"]
pub struct Admission<P: Ports> {
    address: IpAddr,
    pub(crate) origins: Origins,
    permit: Permit<P>,
}

impl<P: Ports> fmt::Debug for Admission<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

/// Whether one who connects wants a partner at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// They enter the queue.
    Queue,
    /// They stay idle until they join.
    Idle,
}

/// Somebody who connects.
pub struct Arrival<P: Ports> {
    /// Leave to come in.
    pub admission: Admission<P>,
    /// Their connection.
    pub wire: Arc<P::Wire>,
    /// Whom they want to meet.
    pub criteria: Criteria,
    /// Whether at once.
    pub entry: Entry,
}

impl<P: Ports> fmt::Debug for Arrival<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

/// A seat, and which of its connections the caller's is. Nobody but the caller can know when that ends: until
/// [`Chat::disconnect`] is told so, the user counts as here.
#[must_use = "the seat stays until `Chat::disconnect` is told that this connection has ended"]
pub struct Connected<P: Ports> {
    /// The seat.
    pub seat: Arc<Seat<P>>,
    /// The connection's number at the seat, to be named when it ends.
    pub connection: ConnectionNumber,
}

impl<P: Ports> fmt::Debug for Connected<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// Why somebody gets no seat.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// They came back to a seat that a newer connection has taken meanwhile.
    #[error("a newer connection has taken the seat")]
    Replaced,
    /// Their origin is banned.
    #[error("the origin is banned")]
    Banned(Ban),
    /// It is not known whether it is.
    #[error("the bans cannot be read")]
    Store(#[source] StoreError),
}

/// The store has not answered for a while.
#[derive(Debug, thiserror::Error)]
#[error("the store has not answered for a while")]
struct CutOff;

impl<P: Ports> Chat<P> {
    /// Counts an attempt to connect from `address`, and a seat if there is room for one.
    ///
    /// Somebody with a valid resume token needs no admission: see [`Chat::recognise`].
    ///
    /// # Errors
    /// [`TurnedAway`].
    pub async fn admit(&self, address: IpAddr) -> Result<Admission<P>, TurnedAway> {
        if self.is_cut_off() {
            return Err(TurnedAway::Store(StoreError::Unavailable(Box::new(CutOff))));
        }
        let origins = self.adapters.identity.origins(address);
        let admitted = self.adapters.limiter.admit(&origins).await;
        if admitted.is_err() {
            self.note(Fact::TurnedAway);
        }
        Ok(Admission {
            address,
            origins,
            permit: admitted?,
        })
    }

    /// Makes a seat and attaches the connection. The user is told `Welcome`, and, if they came for the queue,
    /// `Waiting` or `Matched` after it.
    ///
    /// # Errors
    /// [`ConnectError`]; there is no seat then, and nothing was written.
    ///
    /// # Cancellation
    /// A future that is dropped before its end leaves no seat, or one whose connection counts as broken: it ends with its grace.
    pub async fn connect(&self, arrival: Arrival<P>) -> Result<Connected<P>, ConnectError> {
        let Arrival {
            admission,
            wire,
            criteria,
            entry,
        } = arrival;
        let origin = admission.origins.exact;
        let bans_known = self.bans_made();
        self.check_ban(origin).await?;
        let now = self.now();
        let user = self.adapters.identity.user_id(admission.address);
        let mut book = Book::new(criteria, now);
        book.permit = Some(admission.permit);
        let connection = book.connection;
        let token = self.token(user, book.tokens.latest);
        let seat = Arc::new(Seat::new(
            user,
            [admission.origins.exact, admission.origins.lasting],
            self.adapters.delivery.open(),
            book,
        ));
        let welcome = Welcome {
            user,
            node: &self.options.node,
            standing: Standing::Idle,
            resume_token: &token.0,
            replay: Replay::Fresh,
            now: self.adapters.clock.unix(now),
            online: self.census().online + 1,
        };
        self.adapters.delivery.attach(&seat.route, wire, None, &welcome);
        {
            let mut book = seat.lock();
            if entry == Entry::Queue {
                // Cannot fail: the seat is new.
                let _ = book.session.join(now);
            }
            self.count_new(&seat, &mut book);
        }
        self.register.insert(seat.clone());
        self.note(Fact::Connected);
        let boarding = Boarding::begin(self, &seat, connection);
        if self.bans_made() != bans_known {
            self.catch_up_with_bans(&seat).await;
        }
        if entry == Entry::Idle && self.options.deployment == Deployment::Shared {
            // One who has been welcomed may come back at once, and on another node.
            self.keep(&seat).await;
        }
        self.seek(&seat).await;
        self.adapters.delivery.flush(&seat.route);
        boarding.end();
        Ok(Connected { seat, connection })
    }

    pub(crate) async fn check_ban(&self, origin: passerby_domain::id::Origin) -> Result<(), ConnectError> {
        let now = self.adapters.clock.unix(self.now());
        match self.adapters.bans.find(origin, now).await {
            Ok(None) => Ok(()),
            Ok(Some(ban)) => {
                self.note(Fact::TurnedAway);
                Err(ConnectError::Banned(ban))
            }
            Err(error) => Err(ConnectError::Store(error)),
        }
    }
}

#[cfg(test)]
mod tests;
