use crate::MessageError;
use crate::ports::{Fact, Undelivered};
use crate::testing::{Guest, TestCluster, run, step};
use passerby_domain::criteria::{Criteria, Mode};
use passerby_domain::flood::Rate;
use passerby_domain::notice::Typing;
use passerby_domain::text::{MessageId, TextError};
use passerby_domain::time::Millis;

fn say(cluster: &TestCluster, node: usize, guest: &Guest, text: &str, id: &str) -> Result<(), MessageError> {
    let id = MessageId::parse(id).unwrap();
    let said = cluster[node].message(&guest.seat, &guest.chat(), text, Some(id));
    cluster[node].flush(&guest.seat);
    said
}

fn lose(cluster: &TestCluster, from: usize, to: usize) {
    cluster
        .office
        .lose(cluster.incarnation(from), cluster.incarnation(to));
}

#[test]
fn a_message_to_another_node_is_acknowledged_once_it_is_there() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    assert_eq!(alice.hears(), [""; 0], "nobody knows yet");
    cluster.deliver();
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(alice.hears(), ["ack a"]);
    assert_eq!(cluster[0].facts.count(Fact::Relayed), 1);
}

#[test]
fn messages_arrive_in_the_order_in_which_they_were_said() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    for text in ["one", "two", "three"] {
        say(&cluster, 0, &alice, text, text).unwrap();
    }
    cluster.deliver();
    assert_eq!(bob.hears(), ["message one", "message two", "message three"]);
    assert_eq!(alice.hears(), ["ack one", "ack two", "ack three"]);
}

#[test]
fn a_message_that_is_sent_again_is_acknowledged_again_and_delivered_once() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    say(&cluster, 0, &alice, "hello, again", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a", "ack a"]);
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(cluster[0].facts.count(Fact::Repeated), 1);
}

#[test]
fn a_message_that_is_sent_again_while_it_is_on_its_way_is_delivered_once_and_each_sending_answered() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a", "ack a"]);
    assert_eq!(bob.hears(), ["message hello"]);
}

#[test]
fn what_is_sent_again_while_it_is_on_its_way_in_vain_is_refused_as_often() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    lose(&cluster, 0, 1);
    cluster.pass(Millis::from_secs(3));
    let unconfirmed = "unconfirmed a".to_owned();
    let heard = alice.hears();
    assert_eq!(
        heard.iter().filter(|told| **told == unconfirmed).count(),
        2,
        "{heard:?}"
    );
}

/// The answer to what the former connection had sent would be a second one.
#[test]
fn what_is_sent_again_after_a_resume_is_answered_once() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    let back = run(cluster[0].come_back(&alice, &alice.token().0, 2))
        .unwrap()
        .unwrap();
    say(&cluster, 0, &back, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(back.hears(), ["welcome back chatting", "ack a"]);
    assert_eq!(bob.hears(), ["message hello"]);
}

/// Its client has sent it again by the time that it hears of the refusal, and takes that for the answer to both.
#[test]
fn what_is_refused_before_it_was_sent_again_after_a_resume_is_refused_then_too() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    let (chat, token) = (cluster.share(0), alice.token().0);
    let alice = run(chat.come_back(&alice, &token, 2)).unwrap().unwrap();
    cluster[1].adapters().delivery.set_room(0);
    cluster.deliver();
    assert_eq!(alice.hears(), ["welcome back chatting", "unreachable 1"]);
    cluster[1].adapters().delivery.set_room(9);
    let again = say(&cluster, 0, &alice, "hello", "1");
    assert!(matches!(again, Err(MessageError::Unreachable(_))), "{again:?}");
    cluster.deliver();
    assert_eq!(bob.hears(), [""; 0]);
    // Whoever has heard that twice means it.
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(alice.hears(), ["ack 1"]);
}

#[test]
fn what_was_acknowledged_is_not_called_undelivered_because_the_chat_is_over() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a"]);
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    // The word of the end is still on its way when the client sends again.
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a", "chat_ended partner_skipped", "waiting"]);
}

