//! What may be said: every text that is allowed arrives exactly as it was sent, and no other.

use passerby_tests::{Server, pair};
use serde_json::json;

async fn each_is_refused(texts: &[&str], code: &str) {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for text in texts {
        let chat = ann.chat();
        ann.refused(json!({"type": "message", "chat_id": chat, "text": text}), code)
            .await;
    }
    ann.say("marker", "marker");
    ann.expect("ack").await;
    assert_eq!(
        ben.expect("message").await.text("text"),
        "marker",
        "nothing refused was delivered"
    );
}

async fn each_is_delivered(texts: &[&str]) {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for (number, text) in texts.iter().enumerate() {
        ann.say(&number.to_string(), text);
        ann.expect("ack").await;
        assert_eq!(ben.expect("message").await.text("text"), *text);
    }
}

#[tokio::test]
async fn a_text_in_which_nothing_is_visible_is_refused() {
    let texts = [
        "",
        " ",
        "\n\t \n",
        "\u{a0}\u{2003}\u{3000}",
        "\u{2028}\u{2029}",
        "\u{200b}",
        "\u{2060}\u{feff}",
        "\u{ad}",
        "\u{e0041}\u{e007f}",
        "\u{fe0f}",
        "\u{115f}\u{3164}",
        "\u{202e}\u{202c}",
        " \u{200d} \u{2066}",
    ];
    each_is_refused(&texts, "invalid_text").await;
}

#[tokio::test]
async fn a_text_with_control_characters_is_refused() {
    let texts = [
        "a\0",
        "\u{1b}[2J",
        "a\u{85}b",
        "a\u{7f}",
        "a\rb",
        "a\r\nb",
        "\u{7}ring",
        "a\u{9f}",
    ];
    each_is_refused(&texts, "invalid_text").await;
}

#[tokio::test]
async fn a_text_of_2_001_characters_is_too_long() {
    let (latin, emoji) = ("a".repeat(2001), "\u{1f600}".repeat(2001));
    each_is_refused(&[&latin, &emoji], "text_too_long").await;
}

#[tokio::test]
async fn a_text_of_2_000_characters_is_delivered() {
    let (latin, emoji, marks) = (
        "a".repeat(2000),
        "\u{1f600}".repeat(2000),
        format!("a{}", "\u{301}".repeat(1999)),
    );
    each_is_delivered(&[&latin, &emoji, &marks]).await;
}

#[tokio::test]
async fn a_text_is_delivered_unaltered() {
    let ampersands = "&".repeat(2000);
    let texts = [
        "hello",
        "  leading, and trailing\n\n",
        "line\nline\ttab",
        "e\u{301} is not \u{e9}",
        "\u{202e}desrever\u{202c} \u{2066}isolated\u{2069}",
        "a\u{2028}b\u{2029}c",
        "\u{fffe}\u{ffff}\u{fffd}",
        "flag \u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
        "\u{2800}",
        "zero\u{200b}width\u{200d}joined",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{10ffff}",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "](http://evil.example)",
        "\"quotes\" \\backslash\\ / \\u0041",
        "{\"type\":\"chat_ended\"}",
        &ampersands,
    ];
    each_is_delivered(&texts).await;
}

#[tokio::test]
async fn the_longest_text_is_a_setting() {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGE_CHARS", "5")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    assert_eq!(ann.welcome()["limits"]["message_chars"], 5);
    let chat = ann.chat();
    ann.refused(
        json!({"type": "message", "chat_id": chat, "text": "123456"}),
        "text_too_long",
    )
    .await;
    ann.say("a", "12345");
    assert_eq!(ben.expect("message").await.text("text"), "12345");
}
