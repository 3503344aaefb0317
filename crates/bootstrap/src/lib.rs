//! Configuration, wiring and life cycle of a Passerby node.

mod cli;
pub mod run;
pub mod secret;
pub mod settings;
pub mod telemetry;

pub use cli::main;