/// The first was lost on the way to the node where the partner was; then they came here, and were told the second.
#[test]
fn a_message_that_was_lost_does_not_come_behind_one_that_was_said_when_the_partner_had_come_here() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    for id in ["1", "2"] {
        say(&cluster, 0, &alice, id, id).unwrap();
        lose(&cluster, 0, 1);
    }
    let bob = cluster.come_back(0, &bob, 1).unwrap();
    say(&cluster, 0, &alice, "2", "2").unwrap();
    assert_eq!(bob.hears(), ["welcome back chatting", "message 2"]);
    assert_eq!(alice.hears(), ["ack 2", "ack 2"], "one for each sending");
    let alice = cluster.come_back(2, &alice, 3).unwrap();
    let said = say(&cluster, 2, &alice, "1", "1");
    assert!(matches!(said, Err(MessageError::Unconfirmed)), "{said:?}");
    say(&cluster, 2, &alice, "3", "3").unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["message 3"]);
}

/// It came to where the partner was when they had gone; they were told the next one here. Its client sends it again before
/// it hears that it was refused, but the node hears that first.
#[test]
fn a_message_that_was_refused_at_last_does_not_come_behind_one_that_was_said_meanwhile() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let [here, there] = [0, 1].map(|node| cluster.incarnation(node));
    let (chat, token) = (cluster.share(0), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending(), "their seat is asked for");
    say(&cluster, 0, &alice, "1", "1").unwrap();
    cluster.carry(here, there);
    cluster.carry(here, there);
    let mut back = None;
    while back.is_none() {
        cluster.carry(there, here);
        if let std::task::Poll::Ready(came) = step(coming.as_mut()) {
            back = came.unwrap();
        }
    }
    let bob = back.unwrap();
    say(&cluster, 0, &alice, "2", "2").unwrap();
    assert_eq!(bob.hears(), ["welcome back chatting", "message 2"]);
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack 2", "unreachable 1"]);
    for _ in 0..2 {
        let again = say(&cluster, 0, &alice, "1", "1");
        assert!(matches!(again, Err(MessageError::Unreachable(_))), "{again:?}");
    }
    assert_eq!(bob.hears(), [""; 0]);
}

#[test]
fn a_message_whose_answer_is_lost_is_unconfirmed_and_not_sent_again() {
    for lost in [[0, 1], [1, 0]] {
        let mut cluster = TestCluster::of(2);
        let [alice, bob] = cluster.pair([0, 1]);
        say(&cluster, 0, &alice, "hello", "a").unwrap();
        if lost == [1, 0] {
            cluster.carry(cluster.incarnation(0), cluster.incarnation(1));
        }
        lose(&cluster, lost[0], lost[1]);
        cluster.pass(Millis::new(2_250));
        assert_eq!(alice.hears(), [""; 0]);
        cluster.pass(Millis::new(250));
        assert_eq!(alice.hears(), ["unconfirmed a"]);
        assert_eq!(cluster[0].facts.count(Fact::Unconfirmed), 1);
        let heard = bob.hears();
        let again = say(&cluster, 0, &alice, "hello", "a");
        cluster.deliver();
        assert_eq!(again, Err(MessageError::Unconfirmed));
        assert_eq!(bob.hears(), [""; 0], "after {heard:?}");
    }
}

#[test]
fn a_message_that_finds_the_chat_over_was_not_delivered() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    say(&cluster, 0, &alice, "too late", "a").unwrap();
    cluster.deliver();
    assert_eq!(
        alice.hears(),
        ["chat_ended partner_skipped", "waiting", "unreachable a"]
    );
    assert_eq!(bob.hears(), ["chat_ended you_skipped", "waiting"]);
}

#[test]
fn a_message_that_does_not_fit_was_not_delivered() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[1].adapters().delivery.set_room(0);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["unreachable a"]);
    cluster[1].adapters().delivery.set_room(10);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a"], "it is a new message then");
    assert_eq!(bob.hears(), ["message hello"]);
}

#[test]
fn what_was_refused_is_refused_once_more_on_the_node_its_sender_has_gone_to() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[1].adapters().delivery.set_room(0);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["unreachable a"]);
    cluster[1].adapters().delivery.set_room(10);
    run(cluster[0].drop_line(&alice));
    let alice = cluster.come_back(2, &alice, 2).unwrap();
    cluster.deliver();
    // Whether the word of the refusal arrived is not known.
    assert_eq!(
        say(&cluster, 2, &alice, "hello", "a"),
        Err(MessageError::Unreachable(Undelivered::Gone))
    );
    say(&cluster, 2, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["welcome back chatting", "ack a"]);
    assert_eq!(bob.hears(), ["partner_away", "partner_back", "message hello"]);
}

