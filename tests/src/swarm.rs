//! A swarm of honest users who chat, skip, leave, drop and resume at random, on one node or on many, and the checker
//! of what all of them together were told.
//!
//! The users honour what the protocol asks of a client: they come back after the close codes that allow it, with their
//! token and the last number they processed, after the delay a draining node told or with a jittered back-off, and to
//! whichever node answers.
//!
//! **Architecture Invariants:** the checker knows only what users were told and what they sent. Chance comes from the
//! plan's seed alone, so the users throw the same dice again; what the network and the servers make of it differs.

mod criteria;
mod plan;
mod record;
mod story;
mod user;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::server::Target;

pub use plan::{Phase, Plan, Weather};
pub use record::{Counts, Record};
pub use story::{Happened, Happening, story};

/// A word in every message: whoever finds it where messages have no business has found a leak.
pub const CANARY_TEXT: &str = "canary-that-sings-in-texts";
/// An interest of many users, for the same purpose.
pub const CANARY_INTEREST: &str = "canary-that-sings-in-interests";

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Users who are alive.
#[derive(Debug)]
pub struct Swarm {
    plan: Plan,
    record: Arc<Record>,
    phase: watch::Sender<Phase>,
    users: Vec<JoinHandle<()>>,
}

impl Swarm {
    /// Lets the users loose on these doors; each comes in by one of them within the first second.
    pub fn start(plan: Plan, doors: Vec<Target>) -> Self {
        eprintln!("swarm: {plan:?}");
        let (record, doors) = (Arc::new(Record::default()), Arc::new(doors));
        let (phase, watched) = watch::channel(Phase::Running);
        let users = (0..plan.users)
            .map(|number| {
                let (doors, record, watched) = (Arc::clone(&doors), Arc::clone(&record), watched.clone());
                tokio::spawn(user::live(number, plan, doors, record, watched))
            })
            .collect();
        Self {
            plan,
            record,
            phase,
            users,
        }
    }

    /// What the users were told and sent.
    pub fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// What the users are doing; others can follow it.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Changes what the users are doing.
    pub fn turn(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Lets the users do what they do for a while.
    pub async fn live(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until every connected user who wants a partner is waiting or chatting, and pairs agree; tells how long
    /// that took, or who is lost when it takes longer than this. The users begin nothing new from now on.
    pub async fn finds_everybody(&self, within: Duration) -> Result<Duration, Vec<String>> {
        self.turn(Phase::Settling);
        self.has_found_everybody(within).await
    }

    /// As [`Swarm::finds_everybody`], for users who go on with what they do.
    pub async fn has_found_everybody(&self, within: Duration) -> Result<Duration, Vec<String>> {
        let found = self.until(within, || self.record.lost(self.plan.users)).await;
        found.map_err(|mut lost| {
            lost.extend(self.record.stories_of_the_lost());
            lost
        })
    }

    /// Waits until nothing is left to happen; tells what is still open when it takes longer than this.
    pub async fn settles(&self, within: Duration) -> Result<Duration, Vec<String>> {
        self.turn(Phase::Settling);
        self.until(within, || self.record.unsettled(self.plan.users))
            .await
    }

    async fn until(&self, within: Duration, open: impl Fn() -> Vec<String>) -> Result<Duration, Vec<String>> {
        let begun = Instant::now();
        loop {
            let reasons = open();
            if reasons.is_empty() {
                return Ok(begun.elapsed());
            }
            let failed = self.users.iter().any(JoinHandle::is_finished);
            if failed || begun.elapsed() > within {
                return Err(reasons);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends the users home and tells every rule that was broken, and how lively it was.
    pub async fn finish(self) -> (Vec<String>, Counts) {
        self.turn(Phase::Done);
        let mut broken = Vec::new();
        for user in self.users {
            if let Err(error) = user.await {
                let panic = error.into_panic();
                let said = panic.downcast_ref::<String>().cloned();
                broken.push(said.unwrap_or_else(|| "a user failed".to_owned()));
            }
        }
        broken.extend(self.record.verdict(self.plan));
        (broken, self.record.counts())
    }
}
