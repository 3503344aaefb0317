//! What nobody should have written to an inbox.

use crate::stage::{Event, Node, Plan, ask, learn, two_nodes};
use passerby_redis::client::{self, Value, cmd};
use passerby_redis::time::RedisMillis;
use passerby_tests::redis::{Keeps, Standalone};

/// What is in an inbox, as it lies there, each with its id.
async fn entries(node: &Node) -> Vec<(String, Vec<u8>)> {
    let mut command = cmd("XRANGE");
    command.arg(node.inbox()).arg("-").arg("+");
    let entries: Vec<(String, Vec<Vec<u8>>)> = ask(node, &command).await;
    entries
        .into_iter()
        .map(|(id, mut fields)| (id, fields.remove(1)))
        .collect()
}

async fn envelopes(node: &Node) -> Vec<Vec<u8>> {
    entries(node)
        .await
        .into_iter()
        .map(|(_, envelope)| envelope)
        .collect()
}

async fn put(node: &Node, envelope: &[u8]) {
    let mut command: client::Cmd = cmd("XADD");
    command
        .arg(node.inbox())
        .arg("NOMKSTREAM")
        .arg("*")
        .arg("b")
        .arg(envelope);
    let _: Value = ask(node, &command).await;
}

/// Two nodes, the envelopes with letters 0, 1, … from the first to the second, and nobody who has read them.
async fn unread(server: &Standalone, count: u64) -> (Node, Node, Vec<Vec<u8>>) {
    let plan = Plan::at(server.address());
    let (here, there) = (Node::start(&plan).await, Node::start_without_reading(&plan).await);
    for number in 0..count {
        here.send(there.own(), number, "a canary sings")
            .expect("there is room");
        here.post.settled().await;
    }
    let envelopes = envelopes(&there).await;
    assert_eq!(envelopes.len() as u64, count);
    (here, there, envelopes)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_sees_redis_reads_a_letter() {
    let server = Standalone::start(Keeps::Nothing).await;
    let (_here, _there, envelopes) = unread(&server, 3).await;
    let canary = b"canary";
    for envelope in &envelopes {
        assert!(!envelope.windows(canary.len()).any(|window| window == canary));
    }
    let disk = server.disk().await;
    assert!(!disk.windows(canary.len()).any(|window| window == canary));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_is_dropped() {
    let (server, here, there) = two_nodes().await;
    let (_, _, foreign) = unread(&server, 1).await;
    for number in 0..3 {
        here.send(there.own(), number, "hello").unwrap();
        here.post.settled().await;
    }
    // Whatever is still there is read once more, and then all of it again.
    let all = envelopes(&there).await;
    assert!(!all.is_empty());
    for envelope in all.iter().chain(&all) {
        put(&there, envelope).await;
    }
    put(&there, &foreign[0]).await;
    here.send(there.own(), 3, "hello").unwrap();
    there
        .mailbox
        .until("the last one arrives", |mailbox| mailbox.numbers().contains(&3))
        .await;
    assert_eq!(there.mailbox.numbers(), [0, 1, 2, 3]);
    let counts = there.post.counts();
    assert_eq!(counts.dropped_duplicate, 2 * all.len() as u64);
    assert_eq!(
        (counts.dropped_forged, counts.gaps),
        (1, 0),
        "one was for another node"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_cut_or_changed_is_dropped_and_missed() {
    let (server, here, there) = two_nodes().await;
    let (_, other, unread) = unread(&server, 1).await;
    let envelope = &unread[0];
    let mut forged = Vec::new();
    for place in [0, 1, 5, 13, 21, 25, 33, 41, envelope.len() - 1] {
        let mut changed = envelope.clone();
        changed[place] ^= 1;
        forged.push(changed);
        forged.push(envelope[..place].to_vec());
    }
    forged.push(vec![0xff; 2_000_000]);
    for envelope in &forged {
        put(&there, envelope).await;
    }
    here.send(there.own(), 1, "hello").unwrap();
    there
        .mailbox
        .until("letters go on", |mailbox| mailbox.numbers() == [1])
        .await;
    let counts = there.post.counts();
    assert_eq!(
        counts.dropped_forged + counts.dropped_foreign,
        forged.len() as u64
    );
    assert_eq!(counts.gaps, 0);
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_missing_is_noticed_before_what_comes_next() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan::at(server.address());
    let (here, mut there) = (Node::start(&plan).await, Node::start_without_reading(&plan).await);
    for number in 0..3 {
        here.send(there.own(), number, "hello").unwrap();
        here.post.settled().await;
    }
    let second = entries(&there).await.swap_remove(1).0;
    server.cli().ask(&["XDEL", &there.inbox(), &second]).await;
    there.start_reading();
    there
        .mailbox
        .until("the rest arrives", |mailbox| mailbox.numbers() == [0, 2])
        .await;
    let events = there.mailbox.events().clone();
    let gap = events
        .iter()
        .position(|event| *event == Event::Gap { from: here.own() });
    let last = events
        .iter()
        .position(|event| matches!(event, Event::Letter { number: 2, .. }));
    assert!(gap.is_some() && gap < last, "{events:?}");
    assert_eq!(there.mailbox.gaps(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_different_secrets_hear_nothing_of_each_other() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan::at(server.address());
    let here = Node::start(&plan).await;
    let there = Node::start(&Plan {
        secret: b"another secret altogether",
        ..plan
    })
    .await;
    here.send(there.own(), 1, "hello").unwrap();
    let counted = || there.post.counts().dropped_foreign == 1;
    there.mailbox.until("it was dropped", |_| counted()).await;
    assert!(there.mailbox.numbers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_time_is_over_is_dropped_and_missed() {
    let (_server, mut here, there) = two_nodes().await;
    here.send(there.own(), 0, "hello").unwrap();
    there
        .mailbox
        .until("it arrives", |mailbox| mailbox.numbers() == [0])
        .await;
    // As if it had been on its way for 3 s.
    here.stop_beating();
    let behind = here.time.now().unwrap().0 - 3_000;
    here.time.learn(here.time.moment(), RedisMillis(behind));
    here.send(there.own(), 1, "hello").unwrap();
    there
        .mailbox
        .until("it is missed", |mailbox| mailbox.gaps() == 1)
        .await;
    learn(&here.redis, &here.time).await;
    here.send(there.own(), 2, "hello").unwrap();
    there
        .mailbox
        .until("letters go on", |mailbox| mailbox.numbers() == [0, 2])
        .await;
    let counts = there.post.counts();
    assert_eq!((counts.dropped_late, counts.gaps), (1, 1));
}
