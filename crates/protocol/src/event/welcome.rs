//! The first event of a connection.
//!
//! **Architecture Invariants.** What belongs to one state only can be said in that state only: [`State`]
//! carries it.

use super::Matched;

/// What a client learns when its connection is up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Welcome<'a> {
    /// The name of the seat.
    pub user_id: &'a str,
    /// The name of the node.
    pub node: &'a str,
    /// What the user does: before the query's `join` on a fresh seat, after the replay on a resumed one.
    pub state: State<'a>,
    /// The token that takes the seat back after a dropped connection.
    pub resume_token: &'a str,
    /// Whether the seat was there before.
    pub resumed: bool,
    /// Whether events that the client has not processed are lost.
    pub gap: bool,
    /// The number before that of the next numbered event.
    pub seq: u64,
    /// The number of the last event that is replayed.
    pub replay_to: u64,
    /// The server's time.
    pub now: u64,
    /// The most characters of a message.
    pub message_chars: u64,
    /// The most bytes of a frame.
    pub frame_bytes: u64,
    /// How many people are here.
    pub online: u64,
}

/// What a user does, as `welcome` tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// Neither waiting nor chatting.
    Idle,
    /// In the queue.
    Waiting {
        /// The place in time.
        since: u64,
        /// Until when the last partner cannot be met, while that is in the future.
        cooldown_until: Option<u64>,
    },
    /// In a chat.
    Chatting {
        /// What `matched` said about it.
        chat: Matched<'a>,
        /// Until when a partner who is away may come back.
        partner_away_until: Option<u64>,
    },
}
