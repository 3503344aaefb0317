use crate::ports::{Address, Letter};
use crate::testing::{Guest, TestCluster, run};
use passerby_domain::time::Millis;

/// Alice and Bob chat on two nodes, and Carol waits on a third.
fn three() -> (TestCluster, [Guest; 3]) {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let carol = cluster.visitor(2);
    cluster.deliver();
    assert_eq!(carol.hears(), ["welcome idle", "waiting"]);
    (cluster, [alice, bob, carol])
}

#[test]
fn whoever_is_left_alone_meets_the_next_one_also_where_another_node_has_them() {
    for ends in ["skip", "block"] {
        let (mut cluster, [alice, bob, carol]) = three();
        let chat = alice.chat();
        match ends {
            "skip" => run(cluster[0].skip(&alice.seat, &chat)).unwrap(),
            _ => run(cluster[0].block(&alice.seat, &chat)).unwrap(),
        }
        cluster.deliver();
        assert_eq!(bob.hears(), ["chat_ended partner_skipped", "matched"], "{ends}");
        assert_eq!(carol.hears(), ["matched"]);
        assert_eq!(alice.hears().last().map(String::as_str), Some("waiting"));
    }
}

#[test]
fn when_nothing_is_heard_of_the_partner_the_one_who_left_is_looked_for_all_the_same() {
    let (mut cluster, [alice, _bob, carol]) = three();
    cluster.stall(1);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["chat_ended you_skipped"]);
    cluster.pass(Millis::new(99));
    assert_eq!(alice.hears(), [""; 0], "the partner's turn is not over");
    cluster.pass(Millis::new(1));
    assert_eq!(alice.hears(), ["matched"]);
    assert_eq!(carol.hears(), ["matched"]);
}

/// Nobody looks for the partner before they are back.
#[test]
fn one_who_leaves_a_partner_who_is_away_is_looked_for_at_once() {
    let (mut cluster, [alice, bob, carol]) = three();
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    assert_eq!(alice.hears(), ["partner_away"]);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "matched"]);
    assert_eq!(carol.hears(), ["matched"]);
}

#[test]
fn two_who_skip_each_other_are_both_looked_for_at_once() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    for (node, guest) in [&alice, &bob].into_iter().enumerate() {
        run(cluster[node].skip(&guest.seat, &guest.chat())).unwrap();
    }
    cluster.deliver();
    for guest in [alice, bob] {
        assert_eq!(guest.hears(), ["chat_ended you_skipped", "waiting"]);
    }
}

#[test]
fn one_who_leaves_the_queue_meanwhile_is_not_looked_for() {
    let (mut cluster, [alice, bob, _carol]) = three();
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    cluster.deliver();
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting", "idle"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "matched"]);
}

/// It is about an earlier chat, and slow.
#[test]
fn news_of_a_former_partner_does_not_end_the_wait_for_the_present_one() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let address = Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    };
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    run(cluster[1].leave(&bob.seat, None)).unwrap();
    let carol = cluster.visitor(2);
    assert_eq!(carol.chat(), alice.chat());
    let dave = cluster.visitor(2);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    let (former, node) = (cluster.incarnation(1), cluster.share(0).share());
    let followup = node.receive(former, Letter::Sought { address });
    if let Some(followup) = followup {
        run(followup);
    }
    cluster.deliver();
    assert_eq!(carol.chat(), dave.chat(), "she goes first");
    assert_eq!(alice.hears().last().map(String::as_str), Some("waiting"));
}
