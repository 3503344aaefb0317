use crate::MessageError;
use crate::testing::{Guest, TestCluster, step};
use passerby_domain::text::MessageId;
use passerby_domain::time::Millis;
use std::task::Poll;

fn say(cluster: &TestCluster, node: usize, guest: &Guest, text: &str, id: Option<&str>) {
    let id = id.map(|id| MessageId::parse(id).unwrap());
    cluster[node]
        .message(&guest.seat, &guest.chat(), text, id)
        .unwrap();
    cluster[node].flush(&guest.seat);
}

/// Brings a user of node 1 to another node, of which node 0 hears nothing meanwhile. `begun` happens when their seat was asked
/// for, and has not been given.
fn move_in_secret(
    cluster: &mut TestCluster,
    node: usize,
    guest: &Guest,
    begun: impl FnOnce(&TestCluster),
) -> Guest {
    let (chat, token) = (cluster.share(node), guest.token().0);
    let mut coming = Box::pin(async { chat.come_back(guest, &token, 1).await });
    let way = [node, 1].map(|node| cluster.incarnation(node));
    assert!(step(coming.as_mut()).is_pending());
    begun(cluster);
    loop {
        cluster.carry(way[0], way[1]);
        cluster.carry(way[1], way[0]);
        if let Poll::Ready(back) = step(coming.as_mut()) {
            return back.unwrap().unwrap();
        }
    }
}

#[test]
fn what_is_said_while_a_partner_moves_goes_after_them_in_its_order() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let words = [("one", Some("1")), ("two", None), ("three", Some("3"))];
    let bob = move_in_secret(&mut cluster, 2, &bob, |cluster| {
        for (text, id) in words {
            say(cluster, 0, &alice, text, id);
        }
    });
    cluster.deliver();
    let heard = bob.hears();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("message")).collect();
    assert_eq!(messages, ["message one", "message two", "message three"]);
    let told = alice.hears();
    let told: Vec<_> = told.iter().filter(|line| !line.starts_with("partner")).collect();
    assert_eq!(told, ["ack 1", "ack 3"]);
    say(&cluster, 0, &alice, "four", Some("4"));
    cluster.deliver();
    assert_eq!(bob.hears(), ["message four"]);
}

#[test]
fn what_is_said_while_a_partner_comes_here_is_here_when_they_are() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let bob = move_in_secret(&mut cluster, 0, &bob, |cluster| {
        say(cluster, 0, &alice, "one", Some("1"));
        say(cluster, 0, &alice, "two", Some("2"));
    });
    cluster.deliver();
    say(&cluster, 0, &alice, "three", Some("3"));
    let heard = bob.hears();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("message")).collect();
    assert_eq!(messages, ["message one", "message two", "message three"]);
    assert!(alice.hears().iter().all(|line| !line.starts_with("un")));
}

/// What has been said since, and went where the partner is, would come before it.
#[test]
fn what_was_overtaken_is_refused() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let bob = move_in_secret(&mut cluster, 2, &bob, |cluster| {
        say(cluster, 0, &alice, "one", Some("1"));
    });
    // Node 0 hears from the new owner before it hears of the refusal.
    let way = [2, 0].map(|node| cluster.incarnation(node));
    while cluster.carry(way[0], way[1]) {}
    say(&cluster, 0, &alice, "two", Some("2"));
    cluster.deliver();
    let heard = bob.hears();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("message")).collect();
    assert_eq!(messages, ["message two"]);
    let told = alice.hears();
    assert!(told.contains(&"ack 2".to_owned()), "{told:?}");
    assert!(!told.contains(&"ack 1".to_owned()), "{told:?}");
}

/// Its user would be told that nobody knows, and it would arrive after that.
#[test]
fn what_is_refused_late_goes_after_nobody() {
    for (late, is_followed) in [(500, true), (501, false)] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        let bob = move_in_secret(&mut cluster, 2, &bob, |cluster| {
            say(cluster, 0, &alice, "one", Some("1"));
        });
        cluster.clock.advance(Millis::new(late));
        cluster.deliver();
        let heard = bob.hears().contains(&"message one".to_owned());
        let told = alice.hears().contains(&"ack 1".to_owned());
        assert_eq!((heard, told), (is_followed, is_followed), "after {late} ms");
    }
}

/// Bob has it already, which the node knows that has lost him, and the one that has him since does not.
#[test]
fn what_was_sent_before_and_goes_after_a_partner_is_not_taken_for_new() {
    let mut cluster = TestCluster::of(4);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2, 3].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "one", Some("1"));
    while cluster.carry(nodes[0], nodes[1]) {}
    cluster.office.lose_all(nodes[1], nodes[0]);
    let alice = cluster.come_back(3, &alice, 1).unwrap();
    cluster.cut(1);
    let restored = cluster.come_back_unheard(2, &bob, 2);
    assert_eq!(restored.hears(), ["welcome back chatting, with a gap"]);
    cluster[1].lose_user(bob.user());
    cluster.mend(1);
    // Said before anything is heard of that.
    say(&cluster, 3, &alice, "one", Some("1"));
    assert!(cluster.carry(nodes[3], nodes[1]));
    assert!(cluster.carry(nodes[2], nodes[3]));
    alice.hears();
    cluster.deliver();
    assert_eq!(restored.hears(), [""; 0]);
    assert_eq!(alice.hears(), ["unconfirmed 1"]);
}

