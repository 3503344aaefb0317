use crate::ports::{Address, Clock as _, Consignment, Farewell, Letter, Repetition};
use crate::testing::{Guest, Line, TestCluster, run};
use crate::{BanOrder, BanTarget, Departure, ModerationError};
use passerby_domain::id::Tenure;
use passerby_domain::notice::{EndReason, Secret, Typing};
use passerby_domain::text::MessageId;
use passerby_domain::time::{Millis, UnixMillis};

fn offence() -> crate::ports::Offence {
    crate::ports::Offence::Spam
}

fn wait_again(cluster: &mut TestCluster, alice: &Guest, bob: &Guest) {
    cluster.deliver();
    let mut waiting = cluster.store.waiting();
    waiting.sort_unstable();
    let mut both = [alice.user(), bob.user()];
    both.sort_unstable();
    assert_eq!(waiting, both);
}

#[test]
fn a_skip_tells_both_and_both_wait() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    wait_again(&mut cluster, &alice, &bob);
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
}

#[test]
fn when_both_skip_at_once_neither_is_told_of_the_other() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    wait_again(&mut cluster, &alice, &bob);
    for guest in [&alice, &bob] {
        assert_eq!(guest.hears(), ["chat_ended you_skipped", "waiting"]);
    }
}

/// It has not looked at its clock yet.
#[test]
fn what_comes_to_a_node_that_has_just_woken_is_neither_told_nor_acknowledged() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    for _ in 0..2 {
        cluster.clock.advance(Millis::new(2_500));
        cluster[0].tick();
    }
    assert!(cluster[1].has_stalled());
    let id = MessageId::parse("1").ok();
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", id)
        .unwrap();
    cluster.deliver();
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    cluster.pass(Millis::from_secs(3));
    assert!(alice.hears().contains(&"unconfirmed 1".to_owned()));
}

#[test]
fn two_who_parted_are_kept_apart_by_both_nodes_until_their_cooldown_is_over() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.pass(Millis::from_secs(59));
    assert_eq!(alice.hears(), ["chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
    cluster.pass(Millis::from_secs(2));
    assert_eq!([alice.hears(), bob.hears()], [["matched"], ["matched"]]);
    assert_eq!(alice.chat(), bob.chat());
}

#[test]
fn cooldowns_hold_though_the_store_forgets_them() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    cluster.store.forget_all();
    cluster.pass(Millis::from_secs(30));
    let mut waiting = cluster.store.waiting();
    waiting.sort_unstable();
    assert_eq!(waiting, [alice.user(), bob.user()]);
}

#[test]
fn a_leave_tells_both_and_only_the_partner_waits() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["chat_ended you_left", "idle"]);
    assert_eq!(bob.hears(), ["chat_ended partner_left", "waiting"]);
    assert_eq!(cluster.store.waiting(), [bob.user()]);
}

#[test]
fn whoever_goes_for_good_leaves_their_partner_to_the_queue() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].disconnect(&alice.seat, alice.connection, Departure::Left));
    cluster.deliver();
    assert_eq!(bob.hears(), ["chat_ended partner_left", "waiting"]);
    assert_eq!(cluster.store.known(), [bob.user()]);
}

#[test]
fn a_block_ends_the_chat_as_a_skip_and_holds_for_both_on_any_node() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].block(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["blocked", "chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
    cluster.store.forget_all();
    cluster.pass(Millis::from_secs(100));
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
}

/// Either node may die, and take its half of it along.
#[test]
fn a_block_is_known_to_both_nodes_until_it_is_over() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].block(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    let now = cluster.clock.now();
    let known = |guest: &Guest, other: &Guest| guest.seat.lock().avoidance.until(other.user(), now);
    let until = known(&alice, &bob);
    assert!(
        until > Some(now + cluster[0].options().rematch_cooldown),
        "{until:?}"
    );
    assert_eq!(known(&bob, &alice), until);
}

#[test]
fn a_report_keeps_two_apart_and_the_chat_goes_on() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[0].report(&alice.seat, &alice.chat(), offence(), None)).unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["reported"]);
    assert_eq!(bob.hears(), [""; 0], "they learn nothing");
    let report = cluster[0].reports.all().remove(0);
    assert_eq!(report.reported, bob.user());
    assert_eq!(report.reported_origin, bob.seat.origin());
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    cluster.store.forget_all();
    cluster.pass(Millis::from_secs(100));
    assert_eq!(bob.hears(), ["chat_ended you_skipped", "waiting"]);
}

