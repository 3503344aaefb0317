//! One connection of a user: what it hears, and what it does.
//!
//! **Architecture Invariants:** whatever is heard goes through the checker before the user acts on it. A user does one deed
//! at a time, after a pause whose mean the operator chose, so that limits meant for people are met rarely.

use std::time::Duration;

use crate::checker::answers::{Answered, Command};
use crate::checker::book::{End, Refusal};
use crate::checker::violation::{Rule, Violation};
use crate::client::command::{plain, typing};
use crate::client::event::Event;
use crate::client::socket::Socket;
use crate::clock::{Nanos, nanos};
use crate::failure::Failure;
use crate::scenario::churn::counts::Happened;
use crate::scenario::churn::life::{Life, Stayed};
use crate::scenario::churn::{Phase, words};

/// The id of the `ping` that shows whether the server lives.
const PROBE: &str = "probe";

/// What a user does next.
enum Deed {
    Nothing,
    Drop,
    Reset,
    Part,
}

impl Life {
    /// Lives on this connection.
    pub(super) async fn stays(&mut self, mut socket: Socket) -> Result<Stayed, Failure> {
        let clock = self.shared.run.clock;
        let mut next_deed = self.next_deed();
        let mut come_back_after = None;
        loop {
            let doing = *self.phase.borrow_and_update();
            let due = match doing {
                Phase::Done => return Ok(Stayed::Done(Box::new(socket))),
                Phase::Settling => Nanos::MAX,
                Phase::Running => next_deed,
            };
            let probe = self.answers.next_due().unwrap_or(Nanos::MAX);
            let wake = due.min(probe);
            tokio::select! {
                biased;
                _ = self.phase.changed() => {}
                heard = socket.next() => match heard {
                    Ok(frame) => {
                        if let Some(after) = self.hears(&frame) {
                            come_back_after = Some(after);
                        }
                    }
                    Err(ending) => return Ok(Stayed::Cut(ending, come_back_after)),
                },
                () = tokio::time::sleep_until(clock.instant(wake)), if wake < Nanos::MAX => {
                    if clock.now() >= probe {
                        self.answers.probes(clock.now());
                        socket.send(plain("ping", None, PROBE)).await;
                    }
                    if clock.now() >= due {
                        next_deed = self.next_deed();
                        match self.acts(&mut socket).await {
                            Deed::Nothing => {}
                            Deed::Drop => return Ok(Stayed::Dropped),
                            Deed::Reset => {
                                socket.reset();
                                return Ok(Stayed::Dropped);
                            }
                            Deed::Part => {
                                socket.goodbye().await;
                                return Ok(Stayed::Parted);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Pauses are distributed exponentially, as those of independent people are.
    fn next_deed(&mut self) -> Nanos {
        let pause = self.shared.think.mul_f64(-(1.0 - self.dice.f64()).ln());
        self.shared.run.clock.now().saturating_add(nanos(pause))
    }

    /// Takes one event; tells the time to come back after, if the server says one.
    fn hears(&mut self, frame: &str) -> Option<Duration> {
        let event = match Event::read(frame) {
            Ok(event) => event,
            Err(error) => {
                let what = format!("{error}: {}", crate::checker::seat::excerpt(frame));
                self.report(vec![Violation {
                    rule: Rule::Shape,
                    what,
                }]);
                return None;
            }
        };
        let mut found = Vec::new();
        self.log.hears(&event, frame, &mut found);
        self.answers.heard(&event.kind, event.chat());
        let mut come_back_after = None;
        match &*event.kind {
            "matched" => {
                let chat = event.chat().unwrap_or_default();
                self.shared
                    .checker
                    .book()
                    .matched(self.seat, chat, self.log.sight());
            }
            "message" => self.receives(&event, frame, &mut found),
            "chat_ended" => {
                let reason = event.reason.as_deref().unwrap_or("no reason");
                self.shared.counts.one_of(Happened::ChatEnded, reason);
                let end = if reason == "lost" {
                    End::Lost
                } else {
                    End::Ordinary
                };
                let chat = event.chat().unwrap_or_default();
                self.shared.checker.book().left(self.seat, chat, end);
            }
            "ack" => self.is_acked(&event, &mut found),
            "error" => self.is_refused(&event, &mut found),
            "pong" if event.id.as_deref() == Some(PROBE) => self.knows_it_lives(&mut found),
            "draining" => come_back_after = event.reconnect_after_ms.map(Duration::from_millis),
            _ => {}
        }
        self.report(found);
        come_back_after
    }

    fn receives(&mut self, event: &Event<'_>, frame: &str, found: &mut Vec<Violation>) {
        let text = event.text.as_deref().unwrap_or_default();
        let run = &self.shared.run;
        match words::read(run.seed, text, run.options.text_bytes) {
            Some(said) => {
                let chat = event.chat().unwrap_or_default();
                self.shared
                    .checker
                    .book()
                    .received_by(self.seat, chat, said, self.log.sight());
            }
            None => found.push(Violation {
                rule: Rule::Private,
                what: format!(
                    "no user of this run said so: {}",
                    crate::checker::seat::excerpt(frame)
                ),
            }),
        }
    }

    fn is_acked(&mut self, event: &Event<'_>, found: &mut Vec<Violation>) {
        let Some(number) = number_of(event.id.as_deref()) else {
            found.push(Violation {
                rule: Rule::Answered,
                what: format!("nobody asked for the ack of {:?}", event.id),
            });
            return;
        };
        self.shared.counts.one(Happened::Acked);
        if let Some(chat) = self.is_answered(number, found) {
            self.shared.checker.book().acked(self.seat, &chat, number);
        }
    }

    fn is_refused(&mut self, event: &Event<'_>, found: &mut Vec<Violation>) {
        let code = event.code.as_deref().unwrap_or("no code");
        self.shared.counts.one_of(Happened::Refused, code);
        let Some(id) = event.reference.as_deref() else {
            return;
        };
        if id == PROBE {
            self.knows_it_lives(found);
        } else if let Some(number) = number_of(Some(id)) {
            let refusal = if code == "unconfirmed" {
                Refusal::Unknown
            } else {
                Refusal::Never
            };
            if let Some(chat) = self.is_answered(number, found) {
                self.shared
                    .checker
                    .book()
                    .refused(self.seat, &chat, number, refusal);
            }
        } else {
            self.answers.refused(id);
        }
    }

    fn is_answered(&mut self, number: u64, found: &mut Vec<Violation>) -> Option<String> {
        match self.answers.answered(number, found) {
            Answered::Awaited { chat, asked } => {
                let span = self.shared.run.clock.now().saturating_sub(asked);
                self.shared.answers.record(self.user, span);
                Some(chat)
            }
            Answered::Again { chat } => Some(chat),
            Answered::Forgotten => None,
        }
    }

    fn knows_it_lives(&mut self, found: &mut Vec<Violation>) {
        let now = self.shared.run.clock.now();
        for (number, chat) in self.answers.lives(now, found) {
            self.shared.checker.book().gave_up(self.seat, &chat, number);
        }
    }

    async fn acts(&mut self, socket: &mut Socket) -> Deed {
        let roll = self.dice.u8(..100);
        let chat = self.log.chat().map(str::to_owned);
        match (roll, chat) {
            (0, _) => Deed::Part,
            (1..3, _) => Deed::Reset,
            (3..6, _) => Deed::Drop,
            (6..12, Some(chat)) => {
                self.shared.counts.one(Happened::Skipped);
                let id = self.asks(Command::Skip(chat.clone()));
                socket.send(plain("skip", Some(&chat), &id)).await;
                Deed::Nothing
            }
            (12..14, _) if self.is_busy() => {
                self.shared.counts.one(Happened::Left);
                let id = self.asks(Command::Leave);
                socket.send(plain("leave", None, &id)).await;
                Deed::Nothing
            }
            (14..20, Some(chat)) => {
                socket.send(typing(&chat)).await;
                Deed::Nothing
            }
            (20.., Some(chat)) => {
                for _ in 0..self.dice.u8(1..4) {
                    self.next_number += 1;
                    self.shared.counts.one(Happened::Said);
                    self.says(socket, &chat, self.next_number).await;
                }
                Deed::Nothing
            }
            (40.., None) => {
                let id = self.asks(Command::Join);
                socket.send(plain("join", None, &id)).await;
                Deed::Nothing
            }
            _ => Deed::Nothing,
        }
    }

    /// Whether there is anything to leave.
    fn is_busy(&self) -> bool {
        self.log.chat().is_some()
    }

    fn asks(&mut self, command: Command) -> String {
        self.next_id += 1;
        let id = format!("c{}", self.next_id);
        self.answers
            .asked(command, id.clone(), self.shared.run.clock.now());
        id
    }
}

/// The number of a message by its id.
fn number_of(id: Option<&str>) -> Option<u64> {
    id?.strip_prefix('m')?.parse().ok()
}
