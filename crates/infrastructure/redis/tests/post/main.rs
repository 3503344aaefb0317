//! Letters between nodes that share a real Redis, whatever becomes of it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and owns its tasks"
)]

mod carriage;
mod faults;
mod guarded;
mod handovers;
mod hostile;
mod stage;
