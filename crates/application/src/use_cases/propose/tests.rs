use crate::link::Partner;
use crate::testing::{Guest, Line, TestCluster, Visit, run, step};
use crate::{Departure, Entry, JoinError, LeaveError};
use passerby_domain::criteria::{Criteria, Language, Mode};
use passerby_domain::time::Millis;
use std::sync::Arc;

/// One waits on the first node; one on the second has just found them, and the proposal is on its way.
fn proposed() -> (TestCluster, [Guest; 2]) {
    let mut cluster = TestCluster::of(2);
    let found = cluster.visitor(0);
    let seeker = run(cluster[1].visitor());
    assert_eq!(found.hears(), ["welcome idle", "waiting"]);
    assert_eq!(seeker.hears(), ["welcome idle"], "nothing is certain yet");
    assert_eq!(on_the_way(&cluster, 1, 0), ["proposal"]);
    (cluster, [found, seeker])
}

fn on_the_way(cluster: &TestCluster, from: usize, to: usize) -> Vec<&'static str> {
    cluster
        .office
        .kinds(cluster.incarnation(from), cluster.incarnation(to))
}

fn lose(cluster: &TestCluster, from: usize, to: usize) {
    cluster
        .office
        .lose(cluster.incarnation(from), cluster.incarnation(to));
}

fn carry(cluster: &mut TestCluster, from: usize, to: usize) {
    let way = [from, to].map(|node| cluster.incarnation(node));
    assert!(cluster.carry(way[0], way[1]));
    cluster.work();
}

#[test]
fn two_on_two_nodes_are_in_one_chat_once_both_owners_have_agreed() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    assert_eq!(found.hears(), ["matched"]);
    assert_eq!(seeker.hears(), [""; 0], "their owner has not heard of it");
    carry(&mut cluster, 0, 1);
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(seeker.chat(), found.chat());
    assert_eq!(cluster.store.chatting().len(), 2);
    let roles = [&seeker, &found].map(|guest| guest.wire.told().iter().find_map(crate::testing::Told::role));
    assert_ne!(roles[0], roles[1]);
}

#[test]
fn one_who_has_left_before_the_proposal_comes_is_not_paired_and_the_seeker_waits() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[0].leave(&found.seat, None)).unwrap();
    cluster.deliver();
    assert_eq!(found.hears(), ["idle"]);
    assert_eq!(seeker.hears(), ["waiting"]);
    assert_eq!(cluster.store.waiting(), [seeker.user()]);
}

#[test]
fn one_who_has_dropped_before_the_proposal_comes_is_not_paired() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[0].drop_line(&found));
    cluster.deliver();
    assert_eq!(seeker.hears(), ["waiting"]);
    let back = cluster.come_back(0, &found, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back waiting", "matched"]);
    assert_eq!(seeker.hears(), ["matched"]);
}

#[test]
fn one_who_has_blocked_the_seeker_meanwhile_is_not_paired_with_them() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    // Both are found for each other again, by a store that has not heard of the block.
    run(cluster[0].skip(&alice.seat, &alice.chat())).unwrap();
    cluster.deliver();
    for guest in [&alice, &bob] {
        assert_eq!(guest.hears().last().map(String::as_str), Some("waiting"));
    }
    cluster[0].bar_seat(
        alice.user(),
        bob.user(),
        cluster[0].now() + Millis::from_secs(1_000),
    );
    cluster.pass(Millis::from_secs(61));
    assert_eq!(alice.hears(), [""; 0]);
    assert_eq!(bob.hears(), [""; 0]);
    let carol = cluster.visitor(1);
    assert!([alice.chat(), bob.chat()].contains(&carol.chat()));
}

#[test]
fn a_lost_proposal_costs_a_second_and_nobody() {
    let (mut cluster, [found, seeker]) = proposed();
    lose(&cluster, 1, 0);
    cluster.pass(Millis::from_secs(1));
    assert_eq!([found.hears(), seeker.hears()], [[""; 0]; 2]);
    cluster.pass(Millis::new(500));
    assert_eq!(found.hears(), ["matched"]);
    assert_eq!(seeker.hears(), ["waiting", "matched"]);
    assert_eq!(seeker.chat(), found.chat());
}

#[test]
fn a_lost_agreement_is_found_out() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    lose(&cluster, 0, 1);
    cluster.pass(Millis::new(1_500));
    assert_eq!(found.hears(), ["matched"]);
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(seeker.chat(), found.chat());
}

