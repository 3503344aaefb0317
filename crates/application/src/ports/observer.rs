//! Who counts what happens.

use passerby_domain::notice::EndReason;
use passerby_domain::time::Millis;

/// Something that happened, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A seat was made.
    Connected,
    /// A seat was taken back.
    Resumed {
        /// Whether some events were lost.
        complete: Completeness,
    },
    /// A connection dropped and its seat is held.
    Dropped,
    /// A seat is gone.
    Gone,
    /// Two seats were paired; the longer of the two waits.
    Paired {
        /// How long it took.
        waited: Millis,
    },
    /// A chat ended for one of its two seats.
    ChatEnded(EndReason),
    /// A message was passed on.
    Relayed,
    /// A message with a known id was not passed on again.
    Repeated,
    /// A message was refused since the partner's outbox had no room or the chat was over.
    Undelivered,
    /// Nobody knows what became of a message: no answer came from the partner's node.
    Unconfirmed,
    /// Something that is never to be was found, and put right.
    Anomaly(Anomaly),
    /// A command was refused by a limit.
    RateLimited,
    /// A report was recorded.
    Reported,
    /// Two users were blocked from each other.
    Blocked,
    /// Somebody was turned away by a limit or a ban.
    TurnedAway,
    /// The store failed.
    StoreFailed,
    /// An offer came to nothing, since a seat had moved on. Both search again.
    OfferLapsed,
}

/// Something that is never to be as long as no node and no store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anomaly {
    /// The store knew something else of a seat than its owner, twice.
    Difference,
    /// A chat had one end only, and was ended as lost.
    Orphan,
    /// A seat that this node held was another node's, and this one did not know.
    Usurped,
}

/// Whether a replay had everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It had.
    Whole,
    /// Some events were no longer held.
    Gap,
}

/// Counts facts.
///
/// Called on the path of a message, sometimes under a seat's lock: it must not wait, lock or allocate.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait Observer: Send + Sync + 'static {
    /// Notes one fact.
    fn note(&self, fact: Fact);
}
