//! An exhaustive look at two and three users who race each other.
//!
//! Owners of seats (the real [`Session`](passerby_domain::session::Session)), a store that heeds the newest word
//! about each seat, and everything on its way between them, which may be late and arrive in any order. All states
//! that can be reached with so many commands are visited, and in each the promises of the protocol must hold:
//! nobody is in two chats or alone in one, nobody meets themself or somebody who wants another kind of chat, nothing
//! said in one chat is read in another, and, once nothing is on its way, nobody who wants a partner is forgotten.
//!
//! The second half takes one fence down at a time, and shows that something breaks.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod explore;
mod promises;
mod rules;
mod store;
mod world;

use explore::{Bounds, explore};
use rules::{Fence, Rules};

/// Enough commands to part, meet again and part once more, all in flight at once.
const TWO_USERS: Bounds = Bounds {
    users: 2,
    commands: 3,
    cooldown: false,
};

/// Enough users for a third to come between, and be met by somebody who was just left.
const THREE_USERS: Bounds = Bounds {
    users: 3,
    commands: 2,
    cooldown: true,
};

/// So many ways to go wrong that a model which visits fewer states looks at less than it says.
const MANY: usize = 200_000;

fn keeps_its_promises(bounds: Bounds) {
    match explore(bounds, Rules::ALL) {
        Ok(states) => assert!(states > MANY, "only {states} states of {bounds:?} were visited"),
        Err(found) => panic!("{}, after {:#?}", found.violation, found.steps),
    }
}

/// Takes a fence down. Something must break, in these words, after two commands at most.
fn breaks_without(fence: Fence, how: &str) {
    let bounds = Bounds {
        commands: 2,
        ..TWO_USERS
    };
    match explore(bounds, Rules::all_but(fence)) {
        Ok(states) => panic!("nothing breaks without {fence:?} in {states} states"),
        Err(found) => assert!(
            found.violation.contains(how),
            "without {fence:?}: {}, after {:#?}",
            found.violation,
            found.steps
        ),
    }
}

#[test]
fn two_users_who_race_each_other_are_never_wronged_or_forgotten() {
    keeps_its_promises(TWO_USERS);
}

#[test]
fn three_users_who_race_each_other_are_never_wronged_or_forgotten() {
    keeps_its_promises(THREE_USERS);
}

#[test]
fn without_the_ticket_an_old_offer_pairs_those_who_want_different_things() {
    breaks_without(Fence::TicketAtOffer, "paired and want different things");
}

#[test]
fn without_generations_a_late_claim_puts_back_one_who_is_chatting() {
    breaks_without(Fence::GenerationAtClaim, "does not wait, and is in the queue");
}

#[test]
fn without_generations_a_late_release_takes_out_one_who_came_back() {
    breaks_without(
        Fence::GenerationAtRelease,
        "waits, and the store has them as Settled",
    );
}

#[test]
fn without_the_chat_id_a_late_message_is_read_by_a_later_partner() {
    breaks_without(Fence::ChatOnDelivery, "reads what was said to another");
}

#[test]
fn without_the_chat_id_a_late_end_ends_the_next_chat() {
    breaks_without(Fence::ChatOnEnd, "is in a chat with [] instead of");
}

#[test]
fn without_a_new_search_one_whose_offer_lapsed_is_forgotten() {
    breaks_without(
        Fence::SearchAfterLapse,
        "waits, and the store has them as Settled",
    );
}

#[test]
fn without_a_new_ticket_that_search_is_taken_for_the_one_before() {
    breaks_without(Fence::RenewAfterLapse, "waits, and the store has them as Settled");
}

#[test]
fn a_release_that_is_not_asked_again_takes_out_one_who_came_back() {
    breaks_without(
        Fence::ReleaseOnlyAtRest,
        "waits, and the store has them as Settled",
    );
}

#[test]
fn without_generations_old_news_says_that_a_partner_who_is_back_is_away() {
    breaks_without(
        Fence::NewestNewsOfPartner,
        "is wrong about whether their partner is there",
    );
}