/// Whatever their former node still says is not theirs: it may be older than what they have said here.
#[test]
fn who_came_here_while_a_chat_was_on_offer_is_found_here() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    lose(&cluster, 0, 1);
    cluster.kill(0);
    let back = cluster.come_back_unheard(1, &found, 3);
    assert_eq!(back.hears(), ["welcome back chatting, with a gap"]);
    assert_eq!(seeker.hears(), [""; 0]);
    cluster.pass(Millis::from_secs(3));
    assert_eq!(seeker.hears(), ["matched"]);
    let book = seeker.seat.lock();
    let link = &book.session.chatting().unwrap().link;
    assert!(matches!(&link.partner, Partner::Here(partner) if Arc::ptr_eq(partner, &back.seat)));
}

#[test]
fn a_proposal_that_comes_too_late_leads_to_no_chat_with_one_alone() {
    let (mut cluster, [found, seeker]) = proposed();
    cluster.clock.advance(Millis::new(1_300));
    // The seeker's owner has given the offer up.
    run(cluster[1].reap());
    cluster.deliver();
    assert_eq!(seeker.chat(), found.chat());
    assert_eq!(found.hears(), ["matched"]);
    assert_eq!(seeker.hears(), ["waiting", "matched"]);
}

#[test]
fn where_the_store_does_not_hear_the_finder_they_are_paired_once_it_does() {
    let (mut cluster, [found, seeker]) = proposed();
    cluster[0].adapters().pairing.set(Line::Down);
    cluster.deliver();
    cluster.pass(Millis::from_secs(4));
    cluster[0].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(8));
    assert_eq!(found.chat(), seeker.chat());
    for guest in [&found, &seeker] {
        assert_eq!(guest.hears().last().map(String::as_str), Some("matched"));
    }
    assert_eq!(cluster.store.chatting().len(), 2);
}

#[test]
fn where_the_finder_hears_late_that_the_chat_has_begun_the_seeker_does_not_stay_in_it_alone() {
    let (mut cluster, [found, seeker]) = proposed();
    cluster[0].adapters().pairing.set(Line::AnswersLost);
    cluster.deliver();
    cluster.pass(Millis::from_secs(4));
    assert_eq!(seeker.hears(), ["matched"], "the store has told their owner");
    cluster[0].adapters().pairing.set(Line::Good);
    cluster.pass(Millis::from_secs(8));
    assert_eq!(found.hears().last().map(String::as_str), Some("matched"));
    assert_eq!(seeker.hears(), [""; 0]);
    assert_eq!(seeker.chat(), found.chat());
}

/// The word of it was lost with the store, which knows of no offer when it is back.
#[test]
fn a_chat_that_had_begun_for_one_when_the_store_lost_all_begins_for_the_other_too() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    assert_eq!(found.hears(), ["matched"]);
    lose(&cluster, 0, 1);
    for node in [0, 1] {
        cluster.cut(node);
    }
    cluster.pass(Millis::from_secs(8));
    assert_eq!(seeker.hears(), ["waiting paused"], "in the same place as before");
    cluster.store.forget_all();
    for node in [0, 1] {
        cluster.mend(node);
    }
    cluster.pass(Millis::from_secs(8));
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(seeker.chat(), found.chat());
    assert!(!found.hears().contains(&"chat_ended lost".to_owned()));
}

/// Who wants something does not wait for a store that is away.
#[test]
fn who_leaves_while_nobody_can_say_what_came_of_an_offer_is_idle_in_time() {
    let (mut cluster, [_found, seeker]) = proposed();
    for node in [0, 1] {
        cluster.cut(node);
    }
    run(cluster[1].leave(&seeker.seat, None)).unwrap();
    cluster.pass(Millis::new(2_900));
    assert_eq!(seeker.hears().last().map(String::as_str), Some("idle"));
}

#[test]
fn where_the_store_answers_neither_they_wait_until_it_does() {
    let (mut cluster, [found, seeker]) = proposed();
    for node in [0, 1] {
        cluster[node].adapters().pairing.set(Line::Down);
    }
    cluster.pass(Millis::from_secs(4));
    assert_eq!([found.chat(), seeker.chat()], [String::new(), String::new()]);
    for node in [0, 1] {
        cluster[node].adapters().pairing.set(Line::Good);
    }
    cluster.pass(Millis::from_secs(5));
    assert!(!found.chat().is_empty());
    assert_eq!(found.chat(), seeker.chat());
}

#[test]
fn one_who_leaves_while_a_chat_is_on_offer_is_idle_and_the_partner_waits_on() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[1].leave(&seeker.seat, None)).unwrap();
    assert_eq!(
        seeker.hears(),
        [""; 0],
        "it is not yet known whether there is a chat"
    );
    cluster.deliver();
    assert_eq!(seeker.hears(), ["matched", "chat_ended you_left", "idle"]);
    assert_eq!(found.hears(), ["matched", "chat_ended partner_left", "waiting"]);
    assert_eq!(cluster.store.waiting(), [found.user()]);
}

