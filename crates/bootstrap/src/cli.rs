//! The command line: which words start what, and with which exit code it ends.
//!
//! **Architecture Invariants.** Only here is anything written to standard output, and only for the subcommands whose
//! purpose that is; what cannot be written is no reason to panic. Nothing here knows how a node works.

mod healthcheck;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::settings::{CheckedSettings, Settings, SettingsError};
use crate::{serve, telemetry};

/// The exit code for settings or words on the command line that cannot be.
const USAGE: u8 = 2;

#[derive(Debug, Parser)]
#[command(name = "passerby", version, about = "Anonymous 1-to-1 chat server")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT
    Serve(Serve),
    /// Check the settings and print those in force as TOML, secrets redacted
    CheckConfig(ConfigFile),
    /// Ask a running server whether it is alive: exit code 0 if so, 1 if not
    Healthcheck(Healthcheck),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// Settings to read on top of the defaults; `PASSERBY__SECTION__KEY` variables win over them
    #[arg(long = "config", value_name = "FILE")]
    path: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// Write the addresses of the listeners to this file, as JSON, once the server listens
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Healthcheck {
    #[command(flatten)]
    config: ConfigFile,
    /// What to ask, instead of /healthz at the `http.listen` of the settings
    #[arg(long, value_name = "http://HOST:PORT/PATH")]
    url: Option<String>,
}

/// Obeys the command line of this process.
///
/// The exit code is 0 for success, 2 for settings or arguments that cannot be, and 1 for any other failure.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help and version are answers as well, and there is nobody to tell if they cannot be written.
            let _ = refusal.print();
            return match refusal.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(USAGE),
            };
        }
    };
    match cli.command {
        Command::Serve(serve) => match load(serve.config.path.as_deref()) {
            Ok(settings) => start(&settings, serve.ready_file.as_deref()),
            Err(code) => code,
        },
        Command::CheckConfig(config) => check_config(config.path.as_deref()),
        Command::Healthcheck(check) => check_health(&check),
    }
}

fn start(settings: &CheckedSettings, ready_file: Option<&Path>) -> ExitCode {
    // Held until the server has ended, so that its last lines are written.
    let _log = match telemetry::start(&settings.log) {
        Ok(log) => log,
        Err(error) => {
            complain(format_args!("cannot start the log: {error}"));
            return ExitCode::FAILURE;
        }
    };
    serve::serve(settings, ready_file)
}

fn check_config(file: Option<&Path>) -> ExitCode {
    let settings = match load(file) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let written = settings.to_toml().map_err(io::Error::other).and_then(|toml| {
        let mut out = io::stdout().lock();
        out.write_all(toml.as_bytes())?;
        out.flush()
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("cannot print the settings: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn check_health(check: &Healthcheck) -> ExitCode {
    let target = match &check.url {
        Some(url) => healthcheck::Target::parse(url),
        None => match load(check.config.path.as_deref()) {
            Ok(settings) => healthcheck::Target::of(&settings.http),
            Err(code) => return code,
        },
    };
    match target {
        Ok(target) => match target.ask() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(telemetry::chain(&error));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            complain(telemetry::chain(&error));
            ExitCode::from(USAGE)
        }
    }
}

fn load(file: Option<&Path>) -> Result<CheckedSettings, ExitCode> {
    Settings::load(file).map_err(|error| {
        match &error {
            SettingsError::Invalid(invalid) => invalid.problems().iter().for_each(complain),
            SettingsError::File { .. }
            | SettingsError::Syntax { .. }
            | SettingsError::Defaults
            | SettingsError::Layers(_) => complain(telemetry::chain(&error)),
        }
        ExitCode::from(USAGE)
    })
}

/// Tells the operator; if even that cannot be written, the exit code still tells.
fn complain(what: impl Display) {
    let _ = writeln!(io::stderr().lock(), "passerby: {what}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_takes_a_settings_file_and_a_ready_file() {
        let cli = Cli::try_parse_from([
            "passerby",
            "serve",
            "--config",
            "a.toml",
            "--ready-file",
            "b.json",
        ])
        .unwrap();
        let Command::Serve(serve) = cli.command else {
            panic!("another subcommand")
        };
        assert_eq!(serve.config.path, Some(PathBuf::from("a.toml")));
        assert_eq!(serve.ready_file, Some(PathBuf::from("b.json")));
    }

    #[test]
    fn an_unknown_word_is_refused() {
        assert!(Cli::try_parse_from(["passerby", "sevre"]).is_err());
        assert!(Cli::try_parse_from(["passerby", "serve", "--port", "80"]).is_err());
    }
}
