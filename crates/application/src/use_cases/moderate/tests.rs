use super::*;
use crate::ports::Identity as _;
use crate::testing::{TestCluster, Told, Visit, chat, run, step};
use crate::{ConnectError, Departure};
use passerby_domain::notice::Census;
use std::net::Ipv4Addr;

fn order(target: BanTarget) -> BanOrder {
    BanOrder {
        target,
        offence: Offence::Harassment,
        span: Some(Millis::from_secs(60)),
    }
}

#[test]
fn a_banned_user_is_removed_and_their_partner_looks_on() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let ban = run(chat.ban(order(BanTarget::User(alice.user())))).unwrap();
    assert_eq!(alice.hears(), ["chat_ended moderated"]);
    assert_eq!(alice.farewell(), Some(Farewell::Banned(ban)));
    assert_eq!(bob.hears(), ["chat_ended moderated", "waiting"]);
    assert_eq!(ban.origin, alice.seat.origin());
    assert!(chat.seat_of(alice.user()).is_none());
    let census = Census {
        online: 1,
        waiting: 1,
        chatting: 0,
    };
    assert_eq!(chat.own_census(), census);
    // Their connection ends after that, which is no news.
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Dropped));
    assert_eq!(chat.own_census(), census);
}

#[test]
fn a_ban_removes_all_of_an_origin_and_nobody_else() {
    let chat = chat().start();
    let visit = Visit {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        ..Visit::default()
    };
    let one = run(chat.visit(visit.clone())).unwrap();
    let other = run(chat.visit(visit.clone())).unwrap();
    let stranger = run(chat.visitor());
    let origin = one.seat.origin();
    let ban = run(chat.ban(order(BanTarget::Origin(origin)))).unwrap();
    for visitor in [&one, &other] {
        assert_eq!(visitor.farewell(), Some(Farewell::Banned(ban)));
    }
    assert_eq!(stranger.farewell(), None);
    assert_eq!(chat.adapters().pairing.waiting(), [stranger.user()]);
    assert!(matches!(run(chat.visit(visit)), Err(ConnectError::Banned(_))));
}

#[test]
fn one_who_is_away_is_banned_too() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.drop_line(&alice));
    run(chat.ban(order(BanTarget::User(alice.user())))).unwrap();
    assert_eq!(bob.hears(), ["partner_away", "chat_ended moderated", "waiting"]);
    assert!(run(chat.recognise(&alice.token().0)).unwrap().is_none());
    assert_eq!(chat.next_deadline(), None, "her grace is not waited for");
}

/// Of one who has come back from elsewhere, and of where they came from, too.
#[test]
fn a_ban_is_about_where_one_is_now() {
    for is_told_by_user in [true, false] {
        let chat = chat().start();
        let alice = run(chat.visitor());
        let now_at = std::net::Ipv4Addr::new(198, 51, 100, 7).into();
        let token = alice.token().0;
        let alice = run(chat.come_back_from(now_at, &token, 1)).unwrap().unwrap();
        let there = chat.adapters().identity.origins(now_at).exact;
        let target = if is_told_by_user {
            BanTarget::User(alice.user())
        } else {
            BanTarget::Origin(there)
        };
        let ban = run(chat.ban(order(target))).unwrap();
        assert_eq!(ban.origin, there);
        assert_eq!(alice.farewell(), Some(Farewell::Banned(ban)));
    }
    let chat = chat().start();
    let alice = run(chat.visitor());
    let now_at = std::net::Ipv4Addr::new(198, 51, 100, 7).into();
    let back = run(chat.come_back_from(now_at, &alice.token().0, 1))
        .unwrap()
        .unwrap();
    let ban = run(chat.ban(order(BanTarget::Origin(alice.seat.origin())))).unwrap();
    assert_eq!(back.farewell(), Some(Farewell::Banned(ban)));
}

#[test]
fn a_ban_says_until_when_and_can_be_listed_and_lifted() {
    let chat = chat().start();
    let alice = run(chat.visitor());
    let ban = run(chat.ban(order(BanTarget::User(alice.user())))).unwrap();
    let until = chat.adapters().clock.unix(chat.now() + Millis::from_secs(60));
    assert_eq!(ban.until, Some(until));
    assert_eq!(run(chat.bans()).unwrap(), [ban]);
    run(chat.lift_ban(ban.id)).unwrap();
    assert_eq!(run(chat.bans()).unwrap(), []);
    assert!(matches!(
        run(chat.lift_ban(ban.id)),
        Err(ModerationError::Unknown)
    ));
}

#[test]
fn nobody_of_that_name_can_be_banned_or_kicked() {
    let chat = chat().start();
    let nobody = UserId::from_bits(999);
    assert!(matches!(
        run(chat.ban(order(BanTarget::User(nobody)))),
        Err(ModerationError::Unknown)
    ));
    assert!(matches!(run(chat.kick(nobody)), Err(ModerationError::Unknown)));
}

