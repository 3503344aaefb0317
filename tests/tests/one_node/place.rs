//! Among those who fit: most interests in common, then place, which is kept through a chat and a drop.

use passerby_tests::{Client, Server, next_millisecond};
use serde_json::json;

/// Those who share nothing stay apart for the whole test.
async fn a_server() -> Server {
    Server::start(&[
        ("PASSERBY__MATCHING__INTEREST_PATIENCE", "5m"),
        ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "5m"),
        ("PASSERBY__SESSION__RELOAD_GRACE", "60s"),
    ])
    .await
}

/// One more who waits, later than all before.
async fn comes(server: &Server, query: &str) -> Client {
    let client = Client::waiting(server, query).await;
    next_millisecond().await;
    client
}

#[tokio::test]
async fn most_interests_in_common_comes_first() {
    let server = a_server().await;
    let mut one = comes(&server, "interests=a").await;
    let mut three = comes(&server, "interests=b,c,d").await;
    let mut two = comes(&server, "interests=e,f").await;
    let mut newcomer = Client::connect(&server, "interests=a,b,c,d,e,f").await;
    assert_eq!(newcomer.meet().await.list("common_interests").len(), 3);
    three.meet().await;
    one.quiet().await;
    two.quiet().await;
    let mut newcomer = Client::connect(&server, "interests=a,e,f").await;
    assert_eq!(newcomer.meet().await.list("common_interests").len(), 2);
    two.meet().await;
    one.quiet().await;
}

#[tokio::test]
async fn among_equals_the_first_comes_first() {
    let server = a_server().await;
    let mut waiting = Vec::new();
    for interest in ["a", "b", "c", "d"] {
        waiting.push(comes(&server, &format!("interests={interest}")).await);
    }
    for mut first in waiting {
        let mut newcomer = Client::connect(&server, "interests=d,c,b,a").await;
        newcomer.meet().await;
        first.meet().await;
    }
}

#[tokio::test]
async fn among_languages_the_first_comes_first() {
    let server = a_server().await;
    let mut first = comes(&server, "language=en").await;
    let mut second = comes(&server, "language=de").await;
    let mut newcomer = Client::connect(&server, "").await;
    newcomer.meet().await;
    first.meet().await;
    second.quiet().await;
}

#[tokio::test]
async fn who_is_left_alone_comes_before_those_who_came_later() {
    let server = a_server().await;
    for ending in ["leave", "skip", "close"] {
        let mut ann = Client::connect(&server, "interests=a").await;
        let since = ann.expect("waiting").await.number("since");
        next_millisecond().await;
        let mut ben = Client::connect(&server, "interests=a,x").await;
        ben.meet().await;
        ann.meet().await;
        let mut later = comes(&server, "interests=z").await;
        match ending {
            "close" => ben.close(1000).await,
            command => {
                ben.send_of_chat(command);
                ben.ended(if command == "skip" {
                    "you_skipped"
                } else {
                    "you_left"
                })
                .await;
                ben.close(1000).await;
            }
        }
        ann.expect("chat_ended").await;
        assert!(
            ann.expect("waiting").await.number("since") <= since,
            "after {ending}"
        );
        let mut newcomer = Client::connect(&server, "interests=a,z").await;
        newcomer.meet().await;
        ann.meet().await;
        assert_eq!(ann.chat(), newcomer.chat(), "after {ending}");
        later.quiet().await;
        for client in [ann, later, newcomer] {
            client.close(1000).await;
        }
    }
}

#[tokio::test]
async fn one_left_alone_is_paired_at_once_with_one_who_waits() {
    let server = a_server().await;
    let mut ann = comes(&server, "").await;
    let mut ben = Client::connect(&server, "").await;
    ben.meet().await;
    ann.meet().await;
    let mut cyd = comes(&server, "").await;
    ben.send(json!({"type": "leave"}));
    ann.ended("partner_left").await;
    ann.meet().await;
    cyd.meet().await;
    assert_eq!(ann.chat(), cyd.chat());
}

#[tokio::test]
async fn one_left_alone_is_paired_with_one_who_waits_before_the_one_who_left_them() {
    let server = a_server().await;
    for ending in ["skip", "block"] {
        let mut ann = comes(&server, "").await;
        let mut ben = Client::connect(&server, "").await;
        ben.meet().await;
        ann.meet().await;
        let mut cyd = comes(&server, "").await;
        ben.send_of_chat(ending);
        ann.ended("partner_skipped").await;
        ann.meet().await;
        cyd.meet().await;
        assert_eq!(ann.chat(), cyd.chat(), "after {ending}");
        if ending == "block" {
            ben.expect("blocked").await;
        }
        ben.ended("you_skipped").await;
        ben.expect("waiting").await;
        for client in [ann, ben, cyd] {
            client.close(1000).await;
        }
    }
}

#[tokio::test]
async fn a_waiting_seat_keeps_its_place_while_it_is_away_and_is_not_paired() {
    let server = a_server().await;
    let mut ann = Client::connect(&server, "interests=a").await;
    let since = ann.expect("waiting").await.number("since");
    let memory = ann.memory();
    ann.close(1001).await;
    next_millisecond().await;
    let mut later = comes(&server, "interests=z").await;
    let mut fitting = comes(&server, "interests=a,q").await;
    fitting.quiet().await;
    fitting.close(1000).await;

    let mut ann = Client::resume(&server, &memory).await;
    let welcome = ann.welcome();
    assert_eq!((welcome.text("state"), welcome.flag("gap")), ("waiting", false));
    assert_eq!(welcome.number("since"), since);
    // Nothing is obeyed before the seat is in the queue again.
    ann.send(json!({"type": "ping"}));
    ann.expect("pong").await;
    let mut newcomer = Client::connect(&server, "interests=z,a").await;
    newcomer.meet().await;
    ann.meet().await;
    later.quiet().await;
}

#[tokio::test]
async fn a_waiting_seat_that_comes_back_is_paired_with_one_who_waits() {
    let server = a_server().await;
    let ann = comes(&server, "").await;
    let memory = ann.memory();
    ann.close(1001).await;
    let mut ben = comes(&server, "").await;
    ben.quiet().await;
    let mut ann = Client::resume(&server, &memory).await;
    ann.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn joining_again_after_leaving_takes_a_new_place() {
    let server = a_server().await;
    let mut ann = comes(&server, "interests=a").await;
    let mut ben = comes(&server, "interests=b").await;
    ann.send(json!({"type": "leave"}));
    ann.expect("idle").await;
    ann.send(json!({"type": "join", "interests": ["a"]}));
    ann.expect("waiting").await;
    let mut newcomer = Client::connect(&server, "interests=a,b").await;
    newcomer.meet().await;
    ben.meet().await;
    ann.quiet().await;
}
