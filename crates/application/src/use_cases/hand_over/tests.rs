use crate::ports::{HandoverAnswer, HandoverRequest, TokenSerial};
use crate::testing::{TestCluster, run, step};
use passerby_domain::id::{Generation, Incarnation, Seq};
use passerby_domain::time::{Millis, Moment};

#[test]
fn what_an_ending_node_leaves_is_whole_for_whoever_comes_in_time() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", None)
        .unwrap();
    cluster.deliver();
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    run(cluster[1].bequeath());
    cluster.kill(1);
    assert_eq!(cluster[1].own_census().online, 0);
    let back = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting", "message hello"]);
    assert_eq!(alice.hears(), ["partner_away", "partner_back"]);
}

#[test]
fn what_an_ending_node_leaves_is_gone_when_the_grace_is_over() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(1);
    run(cluster[1].drop_line(&alice));
    run(cluster[1].bequeath());
    cluster.kill(1);
    cluster.pass(Millis::from_secs(22));
    assert!(cluster.come_back(0, &alice, 1).is_none());
    assert_eq!(cluster.store.known(), []);
}

/// Until it has, they may ask again, and there must be somebody who answers.
#[test]
fn an_ending_node_knows_whether_each_has_what_it_handed_over() {
    let mut cluster = TestCluster::of(3);
    let [_alice, bob] = cluster.pair([0, 1]);
    assert!(!run(cluster[1].is_still_asked()));
    let (chat, token) = (cluster.share(2), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    let [former, here] = [1, 2].map(|node| cluster.incarnation(node));
    assert!(cluster.carry(here, former), "the question");
    assert_eq!(cluster[1].own_census().online, 0);
    assert!(run(cluster[1].is_still_asked()));
    cluster.finish(coming).unwrap().unwrap();
    cluster.pass(Millis::from_secs(1));
    assert!(!run(cluster[1].is_still_asked()));
}

#[test]
fn both_of_a_chat_on_an_ending_node_go_on_with_it_elsewhere() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    let id = passerby_domain::text::MessageId::parse("a").unwrap();
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", Some(id))
        .unwrap();
    for guest in [&alice, &bob] {
        run(cluster[0].drop_line(guest));
    }
    run(cluster[0].bequeath());
    cluster.kill(0);
    let alice = cluster.come_back(1, &alice, 3).unwrap();
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(bob.hears()[..2], ["welcome back chatting", "message hello"]);
    cluster[1]
        .message(&alice.seat, &alice.chat(), "hello", Some(id))
        .unwrap();
    cluster.pass(Millis::from_secs(3));
    assert!(alice.hears().contains(&"ack a".to_owned()));
    assert!(!bob.hears().contains(&"message hello".to_owned()), "it came once");
}

#[test]
fn one_whose_wait_was_not_yet_announced_is_told_of_it_where_they_come_back() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[1]
        .adapters()
        .pairing
        .set(crate::testing::Line::RequestsHeld);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    // The search that would announce the wait hangs.
    cluster.spawn(1, {
        let (chat, seat, connection) = (cluster.share(1), bob.seat.clone(), bob.connection);
        async move {
            chat.disconnect(&seat, connection, crate::Departure::Dropped)
                .await;
        }
    });
    cluster.work();
    let back = cluster.come_back(0, &bob, 1).unwrap();
    assert_eq!(
        back.hears()[..3],
        ["welcome back waiting", "chat_ended partner_skipped", "waiting"]
    );
}

#[test]
fn a_wish_older_than_the_seat_is_refused() {
    let cluster = &mut TestCluster::of(2);
    let alice = cluster.visitor(0);
    let request = HandoverRequest {
        seat: alice.user(),
        generation: Generation::new(1),
        seen: Seq::default(),
        serial: TokenSerial(0),
        came: Moment::ORIGIN,
    };
    assert!(cluster[0].hand_over(cluster.incarnation(1), request).is_none());
    assert_eq!(cluster[0].own_census().online, 1);
}

/// Nobody waits for what will not come; and for what may, they ask again.
#[test]
fn one_who_asks_for_a_seat_that_is_not_here_is_told_whether_it_may_come() {
    let mut cluster = TestCluster::of(3);
    let alice = cluster.visitor(1);
    let asker = cluster.incarnation(2);
    let request = HandoverRequest {
        seat: alice.user(),
        generation: Generation::new(7 << 35),
        seen: Seq::default(),
        serial: TokenSerial(0),
        came: Moment::ORIGIN,
    };
    let ask = |cluster: &TestCluster| cluster[0].hand_over(asker, request);
    assert!(matches!(ask(&cluster), Some(HandoverAnswer::Unknown)));
    let (chat, token) = (cluster.share(0), alice.token().0);
    let mut coming = Box::pin(async { chat.come_back(&alice, &token, 1).await });
    assert!(crate::testing::step(coming.as_mut()).is_pending());
    assert!(ask(&cluster).is_none(), "it is on its way");
    let here = cluster.finish(coming).unwrap().unwrap();
    let later = HandoverRequest {
        generation: Generation::new(9 << 35),
        serial: here.seat.lock().tokens.latest,
        ..request
    };
    let given = cluster[0].hand_over(asker, later);
    assert!(matches!(given, Some(HandoverAnswer::Given(_))), "{given:?}");
    let another = cluster[0].hand_over(cluster.incarnation(1), later);
    assert!(matches!(another, Some(HandoverAnswer::With(owner)) if owner == asker));
}

/// The first answer may have been lost.
#[test]
fn whoever_asks_again_is_told_the_same_for_a_while_and_nobody_else_anything() {
    let mut cluster = TestCluster::of(2);
    let [_alice, bob] = cluster.pair([0, 1]);
    let [asker, other] = [cluster.incarnation(0), Incarnation::from_bits(99)];
    let ask = |cluster: &TestCluster, by: Incarnation, tenure: u64| {
        let request = HandoverRequest {
            seat: bob.user(),
            generation: Generation::new(tenure << 35),
            seen: Seq::new(0),
            serial: bob.seat.lock().tokens.latest,
            came: Moment::ORIGIN,
        };
        let Some(HandoverAnswer::Given(handover)) = cluster[1].hand_over(by, request) else {
            return None;
        };
        Some((handover.stamp, handover.outbox.events.len()))
    };
    let first = ask(&cluster, asker, 1);
    assert!(first.is_some());
    assert_eq!(ask(&cluster, asker, 1), first);
    assert_eq!(ask(&cluster, other, 1), None);
    assert_eq!(ask(&cluster, asker, 2), None, "it had the seat and lost it");
    cluster.clock.advance(Millis::from_secs(5));
    assert_eq!(ask(&cluster, asker, 1), None);
}

#[test]
fn what_was_seen_is_left_out_but_for_the_latest() {
    let told = |count: u64| (1..=count).map(|seq| (Seq::new(seq), vec![0; 1_000].into()));
    let left_of = |count: u64, seen: u64| {
        let mut events: Vec<_> = told(count).collect();
        super::leave_out(&mut events, Seq::new(seen));
        events.iter().map(|(seq, _)| seq.get()).collect::<Vec<_>>()
    };
    let all = |from: u64, to: u64| (from..=to).collect::<Vec<_>>();
    assert_eq!(left_of(100, 0), all(1, 100), "nothing was seen");
    assert_eq!(
        left_of(100, 60),
        all(45, 100),
        "sixteen thousand bytes that were, and the rest"
    );
    assert_eq!(left_of(10, 10), all(1, 10), "few are kept");
    assert_eq!(left_of(0, 7), [0; 0]);
}
