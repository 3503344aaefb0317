//! Redis as real processes on ports of their own: one server, a primary with sentinels, a cluster.
//!
//! Each is killed when it is dropped. What they keep on disk is in a folder that goes with them.
//!
//! **Architecture Invariants:** only `redis-server` and `redis-cli` are needed, and nothing is installed or left behind.
//! No server keeps compressed data, so that what it keeps can be searched.

mod cli;
mod cluster;
mod process;
mod sentinel;
mod standalone;
mod tls;

#[cfg(test)]
mod tests;

pub use cli::{Cli, Trouble};
pub use cluster::Cluster;
pub use process::Process;
pub use sentinel::Sentinel;
pub use standalone::{Keeps, Standalone};
pub use tls::Certificates;
