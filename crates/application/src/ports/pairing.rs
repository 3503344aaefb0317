//! Where pairing happens.

use super::{StoreError, TokenSerial};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Interest, Language, Patience};
use passerby_domain::id::{ChatId, Generation, Incarnation, NodeId, Origin, Tenure, UserId};
use passerby_domain::notice::{Census, Role};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment};
use std::future::Future;

/// Who may meet whom, beyond what the two want themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairingRules {
    /// How long users insist on what they named.
    pub patience: Patience,
    /// Whether two users of one origin may be paired.
    pub same_origin: SameOrigin,
}

/// Whether two users of one origin may be paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameOrigin {
    /// They may.
    Allowed,
    /// They may not.
    Refused,
}

/// A seat as it is at one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Which seat.
    pub seat: UserId,
    /// How often it had moved.
    pub generation: Generation,
}

/// Somebody who looks for a partner.
#[derive(Clone, Debug)]
pub struct Seeker {
    /// The seat, and the ticket of its search.
    pub stamp: Stamp,
    /// Where it comes from, as bans know it.
    pub origin: Origin,
    /// Where it comes from, as blocks know it.
    pub lasting_origin: Origin,
    /// What it wants.
    pub criteria: Criteria,
    /// Its place in the queue.
    pub place: Place,
    /// Since when its patience counts.
    pub from: Moment,
    /// Whom it must not meet.
    pub avoid: Vec<Avoided>,
    /// The oldest of its tokens that is still good, should another node have to take it over.
    pub serial: TokenSerial,
    /// The name of the chat, should there be one.
    pub chat: ChatId,
}

/// Two seats that were taken out of the queue for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The chat that may come of it.
    pub chat: ChatId,
    /// Who looked.
    pub seeker: Stamp,
    /// Who was found.
    pub found: Stamp,
}

/// Somebody whose seat is held by another node, as a seat of this node may get to know them. No user ever does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Their seat.
    pub stamp: Stamp,
    /// Who holds it.
    pub owner: Incarnation,
    /// Where they come from, as bans know it.
    pub origin: Origin,
    /// Where they come from, as blocks know it.
    pub lasting_origin: Origin,
    /// The interests that both named.
    pub common_interests: Box<[Interest]>,
    /// The language that both named, if it is one.
    pub language: Option<Language>,
}

/// The answer to a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Somebody on this node was there. To the store both are in the chat from now on, and nobody else is offered either; an
    /// owner who sees it otherwise says something newer of the seat.
    Offered(Offer),
    /// Somebody on another node was there. Both are out of the queue for as long as the offer is open: a second, in
    /// which the owner of the one who was found must [agree](PairingStore::agree).
    Proposed {
        /// The offer.
        offer: Offer,
        /// Who was found.
        found: Box<Stranger>,
    },
    /// Nobody was. The seeker is in the queue, and whoever comes finds it.
    Waiting {
        /// The earliest moment at which the answer can change without anybody else's doing: the end of a
        /// patience, or of a cooldown with somebody who waits. Ask again then.
        retry_at: Option<Moment>,
    },
    /// The store knows better: a newer generation of the seeker, or that this very search has come to an offer
    /// already, which its other side is about to settle. Nothing was changed.
    Stale,
}

/// What came of an offer. Once said, it is never taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both are in the chat.
    Agreed,
    /// Nothing came of it: one of the two has moved on, or the time was over. Neither is in the queue until its owner
    /// claims anew, with a newer generation.
    Lapsed,
}

/// What another node has to know of a seat to take it over.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The seat as it is now.
    pub stamp: Stamp,
    /// Where it comes from, as bans know it.
    pub origin: Origin,
    /// Where it comes from, as blocks know it.
    pub lasting_origin: Origin,
    /// What it wants.
    pub criteria: Criteria,
    /// Whom it must not meet.
    pub avoid: Vec<Avoided>,
    /// The oldest of its tokens that is still good.
    pub serial: TokenSerial,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a seat stands that is not searching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Out of the queue and out of any chat.
    Idle,
    /// In the queue, but its user is away, so that nobody may find it.
    Held {
        /// Its place in the queue.
        place: Place,
        /// Since when its patience counts.
        from: Moment,
    },
    /// In a chat.
    Chatting {
        /// Which one.
        chat: ChatId,
        /// With whom.
        partner: UserId,
        /// Which end of it.
        role: Role,
        /// The place of the wait that led there.
        place: Place,
    },
}

