//! Connections that the server ends by itself: idle seats.

use passerby_tests::{Client, Server, pair};

const IMPATIENT: (&str, &str) = ("PASSERBY__SESSION__IDLE_TIMEOUT", "1s");

#[tokio::test]
async fn a_seat_that_stays_idle_is_closed_with_1000() {
    let server = Server::start(&[IMPATIENT]).await;
    let mut client = Client::idle(&server).await;
    let memory = client.memory();
    client.closed(1000).await;
    let back = Client::resume(&server, &memory).await;
    assert!(!back.welcome().flag("resumed"), "the seat is gone at once");
}

#[tokio::test]
async fn who_waits_or_chats_is_not_idle() {
    let server = Server::start(&[IMPATIENT]).await;
    let mut waiting = Client::waiting(&server, "mode=video").await;
    let (mut ann, mut ben) = pair(&server).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    for client in [&mut waiting, &mut ann, &mut ben] {
        client.is_served().await;
    }
}

#[tokio::test]
async fn who_leaves_is_idle_from_then_on() {
    let server = Server::start(&[IMPATIENT]).await;
    let (mut ann, _ben) = pair(&server).await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    ann.expect("idle").await;
    ann.closed(1000).await;
}
