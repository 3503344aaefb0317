//! Every order in which things can happen, up to a bound, breadth first.

use super::rules::Rules;
use super::store::Who;
use super::world::{Command, Flight, Violation, World};
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) users: u8,
    /// How many commands are given in all.
    pub(crate) commands: u8,
    /// Whether two who parted do not meet again.
    pub(crate) cooldown: bool,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Arrives(#[expect(dead_code, reason = "read by people, in a counterexample")] Flight),
    Commands(
        #[expect(dead_code, reason = "read by people, in a counterexample")] Who,
        #[expect(dead_code, reason = "read by people, in a counterexample")] Command,
    ),
}

/// A promise that was broken, and a shortest way to it.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub(crate) violation: Violation,
    pub(crate) steps: Vec<Step>,
}

/// From where and how each state was first reached.
type Trail = Vec<(usize, Step)>;

/// Looks at every state that can be reached. Answers how many there are.
pub(crate) fn explore(bounds: Bounds, rules: Rules) -> Result<usize, Counterexample> {
    let first = World::new(bounds.users, bounds.commands, bounds.cooldown);
    let mut seen = HashSet::from([fingerprint(&first)]);
    let mut trail = Trail::new();
    // A state's number is its place in the trail, counted from 1; the first state has none.
    let mut frontier = VecDeque::from([(0, first)]);
    while let Some((number, world)) = frontier.pop_front() {
        for (step, outcome) in successors(&world, rules) {
            match outcome.and_then(|next| next.check().map(|()| next)) {
                Ok(next) => {
                    if seen.insert(fingerprint(&next)) {
                        trail.push((number, step));
                        frontier.push_back((trail.len(), next));
                    }
                }
                Err(violation) => {
                    let steps = way_to(&trail, number, step);
                    return Err(Counterexample { violation, steps });
                }
            }
        }
    }
    Ok(seen.len())
}

fn successors(world: &World, rules: Rules) -> Vec<(Step, Result<World, Violation>)> {
    let mut successors = Vec::new();
    for (index, flight) in world.flights.iter().enumerate() {
        // Two of the same are next to each other, and it makes no difference which one arrives.
        if index > 0 && world.flights[index - 1] == *flight {
            continue;
        }
        let mut next = world.clone();
        let outcome = next.arrive(index, rules).map(|()| next);
        successors.push((Step::Arrives(*flight), outcome));
    }
    for (who, _) in (0..).zip(&world.users) {
        for command in Command::ALL {
            let mut next = world.clone();
            if next.command(who, command) {
                successors.push((Step::Commands(who, command), Ok(next)));
            }
        }
    }
    successors
}

fn way_to(trail: &Trail, number: usize, last: Step) -> Vec<Step> {
    let mut steps = vec![last];
    let mut number = number;
    while let Some((from, step)) = number.checked_sub(1).and_then(|place| trail.get(place)) {
        steps.push(*step);
        number = *from;
    }
    steps.reverse();
    steps
}

/// Two different states share it about as often as two of a million random numbers of 64 bits are the same.
fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
