//! A whole Passerby node: its settings, the adapters it is made of, and its life from start to end.
//!
//! **API Boundary.** An engineer who puts the whole server into a program of their own depends on this crate:
//! [`Settings`] say how the node is to be, [`Settings::check`] makes [`CheckedSettings`] of them, [`Node::open`] takes
//! the listeners, and [`Node::run`] serves until it is told to stop. `docs/embedding.md` shows more. Whoever needs
//! another transport or another store depends on `passerby-application` instead.
//!
//! ```
//! use passerby_bootstrap::{Node, Settings};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut settings = Settings::default();
//!     settings.http.listen = "127.0.0.1:0".parse()?;
//!     settings.admin.listen = "127.0.0.1:0".parse()?;
//!     let node = Node::open(&settings.check()?)?;
//!     println!("users connect to ws://{}/ws", node.addresses().http);
//!     // This one is told to stop at once.
//!     node.run(async {}).await;
//!     Ok(())
//! }
//! ```
//!
//! [`main`] is the program `passerby`: the command line, the runtime, signals and the log around one node.
//!
//! **Architecture Invariants.** A node leaves the process it is in alone: it sets no handler, no limit and no log, and starts
//! no thread. It takes no settings but checked ones. What it starts ends with it.

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

/// The code on this page compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Embedding;
