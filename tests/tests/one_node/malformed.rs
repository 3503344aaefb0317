//! Frames that are no commands, and commands that are not quite right.

use passerby_tests::{Client, Server, pair};
use serde_json::json;

/// Fewer than the ten malformed frames that end a connection.
const ENOUGH: usize = 8;

/// Each of these texts is refused with the code, and neither the sender nor the partner notices anything else.
async fn each_is_refused(server: &Server, inputs: &[String], code: &str) {
    for inputs in inputs.chunks(ENOUGH) {
        let (mut sender, mut partner) = pair(server).await;
        for input in inputs {
            let text = input.replace("CHAT", &sender.chat());
            sender.send_text(&text);
            let refusal = sender.error(code).await;
            assert!(
                !refusal.text("message").contains("canary"),
                "input is echoed: {}",
                refusal.body
            );
        }
        sender.say("marker", "still here");
        sender.expect("ack").await;
        assert_eq!(partner.expect("message").await.text("text"), "still here");
        partner.quiet().await;
        sender.quiet().await;
        sender.close(1000).await;
        partner.close(1000).await;
    }
}

fn owned(inputs: &[&str]) -> Vec<String> {
    inputs.iter().map(|&input| input.to_owned()).collect()
}

#[tokio::test]
async fn what_is_no_object_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "",
        "   ",
        "null",
        "1",
        "\"x\"",
        "[]",
        "[\"leave\"]",
        "[{\"type\":\"leave\"}]",
        "true",
        "{",
        "}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn a_command_without_a_type_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "{}",
        "{\"type\":1}",
        "{\"type\":null}",
        "{\"type\":[\"skip\"]}",
        "{\"type\":{}}",
        "{\"Type\":\"skip\"}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn a_type_nobody_knows_is_unknown() {
    let server = Server::start(&[]).await;
    let inputs = [
        "SKIP",
        "skip ",
        " skip",
        "",
        "canary",
        "welcome",
        "matched",
        "__proto__",
        "skip\\u0000",
    ];
    let inputs: Vec<String> = inputs
        .iter()
        .map(|kind| format!("{{\"type\":\"{kind}\",\"chat_id\":\"CHAT\"}}"))
        .collect();
    each_is_refused(&server, &inputs, "unknown_type").await;
}

#[tokio::test]
async fn an_escaped_type_is_the_type() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let text = format!("{{\"type\":\"sk\\u0069p\",\"chat_id\":\"{}\"}}", ann.chat());
    ann.send_text(text);
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
}

#[tokio::test]
async fn a_key_that_comes_twice_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "{\"type\":\"ping\",\"type\":\"ping\"}",
        "{\"type\":\"ping\",\"type\":\"leave\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"a\",\"text\":\"b\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"chat_id\":\"CHAT\",\"text\":\"a\"}",
        "{\"type\":\"skip\",\"chat_id\":\"CHAT\",\"ch\\u0061t_id\":\"CHAT\"}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn what_is_nearly_json_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "\u{feff}{\"type\":\"ping\"}",
        "{\"type\":\"ping\"}{\"type\":\"ping\"}",
        "{\"type\":\"ping\"} x",
        "{\"type\":\"ping\",}",
        "{\"type\":\"ping\"/*comment*/}",
        "{'type':'ping'}",
        "{type:\"ping\"}",
        "{\"type\":\"ping\",\"x\":NaN}",
        "{\"type\":\"ping\",\"x\":01}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"a\u{1}b\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"a\nb\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"\\ud800\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"\\udc00\\ud800\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"\\x41\"}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn nesting_deeper_than_32_is_malformed() {
    let server = Server::start(&[]).await;
    let nested = |depth: usize| {
        // The command itself is the first level.
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"type\":\"ping\",\"x\":{open}{close}}}")
    };
    let objects = format!(
        "{{\"type\":\"ping\",\"x\":{}1{}}}",
        "{\"a\":".repeat(200),
        "}".repeat(200)
    );
    let inputs = [
        nested(33),
        nested(200),
        nested(10_000),
        "[".repeat(16_000),
        objects,
    ];
    each_is_refused(&server, &inputs, "malformed").await;
    let mut client = Client::idle(&server).await;
    client.send_text(nested(32));
    client.expect("pong").await;
}

