//! What several of the tests do.

mod crossing;
mod dead_nodes;
mod doubt;
mod messages;
mod moving;
mod referred;
mod unheard;

use crate::MessageError;
use crate::ports::Address;
use crate::testing::{Guest, TestCluster, step};
use passerby_domain::text::MessageId;

fn say(cluster: &TestCluster, node: usize, guest: &Guest, text: &str, id: &str) -> Result<(), MessageError> {
    let id = MessageId::parse(id).unwrap();
    let said = cluster[node].message(&guest.seat, &guest.chat(), text, Some(id));
    cluster[node].flush(&guest.seat);
    said
}

/// Alice says these on node 0 to a partner on node 1, each its own id, and the letter of the first is lost on the way.
fn say_and_lose_the_first(cluster: &mut TestCluster, alice: &Guest, ids: &[&str]) {
    let (from, to) = (cluster.incarnation(0), cluster.incarnation(1));
    say(cluster, 0, alice, ids[0], ids[0]).unwrap();
    cluster.office.lose(from, to);
    for id in &ids[1..] {
        say(cluster, 0, alice, id, id).unwrap();
    }
    while cluster.carry(from, to) {}
}

/// Letters of two ways come in any order.
fn sorted(mut heard: Vec<String>) -> Vec<String> {
    heard.sort();
    heard
}

/// What `alice`'s node is told when her partner is another node's by now.
fn moved(alice: &Guest, bob: &Guest) -> Address {
    Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    }
}

fn online(cluster: &TestCluster) -> u64 {
    let running = (0..cluster.size()).filter(|node| !cluster.is_dead(*node));
    running.map(|node| cluster[node].own_census().online).sum()
}

/// Somebody comes from one node to another, and no letters are carried but those between these two, and what `meanwhile`
/// carries before the former one hands the seat over.
fn comes_from(
    cluster: &mut TestCluster,
    [former, node]: [usize; 2],
    guest: &Guest,
    meanwhile: impl FnOnce(&mut TestCluster),
) -> Guest {
    let (chat, token) = (cluster.share(node), guest.token().0);
    let [from, to] = [former, node].map(|node| cluster.incarnation(node));
    let mut coming = Box::pin(async { chat.come_back(guest, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    meanwhile(cluster);
    loop {
        cluster.carry(to, from);
        cluster.carry(from, to);
        if let std::task::Poll::Ready(guest) = step(coming.as_mut()) {
            return guest.unwrap().unwrap();
        }
    }
}
