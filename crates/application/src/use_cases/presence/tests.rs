use crate::Departure;
use crate::ports::{Address, Anomaly, Fact, Letter, PairingStore};
use crate::testing::{Guest, Line, TestCluster, run};
use passerby_domain::text::MessageId;
use passerby_domain::time::Millis;

fn away_and_back(mut cluster: TestCluster, bob: &Guest, alice: &Guest, bobs: usize) {
    run(cluster[bobs].drop_line(bob));
    cluster.deliver();
    assert_eq!(alice.hears(), ["partner_away"]);
    cluster.come_back(bobs, bob, 1).unwrap();
    assert_eq!(alice.hears(), ["partner_back"]);
}

#[test]
fn a_partner_on_another_node_is_seen_to_go_and_to_come_back() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    away_and_back(cluster, &bob, &alice, 1);
}

#[test]
fn a_partner_who_does_not_come_back_is_gone_when_their_grace_is_over() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster.pass(Millis::from_secs(19));
    assert_eq!(alice.hears(), ["partner_away"]);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), ["chat_ended partner_disconnected", "waiting"]);
    assert_eq!(cluster.store.known(), [alice.user()]);
}

#[test]
fn news_of_a_partner_that_is_lost_is_told_again_with_the_next_assertion() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster
        .office
        .lose(cluster.incarnation(1), cluster.incarnation(0));
    cluster.deliver();
    assert_eq!(alice.hears(), [""; 0]);
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.hears(), ["partner_away"]);
}

#[test]
fn the_partners_of_a_node_that_is_not_heard_are_away_after_two_seconds_and_back_when_it_is_heard_again() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(1);
    cluster.pass(Millis::new(1_250));
    assert_eq!(alice.hears(), [""; 0]);
    cluster.pass(Millis::new(750));
    assert_eq!(alice.hears(), ["partner_away"]);
    cluster.pass(Millis::new(2_250));
    cluster.wake(1);
    cluster.pass(Millis::from_secs(3));
    let back = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
    assert_eq!(alice.hears(), ["partner_back"]);
}

#[test]
fn what_is_said_to_a_partner_whose_node_is_late_arrives_when_it_goes_on_in_time() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(1);
    cluster.pass(Millis::from_secs(2));
    assert_eq!(alice.hears(), ["partner_away"]);
    let id = passerby_domain::text::MessageId::parse("a").unwrap();
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", Some(id))
        .unwrap();
    cluster.wake(1);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), ["partner_back", "ack a"]);
    assert_eq!(bob.hears(), ["message hello"]);
}

#[test]
fn one_who_was_told_away_stays_away_when_their_node_was_late_beside() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    cluster.stall(1);
    cluster.pass(Millis::from_secs(2));
    cluster.wake(1);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), ["partner_away"]);
}

#[test]
fn a_guess_that_a_partner_is_away_is_mended_also_where_the_seat_has_moved_since() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    let bob = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(alice.hears(), ["partner_away", "partner_back"]);
    cluster.stall(1);
    cluster.pass(Millis::from_secs(2));
    assert_eq!(alice.hears(), ["partner_away"]);
    run(cluster[0].drop_line(&alice));
    let back = cluster.come_back(2, &alice, 5).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
    cluster.wake(1);
    cluster.pass(Millis::from_secs(6));
    assert_eq!(back.hears(), ["partner_back"]);
    assert!(!bob.hears().contains(&"chat_ended lost".to_owned()));
}

#[test]
fn when_a_silent_node_stays_silent_its_partners_are_given_up_at_the_end_of_the_grace() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(27));
    assert_eq!(
        alice.hears(),
        ["partner_away", "chat_ended partner_disconnected", "waiting"]
    );
    cluster.pass(Millis::from_secs(20));
    assert_eq!(
        cluster.store.known(),
        [alice.user()],
        "nothing is left of the dead"
    );
}

#[test]
fn a_node_that_is_cut_off_takes_all_partners_elsewhere_for_away_after_four_seconds() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.cut(0);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(alice.hears(), [""; 0]);
    cluster.pass(Millis::from_secs(2));
    assert_eq!(alice.hears(), ["partner_away"]);
    assert_eq!(bob.hears(), ["partner_away"]);
    assert!(cluster[0].is_cut_off());
    cluster.mend(0);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(alice.hears(), ["partner_back"]);
    assert_eq!(bob.hears(), ["partner_back"]);
}

