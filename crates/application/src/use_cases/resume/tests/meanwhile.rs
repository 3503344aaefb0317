//! What has changed by the time when somebody takes their seat back: tokens, bans, where they are, and what their node knows.

use super::*;
use crate::testing::RecordingWire;
use std::pin::pin;
use std::task::Poll;

/// Two connections came with it, and the first was heard from before the second was welcomed.
#[test]
fn a_token_that_was_spent_since_it_was_recognised_takes_nothing_back() {
    for nodes in [1, 2] {
        let mut cluster = TestCluster::of(nodes);
        let alice = cluster.visitor(0);
        let token = alice.token().0;
        let [one, other] = [(); 2].map(|()| run(cluster[0].recognise(&token)).unwrap().unwrap());
        let wire = Arc::new(RecordingWire::default());
        let first = run(cluster[0].resume(one, alice.address, wire.clone(), Seq::NONE));
        let first = first.unwrap().unwrap();
        cluster[0].heard(&first.seat, first.connection);
        let second = run(cluster[0].resume(other, alice.address, Arc::default(), Seq::NONE));
        assert!(second.unwrap().is_none());
        assert_eq!(wire.farewell(), None);
    }
}

#[test]
fn a_seat_that_has_come_from_another_node_is_counted_for_its_origin() {
    for what_befalls in ["it is handed over", "its node dies"] {
        let mut cluster = TestCluster::of(2);
        let alice = cluster.visitor(0);
        if what_befalls == "its node dies" {
            cluster.kill(0);
            cluster.pass(Millis::from_secs(6));
        }
        let back = cluster.come_back(1, &alice, 1).unwrap();
        assert!(back.seat.lock().permit.is_some(), "{what_befalls}");
    }
}

/// Nobody had their seat when the ban came.
#[test]
fn one_who_was_banned_while_their_node_was_dead_does_not_evade_that_by_coming_from_elsewhere() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let other = cluster.visitor(2);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(6));
    let order = BanOrder {
        target: BanTarget::Origin(bob.seat.origin()),
        offence: Offence::Spam,
        span: None,
    };
    run(cluster[0].ban(order)).unwrap();
    cluster.deliver();
    let (node, token) = (cluster.share(2), bob.token().0);
    let back = cluster.finish(node.come_back_from(other.address, &token, 1));
    let back = back.unwrap().unwrap();
    assert!(matches!(back.farewell(), Some(Farewell::Banned(_))));
    cluster.deliver();
    let told = alice.hears();
    assert!(told.contains(&"chat_ended moderated".to_owned()), "{told:?}");
}

/// As in a café.
#[test]
fn one_who_comes_from_where_others_are_banned_keeps_their_seat() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let other = cluster.visitor(2);
    let order = BanOrder {
        target: BanTarget::User(other.user()),
        offence: Offence::Spam,
        span: None,
    };
    run(cluster[2].ban(order)).unwrap();
    cluster.deliver();
    let (node, token) = (cluster.share(2), bob.token().0);
    let refused = cluster.finish(node.come_back_from(other.address, &token, 1));
    assert!(matches!(refused, Err(ConnectError::Banned(_))));
    let back = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
    assert!(alice.hears().iter().all(|told| !told.starts_with("chat_ended")));
}

/// Others may have taken the seat since.
#[test]
fn a_node_that_stands_still_while_a_seat_comes_serves_nobody_with_it() {
    let mut cluster = TestCluster::of(2);
    let [_alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    let (chat, token) = (cluster.share(0), bob.token().0);
    let mut coming = pin!(chat.come_back(&bob, &token, 1));
    assert!(step(coming.as_mut()).is_pending());
    cluster.carry(nodes[0], nodes[1]);
    cluster.carry(nodes[1], nodes[0]);
    cluster.clock.advance(Millis::from_secs(5));
    let Poll::Ready(came) = step(coming.as_mut()) else {
        panic!("it has all it needs");
    };
    assert!(matches!(came, Err(ConnectError::Store(_))), "{:?}", came.is_ok());
}

/// It is slow, and they have parted and met others.
#[test]
fn news_that_a_former_partner_is_back_are_not_about_the_present_one() {
    let chat = chat().start();
    let [mut alice, bob] = run(chat.pair());
    for _ in 0..5 {
        run(chat.drop_line(&alice));
        alice = run(chat.come_back(&alice, &alice.token().0, 2)).unwrap().unwrap();
    }
    let (name, returned) = {
        let book = alice.seat.lock();
        (book.session.chatting().unwrap().chat, book.session.generation())
    };
    run(chat.leave(&alice.seat, None)).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), bob.chat());
    run(chat.drop_line(&carol));
    assert_eq!(bob.hears().last().map(String::as_str), Some("partner_away"));
    chat.partner_returned(&bob.seat, name, returned);
    assert_eq!(bob.hears(), [""; 0]);
}

/// The answer to a user's first word does not wait for it.
#[test]
fn a_store_that_does_not_answer_is_not_waited_for_when_a_token_is_spent() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    let back = cluster.come_back(0, &alice, 1).unwrap();
    cluster[0].adapters().pairing.set(Line::Down);
    cluster.pass(Millis::from_secs(1));
    cluster[0].adapters().pairing.set(Line::RequestsHeld);
    cluster[0].heard(&back.seat, back.connection);
    let node = cluster.share(0);
    assert!(step(pin!(node.spend(&back.seat))).is_ready());
}
