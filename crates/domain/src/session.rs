//! The state of one seat and the moves it may make.
//!
//! ```text
//! Idle ──join──▶ Waiting ──offer──▶ Offered ──confirm──▶ Chatting
//!   ▲               │ ▲                │                    │
//!   └────leave──────┘ └───withdraw─────┘                    │
//!   ▲               ▲                                       │
//!   └──leave────────┼──────────────────────────────end──────┘
//!                   └──(skip, or the partner is gone)───────┘
//! ```
//!
//! Whether a connection is attached ([`Presence`]) is independent of all this.
//!
//! **Architecture Invariants.** Only the seat's owner calls these methods. Each move grows the generation, so
//! whatever was said about an older state can be told from the present one; an illegal move is a typed error
//! and changes nothing.

use crate::id::{ChatId, Generation};
use crate::priority::Place;
use crate::time::Moment;

/// A move that the present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// The seat is in a chat.
    #[error("the seat is in a chat")]
    Chatting,
    /// The seat is in no chat.
    #[error("the seat is in no chat")]
    NotChatting,
    /// The seat is out of the queue and out of any chat.
    #[error("the seat is idle")]
    Idle,
    /// The user is gone for ever.
    #[error("the seat is gone")]
    Gone,
    /// The move names a ticket or a chat that is no longer the seat's.
    #[error("the move is about an older state")]
    Stale,
}

/// A wait in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The search this wait is about; a newer search has a newer ticket.
    pub ticket: Generation,
    /// The place in the queue.
    pub place: Place,
    /// When this wait began, from which patience counts. The place may be older.
    pub from: Moment,
    /// Whether the user was told that they wait.
    pub announced: Announced,
}

/// Whether the user was told of their present wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// They must still be told.
    Due,
    /// They know.
    Done,
}

/// A chat as one of its two seats holds it. `L` is whatever leads to the partner.
#[derive(Clone, Debug)]
pub struct Chatting<L> {
    /// Which chat.
    pub chat: ChatId,
    /// The place of the wait that led here, kept for the next one.
    pub place: Place,
    /// The way to the partner, and what is known of the chat.
    pub link: L,
}

/// Where a seat stands.
#[derive(Clone, Debug)]
pub enum State<L> {
    /// Out of the queue and out of any chat.
    Idle,
    /// In the queue.
    Waiting(Wait),
    /// Taken out of the queue for a chat that is not yet certain; ends by [`Session::confirm`] or
    /// [`Session::withdraw`].
    Offered {
        /// The wait that goes on if nothing comes of it.
        wait: Wait,
        /// The chat on offer.
        chat: ChatId,
    },
    /// In a chat.
    Chatting(Chatting<L>),
    /// Gone for ever: the one state that no move leaves.
    Gone,
}

/// Whether a connection is attached to the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// One is.
    Here,
    /// None is; the seat is held until then.
    Away {
        /// When the grace is over.
        until: Moment,
    },
}

/// Where a seat goes when its chat ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterChat {
    /// Back to the queue, in the place of the last wait: for whoever is left alone.
    QueueInOldPlace,
    /// Back to the queue, behind all who wait: for whoever wanted the change.
    QueueAnew,
    /// Out of the queue.
    Idle,
}

/// What a [`Session::leave`] or [`Session::depart`] ended.
#[derive(Debug)]
pub enum Left<L> {
    /// Nothing.
    Idleness,
    /// A wait.
    Queue,
    /// A chat.
    Chat(Chatting<L>),
}

/// The state of one seat.
#[derive(Clone, Debug)]
pub struct Session<L> {
    generation: Generation,
    state: State<L>,
    presence: Presence,
}

impl<L> Default for Session<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> Session<L> {
    /// A new seat: idle, with its user here.
    pub const fn new() -> Self {
        Self {
            generation: Generation::new(1),
            state: State::Idle,
            presence: Presence::Here,
        }
    }

