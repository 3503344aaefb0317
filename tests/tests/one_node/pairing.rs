//! Who fits whom: interests, language, and the patience for either.

use std::time::Duration;

use passerby_tests::{Client, Server, next_millisecond};

/// Client and server each measure on their own; a scheduler may make a wait look this much shorter.
const SLACK: Duration = Duration::from_millis(150);

/// Patience that does not end within a test, unless the test says otherwise.
const PATIENT: [(&str, &str); 2] = [
    ("PASSERBY__MATCHING__INTEREST_PATIENCE", "5m"),
    ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "5m"),
];

async fn meet_after(patience: [(&str, &str); 2], first: &str, second: &str, wait: Duration) {
    let server = Server::start(&patience).await;
    let mut ann = Client::connect(&server, first).await;
    let ann_waits = ann.expect("waiting").await.at;
    let mut ben = Client::connect(&server, second).await;
    let ben_waits = ben.expect("waiting").await.at;
    let (for_ann, for_ben) = (ann.meet().await.at, ben.meet().await.at);
    assert_eq!(ann.chat(), ben.chat());
    let (ann_waited, ben_waited) = (for_ann - ann_waits, for_ben - ben_waits);
    assert!(
        ann_waited + SLACK >= wait,
        "{first} met {second} after {ann_waited:?}"
    );
    assert!(
        ben_waited + SLACK >= wait || second.is_empty(),
        "{second} met {first} after {ben_waited:?}"
    );
}

async fn do_not_meet(first: &str, second: &str) {
    let server = Server::start(&PATIENT).await;
    let mut ann = Client::waiting(&server, first).await;
    let mut ben = Client::waiting(&server, second).await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn users_with_unlike_interests_do_not_meet_while_they_are_patient() {
    do_not_meet("interests=tea", "interests=rust").await;
}

#[tokio::test]
async fn one_without_interests_is_not_accepted_by_a_patient_one_with_some() {
    do_not_meet("interests=tea", "").await;
    do_not_meet("", "interests=tea").await;
}

#[tokio::test]
async fn users_of_unlike_languages_do_not_meet_while_they_are_patient() {
    do_not_meet("language=en", "language=de").await;
    do_not_meet("language=en-GB&interests=tea", "language=de&interests=tea").await;
}

#[tokio::test]
async fn users_who_share_an_interest_meet_at_once() {
    let server = Server::start(&PATIENT).await;
    for (first, second) in [
        ("interests=tea", "interests=rust,tea"),
        ("language=en", "language=en-US"),
        ("language=en", ""),
        ("", "language=en"),
        ("", ""),
        ("interests=tea&language=sr-Latn", "interests=tea&language=sr-Cyrl"),
    ] {
        let mut ann = Client::waiting(&server, first).await;
        let mut ben = Client::connect(&server, second).await;
        ben.meet().await;
        ann.meet().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn patience_for_interests_comes_to_an_end_for_both() {
    let patience = [("PASSERBY__MATCHING__INTEREST_PATIENCE", "2s"), PATIENT[1]];
    meet_after(
        patience,
        "interests=tea",
        "interests=rust",
        Duration::from_secs(2),
    )
    .await;
}

#[tokio::test]
async fn one_with_interests_accepts_one_without_when_out_of_patience() {
    let patience = [("PASSERBY__MATCHING__INTEREST_PATIENCE", "2s"), PATIENT[1]];
    meet_after(patience, "interests=tea", "", Duration::from_secs(2)).await;
}

#[tokio::test]
async fn patience_for_a_language_comes_to_an_end_for_both() {
    // A user accepts when its own patience is over, so both must be out of patience.
    let patience = [PATIENT[0], ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "2s")];
    let server = Server::start(&patience).await;
    let mut ann = Client::waiting(&server, "language=en").await;
    let mut ben = Client::connect(&server, "language=de").await;
    let waits = ben.expect("waiting").await.at;
    let waited = ben.meet().await.at - waits;
    ann.meet().await;
    assert!(
        waited + SLACK >= Duration::from_secs(2),
        "they met after {waited:?}"
    );
}

#[tokio::test]
async fn patience_for_interests_is_none_for_a_language() {
    let server = Server::start(&[("PASSERBY__MATCHING__INTEREST_PATIENCE", "0s"), PATIENT[1]]).await;
    let mut ann = Client::waiting(&server, "language=en&interests=tea").await;
    let mut ben = Client::waiting(&server, "language=de&interests=tea").await;
    ann.quiet().await;
    ben.quiet().await;
    let mut cyd = Client::connect(&server, "language=en&interests=rust").await;
    cyd.meet().await;
    ann.meet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn patience_counts_from_the_beginning_of_this_wait() {
    let server = Server::start(&[("PASSERBY__MATCHING__INTEREST_PATIENCE", "2s"), PATIENT[1]]).await;
    let mut ann = Client::connect(&server, "interests=tea").await;
    let since = ann.expect("waiting").await.number("since");
    let mut zoe = Client::waiting(&server, "interests=zoo&language=fr").await;
    let mut ben = Client::connect(&server, "interests=tea").await;
    ben.meet().await;
    ann.meet().await;
    // Zoe's patience is over while Ann chats.
    zoe.hears_nothing_for(Duration::from_millis(2500)).await;
    ben.send(serde_json::json!({"type": "leave"}));
    ann.ended("partner_left").await;
    let waiting = ann.expect("waiting").await;
    assert!(
        waiting.number("since") <= since,
        "the place is kept: {}",
        waiting.body
    );
    let met = ann.meet().await;
    let waited = met.at - waiting.at;
    assert!(
        waited + SLACK >= Duration::from_secs(2),
        "Ann accepted Zoe after {waited:?}"
    );
    zoe.meet().await;
}

#[tokio::test]
async fn same_origin_pairs_can_be_turned_off() {
    let server = Server::start(&[("PASSERBY__MATCHING__SAME_ORIGIN", "false")]).await;
    let mut ann = Client::waiting(&server, "").await;
    next_millisecond().await;
    let mut ben = Client::waiting(&server, "").await;
    ann.quiet().await;
    ben.quiet().await;
    let mut cyd = passerby_tests::Connect::to(&server)
        .from("127.0.0.2")
        .open()
        .await;
    cyd.meet().await;
    ann.meet().await;
    ben.quiet().await;
}