#[test]
fn a_long_cut_ends_the_chat_for_both_for_the_same_reason() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.cut(0);
    cluster.pass(Millis::from_secs(26));
    assert_eq!(
        bob.hears()[..2],
        ["partner_away", "chat_ended partner_disconnected"]
    );
    assert_eq!(
        alice.hears()[..2],
        ["partner_away", "chat_ended partner_disconnected"]
    );
    cluster.mend(0);
    cluster.pass(Millis::from_secs(10));
    assert_eq!(alice.hears().last().map(String::as_str), Some("waiting"));
    assert_eq!(cluster.store.waiting(), [alice.user(), bob.user()]);
}

#[test]
fn an_end_whose_other_end_nobody_knows_is_lost_after_the_second_look() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[1].lose_user(bob.user());
    cluster.pass(Millis::from_secs(1));
    assert_eq!(alice.hears(), [""; 0]);
    cluster.pass(Millis::from_secs(9));
    assert_eq!(alice.hears(), ["chat_ended lost", "waiting"]);
    assert_eq!(cluster[0].facts.count(Fact::Anomaly(Anomaly::Orphan)), 1);
}

#[test]
fn an_end_that_did_not_hear_how_the_other_one_ended_is_told() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster
        .office
        .lose(cluster.incarnation(1), cluster.incarnation(0));
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.hears(), ["chat_ended partner_skipped", "waiting"]);
}

#[test]
fn the_end_of_a_chat_is_told_again_though_whoever_ended_it_is_in_others_since_or_gone() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let [first, second] = [1, 2].map(|node| cluster.incarnation(node));
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster.office.lose(first, cluster.incarnation(0));
    let carol = cluster.visitor(2);
    cluster.pass(Millis::new(250));
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster.office.lose(first, second);
    let dave = cluster.visitor(2);
    cluster.pass(Millis::new(250));
    assert_eq!(bob.chat(), dave.chat());
    run(cluster[2].disconnect(&dave.seat, dave.connection, Departure::Left));
    cluster.office.lose(second, first);
    for guest in [&alice, &bob, &carol] {
        guest.hears();
    }
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.hears()[0], "chat_ended partner_skipped");
    assert_eq!(carol.hears()[0], "chat_ended partner_skipped");
    assert_eq!(bob.hears()[0], "chat_ended partner_left");
    assert_eq!(cluster[0].facts.count(Fact::Anomaly(Anomaly::Orphan)), 0);
}

/// Alice, on node 0, has not heard that her partner skipped, who has gone from node 1 to node 2 since.
fn left_unheard() -> (TestCluster, Guest) {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster
        .office
        .lose(cluster.incarnation(1), cluster.incarnation(0));
    let moved = cluster.come_back(2, &bob, 1).unwrap();
    assert_eq!(moved.hears().last().map(String::as_str), Some("waiting"));
    (cluster, alice)
}

/// Where they are by now nobody knows of that chat, and their partner would be told that it was lost.
#[test]
fn one_who_ended_a_chat_and_went_elsewhere_is_said_to_have_ended_it_by_whoever_had_them() {
    let (mut cluster, alice) = left_unheard();
    let id = MessageId::parse("1").ok();
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", id)
        .unwrap();
    cluster.deliver();
    let heard = ["chat_ended partner_skipped", "waiting", "unreachable 1"];
    assert_eq!(alice.hears(), heard);
}

#[test]
fn whoever_has_one_who_ended_a_chat_elsewhere_knows_why_it_ended() {
    let (mut cluster, alice) = left_unheard();
    cluster.kill(1);
    cluster.pass(Millis::from_secs(12));
    let heard = alice.hears();
    assert!(
        heard.contains(&"chat_ended partner_skipped".to_owned()),
        "{heard:?}"
    );
}

#[test]
fn a_partner_who_comes_here_and_goes_again_is_reached_all_the_time() {
    let mut cluster = TestCluster::of(3);
    let [alice, mut bob] = cluster.pair([0, 1]);
    for (number, node) in [0, 2, 0, 1].into_iter().enumerate() {
        // They are told: matched, and each number.
        bob = cluster.come_back(node, &bob, 1 + number as u64).unwrap();
        bob.hears();
        cluster[0]
            .message(&alice.seat, &alice.chat(), &number.to_string(), None)
            .unwrap();
        cluster[0].flush(&alice.seat);
        cluster[node]
            .message(&bob.seat, &bob.chat(), &number.to_string(), None)
            .unwrap();
        cluster[node].flush(&bob.seat);
        cluster.deliver();
        assert_eq!(bob.hears(), [format!("message {number}")], "on {node}");
        assert_eq!(alice.hears(), [format!("message {number}")], "on {node}");
        let online: u64 = (0..3).map(|node| cluster[node].own_census().online).sum();
        assert_eq!(online, 2);
    }
}

