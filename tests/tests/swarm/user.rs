//! One user of the swarm: acts at random, remembers what it said, comes back when it drops.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use passerby_tests::connect::Memory;
use passerby_tests::{Client, Connect, Event, Server};
use serde_json::json;
use tokio::sync::watch::Receiver;

use crate::criteria::Criteria;
use crate::plan::Phase;
use crate::record::{Fate, MessageName, Record, SeatNumber, Status};

/// Refusals a race explains; any other is a fault of the server.
const EXPLAINED: [&str; 6] = [
    "stale_chat",
    "not_chatting",
    "already_chatting",
    "already_idle",
    "rate_limited",
    "partner_unreachable",
];

struct User {
    server: Arc<Server>,
    record: Arc<Record>,
    dice: Rng,
    seat: SeatNumber,
    criteria: Criteria,
    status: Status,
    next_number: u64,
    /// Messages without an answer, by their number.
    pending: BTreeMap<u64, MessageName>,
    /// How many answers the seat may still be given for each number: one for each sending. What an older connection
    /// sent last may be answered on the newer one, and what was on its way to a dropped one never is.
    owed: HashMap<u64, (MessageName, u32)>,
}

/// Lives until the swarm is done.
pub(crate) async fn live(
    number: usize,
    seed: u64,
    server: Arc<Server>,
    record: Arc<Record>,
    mut phase: Receiver<Phase>,
) {
    let mut dice = Rng::with_seed(seed);
    tokio::time::sleep(Duration::from_millis(dice.u64(..1000))).await;
    let criteria = Criteria::random(&mut dice);
    let mut user = User {
        seat: SeatNumber::MAX,
        status: Status::Idle,
        next_number: (number as u64) << 32,
        pending: BTreeMap::new(),
        owed: HashMap::new(),
        server,
        record,
        dice,
        criteria,
    };
    let mut client = user.connect().await;
    loop {
        let doing = *phase.borrow_and_update();
        let pause = Duration::from_millis(user.dice.u64(5..120));
        while let Some(event) = client.next(pause).await {
            user.hears(&event);
            if user.dice.u8(..4) == 0 {
                break;
            }
        }
        match doing {
            Phase::Done => break,
            _ if !client.is_open() => {
                let memory = client.memory();
                // All that had arrived is read; the rest is replayed.
                client = user.come_back(&memory).await;
            }
            Phase::Running => client = user.acts(client).await,
            Phase::Settling => {}
        }
    }
}

impl User {
    async fn connect(&mut self) -> Client {
        let client = Connect::to(&self.server)
            .query(&self.criteria.query())
            .open()
            .await;
        self.sits_down(&client);
        client
    }

    fn sits_down(&mut self, client: &Client) {
        assert!(!client.welcome().flag("resumed"));
        self.seat = self.record.new_seat(self.criteria.mode);
        self.status = Status::Idle;
        self.pending.clear();
        self.owed.clear();
    }

    fn is_now(&mut self, status: Status) {
        self.status = status.clone();
        self.record.change(self.seat, |seat| seat.status = status);
    }

