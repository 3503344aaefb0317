//! What goes wrong, and how it is made whole again.

use super::{Fate, Split, World};
use crate::dice::Dice;
use crate::store::Mood;
use passerby_application::Departure;
use passerby_application::testing::{run, step};
use passerby_domain::time::Millis;
use std::pin::pin;

/// How much a store may forget that was told last.
const LATENESS: Millis = Millis::from_secs(1);
/// For how long a node may speak to a primary that has been replaced.
const ASTRAY: Millis = Millis::new(1_500);

impl World {
    pub(super) fn tempt_fate(&mut self) {
        let fate = self.fate;
        let node = self.dice.roll(self.cluster.size());
        let strikes = |dice: &Dice, times: usize| times > 0 && dice.once_in(times);
        if strikes(&self.dice, fate.mood) {
            let moods = [Mood::Good, Mood::Refusing, Mood::Silent, Mood::Deaf, Mood::Late];
            let mood = moods[self.dice.roll(moods.len())];
            self.note(|| format!("node {node} is {mood:?}"));
            self.cluster[node].adapters().pairing.set(mood);
        } else if fate.mood > 0 && self.dice.once_in(fate.mood / 4 + 1) {
            self.cluster[node].adapters().pairing.set(Mood::Good);
        }
        if strikes(&self.dice, fate.cut) {
            self.note(|| format!("cut {node}"));
            self.cluster.office.cut(self.cluster.incarnation(node));
            if self.dice.once_in(2) {
                self.cluster[node].adapters().pairing.set(Mood::Silent);
            }
        } else if fate.cut > 0 && self.dice.once_in(fate.cut / 2 + 1) {
            self.cluster.office.mend(self.cluster.incarnation(node));
            self.cluster[node].adapters().pairing.set(Mood::Good);
        }
        if strikes(&self.dice, fate.kill) {
            if self.cluster.is_dead(node) {
                self.restart(node);
            } else {
                self.kill(node);
            }
        }
        if strikes(&self.dice, fate.stall) {
            if self.cluster.is_running(node) {
                self.note(|| format!("stall {node}"));
                self.cluster.stall(node);
            } else {
                self.note(|| format!("wake {node}"));
                self.cluster.wake(node);
            }
        }
        if strikes(&self.dice, fate.wipe) {
            self.note(|| "wipe".to_owned());
            self.cluster.store.forget_all();
        }
        if self.backup.is_none() && strikes(&self.dice, fate.rewind) {
            self.backup = Some((self.now(), self.cluster.store.back_up()));
        }
        if let Some((since, _)) = &self.backup
            && (self.now().since(*since) > LATENESS || self.dice.once_in(20))
            && let Some((since, backup)) = self.backup.take()
        {
            self.note(|| format!("rewind to {}", since.as_millis()));
            self.cluster.store.restore(backup);
        }
        self.split(fate.split);
        if strikes(&self.dice, fate.bequest) && self.cluster.is_running(node) {
            self.bequeath(node);
        }
    }

    /// A failover begins once in so many times, or goes on.
    fn split(&mut self, times: usize) {
        self.split = match std::mem::replace(&mut self.split, Split::None) {
            Split::None if times > 0 && self.dice.once_in(times) => {
                Split::Ahead(self.now(), self.cluster.store.back_up())
            }
            Split::None => Split::None,
            Split::Ahead(since, backup) if self.now().since(since) > LATENESS || self.dice.once_in(20) => {
                self.cluster.store.fail_over(backup);
                let astray: Vec<_> = (0..self.cluster.size())
                    .filter(|_| self.dice.once_in(2))
                    .collect();
                self.note(|| format!("failover to {}, {astray:?} stay", since.as_millis()));
                for node in 0..self.cluster.size() {
                    if !astray.contains(&node) {
                        self.cluster[node].adapters().pairing.follow();
                    } else if self.dice.once_in(2) {
                        self.cluster.office.cut(self.cluster.incarnation(node));
                    }
                }
                Split::Astray(self.now(), astray)
            }
            Split::Astray(since, astray) if self.now().since(since) > ASTRAY => {
                self.note(|| format!("{astray:?} leave the old primary"));
                for &node in &astray {
                    self.cluster[node].adapters().pairing.set(Mood::Refusing);
                }
                Split::Lost(astray)
            }
            Split::Lost(mut lost) => {
                if self.dice.once_in(50)
                    && let Some(node) = lost.pop()
                {
                    self.note(|| format!("{node} follows"));
                    self.follow(node);
                }
                if lost.is_empty() {
                    Split::None
                } else {
                    Split::Lost(lost)
                }
            }
            split @ (Split::Ahead(..) | Split::Astray(..)) => split,
        };
    }

    /// A node speaks to the store that counts.
    fn follow(&self, node: usize) {
        let store = &self.cluster[node].adapters().pairing;
        store.follow();
        store.set(Mood::Good);
        self.cluster.office.mend(self.cluster.incarnation(node));
    }

    pub(super) fn kill(&mut self, node: usize) {
        self.note(|| format!("kill {node}"));
        self.cluster.kill(node);
        for person in &mut self.people {
            if person.link.as_ref().is_some_and(|link| link.node == node) {
                person.link = None;
            }
            if person.calling.as_ref().is_some_and(|(to, ..)| *to == node) {
                person.calling = None;
            }
        }
    }

    pub(super) fn restart(&mut self, node: usize) {
        self.note(|| format!("restart {node}"));
        self.cluster.restart(node);
    }

    /// A node ends as it should, and is started again.
    fn bequeath(&mut self, node: usize) {
        self.note(|| format!("bequeath {node}"));
        for who in 0..self.people.len() {
            if self.people[who]
                .link
                .as_ref()
                .is_some_and(|link| link.node == node)
            {
                self.read(who, usize::MAX);
                self.hang_up(who, Departure::Dropped);
            }
        }
        for _ in 0..20 {
            self.cluster.work();
        }
        let chat = self.cluster.share(node).share();
        run(async move {
            let mut bequest = pin!(chat.bequeath());
            for _ in 0..1_000 {
                if step(bequest.as_mut()).is_ready() {
                    break;
                }
            }
        });
        self.kill(node);
        self.restart(node);
    }

    /// All that was broken is whole again.
    pub(crate) fn heal(&mut self) {
        self.note(|| "heal".to_owned());
        self.fate = Fate::default();
        self.backup = None;
        self.split = Split::None;
        for node in 0..self.cluster.size() {
            if self.cluster.is_dead(node) {
                self.restart(node);
            }
            self.cluster.wake(node);
            self.follow(node);
        }
    }
}
