//! What the end-to-end tests of Passerby stand on: the server as a process, a client that checks everything it
//! is told, and a raw socket for what no client library would send. The tests themselves are in `tests/tests`.
//!
//! **Architecture Invariants:** the product is known only as a program with sockets: nothing here depends on a
//! crate of the product. Nothing here sleeps where it can wait for a condition.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and has clock and environment of its own"
)]

pub mod client;
pub mod connect;
pub mod event;
pub mod frame;
pub mod http;
pub mod ledger;
pub mod nodes;
pub mod pairs;
pub mod ports;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod server;
pub mod shape;
pub mod signals;
pub mod swarm;
pub mod wait;

use std::time::Duration;

/// How long a test waits for what must happen. It is no promise of speed: only a failing test waits this long.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub use client::Client;
pub use connect::{Connect, Unwelcome};
pub use event::Event;
pub use frame::Frame;
pub use nodes::{Node, Nodes};
pub use pairs::{next_millisecond, pair, pair_across, pair_across_with, pair_with};
pub use raw::RawSocket;
pub use server::{Server, Target};
pub use wait::{succeeds, until};
