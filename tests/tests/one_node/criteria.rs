//! What a user may ask for when joining: interests, a language, a mode.

use std::collections::BTreeSet;

use passerby_tests::{Client, Server, pair};
use serde_json::{Value, json};

async fn join(client: &mut Client, criteria: Value, code: &str) {
    let mut command = criteria;
    command["type"] = json!("join");
    client.refused(command, code).await;
}

#[tokio::test]
async fn interests_out_of_their_bounds_are_refused() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0")]).await;
    let mut client = Client::idle(&server).await;
    let many = |count: usize| (0..count).map(|number| format!("i{number}")).collect::<Vec<_>>();
    for interests in [
        json!(many(11)),
        json!(many(2000)),
        json!(["x".repeat(33)]),
        json!(["x".repeat(20_000)]),
        json!(["\u{fdfa}".repeat(32)]),
        json!([""]),
        json!(["  "]),
        json!(["fine", "\t"]),
        json!(["a,b"]),
        json!(["a\0b"]),
        json!(["a\u{1b}[2Jb"]),
        json!(["a\u{7f}"]),
        json!(["a\u{202e}b"]),
        json!(["a\u{2066}b"]),
    ] {
        join(&mut client, json!({"interests": interests}), "invalid_interests").await;
    }
    client.quiet().await;
}

#[tokio::test]
async fn interests_of_the_wrong_kind_are_refused() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    for interests in [json!("tea"), json!([1]), json!({"a": 1}), json!([["tea"]])] {
        client.send(json!({"type": "join", "interests": interests}));
        let refusal = client.answer().await;
        let code = refusal.text("code");
        assert!(
            ["malformed", "invalid_interests"].contains(&code),
            "{}",
            refusal.body
        );
    }
    client.quiet().await;
}

#[tokio::test]
async fn interests_that_differ_only_in_case_or_width_are_one() {
    let server = Server::start(&[]).await;
    let mut first = Client::idle(&server).await;
    let spellings = [
        "rust",
        "Rust",
        "RUST",
        " rust ",
        "ｒｕｓｔ",
        "ＲＵＳＴ",
        "rUsT",
        "ruST",
        "\u{2003}rust",
        "ru\u{17f}t",
    ];
    first.send(json!({"type": "join", "interests": spellings}));
    first.expect("waiting").await;
    let mut second = Client::connect(&server, "interests=rust,ruSt").await;
    assert_eq!(second.meet().await.list("common_interests"), ["rust"]);
    assert_eq!(first.meet().await.list("common_interests"), ["rust"]);
}

#[tokio::test]
async fn interests_are_case_folded_not_just_lowered() {
    let server = Server::start(&[]).await;
    let mut first = Client::idle(&server).await;
    first.send(json!({"type": "join", "interests": ["STRASSE", "ΣΊΣΥΦΟΣ", "ﬁsh"]}));
    first.expect("waiting").await;
    let mut second = Client::idle(&server).await;
    second.send(json!({"type": "join", "interests": ["Straße", "σίσυφος", "FISH"]}));
    let met = second.meet().await;
    let common: BTreeSet<&str> = met.list("common_interests").into_iter().collect();
    assert_eq!(common, BTreeSet::from(["strasse", "σίσυφοσ", "fish"]));
}

#[tokio::test]
async fn a_language_that_is_no_tag_is_refused() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    for language in [
        "",
        "123",
        "e",
        "english language",
        "en_GB!",
        "en--GB",
        "../en",
        &"a".repeat(500),
    ] {
        join(&mut client, json!({"language": language}), "invalid_language").await;
    }
    client.quiet().await;
}

#[tokio::test]
async fn a_mode_nobody_knows_is_refused() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    for mode in ["audio", "", "TEXT", "text "] {
        join(&mut client, json!({"mode": mode}), "invalid_mode").await;
    }
    client.quiet().await;
}

#[tokio::test]
async fn a_refused_join_leaves_the_criteria_as_they_were() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "interests=tea").await;
    join(&mut first, json!({"interests": ["a,b"]}), "invalid_interests").await;
    join(
        &mut first,
        json!({"interests": ["coffee"], "mode": "audio"}),
        "invalid_mode",
    )
    .await;
    let mut second = Client::connect(&server, "interests=tea,coffee").await;
    assert_eq!(second.meet().await.list("common_interests"), ["tea"]);
}

#[tokio::test]
async fn a_join_while_chatting_changes_nothing() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for criteria in [json!({}), json!({"mode": "video"}), json!({"interests": ["tea"]})] {
        join(&mut ann, criteria, "already_chatting").await;
    }
    ann.say("a", "still here");
    ann.expect("ack").await;
    ben.expect("message").await;
}
