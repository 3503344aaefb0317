//! How one client connection looks from the inside.

use super::{Ban, Cause};
use passerby_domain::id::Seq;
use passerby_domain::notice::Notice;
use std::sync::Arc;

/// Writes notices down for one kind of connection.
///
/// The same bytes serve every connection of a seat, so that a replay is a copy.
pub trait Encoder: Send + Sync + 'static {
    /// Appends `notice` to `out`. `seq` is the notice's number, if it has one.
    fn encode(&self, notice: &Notice<'_>, seq: Option<Seq>, out: &mut Vec<u8>);
}

/// One client connection: takes bytes without ever waiting, and hangs up when told.
///
/// All methods may be called under the lock of the outbox that owns the connection, from any thread, so they
/// must neither wait nor call back into it.
pub trait Wire: Send + Sync + 'static {
    /// How notices look on this kind of connection.
    type Encoder: Encoder;

    /// Writes as much of `first` and then `second` as the connection takes right now.
    fn write(&self, first: &[u8], second: &[u8]) -> Written;

    /// Sees to it that [`Backlog::flush`] is called whenever the connection takes bytes again, until it has
    /// nothing left; and [`Backlog::stalled`] if that does not happen for the longest time a write may stall.
    fn drain(self: &Arc<Self>, backlog: Arc<dyn Backlog>);

    /// Hangs up: writes `rest`, says why, and closes, all in its own time. Nothing else is written after this.
    fn close(&self, rest: Vec<u8>, why: Farewell);
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// So many bytes were taken.
    Some(usize),
    /// None were; the connection takes no more for the moment.
    Blocked,
    /// The connection is broken. Its reader will notice by itself.
    Broken(Cause),
}

/// What still has to be written to one connection.
pub trait Backlog: Send + Sync {
    /// Writes what the connection takes.
    fn flush(&self) -> Flushed;

    /// The connection took nothing for too long.
    fn stalled(&self);
}

/// What is left after a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing, or the connection is no longer the seat's.
    Nothing,
    /// Something.
    Something,
}

/// Why the server hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The seat was taken over by another connection.
    Replaced,
    /// The user's origin is banned.
    Banned(Ban),
    /// An operator removed the user.
    Kicked,
    /// The seat was idle for too long.
    IdleTimeout,
    /// The connection did not take what it was sent.
    SlowConsumer,
    /// This node is going away.
    Restarting,
    /// The service has no room.
    Overloaded,
}
