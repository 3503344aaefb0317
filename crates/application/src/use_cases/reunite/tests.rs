use crate::book::Acquaintance;
use crate::link::{Absence, Cause, Partner, Remote, Sent};
use crate::ports::PairingStore as _;
use crate::testing::{TestCluster, run, step};
use passerby_domain::id::{Generation, Tenure};
use passerby_domain::time::{Millis, Moment};

#[test]
fn a_partner_who_moves_in_is_spoken_to_without_letters() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    bob.hears();
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", None)
        .unwrap();
    cluster[0].flush(&alice.seat);
    assert_eq!(bob.hears(), ["message hello"], "no letter was carried");
}

#[test]
fn an_end_that_is_told_while_the_partner_is_on_the_way_here_leaves_nobody_alone() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let chat = cluster.share(0);
    let token = bob.token().0;
    let mut coming = Box::pin(async move { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    // The seat has left the other node, and is not here yet.
    cluster.deliver();
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    let bob = cluster.finish(coming).unwrap().unwrap();
    cluster.pass(Millis::from_secs(15));
    let heard = bob.hears();
    assert_eq!(heard.last().map(String::as_str), Some("waiting"), "{heard:?}");
    assert_eq!(cluster.store.waiting().len(), 2);
}

#[test]
fn whoever_went_and_came_elsewhere_is_not_said_to_go_twice() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    assert_eq!(alice.hears(), ["partner_away"]);
    let alice = cluster.come_back(2, &alice, 3).unwrap();
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    cluster.deliver();
    run(cluster[2].drop_line(&bob));
    assert_eq!(
        alice.hears(),
        ["welcome back chatting", "partner_back", "partner_away"]
    );
}

#[test]
fn an_end_that_was_told_to_a_dead_node_leaves_nobody_alone() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let chat = alice.chat();
    run(cluster[1].drop_line(&bob));
    run(cluster[1].bequeath());
    cluster.kill(1);
    cluster.deliver();
    // The seat is with the store, so that nobody hears of the end.
    run(cluster[0].skip(&alice.seat, &chat)).unwrap();
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    let mut heard = bob.hears();
    assert_eq!(heard[0], "welcome back chatting");
    run(cluster[0].disconnect(&alice.seat, alice.connection, crate::Departure::Left));
    cluster.kill(0);
    cluster.pass(Millis::from_secs(50));
    heard.extend(bob.hears());
    assert_eq!(heard.last().map(String::as_str), Some("waiting"), "{heard:?}");
    assert_eq!(cluster.store.waiting(), [bob.user()]);
}

#[test]
fn two_of_an_ended_node_find_each_other_wherever_they_come_back() {
    for nodes in [[1, 1], [1, 2]] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 0]);
        for guest in [&alice, &bob] {
            run(cluster[0].drop_line(guest));
        }
        run(cluster[0].bequeath());
        cluster.kill(0);
        let alice = cluster.come_back(nodes[0], &alice, 3).unwrap();
        cluster.pass(Millis::from_secs(8));
        let bob = cluster.come_back(nodes[1], &bob, 2).unwrap();
        cluster.pass(Millis::from_secs(1));
        alice.hears();
        bob.hears();
        let chat = alice.chat();
        cluster[nodes[0]]
            .message(&alice.seat, &chat, "hello", None)
            .unwrap();
        cluster[nodes[0]].flush(&alice.seat);
        cluster[nodes[1]]
            .message(&bob.seat, &chat, "hello", None)
            .unwrap();
        cluster[nodes[1]].flush(&bob.seat);
        cluster.deliver();
        assert_eq!(alice.hears(), ["message hello"], "{nodes:?}");
        assert_eq!(bob.hears(), ["message hello"], "{nodes:?}");
    }
}

/// However it came that one of two on a node thinks the other away.
#[test]
fn what_is_wrong_about_a_partner_on_the_same_node_is_put_right() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    let until = cluster[0].now() + Millis::from_secs(20);
    let cause = Cause::Told;
    cluster[0].change(&alice.seat, |book| {
        let chatting = book.session.chatting_mut().unwrap();
        chatting.link.absence = Some(Absence { until, cause });
    });
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.hears(), ["partner_back"]);
    run(cluster[0].drop_line(&bob));
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.hears(), ["partner_away"]);
}

/// As when the node could not know, as they came, whose the other was.
#[test]
fn who_leaves_a_partner_who_came_here_unnoticed_does_not_leave_them_behind() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 0]);
    let owner = cluster.incarnation(0);
    for [one, other] in [[&alice, &bob], [&bob, &alice]] {
        let remote = Remote {
            who: Acquaintance::of(&other.seat),
            owner,
            announced: Tenure::FIRST,
            disowned: None,
            sent: Sent::default(),
        };
        cluster[0].change(&one.seat, |book| {
            let chatting = book.session.chatting_mut().unwrap();
            chatting.link.partner = Partner::There(Box::new(remote));
        });
    }
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
}

/// In a failover it forgets that a seat was given away to a node that has spoken for it since.
#[test]
fn a_partner_whom_the_store_has_in_an_older_tenure_is_heard_in_that() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let chat = {
        let mut book = alice.seat.lock();
        let chatting = book.session.chatting_mut().unwrap();
        chatting.link.partner_heard = Generation::default().next_tenure(Moment::ORIGIN);
        chatting.chat
    };
    let location = run(cluster[0].adapters().pairing.locate(bob.user())).unwrap();
    cluster[0].partner_is_with(&alice.seat, chat, bob.user(), location.unwrap());
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    assert_eq!(alice.hears(), ["partner_away"]);
}