/// A seat that was taken from the node that held it, or from what that node left.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Who held it until now.
    pub former: Incarnation,
    /// Whether they still live, as the store knew at that very moment.
    pub lease: Lease,
    /// What the store knew of it. Its stamp is that of the new tenure.
    pub dossier: Dossier,
    /// Its partner and who holds them, if it is in a chat and they are still there.
    pub partner: Option<Stranger>,
    /// What the former owner left behind at its end, if it did: all there was.
    pub legacy: Option<Box<super::Handover>>,
}

/// Whether a node counts as alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It was heard from, and must be asked for what it has.
    Holds,
    /// It has been silent for so long that others may do without it. Should it live, it finds that out before it serves
    /// anybody.
    Over,
}

/// Who holds a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The node.
    pub owner: Incarnation,
    /// Its tenure.
    pub tenure: Tenure,
    /// Where the seat comes from, as bans know it.
    pub origin: Origin,
}

/// What an owner believes about one of its seats, to be compared with what the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// The seat.
    pub stamp: Stamp,
    /// Where it stands.
    pub standing: Believed,
}

/// Where an owner believes that a seat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    /// In the queue, with the stamp's generation as its ticket.
    Waiting,
    /// In this chat.
    Chatting(ChatId),
    /// In neither.
    Resting,
}

/// Where a store and an owner differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The store knows something else, or nothing, of this seat.
    Unlike(UserId),
    /// Another node holds this seat, and has for longer than the asker knows; or did, and the seat is gone since.
    Taken(UserId),
    /// The asker holds this seat, and was given it once more than it knows: the answer to that was lost, or nobody waited for
    /// it any more. All that it says of the seat is stale until it says it as of this generation.
    Given(Stamp),
    /// This seat is gone for ever, and nobody has held it for longer than the asker knows: what the asker says of it is stale.
    /// If it is there all the same, it counts again once it is said as of this generation, the first of another tenure.
    Ended(Stamp),
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// How many people there are on all nodes that live.
    pub census: Census,
    /// The other nodes that the store knows of, and for how long each has been silent.
    pub peers: Vec<(Incarnation, Millis)>,
    /// Whether what the store knew a heartbeat ago it still knows.
    pub memory: StoreMemory,
}

impl From<Census> for Pulse {
    /// The answer to a node that is alone, by a store that forgets nothing.
    fn from(census: Census) -> Self {
        Self {
            census,
            ..Self::default()
        }
    }
}

/// Whether a store is what it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreMemory {
    /// It is.
    #[default]
    Kept,
    /// It may have forgotten what it was told last, as when another server has taken the place of the one that was told. All
    /// must be said again.
    Restored,
    /// It was emptied, its time made a leap, or it had given up this node. All must be said again.
    Lost,
}

/// What becomes of a seat that is no longer in the queue nor in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// It stays, idle.
    Rest,
    /// It stays in its place in the queue, but its user is away, so that nobody may find it.
    Hold,
    /// It is gone for ever.
    Gone,
}

/// Two users who are not to be paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The lasting origins of the two. The same twice binds nobody: of one origin, only the seats are kept
    /// apart, and those know it themselves.
    pub origins: [Origin; 2],
    /// Until when.
    pub until: Moment,
}

