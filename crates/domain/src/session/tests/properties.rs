//! What holds after any number of moves in any order.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Join,
    Renew,
    Announce(Aim),
    Offer(Aim),
    Confirm(Aim),
    Withdraw(Aim),
    End(Aim, AfterChat),
    Leave,
    Depart,
    Drop,
    Attach,
}

/// Whether a step names the present ticket or chat, or the one before.
#[derive(Clone, Copy, Debug)]
enum Aim {
    Present,
    Former,
}

fn aim() -> impl Strategy<Value = Aim> {
    prop_oneof![3 => Just(Aim::Present), 1 => Just(Aim::Former)]
}

fn after() -> impl Strategy<Value = AfterChat> {
    prop_oneof![
        Just(AfterChat::QueueInOldPlace),
        Just(AfterChat::QueueAnew),
        Just(AfterChat::Idle)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Join),
        2 => Just(Step::Renew),
        2 => aim().prop_map(Step::Announce),
        6 => aim().prop_map(Step::Offer),
        6 => aim().prop_map(Step::Confirm),
        2 => aim().prop_map(Step::Withdraw),
        3 => (aim(), after()).prop_map(|(aim, after)| Step::End(aim, after)),
        1 => Just(Step::Leave),
        1 => Just(Step::Depart),
        2 => Just(Step::Drop),
        3 => Just(Step::Attach),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

/// A seat, and what its owner remembers of it.
struct Walk {
    session: Session<u64>,
    seconds: u64,
    chats: u64,
    /// The tickets of all waits so far, oldest first.
    tickets: Vec<Generation>,
}

impl Walk {
    fn begin() -> Self {
        Self {
            session: Session::new(),
            seconds: 0,
            chats: 0,
            tickets: Vec::new(),
        }
    }

    fn chat(&self, aim: Aim) -> ChatId {
        let number = match aim {
            Aim::Present => self.chats,
            Aim::Former => self.chats.saturating_sub(1),
        };
        ChatId::from_bits(u128::from(number))
    }

    fn ticket(&self, aim: Aim) -> Generation {
        let mut tickets = self.tickets.iter().rev();
        let ticket = match aim {
            Aim::Present => tickets.next(),
            Aim::Former => tickets.nth(1),
        };
        ticket.copied().unwrap_or_default()
    }

    /// Makes a step; true if it was a move.
    fn make(&mut self, step: &Step) -> bool {
        self.seconds += 1;
        let now = at(self.seconds);
        let moved = match *step {
            Step::Join => self.session.join(now).is_ok(),
            Step::Renew => self.session.renew().is_some(),
            Step::Announce(aim) => {
                self.session.announce(self.ticket(aim));
                false
            }
            Step::Offer(aim) => {
                let next = ChatId::from_bits(u128::from(self.chats + 1));
                let offered = self.session.offer(self.ticket(aim), next).is_ok();
                self.chats += u64::from(offered);
                offered
            }
            Step::Confirm(aim) => self.session.confirm(self.chat(aim), self.chats).is_ok(),
            Step::Withdraw(aim) => self.session.withdraw(self.chat(aim)).is_ok(),
            Step::End(aim, after) => self.session.end(self.chat(aim), after, now).is_ok(),
            Step::Leave => self.session.leave().is_ok(),
            Step::Depart => self.session.depart().is_ok(),
            Step::Drop => {
                self.session.drop_connection(now + Millis::from_secs(20));
                true
            }
            Step::Attach => {
                self.session.attach();
                true
            }
        };
        if let Some(wait) = self.session.wait()
            && self.tickets.last() != Some(&wait.ticket)
        {
            self.tickets.push(wait.ticket);
        }
        moved
    }

    /// The place that the seat holds, in the queue or for the time after its chat.
    fn place(&self) -> Option<Place> {
        let waits = self.session.wait().map(|wait| wait.place);
        waits.or_else(|| self.session.chatting().map(|chatting| chatting.place))
    }
}

proptest! {
    #[test]
    fn a_move_grows_the_generation_and_what_is_none_changes_nothing(steps in steps()) {
        let mut walk = Walk::begin();
        for step in steps {
            let before = walk.session.clone();
            let moved = walk.make(&step);
            if moved {
                prop_assert!(walk.session.generation() > before.generation(), "{:?}", step);
            } else if matches!(step, Step::Announce(_)) {
                prop_assert_eq!(walk.session.generation(), before.generation());
            } else {
                prop_assert_eq!(format!("{:?}", walk.session), format!("{before:?}"), "{:?}", step);
            }
        }
    }

    #[test]
    fn no_two_searches_have_the_same_ticket(steps in steps()) {
        let mut walk = Walk::begin();
        for step in steps {
            let before = walk.session.wait().map(|wait| wait.ticket);
            let moved = walk.make(&step);
            let now = walk.session.wait().map(|wait| wait.ticket);
            // The search that led to an offer is the same for as long as the offer stands.
            let stands = kind(&walk.session) == Kind::Offered;
            let goes_on_waiting = now.is_some() && (stands || matches!(step, Step::Offer(_) | Step::Announce(_)));
            if !moved || goes_on_waiting {
                prop_assert_eq!(now, before, "{:?}", step);
            } else if now.is_some() {
                prop_assert_eq!(now, Some(walk.session.generation()), "{:?}", step);
                prop_assert_ne!(now, before, "{:?}", step);
            }
        }
        prop_assert!(walk.tickets.is_sorted_by(|earlier, later| earlier < later));
    }

    #[test]
    fn a_place_is_kept_until_its_holder_gives_it_up(steps in steps()) {
        let mut walk = Walk::begin();
        for step in steps {
            let before = walk.place();
            let moved = walk.make(&step);
            let gives_up = moved
                && matches!(
                    step,
                    Step::Leave | Step::Depart | Step::End(_, AfterChat::QueueAnew | AfterChat::Idle)
                );
            if before.is_some() && !gives_up {
                prop_assert_eq!(walk.place(), before, "{:?}", step);
            }
        }
    }

    #[test]
    fn patience_begins_anew_with_each_wait_and_at_no_other_time(steps in steps()) {
        let mut walk = Walk::begin();
        for step in steps {
            let before = walk.session.wait().map(|wait| wait.from);
            walk.make(&step);
            if let Some(wait) = walk.session.wait() {
                prop_assert_eq!(wait.from, before.unwrap_or_else(|| at(walk.seconds)), "{:?}", step);
            }
        }
    }

    #[test]
    fn only_one_who_waits_and_is_here_may_be_paired(steps in steps()) {
        let mut walk = Walk::begin();
        for step in steps {
            walk.make(&step);
            let session = &walk.session;
            let may = kind(session) == Kind::Waiting && session.presence() == Presence::Here;
            prop_assert_eq!(session.search().is_some(), may);
            prop_assert!(session.wait().is_none() || session.chatting().is_none());
        }
    }

    #[test]
    fn nobody_comes_back_from_being_gone(steps in steps()) {
        let mut walk = Walk::begin();
        walk.session.depart().expect("a new seat can go");
        for step in steps {
            walk.make(&step);
            prop_assert_eq!(kind(&walk.session), Kind::Gone, "{:?}", step);
        }
    }
}
