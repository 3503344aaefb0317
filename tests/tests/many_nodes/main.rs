//! Several nodes on one Redis: what users notice of each other does not depend on who is where.
//!
//! **Architecture Invariants:** the tests know the protocol and nothing of the code; each starts its own Redis and its own
//! nodes, and waits for what it expects instead of sleeping. What is true on one node as well is tested there, and again
//! by the suite `two_nodes`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test says what went wrong by panicking, tells its story in one piece, and has clock and environment of its own"
)]

mod away;
mod chats;
mod crash;
mod cut_off;
mod drain;
mod forms;
mod limits;
mod moderation;
mod pairing;
mod parting;
mod privacy;
mod statistics;
mod swarm;
