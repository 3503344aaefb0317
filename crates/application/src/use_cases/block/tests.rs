use super::*;
use crate::testing::{
    HonestPairing, Line, PassAll, TestChat, TestCluster, UnreliablePairing, Visit, Visitor, chat, run,
};
use crate::{Departure, JoinError};
use passerby_domain::criteria::Criteria;
use passerby_domain::flood::Rate;
use passerby_domain::time::Millis;
use std::net::Ipv4Addr;

#[test]
fn a_block_ends_the_chat_as_a_skip_and_the_blocked_one_learns_nothing() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.block(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(alice.hears(), ["blocked", "chat_ended you_skipped", "waiting"]);
    assert_eq!(bob.hears(), ["chat_ended partner_skipped", "waiting"]);
    assert_eq!(chat.facts.count(Fact::Blocked), 1);
}

/// Somebody comes from that address.
fn from(chat: &TestChat<HonestPairing, PassAll>, last: u8) -> Visitor<HonestPairing, PassAll> {
    let visit = Visit {
        address: Some(Ipv4Addr::new(192, 0, 2, last).into()),
        ..Visit::default()
    };
    run(chat.visit(visit)).unwrap()
}

#[test]
fn a_block_holds_for_new_seats_of_the_two_origins() {
    let chat = chat().start();
    let (alice, bob) = (from(&chat, 1), from(&chat, 2));
    run(chat.block(&alice.seat, &alice.chat())).unwrap();
    for visitor in [&alice, &bob] {
        run(chat.disconnect(&visitor.seat, visitor.connection, Departure::Left));
    }
    chat.clock.advance(Millis::from_secs(3_600));
    let (bob, alice) = (from(&chat, 2), from(&chat, 1));
    assert_eq!(alice.hears(), ["welcome idle", "waiting"]);
    assert_eq!(bob.hears(), ["welcome idle", "waiting"]);
    chat.clock.advance(chat.options().block_ttl);
    let carol = from(&chat, 1);
    assert_eq!(carol.hears(), ["welcome idle", "matched"]);
}

#[test]
fn between_two_of_one_origin_a_block_binds_the_seats_alone() {
    let chat = chat().start();
    let (alice, bob) = (from(&chat, 1), from(&chat, 1));
    run(chat.block(&alice.seat, &alice.chat())).unwrap();
    chat.clock.advance(Millis::from_secs(3_600));
    run(chat.reap());
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user(), bob.user()]);
    let carol = from(&chat, 1);
    assert_eq!(
        carol.hears(),
        ["welcome idle", "matched"],
        "others of that origin are not concerned"
    );
}

#[test]
fn the_last_partner_can_be_blocked_for_a_minute_and_the_present_chat_goes_on() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let first = alice.chat();
    run(chat.skip(&bob.seat, &first)).unwrap();
    let carol = run(chat.visitor());
    alice.hears();
    run(chat.block(&alice.seat, &first)).unwrap();
    assert_eq!(alice.hears(), ["blocked"]);
    assert_eq!(carol.hears(), ["welcome idle", "matched"]);
    chat.clock.advance(Millis::from_secs(61));
    let late = run(chat.block(&alice.seat, &first));
    assert!(matches!(late, Err(BlockError::StaleChat)));
}

#[test]
fn one_who_is_in_no_chat_blocks_nobody() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    alice.hears();
    let refused = run(chat.block(&alice.seat, "AAAAAAAAAAAAAAAA"));
    assert!(matches!(refused, Err(BlockError::NotChatting)));
    assert_eq!(alice.hears(), [""; 0]);
}

#[test]
fn a_block_that_the_store_does_not_take_leaves_the_chat_as_it_was() {
    let chat = chat().pairing(UnreliablePairing::new).start();
    let [alice, bob] = run(chat.pair());
    chat.adapters().pairing.set(Line::Down);
    let refused = run(chat.block(&alice.seat, &alice.chat()));
    assert!(matches!(refused, Err(BlockError::Store(_))));
    assert_eq!([alice.hears(), bob.hears()], [[""; 0]; 2]);
    assert_eq!(chat.own_census().chatting, 2);
}

#[test]
fn no_limit_refuses_a_block_but_one_who_ends_too_many_chats_is_idle_afterwards() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    for _ in 0..5 {
        let partner = run(chat.visitor());
        run(chat.block(&alice.seat, &alice.chat())).unwrap();
        run(chat.disconnect(&partner.seat, partner.connection, Departure::Left));
    }
    let last = run(chat.visitor());
    assert_eq!(last.chat(), alice.chat());
    alice.hears();
    last.hears();
    run(chat.block(&alice.seat, &alice.chat())).unwrap();
    assert_eq!(alice.hears(), ["blocked", "chat_ended you_skipped", "idle"]);
    assert_eq!(last.hears(), ["chat_ended partner_skipped", "waiting"]);
    assert_eq!(chat.adapters().pairing.waiting(), [last.user()]);
    let retry_after = Millis::from_secs(3);
    let slowed = run(chat.join(&alice.seat, Criteria::default()));
    assert_eq!(slowed, Err(JoinError::Slowed { retry_after }));
    chat.clock.advance(retry_after);
    run(chat.join(&alice.seat, Criteria::default())).unwrap();
}

#[test]
fn a_block_holds_through_a_return() {
    let chat = chat()
        .options(|options| options.rematch_cooldown = Millis::ZERO)
        .start();
    let [alice, bob] = run(chat.pair());
    run(chat.block(&alice.seat, &alice.chat())).unwrap();
    run(chat.drop_line(&bob));
    let back = run(chat.come_back(&bob, &bob.token().0, 3)).unwrap().unwrap();
    assert_eq!(back.hears(), ["welcome back waiting"]);
    assert_eq!(chat.adapters().pairing.waiting(), [alice.user(), bob.user()]);
}

/// Should both nodes die before the one who was left alone is looked for, the two would be in that chat again.
#[test]
fn the_store_knows_of_a_block_at_once_where_the_partner_is_on_a_node_that_does_not_answer() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.stall(1);
    run(cluster[0].block(&alice.seat, &alice.chat())).unwrap();
    let chatting: Vec<_> = cluster
        .store
        .chatting()
        .into_iter()
        .map(|(user, _)| user)
        .collect();
    assert_eq!(chatting, [bob.user()]);
    cluster.pass(Millis::new(250));
    assert_eq!(cluster.store.waiting(), [alice.user()]);
}

/// It ends no chat.
#[test]
fn a_block_of_a_former_partner_counts_as_no_skip() {
    let chat = chat()
        .options(|options| options.skips = Rate::per_minute(1, 1))
        .start();
    let [alice, bob] = run(chat.pair());
    let former = alice.chat();
    run(chat.leave(&bob.seat, None)).unwrap();
    let carol = run(chat.visitor());
    assert_eq!(carol.chat(), alice.chat());
    run(chat.block(&alice.seat, &former)).unwrap();
    run(chat.skip(&alice.seat, &carol.chat())).unwrap();
}
