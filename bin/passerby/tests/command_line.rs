//! The program as its operator meets it: words in, text and an exit code out.

#![allow(
    clippy::unwrap_used,
    reason = "where the program cannot even be started, the test has failed"
)]

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

fn passerby(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerby"));
    // Whatever the machine's own environment holds is not part of the test.
    command.env_clear().args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str], variables: &[(&str, &str)]) -> Output {
    passerby(words).envs(variables.iter().copied()).output().unwrap()
}

fn errors(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn check_config_prints_the_settings_in_force() {
    let output = run(&["check-config"], &[("PASSERBY__SESSION__RESUME_GRACE", "7s")]);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("[session]\nresume_grace = \"7s\"\nreload_grace = \"3s\"\n"),
        "{printed}"
    );
}

#[test]
fn check_config_names_every_faulty_key() {
    let variables = [
        ("PASSERBY__HTTP__LISTEN", "8080"),
        ("PASSERBY__LIMITS__MESAGES", "1"),
    ];
    let output = run(&["check-config"], &variables);
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert_eq!(errors.len(), 2, "{errors:?}");
    // By their keys.
    assert!(errors[0].starts_with("passerby: http.listen: "), "{errors:?}");
    assert!(errors[1].starts_with("passerby: limits.mesages: "), "{errors:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    for command in ["check-config", "serve"] {
        let output = run(&[command, "--config", "/nowhere/at/all.toml"], &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output)[0].contains("/nowhere/at/all.toml"));
    }
}

#[test]
fn a_start_on_redis_without_a_secret_is_refused_with_a_clear_word() {
    for command in ["check-config", "serve"] {
        let output = run(&[command], &[("PASSERBY__STORE__BACKEND", "redis")]);
        assert_eq!(output.status.code(), Some(2));
        let errors = errors(&output);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].starts_with("passerby: identity.secret: "), "{errors:?}");
    }
}

#[test]
fn a_ready_file_that_cannot_be_written_ends_the_server_with_1() {
    let listeners = [
        ("PASSERBY__HTTP__LISTEN", "127.0.0.1:0"),
        ("PASSERBY__ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    let output = run(&["serve", "--ready-file", "/nowhere/at/all.json"], &listeners);
    assert_eq!(output.status.code(), Some(1));
    let errors = errors(&output);
    let last = errors.last().unwrap();
    assert!(last.contains("the node did not start"), "{errors:?}");
    assert!(
        last.contains("cannot write the ready file /nowhere/at/all.json: "),
        "{errors:?}"
    );
}

#[test]
fn unknown_words_exit_with_2_and_help_with_0() {
    assert_eq!(run(&["sevre"], &[]).status.code(), Some(2));
    assert_eq!(run(&[], &[]).status.code(), Some(2));
    let help = run(&["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("check-config"));
    let version = run(&["--version"], &[]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&version.stdout),
        concat!("passerby ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_health_check_of_nothing_exits_with_1() {
    // Nothing listens at a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = run(&["healthcheck"], &[("PASSERBY__HTTP__LISTEN", &free.to_string())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output)[0].contains("no connection"));
    assert_eq!(
        run(&["healthcheck", "--url", "localhost"], &[]).status.code(),
        Some(2)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_no_reason_to_panic() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = passerby(&["check-config"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors(&output).len(), 1, "{output:?}");
    let status = passerby(&["sevre"])
        .stderr(full())
        .stdout(full())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    let status = passerby(&["--help"])
        .stderr(full())
        .stdout(full())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}
