//! Passerby's pure rules: who a person is, who may meet whom, and what a seat may do next.
//!
//! **API Boundary.** Embedders and every adapter use these types.
//!
//! **Architecture Invariants.** Nothing here waits, does I/O, reads a clock, draws a random number or
//! knows a serialisation format. Time comes in as a [`time::Moment`]; chance comes in as an id.

pub mod cooldown;
pub mod criteria;
pub mod flood;
pub mod id;
pub mod notice;
pub mod priority;
pub mod session;
pub mod text;
pub mod time;
