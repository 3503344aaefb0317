//! Resuming: take a seat back, on a new connection.

use super::connect::{ConnectError, Connected};
use super::consign::begin_to_say_again;
use super::take_over::TakeOverError;
use crate::book::DossierState;
use crate::chat::{Chat, Deployment};
use crate::link::Partner;
use crate::ports::{
    Attendance, Belief, Believed, Clock, Completeness, Delivery, Difference, Fact, Farewell, Flush, Identity,
    Location, PairingStore, Peers, Ports, RateLimiter, Stamp, StoreError, TokenSerial,
};
use crate::seat::{ConnectionNumber, Seat};
use crate::use_cases::interrupted::Boarding;
use passerby_domain::flood::Exhausted;
use passerby_domain::id::{ChatId, Generation, Origin, Seq, UserId};
use passerby_domain::notice::{Notice, Replay, Standing, Welcome};
use passerby_domain::session::{Presence, State};
use passerby_domain::time::{Millis, Moment};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Of two connections that claim one seat so shortly after each other, neither is the other's second attempt: no client gives
/// up on one so soon.
const AT_ONCE: Millis = Millis::new(100);

/// Somebody who showed a valid token of a seat that is still there.
#[must_use = "whoever has shown a token is to be let in by `Chat::resume`"]
pub struct Returning<P: Ports> {
    seat: Whereabouts<P>,
    /// When they did.
    came: Moment,
}

/// What the first word of a user on a connection changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstWord {
    /// Nothing that anybody else has to know.
    Harmless,
    /// The token that the user came with is dead from now on, on every node.
    Spends,
}

/// Where the seat is that somebody comes back to.
enum Whereabouts<P: Ports> {
    Here {
        seat: Arc<Seat<P>>,
        serial: TokenSerial,
        /// Its number at the seat: of two that claim it, the one that was recognised later is the newer.
        connection: ConnectionNumber,
    },
    Elsewhere {
        user: UserId,
        serial: TokenSerial,
    },
}

/// The seat has gone to another node since it was recognised here.
#[derive(Debug, thiserror::Error)]
#[error("the seat is on its way to another node")]
pub(super) struct OnItsWay;

/// Why it is not said now whether a token takes a seat back.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// It does, and its seat was taken back too often of late.
    #[error("the seat is taken back too often")]
    TooOften(#[source] Exhausted),
    /// Whether another node has the seat cannot be found out.
    #[error("it cannot be found out whether another node has the seat")]
    Store(#[source] StoreError),
}

impl From<StoreError> for NotNow {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<P: Ports> fmt::Debug for Returning<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returning")
    }
}

impl<P: Ports> Chat<P> {
    /// The seat that `token` is for, if the token is valid and the seat is still there, on this node or another. A wrong,
    /// spent or foreign token looks the same from outside. A seat of this node is recognised without asking anybody.
    ///
    /// # Errors
    /// [`NotNow`]; nothing has changed.
    pub async fn recognise(&self, token: &str) -> Result<Option<Returning<P>>, NotNow> {
        let Some((user, serial)) = self.adapters.identity.read_token(token) else {
            return Ok(None);
        };
        let came = self.now();
        let there = |user, serial| Returning {
            seat: Whereabouts::Elsewhere { user, serial },
            came,
        };
        if let Some(seat) = self.seat_here(user) {
            let (accepted, newest) = {
                let mut book = seat.lock();
                let valid = book.tokens.accept(serial);
                if valid {
                    self.count_return(user)?;
                }
                (valid.then(|| book.claim()), book.tokens.latest)
            };
            if let Some(connection) = accepted {
                if self.is_usurped(user).await? {
                    return Ok(Some(there(user, serial)));
                }
                let seat = Whereabouts::Here {
                    seat,
                    serial,
                    connection,
                };
                return Ok(Some(Returning { seat, came }));
            }
            if serial <= newest {
                return Ok(None);
            }
            // The token was given by a node that has taken this seat over since.
        }
        if self.options.deployment == Deployment::Alone {
            return Ok(None);
        }
        let location = self.adapters.pairing.locate(user).await?;
        if location.is_none() {
            self.trust_ignorance()?;
            return Ok(None);
        }
        self.count_return(user)?;
        Ok(Some(there(user, serial)))
    }

