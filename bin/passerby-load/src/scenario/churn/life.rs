//! One user's life: arriving, staying, being cut off, coming back.
//!
//! **Architecture Invariants:** a user comes back after every cut that the protocol allows to come back after, with
//! exponential back-off and jitter, each time to the next node or, where it was the one that left, to any. Whoever was
//! let in once never fails the run for a node that is not there.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::checker::SeatNumber;
use crate::checker::answers::Answers;
use crate::checker::book::Said;
use crate::checker::seat::{Greeting, SeatLog};
use crate::checker::violation::{Rule, Violation};
use crate::client::command::message;
use crate::client::connect::{Arrival, Refusal};
use crate::client::event::Event;
use crate::client::socket::{Ending, Socket};
use crate::clock::Nanos;
use crate::failure::Failure;
use crate::scenario::churn::counts::Happened;
use crate::scenario::churn::{Phase, Shared, words};

/// How long a connection and its `welcome` may take.
const CONNECT: Duration = Duration::from_secs(10);
/// The first pause before coming back; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// One in so many messages without an answer is not sent again.
const GIVEN_UP: u32 = 10;

/// How a stay ended.
pub(super) enum Stayed {
    /// The run is done.
    Done(Box<Socket>),
    /// The user dropped the connection.
    Dropped,
    /// The user said good-bye for good.
    Parted,
    /// The server or the network ended it; come back after this time, if the server said one.
    Cut(Ending, Option<Duration>),
}

/// One user.
pub(super) struct Life {
    pub(super) shared: Arc<Shared>,
    pub(super) user: usize,
    pub(super) dice: Rng,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) seat: SeatNumber,
    pub(super) log: SeatLog,
    pub(super) answers: Answers,
    /// Grows with each message, over all seats.
    pub(super) next_number: u64,
    pub(super) next_id: u64,
    /// The token of the latest `welcome`, while the seat may be there.
    token: Option<String>,
    /// The node to connect to next.
    node: usize,
    is_known: bool,
}

/// Lives until the run is done.
pub(super) async fn live(shared: Arc<Shared>, user: usize, at: Nanos) -> Result<(), Failure> {
    tokio::time::sleep_until(shared.run.clock.instant(at)).await;
    let mut life = Life {
        user,
        dice: shared.run.dice(user),
        phase: shared.phase.subscribe(),
        seat: 0,
        log: SeatLog::default(),
        answers: Answers::default(),
        next_number: 0,
        next_id: 0,
        token: None,
        node: user,
        is_known: false,
        shared,
    };
    loop {
        let Some(mut socket) = life.arrives().await? else {
            return Ok(());
        };
        life.says_again(&mut socket).await;
        life.shared.here.fetch_add(1, Ordering::Relaxed);
        let stayed = life.stays(socket).await?;
        life.shared.here.fetch_sub(1, Ordering::Relaxed);
        match stayed {
            Stayed::Done(socket) => {
                socket.goodbye().await;
                return Ok(());
            }
            Stayed::Dropped => {
                life.shared.counts.one(Happened::Dropped);
                // The seat can be taken back on any node.
                life.node = life.dice.usize(..1 << 16);
                let pause = Duration::from_millis(life.dice.u64(..500));
                tokio::time::sleep(pause).await;
            }
            Stayed::Parted => {
                life.shared.counts.one(Happened::SaidGoodbye);
                life.seat_is_gone();
            }
            Stayed::Cut(ending, after) => life.is_cut(ending, after).await?,
        }
    }
}

impl Life {
    /// Takes down what was found.
    pub(super) fn report(&self, found: Vec<Violation>) {
        if found.is_empty() {
            return;
        }
        let mut book = self.shared.checker.book();
        for Violation { rule, what } in found {
            book.violation(Violation {
                rule,
                what: format!("user {}, seat {}: {what}", self.user, self.seat),
            });
        }
    }

    fn seat_is_gone(&mut self) {
        if self.token.take().is_some() {
            self.shared.checker.book().gone(self.seat);
        }
    }

    async fn is_cut(&mut self, ending: Ending, after: Option<Duration>) -> Result<(), Failure> {
        self.shared
            .counts
            .one_of(Happened::ConnectionEnded, &ending.to_string());
        match ending {
            Ending::Code(4003) => {
                return Err(Failure::Closed {
                    user: self.user,
                    how: format!("{ending}, banned"),
                });
            }
            // The seat is gone as well; the others leave it held.
            Ending::Code(1000 | 1002 | 1003 | 1007 | 1008 | 1009 | 4005) => self.seat_is_gone(),
            Ending::Code(_) | Ending::NoCode | Ending::Broken => {}
        }
        self.node += 1;
        let pause = after.unwrap_or_else(|| self.pause(0));
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Between half of the back-off and all of it.
    fn pause(&mut self, attempt: u32) -> Duration {
        let whole = FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(attempt))
            .min(LONGEST_PAUSE);
        whole.mul_f64(0.5 + self.dice.f64() / 2.0)
    }

