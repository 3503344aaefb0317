use super::*;
use crate::time::Millis;
use IllegalMove as No;

mod properties;
mod table;

/// A chat that every seat in these tests is offered or in.
pub(super) fn chat() -> ChatId {
    ChatId::from_bits(1)
}

/// A chat that none of them knows.
pub(super) fn another_chat() -> ChatId {
    ChatId::from_bits(2)
}

pub(super) fn at(seconds: u64) -> Moment {
    Moment::ORIGIN + Millis::from_secs(seconds)
}

/// The kind of a state, without what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Idle,
    Waiting,
    Offered,
    Chatting,
    Gone,
}

pub(super) fn kind<L>(session: &Session<L>) -> Kind {
    match session.state() {
        State::Idle => Kind::Idle,
        State::Waiting(_) => Kind::Waiting,
        State::Offered { .. } => Kind::Offered,
        State::Chatting(_) => Kind::Chatting,
        State::Gone => Kind::Gone,
    }
}

/// A seat of that kind that came at second 1. Its ticket, if it has one, is [`Session::wait`]'s.
pub(super) fn seat(kind: Kind) -> Session<&'static str> {
    let mut session = Session::new();
    if kind == Kind::Gone {
        session.depart().unwrap();
    }
    if matches!(kind, Kind::Waiting | Kind::Offered | Kind::Chatting) {
        let ticket = session.join(at(1)).unwrap().ticket;
        if kind != Kind::Waiting {
            session.offer(ticket, chat()).unwrap();
        }
        if kind == Kind::Chatting {
            session.confirm(chat(), "partner").unwrap();
        }
    }
    session
}

fn wait(session: &Session<&'static str>) -> Wait {
    *session.wait().expect("the seat waits")
}

#[test]
fn a_new_seat_is_idle_and_its_user_is_here() {
    let session = Session::<()>::default();
    assert_eq!(kind(&session), Kind::Idle);
    assert_eq!(session.presence(), Presence::Here);
    assert!(session.wait().is_none() && session.search().is_none() && session.chatting().is_none());
}

#[test]
fn one_who_comes_takes_the_place_of_that_moment() {
    let session = seat(Kind::Waiting);
    assert_eq!(wait(&session).place, Place::taken_at(at(1)));
    assert_eq!(wait(&session).from, at(1));
    assert_eq!(wait(&session).announced, Announced::Due);
}

#[test]
fn joining_again_keeps_the_place_and_the_patience_and_is_answered() {
    for kind in [Kind::Waiting, Kind::Offered] {
        let mut session = seat(kind);
        let ticket = wait(&session).ticket;
        session.announce(ticket);
        let again = session.join(at(9)).unwrap();
        assert_eq!((again.place, again.from), (Place::taken_at(at(1)), at(1)));
        assert_eq!(again.announced, Announced::Due);
        assert_ne!(again.ticket, ticket);
    }
}

#[test]
fn whoever_is_left_alone_has_their_old_place_and_new_patience() {
    let mut session = seat(Kind::Chatting);
    session.end(chat(), AfterChat::QueueInOldPlace, at(70)).unwrap();
    assert_eq!(wait(&session).place, Place::taken_at(at(1)));
    assert_eq!(wait(&session).from, at(70));
    assert_eq!(wait(&session).announced, Announced::Due);
}

#[test]
fn a_place_survives_any_number_of_chats_that_others_end() {
    let mut session = seat(Kind::Chatting);
    for second in 10..20 {
        session
            .end(chat(), AfterChat::QueueInOldPlace, at(second))
            .unwrap();
        session.offer(wait(&session).ticket, chat()).unwrap();
        session.confirm(chat(), "another").unwrap();
    }
    assert_eq!(session.chatting().unwrap().place, Place::taken_at(at(1)));
}

#[test]
fn whoever_wanted_the_change_stands_behind_all_who_wait() {
    let mut session = seat(Kind::Chatting);
    session.end(chat(), AfterChat::QueueAnew, at(70)).unwrap();
    assert_eq!(wait(&session).place, Place::taken_at(at(70)));
    assert_eq!(wait(&session).from, at(70));
}

#[test]
fn an_end_gives_back_what_the_chat_was() {
    let mut session = seat(Kind::Chatting);
    let ended = session.end(chat(), AfterChat::Idle, at(70)).unwrap();
    assert_eq!((ended.chat, ended.link), (chat(), "partner"));
}