#[test]
fn a_message_that_is_sent_again_and_finds_the_chat_over_is_stale() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    run(cluster[0].drop_line(&alice));
    let alice = cluster.come_back(2, &alice, 2).unwrap();
    run(cluster[1].skip(&bob.seat, &bob.chat())).unwrap();
    say(&cluster, 2, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(
        alice.hears(),
        [
            "welcome back chatting",
            "chat_ended partner_skipped",
            "waiting",
            "stale a"
        ]
    );
}

#[test]
fn a_message_for_one_whose_node_is_silent_is_refused_at_once() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(1);
    cluster.pass(Millis::from_secs(4));
    assert_eq!(alice.hears(), ["partner_away"]);
    assert_eq!(
        say(&cluster, 0, &alice, "hello", "a"),
        Err(MessageError::Unreachable(Undelivered::Away))
    );
    assert_eq!(bob.hears(), [""; 0]);
}

#[test]
fn no_more_than_256_messages_are_on_their_way() {
    let mut cluster = TestCluster::with(2, |options| options.messages = None);
    let [alice, _bob] = cluster.pair([0, 1]);
    for number in 0..256 {
        say(&cluster, 0, &alice, "hello", &number.to_string()).unwrap();
    }
    assert_eq!(
        say(&cluster, 0, &alice, "hello", "more"),
        Err(MessageError::Unreachable(Undelivered::Full))
    );
    cluster.deliver();
    say(&cluster, 0, &alice, "hello", "more").unwrap();
}

#[test]
fn what_is_said_to_one_who_is_away_is_kept_for_them() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    run(cluster[1].drop_line(&bob));
    cluster.deliver();
    say(&cluster, 0, &alice, "are you there?", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["partner_away", "ack a"]);
    let back = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting", "message are you there?"]);
}

#[test]
fn hints_reach_the_partner_and_not_one_who_is_away() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[0].typing(&alice.seat, &alice.chat(), Typing::Started);
    cluster.deliver();
    assert_eq!(bob.hears(), ["typing started"]);
    run(cluster[1].drop_line(&bob));
    cluster[0].typing(&alice.seat, &alice.chat(), Typing::Stopped);
    cluster.deliver();
    let back = cluster.come_back(1, &bob, 1).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"]);
}

#[test]
fn signals_reach_the_partner_or_are_called_undelivered() {
    let mut cluster = TestCluster::of(2);
    let visit = crate::testing::Visit {
        criteria: Criteria {
            mode: Mode::Video,
            ..Criteria::default()
        },
        ..Default::default()
    };
    let [alice, bob] = [0, 1].map(|node| cluster.visit(node, visit.clone()));
    alice.hears();
    bob.hears();
    cluster[0]
        .signal(&alice.seat, &alice.chat(), "{}", MessageId::parse("s").ok())
        .unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["signal {}"]);
    assert_eq!(alice.hears(), [""; 0], "nobody acknowledges a signal");
    cluster[1].adapters().delivery.set_room(0);
    cluster[0]
        .signal(&alice.seat, &alice.chat(), "{}", MessageId::parse("s").ok())
        .unwrap();
    cluster.deliver();
    assert_eq!(
        alice.hears(),
        ["unreachable s"],
        "by the name that the user gave it"
    );
}

#[test]
fn a_message_that_is_sent_again_goes_after_a_partner_who_has_moved_too() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    cluster.carry(cluster.incarnation(0), cluster.incarnation(1));
    run(cluster[0].drop_line(&alice));
    let alice = cluster.come_back(2, &alice, 2).unwrap();
    alice.hears();
    cluster.deliver();
    let (chat, token) = (cluster.share(0), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 2).await });
    while step(coming.as_mut()).is_pending() {
        let way = [0, 1].map(|node| cluster.incarnation(node));
        cluster.carry(way[0], way[1]);
        cluster.carry(way[1], way[0]);
    }
    say(&cluster, 2, &alice, "hello", "a").unwrap();
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a"]);
    drop(coming);
    assert_eq!(bob.hears(), ["message hello", "partner_away", "partner_back"]);
}

