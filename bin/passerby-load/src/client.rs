//! One user's end of the wire.
//!
//! **Architecture Invariants:** plain tokio and tungstenite, small buffers, `TCP_NODELAY`; no task and no channel beside
//! the one that owns the connection.

pub(crate) mod command;
pub(crate) mod connect;
pub(crate) mod event;
pub(crate) mod socket;
pub(crate) mod target;