/// The queue and the pairs, as one: whoever takes two seats out takes them for each other.
///
/// Every operation is atomic, and carries the generation that its seat had when it was sent: what is older than
/// the store's knowledge of the seat changes nothing, and what is newer replaces all that the store knew of it,
/// an offer included. So operations may arrive late, twice or out of order.
///
/// The store proposes; the seat's owner disposes. An [`Offer`] becomes a chat when the owners of both seats
/// agree to it, and whoever finds their own seat free again claims anew, with a newer generation. A seat whose offer
/// was ended by the other side's newer word stays out of the queue until then. Where both seats are of one node, the store
/// is told nothing more of a pair that begins: it takes what it offered for begun.
///
/// Each node has a store of its own to speak to, which knows which node that is: what it says of a seat, it says as
/// that seat's owner. A store that one node has to itself has no use for the operations that have a body here.
///
/// Dropping a future leaves the operation done or not done, never half done.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait PairingStore: Send + Sync + 'static {
    /// Looks for the partner who fits best: among those who fit, most interests in common, then place. If there
    /// is none, puts the seeker in the queue, or renews it there.
    ///
    /// # Errors
    /// [`StoreError`]. After a time-out the seeker may be in the queue, in an offer or, to the store, in a chat that nobody
    /// was told of; a newer claim settles it.
    fn claim(&self, seeker: Seeker) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// The owner of the one who was found agrees to an offer that another node's seat made. It comes to the chat if
    /// the offer is open still: its time is not over, and neither seat has moved on. Asked again, says the same.
    ///
    /// # Errors
    /// [`StoreError`]; both may be in the chat after a time-out. [`PairingStore::settle`] tells.
    fn agree(&self, offer: Offer) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        let _ = offer;
        async { Ok(Verdict::Lapsed) }
    }

    /// Ends an offer that is still open, and says what came of it. Either owner may ask.
    ///
    /// # Errors
    /// [`StoreError`].
    fn settle(&self, offer: Offer) -> impl Future<Output = Result<Verdict, StoreError>> + Send {
        let _ = offer;
        async { Ok(Verdict::Lapsed) }
    }

    /// The seat is out of the queue and out of any chat.
    ///
    /// # Errors
    /// [`StoreError`].
    fn release(&self, seat: Stamp, release: Release) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes what another node has to know to take over a seat that is not in the queue. A seat in the queue was noted
    /// by its [`claim`](PairingStore::claim).
    ///
    /// # Errors
    /// [`StoreError`].
    fn keep(&self, dossier: Dossier) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = dossier;
        async { Ok(()) }
    }

    /// Leaves all there is of a seat with the store, since this node ends and nobody has come for it yet. What the
    /// seat's user is owed is kept until their grace is over, and not longer.
    ///
    /// # Errors
    /// [`StoreError`].
    fn bequeath(&self, handover: super::Handover) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = handover;
        async { Ok(()) }
    }

    /// Makes this node the owner of a seat, whoever held it. `None` if there is no such seat, or if `serial` is older
    /// than the oldest of its tokens that is still good.
    ///
    /// # Errors
    /// [`StoreError`]; the seat may be this node's after a time-out. Asking again is harmless. A store that has lost what
    /// it knew since this node's last heartbeat is unavailable for a seat that it does not know.
    fn take(
        &self,
        seat: UserId,
        serial: TokenSerial,
    ) -> impl Future<Output = Result<Option<Taken>, StoreError>> + Send {
        let _ = (seat, serial);
        async { Ok(None) }
    }

    /// Gives a seat back to the node that this one took it from: its user was not served here after all. Nothing happens if this
    /// node has said anything of the seat since it took it, or does not own it, or nobody owned it before. The former owner, if
    /// it still has the seat, learns so when it compares notes ([`Difference::Given`]).
    ///
    /// # Errors
    /// [`StoreError`]. Asking again is harmless.
    fn give_back(&self, seat: UserId) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = seat;
        async { Ok(()) }
    }

    /// How long an offer to another node's seat is open: some times as long as it takes to ask and to hear, or what is on offer
    /// is gone before both have heard of it. At most two seconds, since what users want meanwhile waits for it.
    fn offer_span(&self) -> Millis {
        Millis::from_secs(1)
    }

    /// Who holds a seat; `None` if nobody does.
    ///
    /// # Errors
    /// [`StoreError`]; as for [`PairingStore::take`] if the seat may have been forgotten.
    fn locate(&self, seat: UserId) -> impl Future<Output = Result<Option<Location>, StoreError>> + Send {
        let _ = seat;
        async { Ok(None) }
    }

    /// Keeps two users apart.
    ///
    /// # Errors
    /// [`StoreError`]; the block may be in force after a time-out.
    fn block(&self, block: Block) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// This node lives, and counts so many of its own. Answers with the counts of all that live.
    ///
    /// # Errors
    /// [`StoreError`].
    fn heartbeat(&self, node: &NodeId, own: Census)
    -> impl Future<Output = Result<Pulse, StoreError>> + Send;

    /// Compares what this node believes of its seats with what the store knows. A seat that is on the way from one
    /// state to another may differ; one that differs twice does.
    ///
    /// # Errors
    /// [`StoreError`].
    fn verify(
        &self,
        beliefs: Vec<Belief>,
    ) -> impl Future<Output = Result<Vec<Difference>, StoreError>> + Send {
        let _ = beliefs;
        async { Ok(Vec::new()) }
    }

    /// Seats that the store has as this node's, as it knows them: some hundreds, in the order of their ids, from the first
    /// behind `after` on. None at the end. Those that come or go meanwhile may be among them or not, one that has gone or was
    /// taken as of a generation that is older than any other.
    ///
    /// # Errors
    /// [`StoreError`].
    fn owned(&self, after: Option<UserId>) -> impl Future<Output = Result<Vec<Stamp>, StoreError>> + Send {
        let _ = after;
        async { Ok(Vec::new()) }
    }

    /// Forgets what dead nodes left: their seats leave the queue at once, and are gone when nobody has taken them over
    /// by the end of the longest grace. Any node may do it, and does a bounded part each time.
    ///
    /// # Errors
    /// [`StoreError`].
    fn reap(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }
}