    fn hears(&mut self, event: &Event) {
        match event.kind() {
            "matched" => {
                let chat = event.text("chat_id");
                self.record.matched(self.seat, chat, event.text("mode"));
                self.status = Status::Chatting(chat.to_owned());
            }
            "waiting" => self.is_now(Status::Waiting),
            "idle" | "chat_ended" => self.is_now(Status::Idle),
            "message" => self
                .record
                .received(self.seat, event.text("chat_id"), event.text("text")),
            "ack" => {
                let name = self.answered(event.text("id"), event);
                self.record.acked(&name);
            }
            "error" => {
                let code = event.text("code");
                assert!(EXPLAINED.contains(&code), "seat {}: {}", self.seat, event.body);
                if let Some(id) = event.body["ref"].as_str() {
                    let name = self.answered(id, event);
                    self.record.refused(&name);
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, id: &str, event: &Event) -> MessageName {
        let number = id.parse().unwrap_or_default();
        self.pending.remove(&number);
        let left = self.pending.len();
        self.record.change(self.seat, |seat| seat.unanswered = left);
        match self.owed.get_mut(&number) {
            Some((name, owed)) if *owed > 0 => {
                *owed -= 1;
                name.clone()
            }
            _ => panic!("seat {}: one answer too many: {}", self.seat, event.body),
        }
    }

    fn says(&mut self, client: &mut Client, name: MessageName) {
        let (chat, seat, number) = &name;
        let pad = "x".repeat(self.dice.usize(..200));
        self.record.sent(&name);
        client.send(
            json!({"type": "message", "chat_id": chat, "id": number.to_string(),
            "text": format!("{chat} {seat} {number} {pad}")}),
        );
        self.owed.entry(*number).or_insert_with(|| (name.clone(), 0)).1 += 1;
        self.pending.insert(*number, name);
        let left = self.pending.len();
        self.record.change(self.seat, |seat| seat.unanswered = left);
    }

    async fn acts(&mut self, mut client: Client) -> Client {
        let roll = self.dice.u8(..100);
        match (self.status.clone(), roll) {
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
            (Status::Waiting, 95..) | (Status::Idle, 20..) => client.send(self.criteria.join()),
            _ => {}
        }
        client
    }

    /// The connection drops: by reset, by silence of the network, or for good.
    async fn drops(&mut self, client: Client, roll: u8) -> Client {
        self.record.change(self.seat, |seat| seat.fate = Fate::Away);
        let memory = if roll == 0 {
            client.reset_connection().await
        } else {
            client.drop_connection()
        };
        tokio::time::sleep(Duration::from_millis(self.dice.u64(..600))).await;
        if self.dice.u8(..20) == 0 {
            self.gives_up();
            return self.connect().await;
        }
        self.come_back(&memory).await
    }

    async fn reloads(&mut self, client: Client) -> Client {
        self.record.change(self.seat, |seat| seat.fate = Fate::Away);
        let memory = client.memory();
        client.close(1001).await;
        self.come_back(&memory).await
    }

    async fn takes_over(&mut self, client: Client) -> Client {
        let newer = self.come_back(&client.memory()).await;
        drop(client);
        newer
    }

    async fn starts_afresh(&mut self, client: Client) -> Client {
        self.gives_up();
        client.close(1000).await;
        self.criteria = Criteria::random(&mut self.dice);
        self.connect().await
    }

    async fn loses_a_welcome(&mut self, client: Client) -> Client {
        self.record.change(self.seat, |seat| seat.fate = Fate::Away);
        let memory = client.drop_connection();
        drop(
            Connect::to(&self.server)
                .resuming(&memory)
                .attempt_unwelcomed()
                .await,
        );
        self.come_back(&memory).await
    }

    fn gives_up(&mut self) {
        self.record
            .change(self.seat, |seat| (seat.fate, seat.unanswered) = (Fate::Gone, 0));
    }

    /// Takes the seat back, or finds it gone and sits down on a fresh one.
    async fn come_back(&mut self, memory: &Memory) -> Client {
        let connect = Connect::to(&self.server).query(&self.criteria.query());
        let mut client = connect.resuming(memory).open().await;
        if !client.welcome().flag("resumed") {
            self.gives_up();
            self.sits_down(&client);
            return client;
        }
        let gap = client.welcome().flag("gap");
        self.record.lock().counts.resumes += 1;
        self.record.change(self.seat, |seat| {
            seat.gap |= gap;
            (seat.fate, seat.unanswered) = (Fate::Connected, 0);
        });
        if gap {
            self.is_now(match client.welcome().text("state") {
                "waiting" => Status::Waiting,
                "chatting" => Status::Chatting(client.welcome().text("chat_id").to_owned()),
                _ => Status::Idle,
            });
        }
        // The story goes on by the replay; what has no answer yet is said again, in its order.
        let pending: Vec<_> = std::mem::take(&mut self.pending).into_values().collect();
        let repeats = self.dice.u8(..10) > 0;
        for name in pending.into_iter().filter(|_| repeats) {
            self.says(&mut client, name);
        }
        client
    }
}
