//! Settings: layered, checked, named when they are wrong, silent about secrets.

use std::fs;

use passerby_tests::server::{everything, run};
use passerby_tests::{Client, Server};

const DURATIONS: [&str; 13] = [
    "session.resume_grace",
    "session.reload_grace",
    "session.ping_interval",
    "session.pong_timeout",
    "session.idle_timeout",
    "session.drain_spread",
    "session.drain_timeout",
    "matching.rematch_cooldown",
    "matching.interest_patience",
    "matching.language_patience",
    "matching.block_ttl",
    "http.listen",
    "admin.listen",
];

const COUNTS: [&str; 9] = [
    "limits.connections",
    "limits.connections_per_origin",
    "limits.connects_per_origin_per_minute",
    "limits.messages_per_second",
    "limits.skips_per_minute",
    "limits.commands_per_second",
    "limits.message_chars",
    "limits.frame_bytes",
    "limits.outbound_queue",
];

fn variable(key: &str) -> String {
    format!("PASSERBY__{}", key.to_uppercase().replace('.', "__"))
}

/// Both `check-config` and `serve` refuse this setting, exit 2 and name the key.
async fn is_refused(name: &str, value: &str, key: &str) {
    for arguments in [&["check-config"][..], &["serve"]] {
        let output = run(arguments, &[(name, value)]).await;
        let text = everything(&output);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?} with {name}={value}: {text}"
        );
        assert!(
            text.contains(key),
            "`{key}` is not named for {name}={value}: {text}"
        );
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[tokio::test]
async fn the_settings_in_force_are_printed_with_their_defaults() {
    let output = run(&["check-config"], &[("PASSERBY__SESSION__RESUME_GRACE", "77s")]).await;
    let text = everything(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for key in DURATIONS.iter().chain(&COUNTS) {
        let name = key.rsplit('.').next().expect("a name");
        assert!(text.contains(name), "`{key}` is not in {text}");
    }
    for value in ["77s", "127.0.0.1:8080", "127.0.0.1:9090", "100000", "32768"] {
        assert!(text.contains(value), "`{value}` is not in {text}");
    }
}

#[tokio::test]
async fn secrets_are_redacted() {
    let output = run(
        &["check-config"],
        &[
            ("PASSERBY__ADMIN__TOKEN", "canary-admin-token"),
            (
                "PASSERBY__IDENTITY__SECRET",
                "canary-secret-that-is-long-enough-for-it",
            ),
        ],
    )
    .await;
    let text = everything(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn a_duration_or_address_that_does_not_parse_is_named() {
    for key in DURATIONS {
        is_refused(&variable(key), "nonsense", key).await;
    }
}

#[tokio::test]
async fn a_count_that_does_not_parse_is_named() {
    for key in COUNTS {
        is_refused(&variable(key), "many", key).await;
        is_refused(&variable(key), "-1", key).await;
    }
}

#[tokio::test]
async fn a_choice_that_is_none_is_named() {
    for (key, value) in [
        ("matching.same_origin", "perhaps"),
        ("store.backend", "postgres"),
        ("http.trusted_proxies", "127.0.0.0/8,300.0.0.0/8"),
        ("http.trusted_proxies", "10.0.0.0/33"),
    ] {
        is_refused(&variable(key), value, key).await;
    }
}

#[tokio::test]
async fn a_setting_nobody_knows_is_refused() {
    is_refused("PASSERBY__SESSION__RESUME_GRCE", "20s", "resume_grce").await;
    is_refused("PASSERBY__SESION__RESUME_GRACE", "20s", "sesion").await;
}

#[tokio::test]
async fn redis_without_a_secret_that_all_nodes_share_is_refused_by_name() {
    let output = run(&["serve"], &[("PASSERBY__STORE__BACKEND", "redis")]).await;
    let text = everything(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("identity.secret"), "{text}");
}

#[tokio::test]
async fn settings_of_redis_are_accepted_beside_the_memory_store() {
    let server = Server::start(&[
        ("PASSERBY__STORE__BACKEND", "memory"),
        ("PASSERBY__STORE__REDIS__MODE", "sentinel"),
        ("PASSERBY__STORE__REDIS__URLS", "redis://127.0.0.1:1"),
    ])
    .await;
    Client::idle(&server).await.is_served().await;
}

#[tokio::test]
async fn the_environment_comes_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("passerby.toml");
    fs::write(
        &path,
        "[node]\nid = \"from-the-file\"\n[limits]\nmessage_chars = 100\n",
    )
    .expect("a file can be written");
    let path = path.to_str().expect("a plain path");
    let server = Server::start_with(
        &["serve", "--config", path],
        &[("PASSERBY__NODE__ID", "from-the-environment")],
    )
    .await;
    let client = Client::idle(&server).await;
    assert_eq!(client.welcome().text("node"), "from-the-environment");
    assert_eq!(client.welcome()["limits"]["message_chars"], 100);
}

#[tokio::test]
async fn a_file_with_a_wrong_or_unknown_key_is_refused() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (text, key) in [
        ("[session]\nresume_grace = \"soon\"\n", "session.resume_grace"),
        ("[session]\nresume_grce = \"20s\"\n", "resume_grce"),
        ("[limits]\nmessage_chars = true\n", "limits.message_chars"),
        ("[http\n", "passerby.toml"),
    ] {
        let path = folder.path().join("passerby.toml");
        fs::write(&path, text).expect("a file can be written");
        let output = run(&["serve", "--config", path.to_str().expect("a plain path")], &[]).await;
        let said = everything(&output);
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(key), "`{key}` is not named: {said}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_refused() {
    let output = run(&["serve", "--config", "/nowhere/passerby.toml"], &[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", everything(&output));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let server = Server::start(&[]).await;
    let taken = server.http().to_string();
    let output = run(
        &["serve"],
        &[
            ("PASSERBY__HTTP__LISTEN", &taken),
            ("PASSERBY__ADMIN__LISTEN", "127.0.0.1:0"),
        ],
    )
    .await;
    let text = everything(&output);
    assert!(!output.status.success() && !text.contains("panicked"), "{text}");
    assert!(text.contains(&taken), "{taken} is not in {text}");
}
