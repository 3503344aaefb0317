//! A node from its start to its end.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::settings::Settings;

/// Serves until the process is told to end.
pub fn serve(settings: Settings, ready_file: Option<PathBuf>) -> ExitCode {
    drop((settings, ready_file));
    ExitCode::SUCCESS
}