#[test]
fn an_operator_removes_a_user_of_any_node() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[2].kick(bob.user())).unwrap();
    cluster.deliver();
    assert_eq!(bob.farewell(), Some(Farewell::Kicked));
    assert_eq!(bob.hears(), ["chat_ended moderated"]);
    assert_eq!(alice.hears(), ["chat_ended moderated", "waiting"]);
    assert!(matches!(
        run(cluster[2].kick(bob.user())),
        Err(ModerationError::Unknown)
    ));
}

#[test]
fn a_ban_of_a_user_of_another_node_is_in_force_on_all() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let order = BanOrder {
        target: BanTarget::User(bob.user()),
        offence: offence(),
        span: None,
    };
    let ban = run(cluster[0].ban(order)).unwrap();
    cluster.deliver();
    assert_eq!(bob.farewell(), Some(Farewell::Banned(ban)));
    assert_eq!(alice.hears(), ["chat_ended moderated", "waiting"]);
    let visit = crate::testing::Visit {
        address: Some(bob.address),
        ..Default::default()
    };
    for node in [0, 1] {
        assert!(run(cluster[node].visit(visit.clone())).is_err());
    }
}

/// It does not know yet that it has them no more.
#[test]
fn a_former_owner_does_not_end_a_chat_for_the_partner_of_one_who_has_moved() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let address = Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    };
    let bob = cluster.come_back(2, &bob, 1).unwrap();
    let former = cluster.incarnation(1);
    let reason = EndReason::PartnerSkipped;
    let node = cluster[0].share();
    assert!(node.receive(former, Letter::Ended { address, reason }).is_none());
    let _ = cluster[2].message(&bob.seat, &bob.chat(), "hello", None);
    cluster.deliver();
    assert_eq!(alice.hears().last().map(String::as_str), Some("message hello"));
}

/// Otherwise notes are compared every five seconds.
#[test]
fn what_was_lost_on_the_way_is_made_up_for_soon_after_the_next_letter() {
    for seconds in 0..5 {
        let mut cluster = TestCluster::of(2);
        let [alice, bob] = cluster.pair([0, 1]);
        let [ann, ben] = cluster.pair([0, 1]);
        cluster.pass(Millis::from_secs(seconds));
        let nodes = [0, 1].map(|node| cluster.incarnation(node));
        run(cluster[0].leave(&alice.seat, None)).unwrap();
        cluster.office.lose_all(nodes[0], nodes[1]);
        cluster[0].message(&ann.seat, &ann.chat(), "hello", None).unwrap();
        cluster.deliver();
        assert_eq!(ben.hears(), ["message hello"]);
        cluster.pass(Millis::from_secs(2));
        assert_eq!(bob.hears(), ["chat_ended partner_left", "waiting"], "{seconds}");
    }
}

/// What else would tell the partner's node where they are now is lost.
#[test]
fn whoever_writes_to_one_who_was_elsewhere_meanwhile_hears_where_they_are() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    cluster.stall(0);
    let there = cluster.come_back(2, &bob, 1).unwrap();
    let back = cluster.come_back(1, &there, 1).unwrap();
    for node in [1, 2] {
        cluster.office.lose_all(nodes[node], nodes[0]);
    }
    cluster.wake(0);
    back.hears();
    for id in ["1", "2"] {
        let _ = cluster[0].message(&alice.seat, &alice.chat(), id, MessageId::parse(id).ok());
        cluster.deliver();
    }
    assert_eq!(back.hears(), ["message 2"]);
    assert!(alice.hears().contains(&"ack 2".to_owned()));
}

/// Nobody remembers any more that the first was refused.
#[test]
fn what_had_no_room_does_not_come_behind_what_had() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let say = |cluster: &TestCluster, node: usize, alice: &Guest, id| {
        let _ = cluster[node].message(&alice.seat, &alice.chat(), id, MessageId::parse(id).ok());
    };
    cluster[1].adapters().delivery.set_room(0);
    say(&cluster, 0, &alice, "1");
    cluster.deliver();
    cluster[1].adapters().delivery.set_room(100);
    say(&cluster, 0, &alice, "2");
    cluster.deliver();
    assert_eq!(bob.hears(), ["message 2"]);
    cluster.kill(0);
    cluster.pass(Millis::from_secs(6));
    let alice = cluster.come_back(2, &alice, 1).unwrap();
    for id in ["1", "2"] {
        say(&cluster, 2, &alice, id);
    }
    cluster.deliver();
    let heard = bob.hears();
    assert!(!heard.contains(&"message 1".to_owned()), "{heard:?}");
}

