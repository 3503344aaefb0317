//! Faults: nodes, networks and Redis fail under a swarm of users, and no promise is broken.
//!
//! Each row is one fault of `docs/reliability.md`. It prints what it measured as one line, `F1 | what | figures`, and with
//! `PASSERBY_FAULTS_TABLE` set to a folder leaves it there. The short rows run with all other tests, the others by
//! `make test-faults`, with more users and with the promised times as limits.
//!
//! `PASSERBY_FAULTS_USERS` and `PASSERBY_SWARM_SEED` make a run larger, or the same again; the seed is printed.
//!
//! **Architecture Invariants:** whatever the row, the same is checked after it: what all users were told and sent, that
//! nobody is lost, that all nodes count alike, that no log and no Redis holds what it must not.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a test says what went wrong by panicking, tells its story in one piece, and has clock and environment of its own"
)]

mod clients;
mod forms;
mod links;
mod machines;
mod networks;
mod nodes;
mod report;
mod scene;
mod soak;
mod store;
mod together;
