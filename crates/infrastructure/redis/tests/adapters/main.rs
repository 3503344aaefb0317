//! The adapters against Redis itself: each passes the suite of its port, and the way to Redis survives what befalls it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and owns what it starts"
)]

mod bans;
mod cluster;
mod guarded;
mod limiter;
mod link;
mod pretender;
mod reports;
mod sentinel;
mod stage;
