//! The Passerby server.

use std::process::ExitCode;

/// Gives back what a burst of messages needed: see ADR 0014.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    passerby_bootstrap::main()
}
