//! The query parameters of the socket.

use std::collections::BTreeSet;

use passerby_tests::raw::upgrade_head;
use passerby_tests::{Client, Connect, Server, http};

async fn refusal(server: &Server, query: &str) {
    let request = format!("{}\r\n", upgrade_head(&server.http().to_string(), query));
    let answer = http::exchange(server.http(), request.as_bytes()).await;
    assert_eq!(answer.status, 400, "{query:.60}");
    answer.is_problem(400);
}

#[tokio::test]
async fn a_parameter_that_does_not_parse_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let eleven = format!(
        "interests={}",
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].join(",")
    );
    let long = format!("interests={}", "x".repeat(33));
    let growing = format!("interests={}", "%EF%B7%BA".repeat(32));
    let huge = format!("resume={}", "x".repeat(8192));
    let over = format!("resume={}", "x".repeat(513));
    for query in [
        eleven.as_str(),
        &long,
        &growing,
        "interests=%zz",
        "interests=%00",
        "interests=%ff",
        "interests=%",
        "join=AUTO",
        "join=",
        "join=yes",
        "mode=audio",
        "mode=TEXT",
        "language=123",
        "language=e",
        "language=en_GB!",
        "last_seq=-1",
        "last_seq=1e3",
        "last_seq=18446744073709551616",
        "last_seq=9007199254740992",
        "last_seq=abc",
        "mode=text&mode=video",
        "mode=text&mode=text",
        "join=auto&join=manual",
        &over,
        &huge,
    ] {
        refusal(&server, query).await;
    }
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let server = Server::start(&[]).await;
    let client = Client::connect(&server, "join=manual&colour=blue&colour=red&x").await;
    assert_eq!(client.welcome().text("state"), "idle");
}

#[tokio::test]
async fn the_query_joins_at_once_unless_told_otherwise() {
    let server = Server::start(&[]).await;
    for query in ["", "join=auto"] {
        let mut client = Client::connect(&server, query).await;
        assert_eq!(
            client.welcome().text("state"),
            "idle",
            "the state before the join takes effect"
        );
        client.expect("waiting").await;
        client.close(1000).await;
    }
    let mut client = Client::connect(&server, "join=manual").await;
    client.quiet().await;
}

#[tokio::test]
async fn interests_are_form_data_separated_by_commas() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "interests=deep+sea,Rust%2Cgo,%20tea%20,%C3%89t%C3%A9").await;
    let mut second = Client::connect(&server, "interests=RUST,go,DEEP%20SEA,tea,%C3%A9t%C3%A9,other").await;
    let met = second.meet().await;
    let common: BTreeSet<&str> = met.list("common_interests").into_iter().collect();
    assert_eq!(common, BTreeSet::from(["deep sea", "rust", "go", "tea", "été"]));
    first.meet().await;
}

#[tokio::test]
async fn ten_interests_of_32_characters_are_allowed() {
    let server = Server::start(&[]).await;
    let interests: Vec<String> = (0..10)
        .map(|number| format!("{number}{}", "%C3%A9".repeat(31)))
        .collect();
    let query = format!("interests={}", interests.join(","));
    Client::waiting(&server, &query).await;
}

#[tokio::test]
async fn an_empty_list_of_interests_is_none() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "interests=").await;
    let mut second = Client::connect(&server, "interests=").await;
    assert!(second.meet().await.list("common_interests").is_empty());
    first.meet().await;
}

#[tokio::test]
async fn a_token_that_opens_nothing_yields_a_fresh_seat() {
    let server = Server::start(&[]).await;
    let random = "bm90LWEtdG9rZW4tYXQtYWxsLWJ1dC1sb25n";
    let largest = "x".repeat(512);
    for token in ["x", random, &largest, "..%2F..", "%E2%98%83"] {
        let query = format!("resume={token}&last_seq=7");
        let mut client = Connect::to(&server).query(&query).open().await;
        assert!(!client.welcome().flag("resumed"), "{token:.40}");
        assert_eq!(
            (client.welcome().number("seq"), client.welcome().flag("gap")),
            (0, false)
        );
        client.expect("waiting").await;
        client.close(1000).await;
    }
}

#[tokio::test]
async fn a_last_seq_of_2_to_the_53_minus_1_is_a_number_like_any_other() {
    let server = Server::start(&[]).await;
    let client = Client::connect(&server, "join=manual&last_seq=9007199254740991").await;
    assert!(!client.welcome().flag("resumed"));
}

#[tokio::test]
async fn a_language_tag_matches_on_its_primary_subtag() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "language=pt-BR").await;
    let mut second = Client::connect(&server, "language=PT").await;
    let met = second.meet().await;
    assert_eq!(met.text("language"), "pt");
    assert_eq!(first.meet().await.text("language"), "pt");
}
