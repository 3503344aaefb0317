//! Configuration, wiring and life cycle of a Passerby node.

mod cli;
mod lifecycle;
mod node;
mod resources;
mod secret;
mod serve;
pub mod settings;
mod telemetry;
mod upkeep;
mod wiring;

pub use cli::main;
pub use node::{Addresses, Node, StartError};
pub use secret::{Secret, SecretFileError};
pub use settings::{CheckedSettings, InvalidSettings, Settings, SettingsError};
pub use wiring::WiringError;
