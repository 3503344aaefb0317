//! Both of a chat move at once, each without knowing where the other is by then.

use super::{comes_from, moved, say};
use crate::ports::{Assertion, Attendance, Letter, Recollection};
use crate::testing::{TestCluster, run, step};
use passerby_domain::time::Millis;
use std::task::Poll;

/// The one who sets out first arrives last, and knows the other only where they were.
#[test]
fn two_who_come_to_one_node_at_once_hear_each_other_there_at_once() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let (chat, token) = (cluster.share(2), bob.token().0);
    let mut bobs = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(bobs.as_mut()).is_pending());
    let alice = comes_from(&mut cluster, [0, 2], &alice, |_| ());
    cluster.carry(nodes[2], nodes[1]);
    cluster.carry(nodes[1], nodes[2]);
    let Poll::Ready(bob) = step(bobs.as_mut()) else {
        panic!("it has all it needs");
    };
    let bob = bob.unwrap().unwrap();
    for (from, to, id) in [(&alice, &bob, "1"), (&bob, &alice, "2")] {
        to.hears();
        say(&cluster, 2, from, id, id).unwrap();
        assert_eq!(to.hears(), [format!("message {id}")]);
    }
}

#[test]
fn one_who_comes_to_where_the_partner_has_just_left_reaches_them_at_once() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let (chat, token) = (cluster.share(1), alice.token().0);
    let mut coming = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    let bob = comes_from(&mut cluster, [1, 2], &bob, |_| ());
    cluster.carry(nodes[1], nodes[0]);
    cluster.carry(nodes[0], nodes[1]);
    let Poll::Ready(alice) = step(coming.as_mut()) else {
        panic!("it has all it needs");
    };
    let alice = alice.unwrap().unwrap();
    say(&cluster, 1, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(bob.hears().last().map(String::as_str), Some("message hello"));
    assert!(alice.hears().contains(&"ack 1".to_owned()));
}

/// It is older than what was heard where the seat was before.
#[test]
fn news_of_a_partner_that_were_outdated_before_a_seat_moved_stay_so() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    let assertion = Assertion {
        address: moved(&alice, &bob),
        attendance: Attendance::Away {
            held: Millis::from_secs(20),
        },
        recollection: Recollection::Whole,
    };
    cluster.deliver();
    let _bob = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(alice.hears(), ["partner_away", "partner_back"]);
    let former = cluster.incarnation(1);
    let alice = comes_from(&mut cluster, [0, 2], &alice, |_| ());
    alice.hears();
    cluster[2].share().receive(former, Letter::Presence(assertion));
    assert_eq!(alice.hears(), [""; 0]);
}