/// Each is answered, in its order, whether there is a chat or not.
#[test]
fn who_leaves_and_joins_while_an_offer_is_open_is_idle_and_waits() {
    for is_found in [true, false] {
        let (mut cluster, [found, seeker]) = proposed();
        run(cluster[1].leave(&seeker.seat, None)).unwrap();
        assert_eq!(
            run(cluster[1].leave(&seeker.seat, None)),
            Err(LeaveError::AlreadyIdle)
        );
        let criteria = Criteria {
            mode: Mode::Video,
            ..Criteria::default()
        };
        let node = cluster.share(1);
        let mut joining = Box::pin(node.join(&seeker.seat, criteria));
        assert!(step(joining.as_mut()).is_pending());
        if !is_found {
            run(cluster[0].leave(&found.seat, None)).unwrap();
        }
        cluster.finish(joining).unwrap();
        let before: &[_] = if is_found {
            &["matched", "chat_ended you_left"]
        } else {
            &["waiting"]
        };
        assert_eq!(seeker.hears(), [before, &["idle", "waiting"]].concat());
        assert_eq!(seeker.seat.lock().criteria.mode, Mode::Video);
        assert!(cluster.store.waiting().contains(&seeker.user()));
    }
}

#[test]
fn who_leaves_joins_and_leaves_while_an_offer_is_open_is_answered_each_time() {
    let (mut cluster, [_found, seeker]) = proposed();
    let node = cluster.share(1);
    let commands = async {
        node.leave(&seeker.seat, None).await.unwrap();
        node.join(&seeker.seat, Criteria::default()).await.unwrap();
        node.leave(&seeker.seat, None).await.unwrap();
    };
    cluster.finish(commands);
    let expected = ["matched", "chat_ended you_left", "idle", "waiting", "idle"];
    assert_eq!(seeker.hears(), expected);
}

#[test]
fn one_who_leaves_while_an_offer_comes_to_nothing_is_idle() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[1].leave(&seeker.seat, None)).unwrap();
    run(cluster[0].leave(&found.seat, None)).unwrap();
    cluster.deliver();
    assert_eq!(seeker.hears(), ["waiting", "idle"]);
    assert_eq!(found.hears(), ["idle"]);
    assert_eq!(cluster.store.waiting(), []);
    assert_eq!(cluster.store.offered(), []);
}

#[test]
fn who_joins_anew_while_an_offer_comes_to_nothing_searches_for_what_they_want_now() {
    let (mut cluster, [found, seeker]) = proposed();
    let video = Criteria {
        mode: Mode::Video,
        ..Criteria::default()
    };
    let node = cluster.share(1);
    let mut joining = Box::pin(node.join(&seeker.seat, video.clone()));
    assert!(step(joining.as_mut()).is_pending());
    run(cluster[0].leave(&found.seat, None)).unwrap();
    cluster.finish(joining).unwrap();
    assert_eq!(seeker.hears(), ["waiting"]);
    cluster.visitor(0);
    assert_eq!(seeker.hears(), [""; 0]);
    let visit = crate::testing::Visit {
        criteria: video,
        entry: Entry::Queue,
        ..Default::default()
    };
    let other = cluster.visit(0, visit);
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(seeker.chat(), other.chat());
}

#[test]
fn who_joins_anew_while_the_offer_becomes_a_chat_is_in_that_chat_and_has_changed_nothing() {
    let (mut cluster, [found, seeker]) = proposed();
    let before = seeker.seat.lock().criteria.clone();
    let other = Criteria {
        language: Language::parse("eo").ok(),
        ..Criteria::default()
    };
    let node = cluster.share(1);
    let joined = cluster.finish(node.join(&seeker.seat, other));
    assert_eq!(joined, Err(JoinError::AlreadyChatting));
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(found.hears(), ["matched"]);
    assert_eq!(seeker.seat.lock().criteria, before);
}

#[test]
fn who_goes_for_good_while_a_chat_is_on_offer_is_gone_and_the_partner_is_told_why() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[1].disconnect(&seeker.seat, seeker.connection, Departure::Left));
    cluster.deliver();
    assert_eq!(found.hears(), ["matched", "chat_ended partner_left", "waiting"]);
    assert_eq!(cluster[1].own_census().online, 0);
    assert_eq!(cluster.store.known(), [found.user()]);
}

#[test]
fn who_drops_while_a_chat_is_on_offer_is_awaited_in_it() {
    let (mut cluster, [found, seeker]) = proposed();
    run(cluster[1].drop_line(&seeker));
    cluster.deliver();
    assert_eq!(found.hears(), ["matched", "partner_away"]);
    let back = cluster.come_back(1, &seeker, 0).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting", "matched"]);
    assert_eq!(found.hears(), ["partner_back"]);
}