/// It was refused where they were, and goes after them: that it will arrive nobody knows.
#[test]
fn what_goes_after_a_partner_and_is_said_again_is_not_acknowledged_before_it_has_arrived() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let bob = move_in_secret(&mut cluster, 2, &bob, |cluster| {
        say(cluster, 0, &alice, "one", Some("1"));
    });
    while cluster.carry(nodes[0], nodes[1]) {}
    while cluster.carry(nodes[1], nodes[0]) {}
    say(&cluster, 0, &alice, "one", Some("1"));
    cluster.office.lose_all(nodes[0], nodes[2]);
    cluster.pass(Millis::from_secs(3));
    let told = alice.hears();
    assert!(!told.contains(&"ack 1".to_owned()), "{told:?}");
    assert!(told.contains(&"unconfirmed 1".to_owned()), "{told:?}");
    assert!(!bob.hears().contains(&"message one".to_owned()));
}

/// The first was lost; the others came to where the partner was when they had gone, and are told them here.
#[test]
fn what_was_lost_does_not_come_behind_what_was_refused_and_is_here_after_all() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "one", Some("1"));
    cluster.office.lose_all(nodes[0], nodes[1]);
    let bob = move_in_secret(&mut cluster, 0, &bob, |cluster| {
        say(cluster, 0, &alice, "two", Some("2"));
        say(cluster, 0, &alice, "three", Some("3"));
    });
    cluster.deliver();
    let again = MessageId::parse("1").ok();
    let said = cluster[0].message(&alice.seat, &alice.chat(), "one", again);
    assert_eq!(said, Err(MessageError::Unconfirmed));
    cluster.deliver();
    let heard = bob.hears();
    let messages: Vec<_> = heard.iter().filter(|line| line.starts_with("message")).collect();
    assert_eq!(messages, ["message two", "message three"]);
}

/// Nobody else knows what became of it.
#[test]
fn what_a_former_owner_had_sent_goes_after_a_partner_however_late_and_is_answered_with_the_truth() {
    let mut cluster = TestCluster::of(4);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 3].map(|node| cluster.incarnation(node));
    say(&cluster, 0, &alice, "one", Some("1"));
    while cluster.carry(nodes[0], nodes[1]) {}
    cluster.office.lose_all(nodes[1], nodes[0]);
    let alice = cluster.come_back(3, &alice, 1).unwrap();
    let bob = move_in_secret(&mut cluster, 2, &bob, |cluster| {
        say(cluster, 3, &alice, "one", Some("1"));
    });
    cluster.clock.advance(Millis::new(600));
    cluster.deliver();
    assert!(alice.hears().contains(&"ack 1".to_owned()));
    let heard = bob.hears();
    assert_eq!(heard.iter().filter(|line| *line == "message one").count(), 1);
}

#[test]
fn what_has_no_room_where_a_partner_has_come_is_not_acknowledged() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let bob = move_in_secret(&mut cluster, 0, &bob, |cluster| {
        say(cluster, 0, &alice, "one", Some("1"));
    });
    cluster[0].adapters().delivery.set_room(0);
    cluster.deliver();
    let told = alice.hears();
    assert!(told.contains(&"unreachable 1".to_owned()), "{told:?}");
    assert!(!bob.hears().contains(&"message one".to_owned()));
}

/// Bob leaves node 1 for node 2 while Alice says these, and node 2 for node 3 before they have come there after him.
fn moves_twice(words: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut cluster = TestCluster::of(4);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2, 3].map(|node| cluster.incarnation(node));
    let there = move_in_secret(&mut cluster, 2, &bob, |cluster| {
        for word in words {
            say(cluster, 0, &alice, word, Some(word));
        }
    });
    while cluster.carry(nodes[0], nodes[1]) {}
    while cluster.carry(nodes[1], nodes[0]) {}
    let (chat, token) = (cluster.share(3), there.token().0);
    let mut coming = Box::pin(async { chat.come_back(&there, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    cluster.carry(nodes[3], nodes[2]);
    cluster.carry(nodes[2], nodes[3]);
    let Poll::Ready(back) = step(coming.as_mut()) else {
        panic!("it has all it needs");
    };
    let back = back.unwrap().unwrap();
    cluster.deliver();
    let heard = back.hears();
    let messages = heard.into_iter().filter(|line| line.starts_with("message"));
    (messages.collect(), alice.hears())
}

/// Nothing was said after it, so that it comes behind nothing.
#[test]
fn what_is_said_while_a_partner_moves_twice_goes_after_them_twice() {
    let (heard, told) = moves_twice(&["1"]);
    assert!(told.contains(&"ack 1".to_owned()), "{told:?}");
    assert_eq!(heard, ["message 1"]);
}
