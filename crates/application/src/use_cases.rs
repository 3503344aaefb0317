//! One verb a file.
//!
//! Every use case goes the same way: guard, change the books, tell the users, tell the store. Whatever the store
//! answers is a proposal that the books may refuse.

mod block;
mod connect;
mod consign;
mod disconnect;
mod drain;
mod expected;
mod follow;
mod former;
mod hand_over;
mod heartbeat;
mod interrupted;
mod join;
mod leave;
mod message;
mod moderate;
mod moved;
mod ownership;
mod pair;
mod part;
mod precedence;
mod presence;
mod prompt;
mod propose;
mod reap;
mod receive;
mod report;
mod resume;
mod reunite;
mod signal;
mod silence;
mod skip;
mod take_over;
mod tend;
mod typing;

/// How many seats are looked after at once where each has to wait for the store.
const CONCURRENCY: usize = 64;

pub(crate) use ownership::LATELY;

pub use block::BlockError;
pub use connect::{Admission, Arrival, ConnectError, Connected, Entry};
pub use disconnect::Departure;
pub use drain::Heirs;
pub use join::JoinError;
pub use leave::LeaveError;
pub use message::MessageError;
pub use moderate::{BanOrder, BanTarget, ModerationError};
pub use receive::Followup;
pub use report::ReportError;
pub use resume::{FirstWord, NotNow, Returning};
pub use signal::SignalError;
pub use skip::SkipError;
