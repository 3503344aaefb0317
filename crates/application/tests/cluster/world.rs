//! Some nodes, some people who do as they like, and a fate that is not kind.

mod check;
mod fate;
mod people;

use crate::client::Client;
use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::store::{Limbo, MoodyStore};
use passerby_application::ports::Clock;
use passerby_application::testing::{Backup, Guest, TestCluster};
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// How long a client waits for its welcome.
const WELCOME: Millis = Millis::from_secs(4);

/// What may go wrong, each once in so many steps; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) lost_letter: usize,
    pub(crate) mood: usize,
    pub(crate) cut: usize,
    pub(crate) kill: usize,
    pub(crate) stall: usize,
    pub(crate) wipe: usize,
    pub(crate) bequest: usize,
    /// The store forgets what it was told last.
    pub(crate) rewind: usize,
    /// Another store takes its place, which knows all but the last, and some nodes go on to speak to the old one for a while.
    pub(crate) split: usize,
}

/// A connection of a client.
struct Link {
    node: usize,
    life: Incarnation,
    guest: Guest<MoodyStore>,
    read: usize,
    has_resent: bool,
    is_busy: Arc<AtomicBool>,
}

/// What becomes of an attempt to connect.
#[derive(Default)]
struct Attempt {
    is_over: bool,
    is_given_up: bool,
    guest: Option<Guest<MoodyStore>>,
}

/// Somebody, with the client they have now.
struct Person {
    client: Option<Client>,
    link: Option<Link>,
    /// To which node, since when.
    calling: Option<(usize, Moment, Arc<Mutex<Attempt>>)>,
    said: u64,
}

/// How far a failover has come.
enum Split {
    None,
    /// This is as much as the next primary knows.
    Ahead(Moment, Backup),
    /// Since then these nodes have spoken to the old one.
    Astray(Moment, Vec<usize>),
    /// They speak to none.
    Lost(Vec<usize>),
}

/// All there is.
pub(crate) struct World {
    pub(crate) cluster: TestCluster<MoodyStore>,
    pub(crate) ledger: Ledger,
    dice: Dice,
    limbo: Limbo,
    fate: Fate,
    people: Vec<Person>,
    /// What the store is about to be set back to.
    backup: Option<(Moment, Backup)>,
    split: Split,
    /// Whether all that happens is told, to find out why.
    trace: bool,
}

impl World {
    pub(crate) fn new(seed: u64, nodes: usize, people: usize, fate: Fate) -> Self {
        let dice = Dice::new(seed);
        let limbo = Limbo::default();
        let cluster = {
            let (dice, limbo) = (dice.clone(), limbo.clone());
            TestCluster::made_by(
                nodes,
                move |store, clock| MoodyStore::new(store, clock, dice.clone(), limbo.clone()),
                |options| {
                    options.rematch_cooldown = Millis::from_secs(5);
                    options.skips = None;
                    options.messages = None;
                    options.commands = None;
                },
            )
        };
        Self {
            cluster,
            ledger: Ledger::default(),
            dice,
            limbo,
            fate,
            people: (0..people)
                .map(|_| Person {
                    client: None,
                    link: None,
                    calling: None,
                    said: 0,
                })
                .collect(),
            backup: None,
            split: Split::None,
            trace: std::env::var_os("TRACE").is_some(),
        }
    }

    fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{:>7} {}", self.cluster.clock.now().as_millis(), what());
        }
    }

    fn now(&self) -> Moment {
        self.cluster.clock.now()
    }

    /// One thing happens.
    pub(crate) fn step(&mut self) {
        match self.dice.roll(100) {
            0..40 => self.go_on(),
            40..62 => self.carry(),
            62..80 => {
                let who = self.dice.roll(self.people.len());
                self.act(who);
            }
            80..90 => {
                let who = self.dice.roll(self.people.len());
                self.read(who, usize::MAX);
            }
            90..92 => self.limbo.act(&self.dice, self.now()),
            _ => self.let_time_pass(),
        }
        self.tempt_fate();
    }

    fn go_on(&mut self) {
        let node = self.dice.roll(self.cluster.size());
        let tasks = self.cluster.tasks(node);
        if tasks > 0 {
            let task = self.dice.roll(tasks);
            self.cluster.poll(node, task);
        }
    }

    fn carry(&mut self) {
        let ways = self.cluster.office.waiting();
        if ways.is_empty() {
            return;
        }
        let (from, to) = ways[self.dice.roll(ways.len())];
        if self.fate.lost_letter > 0 && self.dice.once_in(self.fate.lost_letter) {
            self.note(|| format!("lost {:?}", self.cluster.office.kinds(from, to)[0]));
            self.cluster.office.lose(from, to);
            return;
        }
        self.note(|| format!("carry {from} {to} {:?}", self.cluster.office.kinds(from, to)[0]));
        self.cluster.carry(from, to);
    }

    fn let_time_pass(&mut self) {
        // Whatever runs gets somewhere meanwhile.
        for _ in 0..self.dice.roll(4) {
            self.cluster.work();
        }
        for (from, to) in self.cluster.office.waiting() {
            if self.dice.once_in(2) {
                while self.cluster.carry(from, to) {}
            }
        }
        let span = Millis::new(1 + self.dice.roll(120) as u64);
        self.cluster.clock.advance(span);
        self.cluster.keep_up(span);
    }

    /// Time passes in which nobody does anything but read, and come back.
    pub(crate) fn settle(&mut self, span: Millis) {
        for _ in 0..span.get() / 250 {
            for _ in 0..8 {
                self.cluster.work();
                for (from, to) in self.cluster.office.waiting() {
                    self.note(|| format!("carry {from} {to} {:?}", self.cluster.office.kinds(from, to)));
                }
                self.cluster.deliver();
                for who in 0..self.people.len() {
                    self.read(who, usize::MAX);
                    if self.people[who].link.is_none() {
                        self.call(who);
                    }
                }
            }
            self.note(|| String::from("---"));
            self.cluster.clock.advance(Millis::new(250));
            self.cluster.keep_up(Millis::new(250));
        }
    }
}
