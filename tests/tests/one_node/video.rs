//! Mode `video`: signalling is forwarded as it is, and text works beside it.

use passerby_tests::{Client, Server, pair, pair_with};
use serde_json::{Value, json};

#[tokio::test]
async fn a_signal_reaches_the_partner_exactly_as_it_was_sent() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair_with(&server, "mode=video").await;
    let chat = ann.chat();
    for data in [
        json!({"type": "offer", "sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n\u{0}"}),
        json!(null),
        json!("text"),
        json!(12_345_678_901_234_567_890_u64),
        json!([1, -2.5, true, {"a": []}]),
        json!({"candidate": "x".repeat(15_000)}),
    ] {
        ann.send(json!({"type": "signal", "chat_id": chat, "data": data}));
        let signal = ben.expect("signal").await;
        assert_eq!((&signal["data"], signal.text("chat_id")), (&data, chat.as_str()));
    }
    ann.quiet().await;
}

#[tokio::test]
async fn a_video_chat_has_exactly_one_who_makes_the_offer() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "mode=video").await;
    let mut second = Client::connect(&server, "mode=video").await;
    let (to_second, to_first) = (second.meet().await, first.meet().await);
    assert_ne!(to_first.flag("initiator"), to_second.flag("initiator"));
    for matched in [to_first, to_second] {
        assert_eq!(matched.text("mode"), "video");
        assert!(
            matched["ice_servers"].is_array() || !matched.has("ice_servers"),
            "{}",
            matched.body
        );
    }
}

#[tokio::test]
async fn a_signal_larger_than_16_kib_is_refused() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair_with(&server, "mode=video").await;
    let chat = ann.chat();
    let data = "x".repeat(17 * 1024);
    ann.refused(
        json!({"type": "signal", "chat_id": chat, "data": data}),
        "too_large",
    )
    .await;
    ben.quiet().await;
}

#[tokio::test]
async fn a_signal_nested_too_deep_is_malformed() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair_with(&server, "mode=video").await;
    let chat = ann.chat();
    let data: Value = serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).expect("JSON");
    ann.send(json!({"type": "signal", "chat_id": chat, "data": data}));
    ann.error("malformed").await;
    ben.quiet().await;
}

#[tokio::test]
async fn a_signal_in_a_text_chat_is_refused() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ann.refused(
        json!({"type": "signal", "chat_id": chat, "data": {}}),
        "invalid_mode",
    )
    .await;
    ben.quiet().await;
}

#[tokio::test]
async fn text_and_typing_work_in_a_video_chat() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair_with(&server, "mode=video").await;
    ann.say("a", "can you hear me?");
    ann.expect("ack").await;
    assert_eq!(ben.expect("message").await.text("text"), "can you hear me?");
}

#[tokio::test]
async fn text_and_video_never_meet() {
    let server = Server::start(&[
        ("PASSERBY__MATCHING__INTEREST_PATIENCE", "0s"),
        ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "0s"),
    ])
    .await;
    let mut text = Client::waiting(&server, "mode=text&interests=tea").await;
    let mut video = Client::waiting(&server, "mode=video&interests=tea").await;
    text.quiet().await;
    video.quiet().await;
    let mut second = Client::connect(&server, "mode=video").await;
    second.meet().await;
    video.meet().await;
    text.quiet().await;
}
