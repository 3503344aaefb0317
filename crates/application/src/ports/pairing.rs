//! Where pairing happens.

use super::StoreError;
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Patience};
use passerby_domain::id::{ChatId, Generation, NodeId, Origin, UserId};
use passerby_domain::notice::Census;
use passerby_domain::priority::Place;
use passerby_domain::time::Moment;
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

/// The answer to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Somebody was there. Both are out of the queue, and nobody else is offered either.
    Offered(Offer),
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

/// What becomes of a seat that is no longer in the queue nor in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// It stays, idle or held.
    Rest,
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
/// agree to it, and whoever finds their own seat free again claims anew, with a newer generation.
///
/// Dropping a future leaves the operation done or not done, never half done.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait PairingStore: Send + Sync + 'static {
    /// Looks for the partner who fits best: among those who fit, most interests in common, then place. If there
    /// is none, puts the seeker in the queue, or renews it there.
    ///
    /// # Errors
    /// [`StoreError`]. After a time-out the seeker may be in the queue or in an offer; a newer claim settles it.
    fn claim(&self, seeker: Seeker) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Both seats of an offer are in their chat, with these generations now.
    ///
    /// # Errors
    /// [`StoreError`].
    fn confirm(&self, chat: ChatId, seats: [Stamp; 2])
    -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The seat is out of the queue and out of any chat.
    ///
    /// # Errors
    /// [`StoreError`].
    fn release(&self, seat: Stamp, release: Release) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps two users apart.
    ///
    /// # Errors
    /// [`StoreError`]; the block may be in force after a time-out.
    fn block(&self, block: Block) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// This node lives, and counts so many of its own. Answers with the counts of all that live.
    ///
    /// # Errors
    /// [`StoreError`].
    fn heartbeat(
        &self,
        node: &NodeId,
        own: Census,
    ) -> impl Future<Output = Result<Census, StoreError>> + Send;
}