#[test]
fn who_is_removed_while_a_chat_is_on_offer_leaves_nobody_in_a_chat_alone() {
    for is_agreed in [false, true] {
        let (mut cluster, [found, seeker]) = proposed();
        if is_agreed {
            carry(&mut cluster, 1, 0);
            assert_eq!(found.hears(), ["matched"]);
        }
        run(cluster[1].kick(seeker.user())).unwrap();
        cluster.pass(Millis::from_secs(10));
        let expected: &[&str] = if is_agreed {
            &["chat_ended lost", "waiting"]
        } else {
            &[]
        };
        assert_eq!(found.hears(), expected);
        assert_eq!(cluster.store.waiting(), [found.user()]);
        assert_eq!(cluster.store.known(), [found.user()]);
    }
}

#[test]
fn both_find_each_other_at_the_same_moment_and_are_in_one_chat() {
    let mut cluster = TestCluster::of(2);
    let visit = crate::testing::Visit {
        entry: Entry::Idle,
        ..Default::default()
    };
    let guests = [0, 1].map(|node| cluster.visit(node, visit.clone()));
    for (node, guest) in guests.iter().enumerate() {
        run(cluster[node].join(&guest.seat, Criteria::default())).unwrap();
    }
    cluster.deliver();
    assert_eq!(guests[0].chat(), guests[1].chat());
    assert_eq!(guests[0].hears(), ["welcome idle", "waiting", "matched"]);
    assert_eq!(guests[1].hears(), ["welcome idle", "matched"]);
}

/// Their owner says so at once.
#[test]
fn one_who_finds_somebody_who_has_gone_is_looked_for_at_once() {
    let (mut cluster, [found, seeker]) = proposed();
    cluster[0].register.remove_this(&found.seat);
    cluster.deliver();
    assert_eq!(seeker.hears(), ["waiting"]);
    assert!(cluster.store.waiting().contains(&seeker.user()));
}

/// The store has not heard of it yet.
#[test]
fn two_who_may_not_meet_and_find_each_other_wait_on_at_once() {
    let (mut cluster, [found, seeker]) = proposed();
    let until = cluster[0].now() + Millis::from_secs(1_000);
    cluster[0].bar_seat(found.user(), seeker.user(), until);
    cluster.deliver();
    assert_eq!(seeker.hears(), ["waiting"]);
    let mut waiting = cluster.store.waiting();
    waiting.sort_unstable();
    let mut both = [found.user(), seeker.user()];
    both.sort_unstable();
    assert_eq!(waiting, both);
}

/// The store does not answer the other one.
#[test]
fn a_chat_that_has_begun_for_one_begins_for_the_other_once_the_owner_of_the_first_says_so() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    lose(&cluster, 0, 1);
    cluster[1].adapters().pairing.set(Line::Down);
    cluster[0].assert_chat(&found.seat);
    cluster.deliver();
    cluster.pass(Millis::new(250));
    assert_eq!(seeker.hears(), ["matched"]);
    assert_eq!(seeker.chat(), found.chat());
}

/// The one who was found has been there before, so that their tickets are no longer alike.
#[test]
fn one_who_was_found_by_somebody_who_wants_nobody_any_more_is_looked_for_at_once() {
    let mut cluster = TestCluster::of(2);
    let found = cluster.visitor(0);
    let found = cluster.come_back(0, &found, 1).unwrap();
    let idle = Visit {
        entry: Entry::Idle,
        ..Visit::default()
    };
    let seeker = cluster.visit(1, idle);
    let node = cluster.share(1);
    node.adapters().pairing.set(Line::AnswersHeld);
    let mut joining = Box::pin(node.join(&seeker.seat, Criteria::default()));
    assert!(step(joining.as_mut()).is_pending());
    assert_eq!(cluster.store.waiting(), []);
    node.adapters().pairing.set(Line::Good);
    run(node.drop_line(&seeker));
    run(joining).unwrap();
    cluster.deliver();
    assert_eq!(cluster.store.waiting(), [found.user()]);
    let other = cluster.visitor(1);
    assert_eq!(other.chat(), found.chat());
    assert_eq!(other.hears().last().map(String::as_str), Some("matched"));
}

/// The word that it began was lost.
#[test]
fn who_leaves_a_chat_that_has_not_begun_for_the_other_sets_them_free_at_once() {
    let (mut cluster, [found, seeker]) = proposed();
    carry(&mut cluster, 1, 0);
    lose(&cluster, 0, 1);
    run(cluster[0].leave(&found.seat, None)).unwrap();
    cluster.deliver();
    assert_eq!(found.hears(), ["matched", "chat_ended you_left", "idle"]);
    assert_eq!(seeker.hears(), ["waiting"]);
}
