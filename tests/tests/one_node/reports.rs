//! A report: recorded for the operator, and a block without the end of the chat.

use passerby_tests::{Client, Server, http, pair};
use serde_json::json;

const TOKEN: (&str, &str) = ("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite");

#[tokio::test]
async fn a_report_is_answered_and_the_chat_goes_on() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    for reason in ["spam", "harassment", "underage", "nudity", "illegal", "other"] {
        ann.send(json!({"type": "report", "chat_id": chat, "reason": reason}));
        assert_eq!(ann.expect("reported").await.text("chat_id"), chat);
    }
    ann.quiet().await;
    ben.quiet().await;
    ann.say("a", "still here");
    ben.expect("message").await;
}

#[tokio::test]
async fn a_report_keeps_the_two_apart_afterwards() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "spam", "detail": "x".repeat(500)}));
    ann.expect("reported").await;
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    ben.expect("waiting").await;
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn the_last_chat_can_be_reported_after_its_end() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ben.send_of_chat("leave");
    ben.ended("you_left").await;
    ann.ended("partner_left").await;
    ann.expect("waiting").await;
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "harassment"}));
    ann.expect("reported").await;
    // Also out of the next chat, which it does not touch.
    let mut cyd = Client::connect(&server, "").await;
    cyd.meet().await;
    ann.meet().await;
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "harassment"}));
    ann.expect("reported").await;
    ann.say("a", "still here");
    cyd.expect("message").await;
}

#[tokio::test]
async fn a_report_out_of_bounds_is_malformed() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    for report in [
        json!({"type": "report", "chat_id": chat, "reason": "rude"}),
        json!({"type": "report", "chat_id": chat, "reason": "SPAM"}),
        json!({"type": "report", "chat_id": chat, "reason": 1}),
        json!({"type": "report", "chat_id": chat}),
        json!({"type": "report", "reason": "spam"}),
        json!({"type": "report", "chat_id": chat, "reason": "spam", "detail": "x".repeat(501)}),
        json!({"type": "report", "chat_id": chat, "reason": "spam", "detail": 1}),
    ] {
        ann.refused(report, "malformed").await;
    }
    ben.quiet().await;
}

#[tokio::test]
async fn a_detail_of_500_characters_counts_characters() {
    let server = Server::start(&[]).await;
    let (mut ann, _ben) = pair(&server).await;
    let chat = ann.chat();
    ann.send(
        json!({"type": "report", "chat_id": chat, "reason": "other", "detail": "\u{1f600}".repeat(500)}),
    );
    ann.expect("reported").await;
}

/// So nobody can have the reports of others give way to their own.
#[tokio::test]
async fn one_who_reports_without_end_is_slowed() {
    let limits = ("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0");
    let server = Server::start(&[limits]).await;
    let (mut ann, _ben) = pair(&server).await;
    let chat = ann.chat();
    for number in 0.. {
        assert!(number < 1_000, "there is no limit");
        ann.send(json!({"type": "report", "chat_id": chat, "reason": "spam"}));
        let answer = ann.either().await;
        if answer.kind() == "error" {
            assert_eq!(answer["code"], "rate_limited");
            assert!(answer.number("retry_after_ms") <= 30_000, "{}", answer.body);
            break;
        }
        assert_eq!(answer.kind(), "reported");
    }
}

#[tokio::test]
async fn the_operator_reads_reports_page_by_page() {
    let server = Server::start(&[TOKEN]).await;
    server.keep_out_of_logs("canary-detail");
    let mut reported = Vec::new();
    for number in 0..3 {
        let (mut ann, mut ben) = pair(&server).await;
        let chat = ann.chat();
        let detail = format!("canary-detail {number} \r\n<b>");
        ann.send(json!({"type": "report", "chat_id": chat, "reason": "nudity", "detail": detail}));
        let told = ann.either().await;
        // A detail may hold line feeds; a carriage return may be refused.
        if told.kind() == "error" {
            assert_eq!(told["code"], "malformed");
            let detail = format!("canary-detail {number} <b>");
            ann.send(json!({"type": "report", "chat_id": chat, "reason": "nudity", "detail": detail}));
            ann.expect("reported").await;
        }
        reported.push(ben.welcome().text("user_id").to_owned());
        ben.quiet().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
    let bearer = ("Authorization", "Bearer a-token-for-the-suite");
    let mut pages = String::new();
    let mut path = "/admin/v1/reports".to_owned();
    for _ in 0..10 {
        let answer = http::get(server.admin(), &path, &[bearer]).await;
        assert_eq!(answer.status, 200, "{path}");
        pages += &answer.text();
        let page = answer.json();
        let Some(cursor) = ["cursor", "next_cursor", "next"]
            .iter()
            .find_map(|key| page[key].as_str())
        else {
            break;
        };
        path = format!("/admin/v1/reports?cursor={cursor}");
    }
    for user in reported {
        assert!(pages.contains(&user), "{user} is not in {pages}");
    }
    assert!(
        pages.contains("nudity") && pages.contains("canary-detail"),
        "{pages}"
    );
    assert_eq!(
        http::get(server.admin(), "/admin/v1/reports?cursor=%00", &[bearer])
            .await
            .status,
        400
    );
}