    /// A seat that was held elsewhere, as it was there, in the next tenure. Its user is away until they are attached.
    ///
    /// A wait is one with a new ticket; an offer is taken for a wait.
    pub fn taken_over(generation: Generation, state: State<L>, away_until: Moment) -> Self {
        let state = match state {
            State::Waiting(wait) | State::Offered { wait, .. } => State::Waiting(Wait {
                ticket: generation,
                ..wait
            }),
            State::Idle | State::Chatting(_) | State::Gone => state,
        };
        Self {
            generation,
            state,
            presence: Presence::Away { until: away_until },
        }
    }

    /// How often the seat has moved.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Where the seat stands.
    pub const fn state(&self) -> &State<L> {
        &self.state
    }

    /// Whether its user is here.
    pub const fn presence(&self) -> Presence {
        self.presence
    }

    /// The chat the seat is in.
    pub const fn chatting(&self) -> Option<&Chatting<L>> {
        match &self.state {
            State::Chatting(chatting) => Some(chatting),
            State::Idle | State::Waiting(_) | State::Offered { .. } | State::Gone => None,
        }
    }

    /// The wait the seat is in, also while a chat is on offer.
    pub const fn wait(&self) -> Option<&Wait> {
        match &self.state {
            State::Waiting(wait) | State::Offered { wait, .. } => Some(wait),
            State::Idle | State::Chatting(_) | State::Gone => None,
        }
    }

    /// The chat the seat is in, to change what is known of it.
    pub const fn chatting_mut(&mut self) -> Option<&mut Chatting<L>> {
        match &mut self.state {
            State::Chatting(chatting) => Some(chatting),
            State::Idle | State::Waiting(_) | State::Offered { .. } | State::Gone => None,
        }
    }

    /// The wait of a seat that may be paired now: it waits, nothing is on offer, and its user is here.
    pub const fn search(&self) -> Option<&Wait> {
        match (&self.state, self.presence) {
            (State::Waiting(wait), Presence::Here) => Some(wait),
            _ => None,
        }
    }

    /// Enters the queue, or begins a new search in the same place when already in it.
    ///
    /// # Errors
    /// [`IllegalMove::Chatting`], [`IllegalMove::Gone`].
    pub fn join(&mut self, now: Moment) -> Result<Wait, IllegalMove> {
        let (place, from) = match &self.state {
            State::Idle => (Place::taken_at(now), now),
            State::Waiting(wait) | State::Offered { wait, .. } => (wait.place, wait.from),
            State::Chatting(_) => return Err(IllegalMove::Chatting),
            State::Gone => return Err(IllegalMove::Gone),
        };
        Ok(self.enter_queue(place, from, Announced::Due))
    }

    /// The seat was given to its owner once more, as of this generation: what is said of it from now on is newer than that.
    /// One who searches has to [`renew`](Self::renew) afterwards.
    pub fn give_anew(&mut self, generation: Generation) {
        self.generation = self.generation.max(generation);
    }

    /// Begins a new search in the same wait: the old ticket is dead, the place and the patience go on.
    /// `None` if the seat does not wait.
    pub fn renew(&mut self) -> Option<Wait> {
        let wait = *self.wait()?;
        Some(self.enter_queue(wait.place, wait.from, wait.announced))
    }

    /// Notes that the user was told of the wait with this ticket. False if that wait is over.
    pub fn announce(&mut self, ticket: Generation) -> bool {
        match &mut self.state {
            State::Waiting(wait) | State::Offered { wait, .. } if wait.ticket == ticket => {
                wait.announced = Announced::Done;
                true
            }
            _ => false,
        }
    }

    /// Sets the seat aside for `chat`.
    ///
    /// # Errors
    /// [`IllegalMove::Stale`] unless the seat waits with `ticket` and its user is here.
    pub fn offer(&mut self, ticket: Generation, chat: ChatId) -> Result<(), IllegalMove> {
        match self.search() {
            Some(wait) if wait.ticket == ticket => {
                self.state = State::Offered { wait: *wait, chat };
                self.grow();
                Ok(())
            }
            _ => Err(IllegalMove::Stale),
        }
    }

    /// Enters the chat on offer.
    ///
    /// # Errors
    /// [`IllegalMove::Stale`] unless `chat` is on offer.
    pub fn confirm(&mut self, chat: ChatId, link: L) -> Result<(), IllegalMove> {
        match &self.state {
            State::Offered { wait, chat: offered } if *offered == chat => {
                self.state = State::Chatting(Chatting {
                    chat,
                    place: wait.place,
                    link,
                });
                self.grow();
                Ok(())
            }
            _ => Err(IllegalMove::Stale),
        }
    }

