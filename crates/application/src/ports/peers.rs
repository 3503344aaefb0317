//! How nodes write to each other about their seats.
//!
//! **Architecture Invariant:** what a letter says of a seat, the seat's owner says, and the reader may refuse it. A
//! letter that is lost costs time and never the truth: whoever misses an answer asks the store or asks again.

use super::{Ban, IdHash, Offer, OutboxContents, Stamp, Standing, Stranger, TokenSerial};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Mode};
use passerby_domain::flood::TokenBucket;
use passerby_domain::id::{ChatId, Generation, Incarnation, Origin, Seq, Tenure, UserId};
use passerby_domain::notice::{ChatFacts, EndReason, Secret, Typing};
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::future::Future;

/// Whom a letter about a chat is from and for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The chat.
    pub chat: ChatId,
    /// The seat whose owner writes, as it is now.
    pub from: Stamp,
    /// The seat whose owner is to read it.
    pub to: UserId,
}

/// The number that a sender's owner gives a message it wants an answer to. Grows with each at one seat, wherever it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consignment(pub u64);

/// Whether a message was sent before, by a former owner of its seat: then what was sent after it may have arrived and it may
/// not, and it must not come behind that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// It was not.
    No,
    /// Nobody remembers.
    Perhaps,
    /// It was, and these were sent after it.
    Yes {
        /// Their ids, in the order of their sending.
        later: Vec<IdHash>,
    },
}

/// What became of a message at the other node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the partner's connection, or kept for a partner who is away, or was before.
    Received,
    /// It is not, and never will be.
    Refused,
}

/// What became of a message that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was not delivered and never will be.
    Undelivered,
    /// Nobody knows.
    Unknown,
}

/// Whether the user of a seat is there, as its owner tells the partner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// They are.
    Here,
    /// They are not; the seat is held for so much longer.
    Away {
        /// How long.
        held: Millis,
    },
}

/// Whether a seat that was taken over remembers what its former owner had accepted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recollection {
    /// It does.
    Whole,
    /// It does not: its former owner died.
    Lost,
}

/// One end of a chat, as its owner tells the owner of the other: part of finding differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The chat, and the two seats.
    pub address: Address,
    /// Whether the user is there.
    pub attendance: Attendance,
    /// Whether the seat remembers all, as of its tenure.
    pub recollection: Recollection,
}

/// What one node writes to another. Moments are those of whoever holds the letter: the adapter translates them.
#[derive(Clone, Debug)]
pub enum Letter<'a> {
    /// To the owner of the one who was found: agree to this, at once.
    Proposal {
        /// The offer.
        offer: Offer,
        /// Who looked.
        seeker: Stranger,
        /// What kind of chat it will be.
        mode: Mode,
    },
    /// To the owner of the one who looked: both are in the chat.
    Agreed {
        /// The chat, and who speaks: the one who was found.
        address: Address,
    },
    /// To the owner of the one who looked: nothing comes of it.
    Declined {
        /// The offer.
        offer: Offer,
    },
    /// To the owner of the one who was found: nothing came of it.
    Lapsed {
        /// The offer.
        offer: Offer,
    },
    /// A message.
    Message {
        /// Whose, for whom.
        address: Address,
        /// Under which number an answer is wanted.
        consignment: Consignment,
        /// The partner's tenure, as far as the sender knows: what was sent to a former owner is not for a later one.
        tenure: Tenure,
        /// The id the user gave it.
        id: Option<IdHash>,
        /// Whether it was sent before.
        repetition: Repetition,
        /// What is said.
        text: Secret<'a>,
        /// When it was passed on.
        at: UnixMillis,
    },
    /// A signal.
    Signal {
        /// Whose, for whom.
        address: Address,
        /// Under which number an answer is wanted.
        consignment: Consignment,
        /// A JSON value, unread.
        data: Secret<'a>,
    },
    /// A hint that somebody is typing.
    Typing {
        /// Whose, for whom.
        address: Address,
        /// Began or stopped.
        typing: Typing,
    },
    /// The answer to a message or signal.
    Receipt {
        /// From the reader's seat to the writer's.
        address: Address,
        /// Which.
        consignment: Consignment,
        /// What became of it.
        outcome: Outcome,
    },
    /// The user of a seat has gone or come, or the seat has a new owner: the writer.
    Presence(Assertion),
    /// A chat is over.
    Ended {
        /// Which, and for whom.
        address: Address,
        /// Why, as the one who is left alone is told.
        reason: EndReason,
    },
    /// The one who was left alone by the end of a chat has been looked for; now the one who ended it may be.
    Sought {
        /// From the one to the other.
        address: Address,
    },
    /// Two seats are to be kept apart.
    Barred {
        /// The reader's seat.
        seat: UserId,
        /// Whom it must not meet.
        against: UserId,
        /// For how long.
        span: Millis,
    },
    /// All ends of chats with the reader's seats that the writer holds, or a part of them.
    Assertions(Vec<Assertion>),
    /// Ends of chats that the writer was told of and knows nothing about.
    Disowned(Vec<Address>),
    /// The seat that a letter was for has another owner.
    Moved {
        /// From the seat that moved to the writer's.
        address: Address,
        /// Its owner now.
        owner: Incarnation,
    },
    /// Remove a user, if they are yours.
    Kick {
        /// Whom.
        user: UserId,
    },
    /// A ban was made: remove whom it is about.
    Ban(Ban),
}

/// A wish for all there is of a seat, from its new owner to the former one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandoverRequest {
    /// The seat.
    pub seat: UserId,
    /// The first generation of the new tenure.
    pub generation: Generation,
    /// The last event that its client has processed.
    pub seen: Seq,
    /// Which of the seat's tokens its client has shown.
    pub serial: TokenSerial,
    /// When the connection came for which the seat was taken.
    pub came: Moment,
}