#[test]
fn no_limit_refuses_what_was_sent_on_already() {
    let mut cluster = TestCluster::with(2, |options| options.messages = Rate::per_second(1, 1));
    let [alice, bob] = cluster.pair([0, 1]);
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    say(&cluster, 0, &alice, "hello", "a").unwrap();
    assert!(matches!(
        say(&cluster, 0, &alice, "too many", "b"),
        Err(MessageError::RateLimited { .. })
    ));
    cluster.deliver();
    assert_eq!(alice.hears(), ["ack a", "ack a"]);
    assert_eq!(bob.hears(), ["message hello"]);
}

/// It never arrived, so nobody need wonder about it when it is said again.
#[test]
fn what_was_refused_and_is_said_again_is_refused_as_a_new_one() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    cluster[1].adapters().delivery.set_room(0);
    for _ in 0..2 {
        say(&cluster, 0, &alice, "hello", "1").unwrap();
        cluster.deliver();
        assert_eq!(alice.hears(), ["unreachable 1"]);
    }
}

#[test]
fn whoever_was_answered_once_is_answered_about_what_is_lost_later_too() {
    let mut cluster = TestCluster::of(2);
    let [alice, _bob] = cluster.pair([0, 1]);
    for id in ["1", "2"] {
        say(&cluster, 0, &alice, id, id).unwrap();
        cluster
            .office
            .lose_all(cluster.incarnation(0), cluster.incarnation(1));
        cluster.pass(Millis::from_secs(3));
        let told = alice.hears();
        assert!(told.contains(&format!("unconfirmed {id}")), "{told:?}");
        // Nothing is on its way any more, and the node looks after her no longer.
        cluster.pass(Millis::from_secs(1));
        alice.hears();
    }
}

#[test]
fn what_arrives_is_counted_whether_it_is_to_be_acknowledged_or_not() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster[0]
        .message(&alice.seat, &alice.chat(), "hello", None)
        .unwrap();
    cluster.deliver();
    assert_eq!(bob.hears(), ["message hello"]);
    assert_eq!(cluster[0].facts.count(Fact::Relayed), 1);
}

/// It cannot be one that came before: nobody says it again.
#[test]
fn what_has_no_id_goes_to_a_partner_also_when_both_have_forgotten_what_was_said() {
    for node in [1, 2] {
        let mut cluster = TestCluster::of(3);
        let [alice, bob] = cluster.pair([0, 0]);
        cluster.kill(0);
        let alice = cluster.come_back(1, &alice, 1).unwrap();
        let bob = cluster.come_back(node, &bob, 1).unwrap();
        let again = say(&cluster, 1, &alice, "again", "1");
        assert_eq!(again, Err(MessageError::Unconfirmed), "they have");
        let said = cluster[1].message(&alice.seat, &alice.chat(), "new", None);
        assert_eq!(said, Ok(()), "{node}");
        cluster[1].flush(&alice.seat);
        cluster.deliver();
        let heard = bob.hears();
        assert!(heard.contains(&"message new".to_owned()), "{node}: {heard:?}");
    }
}

/// The welcome in which they were let in first was lost, so they say again only now what has no answer.
#[test]
fn what_both_have_forgotten_is_not_passed_on_to_whoever_hears_of_it_late() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 0]);
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    assert_eq!(bob.hears(), ["message hello"]);
    cluster.kill(0);
    let alice = cluster.come_back(1, &alice, 1).unwrap();
    let bob = cluster.come_back(2, &bob, 2).unwrap();
    cluster.pass(Millis::from_secs(5));
    let alice = cluster.come_back(1, &alice, 1).unwrap();
    let again = say(&cluster, 1, &alice, "hello", "1");
    assert_eq!(again, Err(MessageError::Unconfirmed));
    cluster.deliver();
    assert!(!bob.hears().contains(&"message hello".to_owned()));
}

#[test]
fn what_has_no_id_is_refused_by_one_who_has_forgotten_what_was_said_as_by_anybody() {
    let mut cluster = TestCluster::of(3);
    let [alice, _bob] = cluster.pair([0, 1]);
    cluster.kill(0);
    let alice = cluster.come_back(2, &alice, 1).unwrap();
    let send = |cluster: &TestCluster, text: &str| cluster[2].message(&alice.seat, &alice.chat(), text, None);
    let long = "x".repeat(2_001);
    assert_eq!(send(&cluster, &long), Err(MessageError::Text(TextError::TooLong)));
    cluster.kill(1);
    cluster.pass(Millis::from_secs(8));
    let sent = send(&cluster, "anybody there?");
    assert!(matches!(sent, Err(MessageError::Unreachable(_))), "{sent:?}");
}
