//! How many connections one origin, and the node, may have.

use passerby_tests::{Client, Connect, PATIENCE, Server, succeeds};

#[tokio::test]
async fn the_21st_connection_of_an_origin_is_refused() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "20")]).await;
    let mut kept = Vec::new();
    for _ in 0..20 {
        kept.push(Client::idle(&server).await);
    }
    Connect::to(&server)
        .refused()
        .await
        .is_problem(429)
        .says_when_to_retry();
    Connect::to(&server)
        .query("join=manual")
        .from("127.0.0.2")
        .open()
        .await;
    kept.pop().expect("20 were made").close(1000).await;
    // The server has closed the connection before its slot can be counted as free.
    succeeds("it is counted no more", PATIENCE, async || {
        Connect::to(&server).query("join=manual").attempt().await
    })
    .await;
}

#[tokio::test]
async fn the_61st_attempt_of_a_minute_is_refused() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "60")]).await;
    let mut refused = 0;
    for attempt in 1..=70 {
        match Connect::to(&server).query("join=manual").attempt().await {
            Ok(client) => client.close(1000).await,
            Err(answer) => {
                // While the first sixty are made some of the minute passes, and with it some of the limit.
                assert!(attempt > 60, "attempt {attempt} was refused");
                assert!(answer.is_problem(429).says_when_to_retry() <= 60);
                refused += 1;
            }
        }
    }
    assert!(refused >= 1, "70 attempts at once were let in");
    Connect::to(&server)
        .query("join=manual")
        .from("127.0.0.2")
        .open()
        .await;
}

#[tokio::test]
async fn a_resume_counts_in_neither_limit() {
    let server = Server::start(&[
        ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "1"),
        ("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "2"),
    ])
    .await;
    let mut client = Client::idle(&server).await;
    for _ in 0..5 {
        client.is_served().await;
        let memory = client.reset_connection().await;
        client = Client::resume(&server, &memory).await;
        assert!(client.welcome().flag("resumed"));
    }
}

#[tokio::test]
async fn a_wrong_token_is_no_way_around_the_limits() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "1")]).await;
    let _held = Client::idle(&server).await;
    Connect::to(&server)
        .query("resume=nonsense")
        .refused()
        .await
        .is_problem(429);
}

#[tokio::test]
async fn a_full_node_says_so() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS", "2")]).await;
    let _first = Client::idle(&server).await;
    let _second = Client::idle(&server).await;
    let refusal = Connect::to(&server).query("join=manual").refused().await;
    assert!(refusal.is_problem(503).says_when_to_retry() <= 60);
}
