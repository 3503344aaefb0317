//! Configuration, wiring and life cycle of a Passerby node.

mod cli;
mod lifecycle;
mod resources;
pub mod run;
pub mod secret;
pub mod settings;
pub mod telemetry;
mod upkeep;
mod wiring;

pub use cli::main;
