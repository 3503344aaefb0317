//! Pairing against Redis itself: on one server and in a cluster, by one node and by several.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and has clock and tasks of its own"
)]

mod differential;
mod faults;
mod names;
mod nodes;
mod stage;
mod suite;
