//! `passerby-load`: puts load on Passerby nodes and says how they bear it.
//!
//! **Architecture Invariants:** knows the wire protocol and nothing of the server's code, so it measures what any client
//! would. A run leaves nothing behind: every user says good-bye.

mod checker;
mod cli;
mod client;
mod clock;
mod crew;
mod descriptors;
mod failure;
mod pacer;
mod pairs;
mod progress;
mod recorder;
mod report;
mod run;
mod scenario;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::main()
}