    fn count_return(&self, user: UserId) -> Result<(), NotNow> {
        self.returns.take(user, self.now()).map_err(|exhausted| {
            self.note(Fact::TurnedAway);
            NotNow::TooOften(exhausted)
        })
    }

    /// Whether another node has taken a seat of this one. Asked only after this node did not run, or was given up, for a
    /// while: what it thinks of its seats may be old then, and a client that is told of an old one is told all twice when it
    /// comes to the new one. Until the store has heard from this node again, nobody comes back to it.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be found out.
    async fn is_usurped(&self, user: UserId) -> Result<bool, StoreError> {
        if self.options.deployment == Deployment::Alone {
            return Ok(false);
        }
        if self.has_stalled() {
            // What it served now, another node could go on without a moment later.
            return Err(StoreError::Unavailable(Box::new(OnItsWay)));
        }
        if !self.peerage.suspects_usurpers() {
            return Ok(false);
        }
        if self.is_taken(user).await? {
            return Ok(true);
        }
        // Nor may they write to a partner who is another node's since.
        let partner = {
            let Some(seat) = self.register.get(user) else {
                return Ok(false);
            };
            let book = seat.lock();
            let chatting = book.session.chatting();
            chatting.and_then(|chatting| match &chatting.link.partner {
                Partner::Here(partner) => Some((seat.clone(), chatting.chat, partner.user())),
                Partner::There(_) => None,
            })
        };
        if let Some((seat, chat, partner)) = partner
            && let Some(location) = self.elsewhere(partner).await?
        {
            self.lose_user(partner);
            self.look_for_partner(&seat);
            self.partner_is_with(&seat, chat, partner, location);
        }
        Ok(false)
    }

    /// Whether the store says that another node has taken this seat, be it gone since.
    async fn is_taken(&self, user: UserId) -> Result<bool, StoreError> {
        let Some(seat) = self.register.get(user) else {
            return Ok(false);
        };
        let generation = seat.lock().session.generation();
        let belief = Belief {
            stamp: Stamp {
                seat: user,
                generation,
            },
            standing: Believed::Resting,
        };
        let differences = self.adapters.pairing.verify(vec![belief]).await?;
        Ok(differences.contains(&Difference::Taken(user)))
    }

    /// Where this seat is, if another node has it, as the store says.
    async fn elsewhere(&self, user: UserId) -> Result<Option<Location>, StoreError> {
        let location = self.adapters.pairing.locate(user).await?;
        Ok(location.filter(|location| location.owner != self.adapters.peers.own()))
    }

