//! Passerby's public listener: one port for the web client, the probes and WebSocket connections.
//!
//! A connection is first an HTTP connection ([`front`](self)): its requests are inspected by a doorkeeper, read by
//! hyper and answered by a handful of routes. One that upgrades becomes a [`Connection`]: a small task that reads
//! frames, has `tungstenite` take them apart, and calls one use case for each command. What users are told is
//! written straight to the socket by whoever causes it.
//!
//! **Architecture Invariants.** Nothing here decides who may do what: commands are parsed and handed to
//! [`passerby_application::Chat`], and its errors are turned into codes in one place (`refusals`). An idle
//! connection owns no buffer and no timer. Texts, addresses, tokens and query strings are never logged.

mod address;
mod antechamber;
mod assets;
mod budget;
mod closing;
mod commands;
mod connection;
mod doorkeeper;
#[cfg(feature = "echo")]
pub mod echo;
mod encoder;
mod engine;
mod front;
mod gate;
mod intake;
mod keeper;
mod listener;
mod options;
mod problem;
mod refusals;
mod relay;
mod routes;
mod upgrade;

pub use connection::Connection;
pub use encoder::EventEncoder;
pub use front::connection_task_bytes;
pub use gate::{Gate, Readiness};
pub use listener::{ConnectionsGuard, ServeError, Server};
pub use options::{AllowedOrigins, InvalidOrigin, Options, WebOrigin};
pub use passerby_protocol::IceServer;