    /// Goes on waiting, with a new ticket, since nothing came of `chat`.
    ///
    /// # Errors
    /// [`IllegalMove::Stale`] unless `chat` is on offer.
    pub fn withdraw(&mut self, chat: ChatId) -> Result<Wait, IllegalMove> {
        match &self.state {
            State::Offered { wait, chat: offered } if *offered == chat => {
                let wait = *wait;
                Ok(self.enter_queue(wait.place, wait.from, wait.announced))
            }
            _ => Err(IllegalMove::Stale),
        }
    }

    /// Ends `chat`.
    ///
    /// # Errors
    /// [`IllegalMove::NotChatting`] when in no chat, [`IllegalMove::Stale`] when in another.
    pub fn end(&mut self, chat: ChatId, after: AfterChat, now: Moment) -> Result<Chatting<L>, IllegalMove> {
        match &self.state {
            State::Chatting(chatting) if chatting.chat == chat => {}
            State::Chatting(_) => return Err(IllegalMove::Stale),
            State::Idle | State::Waiting(_) | State::Offered { .. } | State::Gone => {
                return Err(IllegalMove::NotChatting);
            }
        }
        let State::Chatting(ended) = std::mem::replace(&mut self.state, State::Idle) else {
            return Err(IllegalMove::NotChatting);
        };
        match after {
            AfterChat::QueueInOldPlace => {
                self.enter_queue(ended.place, now, Announced::Due);
            }
            AfterChat::QueueAnew => {
                self.enter_queue(Place::taken_at(now), now, Announced::Due);
            }
            AfterChat::Idle => self.grow(),
        }
        Ok(ended)
    }

    /// Leaves the queue or the chat, whichever it is, and is idle.
    ///
    /// # Errors
    /// [`IllegalMove::Idle`] when in neither, [`IllegalMove::Gone`].
    pub fn leave(&mut self) -> Result<Left<L>, IllegalMove> {
        match self.state {
            State::Idle => Err(IllegalMove::Idle),
            State::Gone => Err(IllegalMove::Gone),
            State::Waiting(_) | State::Offered { .. } | State::Chatting(_) => Ok(self.vacate(State::Idle)),
        }
    }

    /// The user is gone for ever, from wherever they were.
    ///
    /// # Errors
    /// [`IllegalMove::Gone`] when they were gone already.
    pub fn depart(&mut self) -> Result<Left<L>, IllegalMove> {
        match self.state {
            State::Gone => Err(IllegalMove::Gone),
            State::Idle | State::Waiting(_) | State::Offered { .. } | State::Chatting(_) => {
                Ok(self.vacate(State::Gone))
            }
        }
    }

    /// The connection is gone: the seat is held until `until`. An offer stands: whether it comes to a chat is not for
    /// this side alone to say.
    pub fn drop_connection(&mut self, until: Moment) {
        self.presence = Presence::Away { until };
        self.search_anew();
    }

    /// A connection is attached, perhaps in place of another.
    pub fn attach(&mut self) {
        self.presence = Presence::Here;
        self.search_anew();
    }

    fn search_anew(&mut self) {
        if matches!(self.state, State::Offered { .. }) || self.renew().is_none() {
            self.grow();
        }
    }

    fn vacate(&mut self, next: State<L>) -> Left<L> {
        self.grow();
        match std::mem::replace(&mut self.state, next) {
            State::Idle | State::Gone => Left::Idleness,
            State::Waiting(_) | State::Offered { .. } => Left::Queue,
            State::Chatting(chatting) => Left::Chat(chatting),
        }
    }

    fn enter_queue(&mut self, place: Place, from: Moment, announced: Announced) -> Wait {
        self.grow();
        let wait = Wait {
            ticket: self.generation,
            place,
            from,
            announced,
        };
        self.state = State::Waiting(wait);
        wait
    }

    fn grow(&mut self) {
        self.generation = self.generation.next();
    }
}

#[cfg(test)]
mod tests;