    /// Takes the seat back: the user is told `Welcome`, then everything after `seen` that is still held, then what
    /// happens from now on. An older connection of the seat is hung up on, wherever it is.
    ///
    /// `Ok(None)` if the seat or the token died meanwhile; the caller then connects anew. A seat that is here may be
    /// taken back even while the bans cannot be read.
    ///
    /// # Errors
    /// [`ConnectError::Banned`]; a seat of theirs that was another node's is gone then, and the partner told so.
    /// [`ConnectError::Replaced`] if one that was recognised later was faster: it may be all that is left of a client that gave up
    /// on this one; the seat is as before. [`ConnectError::Store`] if another
    /// node holds it and the store does not answer, or seems to hold it and this node cannot know; or if one that was
    /// recognised earlier has taken it to another node, which may be the one that the client gave up on.
    pub async fn resume(
        &self,
        returning: Returning<P>,
        address: IpAddr,
        wire: Arc<P::Wire>,
        seen: Seq,
    ) -> Result<Option<Connected<P>>, ConnectError> {
        let origins = self.adapters.identity.origins(address);
        let bans_known = self.bans_made();
        let returning = self.let_in(returning, origins.exact, seen).await?;
        let came = returning.came;
        let Some((seat, serial, connection)) = self.bring_here(returning, seen).await? else {
            return Ok(None);
        };
        let Some((replay, partner, generation)) = self.change(&seat, |book| {
            if connection < book.connection {
                return Err(ConnectError::Replaced);
            }
            if matches!(book.session.state(), State::Gone) || !book.tokens.accept(serial) {
                return Ok(None);
            }
            let now = self.now();
            // Only one who was served elsewhere since can have seen more than was told here. This node cannot know of it, or
            // does not yet, and to be served here again would set their position back: what they had read there would be told
            // once more.
            if seen > self.adapters.delivery.last(&seat.route) && self.may_be_usurped(now) {
                return Err(on_its_way());
            }
            if book.permit.is_none() || book.origin(&seat) != origins.exact {
                book.permit = Some(self.adapters.limiter.hold(&origins));
                if book.origin(&seat) != origins.exact {
                    book.abroad().elsewhere = Some(origins.exact);
                }
            }
            // The welcome says where they stand after the replay.
            self.announce_if_due(&seat, book);
            let was_away = book.session.presence() != Presence::Here;
            begin_to_say_again(book, now);
            book.connection = connection;
            book.tokens.used = serial;
            book.tokens.latest = TokenSerial(book.tokens.latest.0.wrapping_add(1));
            book.session.attach();
            self.note_ownership(&seat, book, now);
            let standing = match book.session.state() {
                State::Waiting(wait) | State::Offered { wait, .. } => {
                    Standing::Waiting(self.waiting(book, wait, now))
                }
                State::Chatting(chatting) => Standing::Chatting {
                    chat: chatting.chat,
                    facts: &chatting.link.facts,
                    partner_away_until: chatting
                        .link
                        .absence
                        .map(|absence| self.adapters.clock.unix(absence.until)),
                },
                State::Idle | State::Gone => Standing::Idle,
            };
            let token = self.token(seat.user(), book.tokens.latest);
            let welcome = Welcome {
                user: seat.user(),
                node: &self.options.node,
                standing,
                resume_token: &token.0,
                replay: Replay::Fresh,
                now: self.adapters.clock.unix(now),
                online: self.census().online,
            };
            let replay = self
                .adapters
                .delivery
                .attach(&seat.route, wire, Some(seen), &welcome);
            // Under the same lock, so that nobody who takes the seat over comes between a connection and its first word.
            self.adapters.delivery.flush(&seat.route);
            book.idle_since = now;
            let partner = book
                .session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
            Ok(Some((
                replay,
                partner.filter(|_| was_away),
                book.session.generation(),
            )))
        })?
        else {
            return self.trust_departure(seat.user(), came).await.map(|()| None);
        };
        let complete = if matches!(replay, Replay::Gap { .. }) {
            Completeness::Gap
        } else {
            Completeness::Whole
        };
        self.note(Fact::Resumed { complete });
        let boarding = Boarding::begin(self, &seat, connection);
        match partner {
            Some((chat, Partner::Here(partner))) => self.partner_returned(&partner, chat, generation),
            Some((chat, Partner::There(remote))) => {
                self.tell_attendance(&seat, &remote, chat, Attendance::Here);
            }
            None => {}
        }
        if self.bans_made() != bans_known || seat.origin() != origins.exact {
            // Neither where the seat was nor this node may have had it when a ban came.
            self.catch_up_with_bans(&seat).await;
        }
        self.seek(&seat).await;
        self.keep_later(&seat);
        boarding.end();
        Ok(Some(Connected { seat, connection }))
    }

    /// Who is banned does not come back; if that cannot be found out, they do.
    async fn let_in(
        &self,
        returning: Returning<P>,
        origin: Origin,
        seen: Seq,
    ) -> Result<Returning<P>, ConnectError> {
        match self.check_ban(origin).await {
            Ok(()) | Err(ConnectError::Store(_)) => Ok(returning),
            Err(refused @ ConnectError::Replaced) => Err(refused),
            Err(ConnectError::Banned(ban)) => {
                // Whoever has a seat of theirs may be dead, and nobody is to wait for them.
                if matches!(returning.seat, Whereabouts::Elsewhere { .. })
                    && let Ok(Some((seat, ..))) = self.bring_here(returning, seen).await
                    && seat.origin() == ban.origin
                {
                    self.remove(&seat, Farewell::Banned(ban)).await;
                }
                Err(ConnectError::Banned(ban))
            }
        }
    }

