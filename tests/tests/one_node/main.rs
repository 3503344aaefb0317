//! One node, seen from outside: real processes, real sockets, every sentence of the protocol.
//!
//! **Architecture Invariants:** the tests know the protocol and nothing of the code; each starts its own server and
//! waits for what it expects instead of sleeping.
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
mod bans;
mod blocks;
mod closing;
mod commands;
mod cooldown;
mod criteria;
mod crowds;
mod drain;
mod duplicates;
mod endpoints;
mod events;
mod floods;
mod frames;
mod hosts_and_origins;
mod http_parsing;
mod joining;
mod leaving;
mod malformed;
mod messages;
mod nonsense;
mod operator;
mod origin_limits;
mod pairing;
mod place;
mod privacy;
mod proxies;
mod query;
mod rates;
mod reports;
mod resume;
mod seat_ends;
mod settings;
mod skips;
mod slow_readers;
mod static_files;
mod statistics;
mod takeover;
mod texts;
mod tokens;
mod upgrade;
mod video;