/// What the owner of a seat answers to a wish for it.
#[derive(Clone, Debug)]
pub enum HandoverAnswer {
    /// All there is of it. The seat is the asker's now.
    Given(Box<Handover>),
    /// The token is dead. The seat stays, and its owner takes it back from the store.
    Stays,
    /// The seat has ended, which the store had not heard of yet.
    Ended,
    /// It is not here, and as far as is known this node has it, which is to be asked instead.
    With(Incarnation),
    /// It is not here, nor on its way here, and nothing is known of it.
    Unknown,
    /// It is here, in a later tenure than the one in which it was taken: the store has forgotten that, or another was faster. Its
    /// owner tells the store so.
    Newer,
}

/// The partner of a seat that is handed over.
#[derive(Clone, Debug)]
pub struct HandoverPartner {
    /// Who, and who holds them.
    pub stranger: Stranger,
    /// What both were told of the chat.
    pub facts: ChatFacts,
    /// Until when they are awaited, if they are away.
    pub away_until: Option<Moment>,
    /// Whether they remember all that was accepted for them in this chat.
    pub recollection: Recollection,
    /// The ids of the messages that were sent to their owner in this chat, oldest first.
    pub sent: Vec<IdHash>,
}

/// A chat that was on offer when its seat was handed over.
#[derive(Clone, Debug)]
pub struct HandoverOffer {
    /// The offer.
    pub offer: Offer,
    /// The partner it would give.
    pub partner: HandoverPartner,
}

/// The last chat of a seat that is handed over, for reports and blocks that come a little late.
#[derive(Clone, Copy, Debug)]
pub struct HandoverLastChat {
    /// Which.
    pub chat: ChatId,
    /// With whom.
    pub partner: UserId,
    /// Where they come from, as bans know it.
    pub origin: passerby_domain::id::Origin,
    /// Where they come from, as blocks know it.
    pub lasting_origin: passerby_domain::id::Origin,
    /// When it ended.
    pub ended: Moment,
    /// Why, as its partner is told.
    pub told: EndReason,
}

/// What one seat has used up of its limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandoverLimits {
    /// Of messages.
    pub messages: TokenBucket,
    /// Of other commands.
    pub commands: TokenBucket,
    /// Of ending chats.
    pub skips: TokenBucket,
    /// Of hints.
    pub typing: TokenBucket,
    /// Before this it may not join.
    pub slowed_until: Moment,
}

/// All there is of a seat, from its former owner to the new one.
#[derive(Clone, Debug)]
pub struct Handover {
    /// The seat as it was last.
    pub stamp: Stamp,
    /// Where it comes from, as bans know it.
    pub origin: Origin,
    /// Where it comes from, as blocks know it.
    pub lasting_origin: Origin,
    /// What it wants.
    pub criteria: Criteria,
    /// Whom it must not meet.
    pub avoid: Vec<Avoided>,
    /// Where it stands.
    pub standing: Standing,
    /// Its partner, when it is in a chat.
    pub partner: Option<HandoverPartner>,
    /// What is on offer to it, when something is.
    pub offer: Option<HandoverOffer>,
    /// The chat before.
    pub last_chat: Option<HandoverLastChat>,
    /// The oldest of its tokens that is good, and the newest.
    pub serials: [TokenSerial; 2],
    /// What it used up of its limits.
    pub limits: HandoverLimits,
    /// The ids of its messages in the present chat that were refused, oldest first, and what became of each.
    pub refused: Vec<(IdHash, Fate)>,
    /// What its user is owed.
    pub outbox: OutboxContents,
    /// Until when it is held for its user.
    pub held_until: Moment,
    /// Since when it holds its place in the queue, as its user was told: to the millisecond the same wherever they are.
    pub since: Option<UnixMillis>,
    /// Whether it remembers all that was accepted for it.
    pub recollection: Recollection,
}

/// A letter was not sent, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// There is no such node any more.
    #[error("there is no such node")]
    Gone,
    /// More waits to be sent than may.
    #[error("too much waits to be sent")]
    Full,
    /// The way to the other nodes is cut.
    #[error("the way to the other nodes is cut")]
    Cut,
}

/// What this node hears of others.
pub trait Hearing: Sync {
    /// Whether it has missed no heartbeat of a peer of late.
    fn hears(&self, peer: Incarnation) -> bool;
}

/// The other nodes.
///
/// Letters to one node arrive in the order in which they were sent, each once or not at all. One that has not
/// arrived two seconds after it was sent never does.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait Peers: Send + Sync + 'static {
    /// Who this node is, in this life.
    fn own(&self) -> Incarnation;

    /// Sends a letter. Never waits: it goes with the next batch.
    ///
    /// # Errors
    /// [`Unsent`]. Without one it may still be lost.
    #[allow(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime named")]
    fn send<'a>(&self, to: Incarnation, letter: &Letter<'a>) -> Result<(), Unsent>;

    /// Asks the former owner of a seat for it. `None` if it does not answer within some two seconds; one that `hearing` then
    /// says is heard is waited for as long once more. One that has nothing to say yet may be waiting for the
    /// seat itself, and a question or an answer may be lost: it is asked again meanwhile. Dropping the future forgets the
    /// answer.
    fn ask_for(
        &self,
        former: Incarnation,
        request: HandoverRequest,
        hearing: &dyn Hearing,
    ) -> impl Future<Output = Option<HandoverAnswer>> + Send;
}