/// What Alice says on node 1 is neither confirmed nor refused.
fn is_told_that_nobody_knows(cluster: &mut TestCluster, alice: &Guest) {
    let _ = cluster[1].message(&alice.seat, &alice.chat(), "hello", MessageId::parse("1").ok());
    cluster.deliver();
    cluster.pass(Millis::from_secs(3));
    let told = alice.hears();
    assert!(told.contains(&"unconfirmed 1".to_owned()), "{told:?}");
    assert!(!told.contains(&"ack 1".to_owned()), "{told:?}");
}

/// Another may have them, and what lies here never reach them.
#[test]
fn a_node_that_is_not_heard_by_the_store_confirms_nothing_for_one_who_is_away() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([1, 0]);
    run(cluster[0].drop_line(&bob));
    cluster[0].adapters().pairing.set(Line::Down);
    cluster.pass(Millis::new(2_250));
    is_told_that_nobody_knows(&mut cluster, &alice);
}

/// Nor where they seem to be there, if the node did not run for a moment.
#[test]
fn a_node_that_stood_still_for_a_moment_confirms_nothing_that_comes_from_another() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([1, 0]);
    cluster.stall(0);
    cluster.pass(Millis::new(2_500));
    cluster.wake(0);
    is_told_that_nobody_knows(&mut cluster, &alice);
}

/// Whatever was lost, nothing has come that it could come behind.
#[test]
fn the_first_word_of_one_who_is_back_from_a_dead_node_is_heard() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    cluster[0].typing(&alice.seat, &alice.chat(), Typing::Started);
    cluster.office.lose_all(nodes[0], nodes[1]);
    cluster[0].typing(&alice.seat, &alice.chat(), Typing::Stopped);
    cluster.deliver();
    cluster.kill(0);
    cluster.pass(Millis::from_secs(6));
    let alice = cluster.come_back(2, &alice, 1).unwrap();
    let _ = cluster[2].message(&alice.seat, &alice.chat(), "hello", MessageId::parse("1").ok());
    cluster.deliver();
    assert_eq!(bob.hears().last().map(String::as_str), Some("message hello"));
    assert_eq!(alice.hears().last().map(String::as_str), Some("ack 1"));
}

/// It came from a node that has had them for longer than the present partner's has had that one.
#[test]
fn a_late_letter_of_a_former_partner_does_not_take_the_present_one_away() {
    let mut cluster = TestCluster::of(3);
    let [alice, mut bob] = cluster.pair([0, 1]);
    for node in [2, 1] {
        bob = cluster.come_back(node, &bob, 1).unwrap();
    }
    cluster.deliver();
    let address = Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    };
    run(cluster[1].leave(&bob.seat, None)).unwrap();
    cluster.deliver();
    let carol = cluster.visitor(2);
    assert_eq!(carol.chat(), alice.chat());
    alice.hears();
    let typing = Typing::Started;
    let late = Letter::Typing { address, typing };
    assert!(cluster[0].share().receive(cluster.incarnation(1), late).is_none());
    let said = cluster[0].message(&alice.seat, &alice.chat(), "hello", MessageId::parse("1").ok());
    said.unwrap();
    cluster.deliver();
    assert_eq!(carol.hears().last().map(String::as_str), Some("message hello"));
    assert_eq!(alice.hears(), ["ack 1"]);
}

/// It was slower than its user, who has come to where the partner is.
#[test]
fn what_was_said_elsewhere_does_not_come_behind_what_was_said_here_since() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    let address = Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: bob.seat.stamp(),
        to: alice.user(),
    };
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    cluster[0].message(&bob.seat, &bob.chat(), "since", None).unwrap();
    let before = Letter::Message {
        address,
        consignment: Consignment(1),
        tenure: Tenure::FIRST,
        id: None,
        repetition: Repetition::No,
        text: Secret("before"),
        at: UnixMillis(0),
    };
    assert!(cluster[0].share().receive(nodes[1], before).is_none());
    cluster[0].flush_received();
    cluster[0].flush(&alice.seat);
    let heard = alice.hears();
    assert!(heard.contains(&"message since".to_owned()), "{heard:?}");
    assert!(!heard.contains(&"message before".to_owned()), "{heard:?}");
}