    /// Connects, again and again if need be; nothing when the run is done first.
    async fn arrives(&mut self) -> Result<Option<Socket>, Failure> {
        let began = self.shared.run.clock.now();
        let is_return = self.token.is_some();
        let mut phase = self.phase.clone();
        let mut attempt = 0;
        loop {
            let tried = tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase == Phase::Done) => return Ok(None),
                tried = self.tries() => tried?,
            };
            let Err(refusal) = tried else {
                let span = self.shared.run.clock.now().saturating_sub(began);
                if is_return {
                    self.shared.returns.record(self.user, span);
                }
                return Ok(tried.ok());
            };
            if !self.is_known {
                let target = self.shared.run.connector.target(self.node);
                return Err(refusal.fatal(self.user, target));
            }
            let (sort, told) = match &refusal {
                Refusal::Http { status, retry_after } => (format!("status {status}"), *retry_after),
                Refusal::Network(_) => ("network".to_owned(), None),
            };
            self.shared.counts.one_of(Happened::AttemptFailed, &sort);
            self.node += 1;
            let pause = self.pause(attempt).max(told.unwrap_or_default());
            attempt += 1;
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase == Phase::Done) => return Ok(None),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One attempt, from TCP to the `welcome`.
    async fn tries(&mut self) -> Result<Result<Socket, Refusal>, Failure> {
        let arrival = Arrival {
            interest: None,
            seat: self.token.clone().map(|token| (token, self.log.last_seq())),
        };
        let connecting = self
            .shared
            .run
            .connector
            .connect(self.user, self.node, &arrival, CONNECT);
        let mut socket = match connecting.await {
            Ok((socket, _)) => socket,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let frame = match timeout(CONNECT, socket.next()).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(ending)) => return Ok(Err(Refusal::Network(ending.to_string()))),
            Err(_) => return Ok(Err(Refusal::Network("no welcome".to_owned()))),
        };
        let event = Event::read(&frame).map_err(|error| Failure::NotAnEvent {
            user: self.user,
            why: error.to_string(),
        })?;
        if &*event.kind != "welcome" {
            let code = event.code.as_deref().unwrap_or(&event.kind).to_owned();
            return Err(Failure::RefusedMessage { code });
        }
        self.is_welcomed(&event, &frame);
        Ok(Ok(socket))
    }

    fn is_welcomed(&mut self, event: &Event<'_>, frame: &str) {
        let mut found = Vec::new();
        self.log.reconnects();
        let greeting = self.log.is_greeted(event, frame, &mut found);
        match greeting {
            Greeting::Fresh => {
                if self.token.is_some() {
                    self.shared.counts.one(Happened::SeatLost);
                    self.seat_is_gone();
                }
                self.seat = self.shared.checker.book().new_seat();
                self.answers = Answers::default();
            }
            Greeting::Resumed => self.shared.counts.one(Happened::Resumed),
            Greeting::Gap => {
                self.shared.counts.one(Happened::Gap);
                self.shared.checker.book().missed(self.seat, self.log.chat());
            }
        }
        match event.resume_token.as_deref() {
            Some(token) => self.token = Some(token.to_owned()),
            None => found.push(Violation {
                rule: Rule::Shape,
                what: "a welcome without a token".to_owned(),
            }),
        }
        if !self.is_known {
            self.is_known = true;
            self.shared.arrived.send_modify(|arrived| *arrived += 1);
        }
        self.report(found);
    }

    /// What has no answer is said again, in its order, mostly.
    async fn says_again(&mut self, socket: &mut Socket) {
        let pending = self.answers.reconnects();
        let gives_up = self.dice.u32(..GIVEN_UP) == 0;
        for (number, chat) in pending {
            if gives_up {
                self.shared.checker.book().gave_up(self.seat, &chat, number);
            } else {
                self.shared.counts.one(Happened::SaidAgain);
                self.says(socket, &chat, number).await;
            }
        }
    }

    /// Sends a message.
    pub(super) async fn says(&mut self, socket: &mut Socket, chat: &str, number: u64) {
        let said = Said {
            chat,
            sender: self.seat,
            number,
        };
        let text = words::text(self.shared.run.seed, said, self.shared.run.options.text_bytes);
        self.shared.checker.book().said(self.seat, chat, number);
        self.answers.said(number, chat, self.shared.run.clock.now());
        socket.send(message(chat, &text, &format!("m{number}"))).await;
    }
}
