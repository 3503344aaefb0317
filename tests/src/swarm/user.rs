//! One user of the swarm: acts at random, remembers what it said, comes back when it drops.

mod returning;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;
use tokio::sync::watch::Receiver;

use super::CANARY_TEXT;
use super::criteria::Criteria;
use super::plan::{Phase, Plan, Weather};
use super::record::{Fate, MessageName, Record, SeatNumber, Status};
use super::story::Happening;
use crate::server::Target;
use crate::{Client, Event};

/// Refusals a race explains; any other is a fault of the server.
const EXPLAINED: [&str; 6] = [
    "stale_chat",
    "not_chatting",
    "already_chatting",
    "already_idle",
    "rate_limited",
    "partner_unreachable",
];
/// Refusals a fault of a node or of the store explains.
const EXPLAINED_IN_STORMS: [&str; 2] = ["unconfirmed", "store_unavailable"];
/// A message is answered within three seconds; a busy machine may add as much again.
const ANSWER: Duration = Duration::from_secs(8);
/// For so long a user who was told that they say too much says nothing: whoever is refused something every other second,
/// for ten seconds, is closed with 1008.
const HUSH: Duration = Duration::from_millis(2500);
/// After so long without a word the user asks whether anybody is there, and after as long again goes elsewhere.
const SILENCE: Duration = Duration::from_secs(4);

struct User {
    doors: Arc<Vec<Target>>,
    plan: Plan,
    record: Arc<Record>,
    dice: Rng,
    seat: SeatNumber,
    criteria: Criteria,
    status: Status,
    next_number: u64,
    /// Messages without an answer, by their number, and when they were sent.
    pending: BTreeMap<u64, (MessageName, Instant)>,
    /// How many answers the seat may still be given for each number: one for each sending. What an older connection
    /// sent last may be answered on the newer one, and what was on its way to a dropped one never is.
    owed: HashMap<u64, (MessageName, u32)>,
    /// When the server was last heard from, and when it was asked whether it is there.
    heard: Instant,
    asked: Option<Instant>,
    /// How long a draining node asked to wait.
    delay: Option<Duration>,
    /// Since when the user is without a connection.
    away_since: Option<Instant>,
    /// When the server last refused something since it came too often.
    hushed: Option<Instant>,
}

/// Lives until the swarm is done.
pub(super) async fn live(
    number: usize,
    plan: Plan,
    doors: Arc<Vec<Target>>,
    record: Arc<Record>,
    phase: Receiver<Phase>,
) {
    let mut dice = Rng::with_seed(plan.seed_of(number));
    tokio::time::sleep(Duration::from_millis(dice.u64(..1000))).await;
    let criteria = Criteria::random(&mut dice);
    let mut user = User {
        seat: SeatNumber::MAX,
        status: Status::Between,
        next_number: (number as u64) << 32,
        pending: BTreeMap::new(),
        owed: HashMap::new(),
        heard: Instant::now(),
        asked: None,
        delay: None,
        away_since: None,
        hushed: None,
        doors,
        plan,
        record,
        dice,
        criteria,
    };
    let mut client = user.comes_in().await;
    loop {
        let pause = Duration::from_millis(user.dice.u64(plan.pause()));
        while let Some(event) = client.next(pause).await {
            user.hears(&event);
            if user.dice.u8(..4) == 0 {
                break;
            }
        }
        // Looked at after the pause: what was begun before a change of plan is noted in the record by then.
        let doing = *phase.borrow();
        if doing == Phase::Done {
            break;
        }
        if !client.is_open() {
            client = user.finds_the_connection_over(client).await;
            continue;
        }
        if !user.is_served(&mut client) {
            client = user.goes_elsewhere(client).await;
            continue;
        }
        match doing {
            Phase::Running => client = user.acts(client).await,
            Phase::Talking => {
                let roll = user.dice.u8(7..75);
                client = user.does(client, roll).await;
            }
            Phase::Settling | Phase::Done => {}
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.record.failed(self.seat);
        }
    }
}

impl User {
    fn is_now(&mut self, status: Status) {
        self.status = status.clone();
        self.record.change(self.seat, |seat| seat.status = status);
    }

    fn noted(&self, event: &Event, what: Happening) {
        self.record.happened(event.at, self.seat, what);
    }

    fn hears(&mut self, event: &Event) {
        self.heard = self.heard.max(event.at);
        self.record.reads(self.seat, &event.body);
        match event.kind() {
            "matched" => {
                let chat = event.text("chat_id");
                self.record.matched(self.seat, chat, event.text("mode"));
                self.status = Status::Chatting(chat.to_owned());
                self.noted(event, Happening::Matched);
            }
            "waiting" => {
                self.is_now(Status::Waiting);
                self.noted(event, Happening::Waiting);
                if event.body["paused"] == true {
                    self.noted(event, Happening::Paused);
                }
            }
            "idle" => {
                self.is_now(Status::Idle);
                self.noted(event, Happening::Idle);
            }
            "chat_ended" => {
                self.is_now(Status::Between);
                let what = if self.record.is_shared(self.seat, event.text("chat_id")) {
                    Happening::Ended(event.text("reason").to_owned())
                } else {
                    Happening::Unborn
                };
                self.noted(event, what);
            }
            "partner_away" => self.noted(event, Happening::Away),
            "partner_back" => self.noted(event, Happening::Back),
            "message" => self
                .record
                .received(self.seat, event.text("chat_id"), event.text("text")),
            "ack" => {
                if let Some(name) = self.answered(event.text("id"), event) {
                    self.record.acked(&name, event.at);
                }
            }
            "error" => self.is_refused(event),
            "draining" => self.delay = Some(Duration::from_millis(event.number("reconnect_after_ms"))),
            _ => {}
        }
    }

