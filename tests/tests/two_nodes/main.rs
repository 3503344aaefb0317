//! What users notice of each other on one node, word for word, on two: clients are sent to the one and the other by
//! turns, so partners are on different nodes, and who comes back comes by the other.
//!
//! **Architecture Invariants:** no test is written for this suite. What is about one process, its limits and its listeners
//! is left out.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test says what went wrong by panicking, tells its story in one piece, and has clock and environment of its own"
)]

#[path = "../one_node/away.rs"]
mod away;
#[path = "../one_node/bans.rs"]
mod bans;
#[path = "../one_node/blocks.rs"]
mod blocks;
#[path = "../one_node/commands.rs"]
mod commands;
#[path = "../one_node/cooldown.rs"]
mod cooldown;
#[path = "../one_node/criteria.rs"]
mod criteria;
#[path = "../one_node/crowds.rs"]
mod crowds;
#[path = "../one_node/duplicates.rs"]
mod duplicates;
#[path = "../one_node/events.rs"]
mod events;
#[path = "../one_node/joining.rs"]
mod joining;
#[path = "../one_node/leaving.rs"]
mod leaving;
#[path = "../one_node/messages.rs"]
mod messages;
#[path = "../one_node/pairing.rs"]
mod pairing;
#[path = "../one_node/place.rs"]
mod place;
#[path = "../one_node/privacy.rs"]
mod privacy;
#[path = "../one_node/reports.rs"]
mod reports;
#[path = "../one_node/resume.rs"]
mod resume;
#[path = "../one_node/skips.rs"]
mod skips;
#[path = "../one_node/statistics.rs"]
mod statistics;
#[path = "../one_node/takeover.rs"]
mod takeover;
#[path = "../one_node/texts.rs"]
mod texts;
#[path = "../one_node/tokens.rs"]
mod tokens;
#[path = "../one_node/video.rs"]
mod video;
