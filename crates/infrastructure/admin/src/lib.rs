//! What only operators see: metrics, probes and the operator API, on a listener of their own.
//!
//! **API Boundary.** [`serve`] runs the listener; [`Metrics`] counts what happens and is the node's
//! [`Observer`](passerby_application::ports::Observer).
//!
//! **Architecture Invariants.** This crate carries out nothing itself: every order is a call of
//! [`Chat`](passerby_application::Chat). Nothing a request says is ever echoed or logged, and the operator's
//! token is never shown. All that a peer can make grow is bounded: connections, headers, bodies, time, and the
//! memory of wrong tokens.

mod api;
mod metrics;
mod server;
mod state;
#[cfg(test)]
mod testing;

pub use metrics::{Metrics, SourceRefused};
pub use server::serve;
pub use state::{AdminState, Readiness, ReadinessSource, Token};