#[test]
fn letters_for_one_who_has_moved_on_find_out_where_they_are() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let moved = cluster.come_back(2, &bob, 1).unwrap();
    moved.hears();
    // The word of the move did not reach the partner's node; a hint goes to where they were.
    cluster[0].typing(
        &alice.seat,
        &alice.chat(),
        passerby_domain::notice::Typing::Started,
    );
    cluster.deliver();
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    let heard = moved.hears();
    assert_eq!(
        heard[heard.len() - 2..],
        ["chat_ended partner_skipped", "waiting"],
        "{heard:?}"
    );
}

#[test]
fn an_end_that_is_told_to_where_the_partner_was_follows_them() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let chat = cluster.share(2);
    let token = bob.token().0;
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    while crate::testing::step(coming.as_mut()).is_pending() {
        let way = [2, 1].map(|node| cluster.incarnation(node));
        cluster.carry(way[0], way[1]);
        cluster.carry(way[1], way[0]);
    }
    // Nothing was said to the first node so far.
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    drop(coming);
    let seat = cluster[2].seat_of(bob.user()).unwrap();
    assert!(seat.lock().session.chatting().is_none());
    assert_eq!(
        cluster.store.waiting().len(),
        2,
        "both wait: {:?}",
        cluster.store.chatting()
    );
}

#[test]
fn a_seat_that_another_node_holds_is_given_up_and_its_connection_is_told() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    // Taken without a word to its owner.
    let taken = run(cluster[1]
        .adapters()
        .pairing
        .take(alice.user(), crate::ports::TokenSerial(1)));
    assert!(taken.unwrap().is_some());
    cluster.pass(Millis::from_secs(6));
    assert_eq!(alice.farewell(), Some(crate::ports::Farewell::Replaced));
    assert_eq!(cluster[0].own_census().online, 0);
    assert_eq!(cluster[0].facts.count(Fact::Anomaly(Anomaly::Usurped)), 1);
}

#[test]
fn those_who_wait_on_a_node_that_is_cut_off_are_told_so_once_and_found_again_afterwards() {
    let mut cluster = TestCluster::of(2);
    let alice = cluster.visitor(0);
    cluster[0].adapters().pairing.set(Line::Down);
    cluster.pass(Millis::from_secs(10));
    assert_eq!(alice.hears(), ["welcome idle", "waiting", "waiting paused"]);
    cluster[0].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(alice.hears(), ["waiting"]);
    let bob = cluster.visitor(1);
    assert_eq!(bob.chat(), alice.chat());
}

/// The word of their owner, a new one or the same, that they are back is lost, and the next is a message.
#[test]
fn one_who_speaks_is_there_whatever_was_lost() {
    for node in [2, 1] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 1]);
        run(cluster[1].drop_line(&bob));
        cluster.deliver();
        assert_eq!(alice.hears(), ["partner_away"]);
        cluster.stall(0);
        let bob = cluster.come_back(node, &bob, 1).unwrap();
        let ways = [1, 2, 0].map(|node| cluster.incarnation(node));
        for owner in [0, 1] {
            cluster.office.lose_all(ways[owner], ways[2]);
        }
        cluster.wake(0);
        cluster[node]
            .message(&bob.seat, &bob.chat(), "hello", None)
            .unwrap();
        cluster.deliver();
        assert_eq!(alice.hears(), ["partner_back", "message hello"], "{node}");
        run(cluster[node].drop_line(&bob));
        cluster.deliver();
        assert_eq!(alice.hears(), ["partner_away"], "that was not lost");
    }
}

/// The owner says so again, when what was on its way has had the time to arrive.
#[test]
fn one_whose_partner_has_vanished_is_looked_for_from_the_second_look_on_and_not_before() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let carol = cluster.visitor(2);
    let chat = alice.seat.lock().session.chatting().unwrap().chat;
    let address = Address {
        chat,
        from: alice.seat.stamp(),
        to: bob.user(),
    };
    let (node, owner) = (cluster[0].share(), cluster.incarnation(1));
    let disowned = || node.receive(owner, Letter::Disowned(vec![address]));
    assert!(disowned().is_none());
    cluster.clock.advance(Millis::new(1_999));
    assert!(disowned().is_none());
    assert_eq!(alice.hears(), [""; 0]);
    cluster.clock.advance(Millis::new(1));
    run(disowned().unwrap());
    cluster.deliver();
    assert_eq!(alice.hears(), ["chat_ended lost", "matched"]);
    assert_eq!(alice.chat(), carol.chat());
}
