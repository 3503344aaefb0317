//! How a user of the swarm loses its connection, on purpose or not, and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::User;
use crate::connect::{Memory, Unwelcome};
use crate::swarm::criteria::Criteria;
use crate::swarm::plan::Weather;
use crate::swarm::record::{Fate, Status};
use crate::swarm::story::Happening;
use crate::{Client, Connect};

/// How long one attempt to come in may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a user waits for the end of a connection it has closed.
const GOODBYE: Duration = Duration::from_secs(3);
/// The first pause between two attempts is at most this, and each is up to twice the one before.
const FIRST_PAUSE: u64 = 200;
/// No pause is longer than this.
const LONGEST_PAUSE: u64 = 2000;
/// After these an honest client comes back: the network, a reload, an error inside, a restart, overload, a seat taken
/// over by an attempt of its own, no sign of life, a slow reader.
const COMES_BACK: [Option<u16>; 7] = [
    None,
    Some(1001),
    Some(1012),
    Some(1013),
    Some(4001),
    Some(4008),
    Some(4010),
];

impl User {
    /// Comes in on a fresh seat.
    pub(super) async fn comes_in(&mut self) -> Client {
        let client = self.gets_in(None).await;
        self.sits_down(&client);
        client
    }

    fn sits_down(&mut self, client: &Client) {
        assert!(!client.welcome().flag("resumed"));
        let welcome = client.welcome();
        self.seat = self.record.new_seat(self.criteria.mode, &welcome.body);
        let seated = Happening::Seated(welcome.text("node").to_owned());
        self.record.happened(welcome.at, self.seat, seated);
        self.status = Status::Between;
        // The seat that was away was another.
        self.away_since = None;
        self.pending.clear();
        self.owed.clear();
    }

    fn goes_away(&mut self) {
        self.away_since.get_or_insert_with(Instant::now);
        self.record.change(self.seat, |seat| seat.fate = Fate::Away);
    }

    /// The connection ended without the user's doing.
    pub(super) async fn finds_the_connection_over(&mut self, mut client: Client) -> Client {
        while let Some(event) = client.next(Duration::ZERO).await {
            self.hears(&event);
        }
        let code = client.end().flatten();
        self.record
            .happened(Instant::now(), self.seat, Happening::Closed(code));
        if !COMES_BACK.contains(&code) {
            let story = format!("seat {} was closed with {code:?}", self.seat);
            self.record.violation(story);
        }
        self.goes_away();
        let memory = client.memory();
        self.comes_back(&memory).await
    }

    /// Nobody answers any more.
    pub(super) async fn goes_elsewhere(&mut self, client: Client) -> Client {
        self.goes_away();
        let memory = client.drop_connection();
        self.comes_back(&memory).await
    }

    /// The connection drops: by reset, by silence of the network, or for good.
    pub(super) async fn drops(&mut self, client: Client, roll: u8) -> Client {
        self.goes_away();
        let memory = if roll == 0 && self.plan.weather == Weather::Calm {
            client.reset_connection().await
        } else {
            client.drop_connection()
        };
        tokio::time::sleep(Duration::from_millis(self.dice.u64(..600))).await;
        if self.dice.u8(..20) == 0 {
            self.gives_up();
            return self.comes_in().await;
        }
        self.comes_back(&memory).await
    }

    pub(super) async fn reloads(&mut self, client: Client) -> Client {
        self.goes_away();
        let memory = client.memory();
        client.try_close(1001, GOODBYE).await;
        self.comes_back(&memory).await
    }

    pub(super) async fn takes_over(&mut self, client: Client) -> Client {
        let newer = self.comes_back(&client.memory()).await;
        drop(client);
        newer
    }

    pub(super) async fn starts_afresh(&mut self, client: Client) -> Client {
        self.gives_up();
        client.try_close(1000, GOODBYE).await;
        self.criteria = Criteria::random(&mut self.dice);
        self.comes_in().await
    }

    pub(super) async fn loses_a_welcome(&mut self, client: Client) -> Client {
        self.goes_away();
        let memory = client.drop_connection();
        let doors = Arc::clone(&self.doors);
        let door = self.dice.usize(..doors.len());
        drop(
            Connect::at(&doors[door])
                .resuming(&memory)
                .try_open(ATTEMPT)
                .await,
        );
        self.record
            .happened(Instant::now(), self.seat, Happening::Unwelcomed(door));
        self.comes_back(&memory).await
    }

    /// Takes the seat back, or finds it gone and sits down on a fresh one.
    async fn comes_back(&mut self, memory: &Memory) -> Client {
        let mut client = self.gets_in(Some(memory)).await;
        let after = self.away_since.take().map(|since| since.elapsed());
        let (now, welcome) = (client.welcome().at, client.welcome().body.clone());
        if welcome["resumed"] == false {
            self.record.happened(now, self.seat, Happening::Lost);
            self.gives_up();
            self.sits_down(&client);
            return client;
        }
        let gap = welcome["gap"] == true;
        self.record.resumed(self.seat, &welcome, now);
        let after = after.unwrap_or_default();
        let node = welcome["node"].as_str().unwrap_or_default().to_owned();
        let seq = welcome["seq"].as_u64().unwrap_or_default();
        let what = Happening::Resumed {
            gap,
            after,
            node,
            seq,
        };
        self.record.happened(now, self.seat, what);
        if gap {
            self.record
                .change(self.seat, |seat| self.status = seat.status.clone());
        } else if self.status == Status::Between && welcome["state"] == "idle" {
            // The last order, to join, was lost with the connection.
            self.is_now(Status::Idle);
        }
        // The story goes on by the replay; what has no answer yet is said again, in its order.
        let pending: Vec<_> = std::mem::take(&mut self.pending).into_values().collect();
        let repeats = self.dice.u8(..10) > 0;
        for (name, _) in pending.into_iter().filter(|_| repeats) {
            self.says(&mut client, name);
        }
        client
    }

    /// Tries door after door until one opens. As behind a balancer, nobody is sent time and again to a node that turns
    /// everybody away.
    async fn gets_in(&mut self, memory: Option<&Memory>) -> Client {
        if let Some(delay) = self.delay.take() {
            tokio::time::sleep(delay).await;
        }
        let doors = Arc::clone(&self.doors);
        let mut pause = FIRST_PAUSE;
        let first = self.dice.usize(..doors.len());
        for door in doors.iter().cycle().skip(first) {
            let mut connect = Connect::at(door).query(&self.criteria.query());
            if let Some(memory) = memory {
                connect = connect.resuming(memory);
            }
            let begun = Instant::now();
            let why = match connect.try_open(ATTEMPT).await {
                Ok(client) => {
                    (self.heard, self.asked) = (Instant::now(), None);
                    return client;
                }
                Err(why) => why,
            };
            self.is_turned_away(&why, begun.elapsed());
            tokio::time::sleep(Duration::from_millis(self.dice.u64(pause / 4..pause))).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
        unreachable!("there is always another door")
    }

    fn is_turned_away(&self, why: &Unwelcome, took: Duration) {
        let (status, expected) = match why {
            Unwelcome::Refused(answer) => {
                answer.says_when_to_retry();
                (Some(answer.status), [429, 503].contains(&answer.status))
            }
            Unwelcome::Unreachable(_) => (None, true),
            Unwelcome::Ended(code) => (None, COMES_BACK.contains(code)),
        };
        if self.plan.weather == Weather::Calm || !expected {
            self.record.violation(format!("nobody opens: {why:?}"));
        }
        let what = Happening::TurnedAway { status, took };
        self.record.happened(Instant::now(), self.seat, what);
    }
}
