//! How users arrive and find their partners, for the scenarios in which nobody leaves.
//!
//! **Architecture Invariants:** users arrive at moments fixed beforehand, and latencies count from those.

use std::time::Duration;

use tokio::time::timeout;

use crate::client::connect::{Arrival, Refusal};
use crate::client::event::Event;
use crate::client::socket::{Ending, Socket};
use crate::clock::{Nanos, nanos};
use crate::crew::Crew;
use crate::failure::Failure;
use crate::pairs::{Pairs, Told};
use crate::recorder::Recorder;
use crate::report::Report;
use crate::run::Run;
use crate::scenario::count;

/// How long a connection may take: a little more than a server waits for a request.
const CONNECT: Duration = Duration::from_secs(15);
/// How long users may go without a partner once all should be there: more than any patience.
const PAIR: Duration = Duration::from_secs(60);

/// What is measured while users arrive.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) pairs: Pairs,
    /// From the moment a user was to arrive to a connected socket.
    pub(super) connect: Recorder,
    /// From the same moment to an upgraded connection.
    pub(super) handshake: Recorder,
}

/// A user with a partner.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) user: usize,
    pub(super) socket: Socket,
    pub(super) chat: String,
    /// Whether this is the one of the two that begins.
    pub(super) is_initiator: bool,
}

/// Why a user has no partner.
#[derive(Debug)]
pub(super) enum Unseated {
    /// It was not let in.
    Refused(Refusal),
    /// It was let in and then lost.
    Lost(Ending),
    /// Something made no sense.
    NotAnEvent(String),
}

impl Gathering {
    pub(super) fn new(run: &Run) -> Self {
        Self {
            pairs: Pairs::new(run.threads),
            connect: Recorder::new(run.threads),
            handshake: Recorder::new(run.threads),
        }
    }

    /// Waits until all have a partner.
    ///
    /// # Errors
    /// When that takes too long, or a user failed.
    pub(super) async fn complete(&self, run: &Run, crew: &mut Crew) -> Result<(), Failure> {
        let users = count(run.options.users);
        let bar = run.progress.count("pairing", users);
        let mut paired = self.pairs.paired();
        let limit = run.options.ramp() + PAIR;
        let all = async {
            loop {
                let now = *paired.borrow_and_update();
                bar.set_position(now);
                if now >= users || paired.changed().await.is_err() {
                    return;
                }
            }
        };
        let is_complete = crew.until(timeout(limit, all)).await?.is_ok();
        bar.finish_and_clear();
        if is_complete {
            return Ok(());
        }
        Err(Failure::Unpaired {
            waiting: users.saturating_sub(*self.pairs.paired().borrow()),
            users,
            seconds: limit.as_secs(),
        })
    }

    /// Tells how they arrived.
    pub(super) fn report(&self, report: &mut Report, nodes: usize) {
        if nodes > 1 {
            report.count(
                "pairs_across_nodes",
                "pairs on two nodes",
                self.pairs.across_nodes(),
            );
        }
        report.latency("handshake", "handshake", self.handshake.total());
        report.latency(
            "pair",
            "told of a partner, both there",
            self.pairs.delay().total(),
        );
    }
}

/// The moment when a user is to arrive. The two of a pair arrive together.
pub(super) fn arrival(run: &Run, begin: Nanos, user: usize) -> Nanos {
    let pairs = count(run.options.users / 2).max(1);
    let ramp = u128::from(nanos(run.options.ramp()));
    let after = ramp * u128::from(count(user / 2)) / u128::from(pairs);
    begin.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
}

/// Connects a user at this moment and waits for its partner.
pub(super) async fn seat(
    run: &Run,
    gathering: &Gathering,
    user: usize,
    at: Nanos,
) -> Result<Seated, Unseated> {
    tokio::time::sleep_until(run.clock.instant(at)).await;
    let node = run.connector.node(user);
    let arrival = Arrival {
        interest: run
            .options
            .pairs_by_interest()
            .then(|| format!("load-{}-{}", run.seed, user / 2)),
        seat: None,
    };
    let (mut socket, steps) = run
        .connector
        .connect(user, node, &arrival, CONNECT)
        .await
        .map_err(Unseated::Refused)?;
    gathering.connect.record(user, steps.connected.saturating_sub(at));
    gathering
        .handshake
        .record(user, steps.upgraded.saturating_sub(at));
    loop {
        let frame = socket.next().await.map_err(Unseated::Lost)?;
        let told_at = run.clock.now();
        let event = Event::read(&frame).map_err(|error| Unseated::NotAnEvent(error.to_string()))?;
        match (&*event.kind, event.chat()) {
            ("matched", Some(chat)) => {
                gathering.pairs.told(
                    chat,
                    Told {
                        user,
                        node,
                        here: steps.upgraded,
                        at: told_at,
                    },
                );
                return Ok(Seated {
                    user,
                    chat: chat.to_owned(),
                    is_initiator: event.initiator,
                    socket,
                });
            }
            ("error", _) => {
                let code = event.code.as_deref().unwrap_or("no code").to_owned();
                return Err(Unseated::NotAnEvent(format!("error {code} before a match")));
            }
            _ => {}
        }
    }
}

impl Unseated {
    /// The failure of a run that cannot do without this user.
    pub(super) fn fatal(self, run: &Run, user: usize) -> Failure {
        match self {
            Self::Refused(refusal) => refusal.fatal(user, run.connector.target(user)),
            Self::Lost(ending) => Failure::Closed {
                user,
                how: ending.to_string(),
            },
            Self::NotAnEvent(why) => Failure::NotAnEvent { user, why },
        }
    }
}

impl Seated {
    /// The next event that concerns the chat of a pair that stays together: a message's text, or the id of an `ack`.
    ///
    /// # Errors
    /// When the connection or the chat ends, or a message is refused.
    pub(super) fn judge<'a>(&self, frame: &'a str) -> Result<Option<Heard<'a>>, Failure> {
        let user = self.user;
        let event = Event::read(frame).map_err(|error| Failure::NotAnEvent {
            user,
            why: error.to_string(),
        })?;
        match &*event.kind {
            "message" => Ok(event.text.map(Heard::Message)),
            "ack" => Ok(event.id.map(Heard::Ack)),
            "chat_ended" | "partner_away" => Err(Failure::ChatEnded {
                user,
                reason: event
                    .reason
                    .as_deref()
                    .unwrap_or("the partner is away")
                    .to_owned(),
            }),
            "error" => {
                let code = event.code.as_deref().unwrap_or("no code").to_owned();
                Err(if code == "rate_limited" {
                    Failure::Limited { code }
                } else {
                    Failure::RefusedMessage { code }
                })
            }
            _ => Ok(None),
        }
    }

    /// The failure that the end of the connection is.
    pub(super) fn closed(&self, ending: Ending) -> Failure {
        Failure::Closed {
            user: self.user,
            how: ending.to_string(),
        }
    }
}

/// What a user hears from its partner, or about what it has said.
#[derive(Debug)]
pub(super) enum Heard<'a> {
    Message(crate::client::event::Words<'a>),
    Ack(crate::client::event::Words<'a>),
}