    /// The seat of one who returns, here, with what they showed and the number of their connection.
    async fn bring_here(
        &self,
        returning: Returning<P>,
        seen: Seq,
    ) -> Result<Option<(Arc<Seat<P>>, TokenSerial, ConnectionNumber)>, ConnectError> {
        let Returning { seat, came } = returning;
        let brought = match seat {
            Whereabouts::Here {
                seat,
                serial,
                connection,
            } => (seat, serial, connection),
            Whereabouts::Elsewhere { user, serial } => {
                let taken = self.take_over(user, serial, seen, came).await;
                let taken = taken.map_err(|error| match error {
                    TakeOverError::Store(error) => ConnectError::Store(error),
                    TakeOverError::Outdone => self.outdone(user, came),
                });
                let Some(seat) = taken? else {
                    return Ok(None);
                };
                let connection = seat.lock().claim();
                (seat, serial, connection)
            }
        };
        // This node may have stood still since.
        if self.has_stalled() {
            return Err(on_its_way());
        }
        Ok(Some(brought))
    }

    /// The seat, if it is here and not about to leave.
    fn seat_here(&self, user: UserId) -> Option<Arc<Seat<P>>> {
        let is_there = |seat: &Arc<Seat<P>>| !matches!(seat.lock().session.state(), State::Gone);
        self.register.get(user).filter(is_there)
    }

    /// A seat that was here a moment ago, or that its token does not open any more, may be another node's by now.
    ///
    /// # Errors
    /// As [`Chat::outdone`] says if so, and [`ConnectError::Store`] if it cannot be found out.
    async fn trust_departure(&self, user: UserId, came: Moment) -> Result<(), ConnectError> {
        if self.options.deployment == Deployment::Alone || self.seat_here(user).is_some() {
            return Ok(());
        }
        match self.adapters.pairing.locate(user).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(self.outdone(user, came)),
            Err(error) => Err(ConnectError::Store(error)),
        }
    }

    /// What becomes of a connection that came at `came` for a seat that another one has taken to another node since. If that
    /// one came later, or at once with it, it is the one that counts. If it came before, it may be an attempt that the client has
    /// given up on: whoever is still there tries again, and finds the seat where it is then.
    fn outdone(&self, user: UserId, came: Moment) -> ConnectError {
        let other = self.peerage.moved_to(user).and_then(|moved| moved.came);
        // Of one that nobody told of it is known only that it is there by now.
        let ahead = other.map_or_else(|| self.now().since(came), |other| came.since(other));
        if ahead < AT_ONCE {
            ConnectError::Replaced
        } else {
            on_its_way()
        }
    }

    fn partner_returned(&self, seat: &Seat<P>, chat: ChatId, generation: Generation) {
        self.change(seat, |book| {
            let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat && chatting.link.partner_heard < generation)
            else {
                return;
            };
            chatting.link.partner_heard = generation;
            if chatting.link.absence.take().is_some() {
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::PartnerBack { chat }, Flush::Now);
            }
        });
    }

    /// The user was heard from on this connection: the token it came with is spent, and only the one it was given
    /// is valid from now on. [`FirstWord::Spends`] if other nodes have to be told so first: see [`Chat::spend`].
    pub fn heard(&self, seat: &Seat<P>, connection: ConnectionNumber) -> FirstWord {
        let spent = {
            let mut book = seat.lock();
            let is_news = book.connection == connection && book.tokens.used != book.tokens.latest;
            if is_news {
                book.tokens.used = book.tokens.latest;
            }
            is_news
        };
        if !spent {
            return FirstWord::Harmless;
        }
        self.keep_later(seat);
        match self.options.deployment {
            Deployment::Alone => FirstWord::Harmless,
            Deployment::Shared => FirstWord::Spends,
        }
    }

    /// Completes when the store knows that the seat's former token is spent, or does not answer: an answer to the user's
    /// first word must not come before, since whoever has read it may rely on the token being dead on every node. Cancel
    /// safe: the store is told a moment later then.
    pub async fn spend(&self, seat: &Arc<Seat<P>>) {
        if self.peerage.store_answers() {
            seat.lock().abroad().dossier = DossierState::Kept;
            self.say_again(seat).await;
        }
    }
}

fn on_its_way() -> ConnectError {
    ConnectError::Store(StoreError::Unavailable(Box::new(OnItsWay)))
}

#[cfg(test)]
mod tests;
