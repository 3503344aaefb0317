//! One user of `relay`.
//!
//! **Architecture Invariants:** everything that happens for each message is here: no lock but that of a histogram, no look-up,
//! no allocation of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::client::command::{Answer, Template, mark_of};
use crate::clock::Nanos;
use crate::failure::Failure;
use crate::scenario::count;
use crate::scenario::gather::{Heard, Seated, seat};
use crate::scenario::relay::{Plan, Shared};

/// What a user waits for.
enum Next {
    Frame(tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes),
    Due,
    Over,
}

/// Finds a partner and talks to it until the end.
pub(super) async fn talk(shared: Arc<Shared>, number: usize, at: Nanos) -> Result<(), Failure> {
    let run = &shared.run;
    let seated = Box::pin(seat(run, &shared.gathering, number, at))
        .await
        .map_err(|unseated| unseated.fatal(run, number))?;
    let answer = if shared.wants_acks {
        Answer::Wanted
    } else {
        Answer::Unwanted
    };
    let template = Template::new(&seated.chat, run.options.text_bytes, answer);
    let mut talker = Talker {
        shared: &shared,
        seated,
        template,
        next_number: 0,
    };
    let Some(plan) = talker.awaits_the_plan().await? else {
        return Ok(());
    };
    talker.begins(&plan).await;
    loop {
        match talker.next().await? {
            Next::Frame(frame) => talker.hears(&frame, &plan).await?,
            Next::Due => talker.says_what_is_due(&plan).await,
            Next::Over => break,
        }
    }
    talker.seated.socket.goodbye().await;
    Ok(())
}

struct Talker<'a> {
    shared: &'a Shared,
    seated: Seated,
    template: Template,
    /// The number of this user's next message in the open loop.
    next_number: u64,
}

impl Talker<'_> {
    /// Reads on meanwhile, so that pings are answered.
    async fn awaits_the_plan(&mut self) -> Result<Option<Plan>, Failure> {
        let mut plans = self.shared.plan.subscribe();
        loop {
            let known = *plans.borrow_and_update();
            if known.is_some() {
                return Ok(known);
            }
            tokio::select! {
                changed = plans.changed() => if changed.is_err() {
                    return Ok(None);
                },
                frame = self.seated.socket.next() => {
                    let frame = frame.map_err(|ending| self.seated.closed(ending))?;
                    // Whoever talks knows the plan, so it is there by now.
                    let known = *plans.borrow_and_update();
                    if let Some(plan) = known {
                        self.hears(&frame, &plan).await?;
                        return Ok(known);
                    }
                    self.seated.judge(&frame)?;
                }
            }
        }
    }

    /// In the closed loop one of the two says something; from then on they answer each other.
    async fn begins(&mut self, plan: &Plan) {
        if plan.schedule.is_some() || !self.seated.is_initiator {
            return;
        }
        // The warm-up of all begins at the same moment.
        tokio::time::sleep_until(self.shared.run.clock.instant(plan.begin)).await;
        self.says(self.shared.run.clock.now()).await;
    }

    async fn next(&mut self) -> Result<Next, Failure> {
        let due = &self.shared.due[self.seated.user];
        tokio::select! {
            biased;
            () = self.shared.over.cancelled() => Ok(Next::Over),
            () = due.notified() => Ok(Next::Due),
            frame = self.seated.socket.next() => match frame {
                Ok(frame) => Ok(Next::Frame(frame)),
                Err(ending) => Err(self.seated.closed(ending)),
            },
        }
    }

    async fn hears(&mut self, frame: &str, plan: &Plan) -> Result<(), Failure> {
        let Some(heard) = self.seated.judge(frame)? else {
            return Ok(());
        };
        let now = self.shared.run.clock.now();
        let (recorder, text) = match &heard {
            Heard::Message(text) => (&self.shared.messages, text),
            Heard::Ack(id) => (&self.shared.acks, id),
        };
        // The partner is a user of this run, so its texts have marks.
        let sent = mark_of(text).unwrap_or(now);
        if sent >= plan.measure && sent < plan.end {
            recorder.record(self.seated.user, now.saturating_sub(sent));
        }
        if let Heard::Message(_) = heard {
            self.shared.received.fetch_add(1, Ordering::Relaxed);
            if plan.schedule.is_none() && now < self.end() {
                self.says(now).await;
            }
        }
        Ok(())
    }

    async fn says_what_is_due(&mut self, plan: &Plan) {
        let Some(schedule) = plan.schedule else { return };
        let user = count(self.seated.user);
        loop {
            let due = schedule.due_of(user, self.next_number);
            let now = self.shared.run.clock.now();
            if due > now || due >= self.end() {
                return;
            }
            self.next_number += 1;
            if due >= plan.measure {
                self.shared.late.record(self.seated.user, now - due);
            }
            self.says(due).await;
        }
    }

    /// The end may have been moved.
    fn end(&self) -> Nanos {
        self.shared.end.load(Ordering::Relaxed)
    }

    async fn says(&mut self, mark: Nanos) {
        self.shared.sent.fetch_add(1, Ordering::Relaxed);
        let command = self.template.write(mark);
        self.seated.socket.send(command).await;
    }
}