#[tokio::test]
async fn a_field_of_the_wrong_kind_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "{\"type\":\"message\",\"chat_id\":1,\"text\":\"a\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"a\",\"id\":7}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":{}}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":null}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":[\"a\"]}",
        "{\"type\":\"typing\",\"chat_id\":\"CHAT\",\"on\":\"true\"}",
        "{\"type\":\"typing\",\"chat_id\":\"CHAT\",\"on\":1}",
        "{\"type\":\"skip\",\"chat_id\":[\"CHAT\"]}",
        "{\"type\":\"leave\",\"chat_id\":7}",
        "{\"type\":\"block\",\"chat_id\":{}}",
        "{\"type\":\"ping\",\"id\":7}",
        "{\"type\":\"ping\",\"id\":[\"a\"]}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn a_field_that_is_missing_is_malformed() {
    let server = Server::start(&[]).await;
    let inputs = [
        "{\"type\":\"message\",\"text\":\"a\"}",
        "{\"type\":\"message\",\"chat_id\":\"CHAT\"}",
        "{\"type\":\"message\"}",
        "{\"type\":\"typing\",\"chat_id\":\"CHAT\"}",
        "{\"type\":\"typing\",\"on\":true}",
        "{\"type\":\"skip\"}",
        "{\"type\":\"block\"}",
        "{\"type\":\"report\",\"reason\":\"spam\"}",
        "{\"type\":\"report\",\"chat_id\":\"CHAT\"}",
        "{\"type\":\"signal\",\"data\":{}}",
        "{\"type\":\"signal\",\"chat_id\":\"CHAT\"}",
    ];
    each_is_refused(&server, &owned(&inputs), "malformed").await;
}

#[tokio::test]
async fn an_id_of_the_wrong_length_or_with_control_characters_is_malformed() {
    let server = Server::start(&[]).await;
    let ids = [
        String::new(),
        "x".repeat(65),
        "é".repeat(33),
        "a\\u0000".to_owned(),
        "a\\nb".to_owned(),
        "\\u007f".to_owned(),
    ];
    let inputs: Vec<String> = ids
        .iter()
        .map(|id| format!("{{\"type\":\"message\",\"chat_id\":\"CHAT\",\"text\":\"a\",\"id\":\"{id}\"}}"))
        .chain(
            ids.iter()
                .map(|id| format!("{{\"type\":\"ping\",\"id\":\"{id}\"}}")),
        )
        .collect();
    each_is_refused(&server, &inputs, "malformed").await;
}

#[tokio::test]
async fn an_id_of_64_bytes_is_returned() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    for id in ["x".repeat(64), "é".repeat(32), "\"quoted\\".to_owned()] {
        client.send(json!({"type": "ping", "id": id}));
        assert_eq!(client.expect("pong").await.text("id"), id);
    }
}

#[tokio::test]
async fn fields_nobody_knows_are_ignored() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    let digits = "9".repeat(10_000);
    for extra in [
        "\"__proto__\":{\"polluted\":true}".to_owned(),
        "\"constructor\":{\"prototype\":{}}".to_owned(),
        format!("\"x\":\"{}\"", "a".repeat(15_000)),
        format!("\"x\":{digits}"),
        format!("\"x\":{digits}.{digits}e{}", &digits[..300]),
        "\"x\":null".to_owned(),
    ] {
        client.send_text(format!("{{\"type\":\"ping\",\"id\":\"kept\",{extra}}}"));
        assert_eq!(client.expect("pong").await.text("id"), "kept", "{extra:.40}");
    }
}

#[tokio::test]
async fn white_space_around_a_command_is_no_harm() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    client.send_text(" \r\n\t{ \"type\" : \"ping\" , \"id\" : \"a\" } \n");
    assert_eq!(client.expect("pong").await.text("id"), "a");
}
