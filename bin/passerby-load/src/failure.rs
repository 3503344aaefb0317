//! Why a run could not be carried out.
//!
//! **Architecture Invariants:** each text says what the operator can do about it. A failure ends the run with exit code
//! 2 and without figures: those of a broken run are worth nothing.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What ended a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 429 before the upgrade.
    #[error(
        "the server turned user {user} away with 429: too many connections, or new ones, from one address. \
         All users of this tool share one address, so start the server with \
         PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN=0 and \
         PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE=0, or spread them with --from"
    )]
    TooMany { user: usize },
    /// 503 before the upgrade.
    #[error(
        "the server turned user {user} away with 503: it is starting, draining, full (limits.connections), or cut off \
         from its store; GET /readyz says whether it takes anybody"
    )]
    Unavailable { user: usize },
    /// Another answer than 101, 429 and 503.
    #[error("the server answered user {user} with {status} instead of upgrading to WebSocket")]
    Refused { user: usize, status: u16 },
    /// No connection, or no handshake.
    #[error("user {user} could not connect to {address}: {why}")]
    Unreachable {
        user: usize,
        address: SocketAddr,
        why: String,
    },
    /// A limit of the server refused a message.
    #[error(
        "the server refused a message: {code}. Its limits are meant for people; start it with \
         PASSERBY__LIMITS__MESSAGES_PER_SECOND=0, or lower the load"
    )]
    Limited { code: String },
    /// Another refusal in a run that has no place for one.
    #[error("the server refused a message: {code}")]
    RefusedMessage { code: String },
    /// A connection ended that should have stayed.
    #[error("the connection of user {user} ended ({how}), so the figures are worth nothing")]
    Closed { user: usize, how: String },
    /// A chat ended that should have stayed.
    #[error("the chat of user {user} ended ({reason}), so the figures are worth nothing")]
    ChatEnded { user: usize, reason: String },
    /// Some users found no partner.
    #[error(
        "{waiting} of {users} users found no partner within {seconds} s: are others using this server, or do \
         settings of matching keep users of one address apart (matching.same_origin)?"
    )]
    Unpaired { waiting: u64, users: u64, seconds: u64 },
    /// Something came that is not an event.
    #[error("user {user} was sent something that is no event of the protocol: {why}")]
    NotAnEvent { user: usize, why: String },
    /// The machine allows too few open files.
    #[error(
        "{users} users need {needed} open files and this process may have {allowed}: raise the limit (ulimit -n)"
    )]
    OpenFiles { users: usize, needed: u64, allowed: u64 },
    /// The server's use of the machine cannot be read.
    #[error("cannot read what the server uses from {from}: {why}")]
    Usage { from: String, why: String },
    /// A name does not resolve.
    #[error("{url}: {why}")]
    Name { url: String, why: String },
    /// A result cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Output { path: PathBuf, why: String },
    /// The system refuses something that every run needs.
    #[error("the system refuses {what}: {why}")]
    System { what: &'static str, why: String },
    /// Somebody pressed Ctrl-C before there was anything to tell.
    #[error("interrupted before the measurement began")]
    Interrupted,
}
