//! The Passerby server.

use std::process::ExitCode;

fn main() -> ExitCode {
    passerby_bootstrap::main()
}