#[test]
fn a_ban_that_cannot_be_recorded_removes_nobody() {
    let mut bans = crate::ports::MockBans::new();
    bans.expect_find().returning(|_, _| Ok(None));
    bans.expect_add()
        .returning(|_| Err(StoreError::Unavailable("down".into())));
    let chat = chat().bans(bans).start();
    let alice = run(chat.visitor());
    let refused = run(chat.ban(order(BanTarget::User(alice.user()))));
    assert!(matches!(refused, Err(ModerationError::Store(_))));
    assert_eq!(alice.farewell(), None);
    assert_eq!(chat.own_census().online, 1);
}

#[test]
fn a_kicked_user_is_removed_but_may_come_again() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    run(chat.kick(alice.user())).unwrap();
    assert_eq!(alice.farewell(), Some(Farewell::Kicked));
    assert_eq!(bob.hears(), ["chat_ended moderated", "waiting"]);
    assert!(matches!(
        run(chat.kick(alice.user())),
        Err(ModerationError::Unknown)
    ));
    let visit = Visit {
        address: Some(alice.address),
        ..Visit::default()
    };
    let again = run(chat.visit(visit)).unwrap();
    assert_eq!(again.chat(), bob.chat());
}

/// The store has given the seat to the node where he is about to come back, which asks for it a moment too late.
#[test]
fn a_user_who_is_kicked_on_the_way_to_another_node_does_not_arrive() {
    let mut cluster = TestCluster::of(3);
    let [_alice, bob] = cluster.pair([0, 1]);
    let (chat, token) = (cluster.share(2), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    run(cluster[1].kick(bob.user())).unwrap();
    assert!(cluster.finish(coming).unwrap().is_none());
}

/// It stood still, or was cut off, for longer than a letter keeps.
#[test]
fn a_ban_of_which_a_node_did_not_hear_is_found_out() {
    let mut cluster = TestCluster::of(2);
    let [alice, bob] = cluster.pair([0, 1]);
    let ban = run(cluster[0].ban(order(BanTarget::Origin(bob.seat.origin())))).unwrap();
    let [from, to] = [0, 1].map(|node| cluster.incarnation(node));
    cluster.office.lose_all(from, to);
    cluster.pass(Millis::from_secs(6));
    assert_eq!(bob.farewell(), Some(Farewell::Banned(ban)));
    assert!(alice.hears().contains(&"chat_ended moderated".to_owned()));
}

/// Where he was has handed him over, and where he is about to be does not have him yet.
#[test]
fn a_ban_made_while_somebody_is_on_the_way_to_another_node_does_not_miss_them() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let (chat, token) = (cluster.share(2), bob.token().0);
    let mut coming = Box::pin(async { chat.come_back(&bob, &token, 1).await });
    assert!(step(coming.as_mut()).is_pending());
    cluster.deliver();
    let ban = run(cluster[1].ban(order(BanTarget::Origin(bob.seat.origin())))).unwrap();
    cluster.deliver();
    let bob = cluster.finish(coming).unwrap().unwrap();
    assert_eq!(bob.farewell(), Some(Farewell::Banned(ban)));
    cluster.deliver();
    assert!(alice.hears().contains(&"chat_ended moderated".to_owned()));
}

/// Nobody has the seat any more who could remove it.
#[test]
fn one_who_was_banned_when_their_node_was_dead_frees_the_partner_where_they_come() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    cluster.kill(1);
    let ban = run(cluster[0].ban(order(BanTarget::User(bob.user())))).unwrap();
    cluster.pass(Millis::from_secs(5));
    let (chat, token) = (cluster.share(2), bob.token().0);
    let coming = async { chat.come_back(&bob, &token, 1).await };
    let refused = cluster.finish(coming);
    assert!(matches!(refused, Err(ConnectError::Banned(told)) if told == ban));
    cluster.deliver();
    let heard = alice.hears();
    assert!(heard.contains(&"chat_ended moderated".to_owned()), "{heard:?}");
    assert!(cluster[2].seat_of(bob.user()).is_none());
}

#[test]
fn nothing_more_reaches_one_who_was_removed() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let name = bob.chat();
    run(chat.kick(alice.user())).unwrap();
    alice.hears();
    chat.message(&bob.seat, &name, "hello", None).unwrap_err();
    chat.flush(&bob.seat);
    assert!(
        !alice
            .wire
            .told()
            .iter()
            .any(|told| matches!(told, Told::Message { .. }))
    );
}

#[test]
fn reports_are_read_page_by_page() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    for (reporter, offence) in [
        (&alice, Offence::Spam),
        (&bob, Offence::Nudity),
        (&alice, Offence::Other),
    ] {
        run(chat.report(&reporter.seat, &reporter.chat(), offence, None)).unwrap();
    }
    let first = run(chat.reports(None, 2)).unwrap();
    let second = run(chat.reports(first.next, 2)).unwrap();
    let offences: Vec<_> = first
        .reports
        .iter()
        .chain(&second.reports)
        .map(|report| report.offence)
        .collect();
    assert_eq!(offences, [Offence::Spam, Offence::Nudity, Offence::Other]);
    assert_eq!(second.next, None);
}