#[test]
fn leaving_says_what_was_left() {
    assert!(matches!(seat(Kind::Waiting).leave(), Ok(Left::Queue)));
    assert!(matches!(seat(Kind::Offered).leave(), Ok(Left::Queue)));
    let left = seat(Kind::Chatting).leave();
    assert!(matches!(left, Ok(Left::Chat(Chatting { link: "partner", .. }))));
    assert!(matches!(seat(Kind::Idle).depart(), Ok(Left::Idleness)));
    assert!(matches!(seat(Kind::Waiting).depart(), Ok(Left::Queue)));
    assert!(matches!(seat(Kind::Chatting).depart(), Ok(Left::Chat(_))));
}

#[test]
fn an_offer_for_an_older_search_comes_too_late() {
    let mut session = seat(Kind::Waiting);
    let old = wait(&session).ticket;
    session.renew().unwrap();
    assert_eq!(session.offer(old, chat()), Err(No::Stale));
    assert_eq!(session.offer(wait(&session).ticket, chat()), Ok(()));
}

#[test]
fn a_seat_takes_one_offer_at_a_time() {
    let mut session = seat(Kind::Offered);
    let ticket = wait(&session).ticket;
    assert_eq!(session.offer(ticket, another_chat()), Err(No::Stale));
    assert_eq!(session.confirm(another_chat(), "another"), Err(No::Stale));
    assert_eq!(session.confirm(chat(), "partner"), Ok(()));
    assert_eq!(session.confirm(chat(), "partner"), Err(No::Stale));
}

#[test]
fn nobody_is_offered_while_their_user_is_away() {
    let mut session = seat(Kind::Waiting);
    session.drop_connection(at(30));
    assert_eq!(session.presence(), Presence::Away { until: at(30) });
    assert!(session.search().is_none());
    assert_eq!(session.offer(wait(&session).ticket, chat()), Err(No::Stale));
    session.attach();
    assert_eq!(session.offer(wait(&session).ticket, chat()), Ok(()));
}

#[test]
fn an_offer_outlives_a_drop_and_may_come_to_a_chat_or_to_nothing() {
    let mut session = seat(Kind::Offered);
    session.drop_connection(at(30));
    assert_eq!(session.confirm(chat(), "partner"), Ok(()));
    assert_eq!(session.presence(), Presence::Away { until: at(30) });

    let mut session = seat(Kind::Offered);
    let before = wait(&session);
    session.drop_connection(at(30));
    session.attach();
    let after = session.withdraw(chat()).unwrap();
    assert_eq!((after.place, after.from), (before.place, before.from));
    assert_ne!(after.ticket, before.ticket);
}

#[test]
fn a_seat_that_is_taken_over_stands_as_it_stood_and_is_newer_than_it_ever_was() {
    let mut there = seat(Kind::Waiting);
    let before = wait(&there);
    let here = Session::taken_over(
        there.generation().next_tenure(at(20)),
        there.state().clone(),
        at(30),
    );
    assert_eq!(here.presence(), Presence::Away { until: at(30) });
    assert_eq!(wait(&here).place, before.place);
    there.renew();
    assert!(wait(&here).ticket > wait(&there).ticket);
    let chatting = seat(Kind::Chatting);
    let here = Session::taken_over(
        chatting.generation().next_tenure(at(20)),
        chatting.state().clone(),
        at(30),
    );
    assert_eq!(here.chatting().unwrap().chat, chat());
}

#[test]
fn a_chat_outlives_a_drop_and_a_return() {
    let mut session = seat(Kind::Chatting);
    session.drop_connection(at(30));
    session.attach();
    assert_eq!(session.chatting().unwrap().chat, chat());
}

#[test]
fn a_withdrawn_offer_leaves_the_wait_as_it_was_under_a_new_ticket() {
    let mut session = seat(Kind::Waiting);
    let before = wait(&session);
    session.announce(before.ticket);
    session.offer(before.ticket, chat()).unwrap();
    let after = session.withdraw(chat()).unwrap();
    assert_eq!((after.place, after.from), (before.place, before.from));
    assert_eq!(after.announced, Announced::Done);
    assert_ne!(after.ticket, before.ticket);
}

#[test]
fn only_the_present_wait_can_be_announced() {
    let mut session = seat(Kind::Waiting);
    let old = wait(&session).ticket;
    session.renew().unwrap();
    assert!(!session.announce(old));
    assert_eq!(wait(&session).announced, Announced::Due);
    let generation = session.generation();
    assert!(session.announce(wait(&session).ticket));
    assert_eq!(wait(&session).announced, Announced::Done);
    assert_eq!(
        session.generation(),
        generation,
        "being told is no move: the ticket stays good"
    );
    assert!(!seat(Kind::Chatting).announce(old));
}

#[test]
fn whoever_leaves_and_joins_again_stands_at_the_end() {
    let mut session = seat(Kind::Waiting);
    session.leave().unwrap();
    assert_eq!(session.join(at(50)).unwrap().place, Place::taken_at(at(50)));
}
