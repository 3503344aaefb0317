//! A server that lets a node do what it needs and nothing else: by the very rules that are shipped, and by fewer.

use crate::stage::{Node, Plan};
use passerby_redis::RedisOptions;
use passerby_tests::redis::Standalone;

const RULES: &str = include_str!("../../../../../deploy/redis/users.acl");

/// The rules as Redis reads them: without comments, each user on one line.
fn rules() -> String {
    let lines = RULES
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.flat_map(str::split_whitespace);
    let text = words.collect::<Vec<_>>().join(" ");
    let (_, node) = text.split_once("user passerby").expect("the user of the nodes");
    format!("user passerby{node} >s3cret")
}

/// Sends more than goes without a look at the inbox, and removes what was read.
async fn letters_go_on(rules: &str) {
    let server = Standalone::start_guarded(&[rules]).await;
    let plan = Plan {
        redis: RedisOptions {
            user: Some("passerby".to_owned()),
            password: Some("s3cret".to_owned()),
            tls_ca: Some(std::fs::read(server.authority().expect("it speaks TLS")).expect("readable")),
            ..RedisOptions::standalone(format!("rediss://{}", server.address()))
        },
        ..Plan::at(server.address())
    };
    let (here, there) = (Node::start(&plan).await, Node::start(&plan).await);
    for number in 0..300 {
        here.send(there.own(), number, "hello").expect("there is room");
        here.post.settled().await;
    }
    there
        .mailbox
        .until("all arrive", |mailbox| mailbox.numbers().into_iter().eq(0..300))
        .await;
    server
        .cli()
        .until("all is removed", passerby_tests::PATIENCE, async || {
            server.cli().ask(&["XLEN", &there.inbox()]).await.trim() == "0"
        })
        .await;
    there.post.close_inbox().await.expect("it may go");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shipped_as_rules_suffices_for_letters() {
    letters_go_on(&rules()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_tells_no_sizes_carries_letters_all_the_same() {
    let rules = rules().replace("+memory|usage", "");
    assert!(!rules.contains("memory"));
    letters_go_on(&rules).await;
}
