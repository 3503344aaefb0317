//! Several nodes, people who come, go, talk and move, letters that are late or lost, stores in a mood, nodes that die:
//! whatever comes of it, what each was told must be a life that the protocol allows, what they were told of their
//! messages must be true, and once all is whole again nobody may be forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and says how to repeat it"
)]

mod client;
mod dice;
mod ledger;
mod store;
mod world;

use dice::Dice;
use passerby_domain::time::Millis;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use world::{Fate, World};

/// How much happens in each run.
const STEPS: usize = 3_000;

fn live(seed: u64, fate: Fate) -> (usize, usize) {
    let nodes = 2 + (seed % 2) as usize;
    let people = 4 + (seed % 3) as usize;
    let mut world = World::new(seed, nodes, people, fate);
    for _ in 0..STEPS {
        world.step();
    }
    world.heal();
    // The longest grace, and what nodes need to agree after it.
    world.settle(Millis::from_secs(60));
    world.check(None);
    world.all_join();
    world.settle(Millis::from_secs(20));
    world.check(Some(1));
    (world.ledger.chats(), world.ledger.messages())
}

/// As many lives as `LIVES` says, from `SEED` on. With `TRACE`, all that happens is told.
fn lives(fate: Fate) {
    lives_of(|_| fate);
}

/// As [`lives`], each with a fate of its own.
fn lives_of(fate: impl Fn(u64) -> Fate) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let first: u64 = number("SEED").unwrap_or(0);
    let count: u64 = number("LIVES").unwrap_or(25);
    let (mut chats, mut messages, mut failed) = (0, 0, Vec::new());
    for seed in first..first + count {
        match catch_unwind(AssertUnwindSafe(|| live(seed, fate(seed)))) {
            Ok((more_chats, more_messages)) => {
                chats += more_chats;
                messages += more_messages;
            }
            Err(panic) if count == 1 => resume_unwind(panic),
            Err(_) => failed.push(seed),
        }
    }
    eprintln!("{chats} chats, {messages} messages read");
    assert!(failed.is_empty(), "seeds {failed:?} fail: see SEED=... LIVES=1");
    assert!(chats > 0 && messages > 0);
}

#[test]
fn where_nothing_is_lost_everybody_lives_as_the_protocol_says() {
    lives(Fate::default());
}

#[test]
fn where_letters_are_lost_they_do_too() {
    lives(Fate {
        lost_letter: 12,
        ..Fate::default()
    });
}

#[test]
fn where_the_store_does_not_always_answer_they_do_too() {
    lives(Fate {
        mood: 250,
        ..Fate::default()
    });
}

#[test]
fn where_nodes_are_cut_off_they_do_too() {
    lives(Fate {
        cut: 300,
        ..Fate::default()
    });
}

#[test]
fn where_nodes_end_and_others_take_their_place_they_do_too() {
    lives(Fate {
        bequest: 500,
        ..Fate::default()
    });
}

#[test]
fn where_nodes_die_they_do_too() {
    lives(Fate {
        kill: 400,
        ..Fate::default()
    });
}

#[test]
fn where_nodes_stall_they_do_too() {
    lives(Fate {
        stall: 300,
        ..Fate::default()
    });
}

#[test]
fn where_the_store_is_emptied_they_do_too() {
    lives(Fate {
        wipe: 600,
        ..Fate::default()
    });
}

#[test]
fn where_the_store_forgets_what_it_was_told_last_they_do_too() {
    lives(Fate {
        rewind: 300,
        ..Fate::default()
    });
}

#[test]
fn where_another_store_takes_its_place_and_not_all_nodes_hear_of_it_they_do_too() {
    lives(Fate {
        split: 200,
        ..Fate::default()
    });
}

/// Which kinds these are depends on the seed: all pairs of them are met.
#[test]
fn where_some_kinds_of_things_fail_often_they_do_too() {
    lives_of(|seed| {
        // Each of them in every third life.
        let dice = Dice::new(seed);
        let often = |times| if dice.once_in(3) { times } else { 0 };
        Fate {
            lost_letter: often(20),
            mood: often(300),
            cut: often(400),
            kill: often(500),
            stall: often(400),
            wipe: often(900),
            bequest: often(600),
            rewind: often(400),
            split: often(300),
        }
    });
}

#[test]
fn where_everything_fails_at_some_time_they_do_too() {
    lives(Fate {
        lost_letter: 40,
        mood: 500,
        cut: 600,
        kill: 700,
        stall: 700,
        wipe: 2_000,
        bequest: 2_000,
        rewind: 2_000,
        split: 2_000,
    });
}
