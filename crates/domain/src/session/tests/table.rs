//! Every move from every state, and nothing left out.

use super::*;
use Kind::{Chatting, Gone, Idle, Offered, Waiting};
use Named::{Other, Own};
use Outcome::{Nothing, Now, Refused};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Join,
    Renew,
    /// With the ticket of the present wait, or with a ticket that no seat here ever had.
    Offer(Named),
    Confirm(Named),
    Withdraw(Named),
    End(Named, AfterChat),
    Leave,
    Depart,
    Drop,
    Attach,
}

/// Whether a move names the seat's own ticket or chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Own,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Now(Kind),
    Refused(IllegalMove),
    /// The move is none, and says so by `None`.
    Nothing,
}

const STALE: Outcome = Refused(No::Stale);
const NO_CHAT: Outcome = Refused(No::NotChatting);

const FROM: [Kind; 5] = [Idle, Waiting, Offered, Chatting, Gone];

#[rustfmt::skip]
const TABLE: [(Move, [Outcome; 5]); 18] = [
    // From                                        Idle               Waiting       Offered        Chatting               Gone
    (Move::Join,                                   [Now(Waiting),      Now(Waiting), Now(Waiting),  Refused(No::Chatting), Refused(No::Gone)]),
    (Move::Renew,                                  [Nothing,           Now(Waiting), Now(Waiting),  Nothing,               Nothing]),
    (Move::Offer(Own),                             [STALE,             Now(Offered), STALE,         STALE,                 STALE]),
    (Move::Offer(Other),                           [STALE,             STALE,        STALE,         STALE,                 STALE]),
    (Move::Confirm(Own),                           [STALE,             STALE,        Now(Chatting), STALE,                 STALE]),
    (Move::Confirm(Other),                         [STALE,             STALE,        STALE,         STALE,                 STALE]),
    (Move::Withdraw(Own),                          [STALE,             STALE,        Now(Waiting),  STALE,                 STALE]),
    (Move::Withdraw(Other),                        [STALE,             STALE,        STALE,         STALE,                 STALE]),
    (Move::End(Own, AfterChat::QueueInOldPlace),   [NO_CHAT,           NO_CHAT,      NO_CHAT,       Now(Waiting),          NO_CHAT]),
    (Move::End(Own, AfterChat::QueueAnew),         [NO_CHAT,           NO_CHAT,      NO_CHAT,       Now(Waiting),          NO_CHAT]),
    (Move::End(Own, AfterChat::Idle),              [NO_CHAT,           NO_CHAT,      NO_CHAT,       Now(Idle),             NO_CHAT]),
    (Move::End(Other, AfterChat::QueueInOldPlace), [NO_CHAT,           NO_CHAT,      NO_CHAT,       STALE,                 NO_CHAT]),
    (Move::End(Other, AfterChat::QueueAnew),       [NO_CHAT,           NO_CHAT,      NO_CHAT,       STALE,                 NO_CHAT]),
    (Move::End(Other, AfterChat::Idle),            [NO_CHAT,           NO_CHAT,      NO_CHAT,       STALE,                 NO_CHAT]),
    (Move::Leave,                                  [Refused(No::Idle), Now(Idle),    Now(Idle),     Now(Idle),             Refused(No::Gone)]),
    (Move::Depart,                                 [Now(Gone),         Now(Gone),    Now(Gone),     Now(Gone),             Refused(No::Gone)]),
    (Move::Drop,                                   [Now(Idle),         Now(Waiting), Now(Offered),  Now(Chatting),         Now(Gone)]),
    (Move::Attach,                                 [Now(Idle),         Now(Waiting), Now(Offered),  Now(Chatting),         Now(Gone)]),
];

impl Named {
    fn chat(self) -> ChatId {
        match self {
            Own => chat(),
            Other => another_chat(),
        }
    }

    fn ticket(self, session: &Session<&str>) -> Generation {
        match (self, session.wait()) {
            (Own, Some(wait)) => wait.ticket,
            (Own, None) => session.generation(),
            (Other, _) => Generation::new(999),
        }
    }
}

/// Makes the move and says what came of it, by the seat's own words and by what it is afterwards.
fn make(session: &mut Session<&'static str>, step: Move) -> Outcome {
    let refusal = match step {
        Move::Join => session.join(at(5)).err(),
        Move::Renew if session.renew().is_none() => return Nothing,
        Move::Renew => None,
        Move::Offer(named) => session.offer(named.ticket(session), chat()).err(),
        Move::Confirm(named) => session.confirm(named.chat(), "partner").err(),
        Move::Withdraw(named) => session.withdraw(named.chat()).err(),
        Move::End(named, after) => session.end(named.chat(), after, at(5)).err(),
        Move::Leave => session.leave().err(),
        Move::Depart => session.depart().err(),
        Move::Drop => {
            session.drop_connection(at(30));
            None
        }
        Move::Attach => {
            session.attach();
            None
        }
    };
    refusal.map_or_else(|| Now(kind(session)), Refused)
}

#[test]
fn each_move_does_what_the_table_says_and_a_refused_one_changes_nothing() {
    for (step, row) in TABLE {
        for (from, expected) in FROM.into_iter().zip(row) {
            let mut session = seat(from);
            let before = session.clone();
            assert_eq!(make(&mut session, step), expected, "{step:?} from {from:?}");
            match expected {
                Now(_) => assert!(
                    session.generation() > before.generation(),
                    "{step:?} from {from:?} grows the generation"
                ),
                Refused(_) | Nothing => assert_eq!(
                    format!("{session:?}"),
                    format!("{before:?}"),
                    "{step:?} from {from:?} changes nothing"
                ),
            }
        }
    }
}

#[test]
fn while_the_user_is_away_only_an_offer_differs() {
    for (step, row) in TABLE {
        for (from, expected) in FROM.into_iter().zip(row) {
            let mut session = seat(from);
            session.drop_connection(at(30));
            let expected = if step == Move::Offer(Own) { STALE } else { expected };
            assert_eq!(make(&mut session, step), expected, "{step:?} from {from:?}, away");
        }
    }
}