    fn is_refused(&mut self, event: &Event) {
        let code = event.text("code");
        let explained = EXPLAINED.contains(&code)
            || self.plan.weather == Weather::Stormy && EXPLAINED_IN_STORMS.contains(&code)
            // Counted, and judged at the end.
            || self.plan.unconfirmed > 0 && code == "unconfirmed";
        if !explained {
            self.record
                .violation(format!("seat {}: {}", self.seat, event.body));
        }
        if ["partner_unreachable", "unconfirmed", "store_unavailable"].contains(&code) {
            self.noted(event, Happening::Refused(code.to_owned()));
        }
        if code == "rate_limited" {
            self.hushed = Some(Instant::now());
        }
        match event.body["ref"].as_str() {
            Some("join") if self.status == Status::Between => self.is_now(Status::Idle),
            Some("join") | None => {}
            Some(id) => {
                if let Some(name) = self.answered(id, event) {
                    self.record.refused(&name, code);
                }
            }
        }
    }

    fn answered(&mut self, id: &str, event: &Event) -> Option<MessageName> {
        let number = id.parse().unwrap_or_default();
        if let Some((_, sent)) = self.pending.remove(&number) {
            self.record
                .answered_after(event.at.saturating_duration_since(sent));
        }
        self.tells_what_is_open();
        match self.owed.get_mut(&number) {
            Some((name, owed)) if *owed > 0 => {
                *owed -= 1;
                Some(name.clone())
            }
            _ => {
                let story = format!("seat {}: one answer too many: {}", self.seat, event.body);
                self.record.violation(story);
                None
            }
        }
    }

    fn tells_what_is_open(&self) {
        let left = self.pending.len();
        self.record.change(self.seat, |seat| seat.unanswered = left);
    }

    /// Whether the server still answers; asks it when it has been silent, and notes messages it has forgotten.
    fn is_served(&mut self, client: &mut Client) -> bool {
        let heard = self.heard;
        let forgotten = self
            .pending
            .values()
            .find(|(_, sent)| heard.saturating_duration_since(*sent) > ANSWER);
        if let Some((name, _)) = forgotten {
            let story = format!("{name:?} has no answer although its sender is served");
            self.record.violation_in(&name.0, story);
            self.pending.clear();
            self.tells_what_is_open();
        }
        match self.asked {
            Some(asked) if heard >= asked => self.asked = None,
            Some(asked) => return asked.elapsed() < SILENCE,
            None if heard.elapsed() > SILENCE => {
                self.asked = Some(Instant::now());
                client.send(json!({"type": "ping"}));
            }
            None => {}
        }
        true
    }

    fn says(&mut self, client: &mut Client, name: MessageName) {
        let (chat, seat, number) = &name;
        let pad = "x".repeat(self.dice.usize(..200));
        self.record.sent(&name);
        client.send(
            json!({"type": "message", "chat_id": chat, "id": number.to_string(),
            "text": format!("{chat} {seat} {number} {CANARY_TEXT} {pad}")}),
        );
        self.owed.entry(*number).or_insert_with(|| (name.clone(), 0)).1 += 1;
        self.pending.insert(*number, (name, Instant::now()));
        self.tells_what_is_open();
    }

    async fn acts(&mut self, client: Client) -> Client {
        let roll = self.dice.u8(..100);
        self.does(client, roll).await
    }

    async fn does(&mut self, mut client: Client, roll: u8) -> Client {
        let is_hushed = self.hushed.is_some_and(|since| since.elapsed() < HUSH);
        match (self.status.clone(), roll) {
            // Whoever goes on and on is closed with 1008.
            (Status::Chatting(_), 7..65) if is_hushed => {}
            (_, 0..3) => return self.drops(client, roll).await,
            (_, 3) => return self.reloads(client).await,
            (_, 4) => return self.takes_over(client).await,
            (_, 5) => return self.starts_afresh(client).await,
            (_, 6) => return self.loses_a_welcome(client).await,
            (Status::Chatting(chat), 7..65) => {
                for _ in 0..self.dice.usize(1..4) {
                    self.next_number += 1;
                    self.says(&mut client, (chat.clone(), self.seat, self.next_number));
                }
            }
            (Status::Chatting(chat), 65..75) => {
                client.send(json!({"type": "typing", "chat_id": chat, "on": self.dice.bool()}));
            }
            (Status::Chatting(chat), 75..84) => {
                self.record.lock().counts.skips += 1;
                client.send(json!({"type": "skip", "chat_id": chat}));
                // What is said after a skip in the same packet reaches nobody.
                self.next_number += 1;
                self.says(&mut client, (chat, self.seat, self.next_number));
            }
            (Status::Chatting(chat), 84..86) => client.send(json!({"type": "block", "chat_id": chat})),
            (Status::Chatting(chat), 86..87) => {
                client.send(json!({"type": "report", "chat_id": chat, "reason": "spam"}));
            }
            (Status::Chatting(_), 87..89) | (Status::Waiting, 90..95) => {
                client.send(json!({"type": "leave"}));
            }
            (Status::Waiting, 95..) => client.send(self.criteria.join()),
            (Status::Idle, 20..) => {
                self.is_now(Status::Between);
                self.record.happened(Instant::now(), self.seat, Happening::Joins);
                client.send(self.criteria.join());
            }
            _ => {}
        }
        client
    }

    fn gives_up(&mut self) {
        self.record
            .change(self.seat, |seat| (seat.fate, seat.unanswered) = (Fate::Gone, 0));
    }
}
