//! Two strangers meet, talk, part and meet again: a whole node without a socket and without a runtime.
//!
//! Everything but the connection comes from `passerby-memory` and `passerby-identity`. The connection is this
//! program's own: it turns notices into lines and keeps them. One thread is the node's clockwork.
//!
//! ```sh
//! cargo run -p passerby-application --example two_strangers
//! ```

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example shows what it does"
)]

use passerby_application::ports::{
    Backlog, Clock, Encoder, Fact, Farewell, Observer, PairingRules, Ports, SameOrigin, Screened, TextScreen,
    Wire, Written,
};
use passerby_application::{Adapters, Arrival, Chat, Connected, Departure, Deployment, Entry, Options};
use passerby_domain::criteria::{Criteria, Interest, Interests, Patience};
use passerby_domain::flood::Rate;
use passerby_domain::id::{NodeId, Seq};
use passerby_domain::notice::Notice;
use passerby_domain::text::{MessageId, Text};
use passerby_domain::time::Millis;
use passerby_identity::KeyedIdentity;
use passerby_memory::hub::{Hub, OutboxLimits};
use passerby_memory::{
    MemoryBans, MemoryPairing, MemoryReports, NoPeers, OriginLimiter, OriginLimits, SystemClock,
};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// The adapters of this node.
struct Demo;

impl Ports for Demo {
    type Pairing = MemoryPairing<SystemClock>;
    type Wire = Transcript;
    type Peers = NoPeers;
    type Delivery = Hub<Transcript, Arc<SystemClock>>;
    type Clock = Arc<SystemClock>;
    type Identity = KeyedIdentity;
    type Limiter = OriginLimiter<SystemClock>;
    type Screen = NoShouting;
    type Observer = NobodyCounts;
}

/// How notices look on a [`Transcript`]: a line each.
struct Lines;

impl Encoder for Lines {
    fn encode(&self, notice: &Notice<'_>, _seq: Option<Seq>, out: &mut Vec<u8>) {
        let line = match notice {
            Notice::Welcome(_) => "welcome".to_owned(),
            Notice::Waiting(_) => "waiting".to_owned(),
            Notice::Matched { chat, facts } => {
                let common: Vec<&str> = facts.common_interests.iter().map(Interest::as_str).collect();
                format!("matched {chat} {}", common.join(","))
            }
            Notice::Message { text, .. } => format!("message {}", text.0),
            Notice::Ack { id, .. } => format!("ack {id}"),
            Notice::ChatEnded { reason, .. } => format!("chat_ended {reason:?}"),
            other => format!("{other:?}"),
        };
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
}

/// A connection that keeps all that is written to it. A real one would give the bytes to a socket.
#[derive(Default)]
struct Transcript {
    text: Mutex<String>,
    grown: Condvar,
}

impl Transcript {
    /// Waits until there are `count` lines that begin with `start`, and answers with the last of them.
    fn wait_for(&self, count: usize, start: &str) -> String {
        let text = self.text.lock().expect("nobody panics");
        let too_few = |text: &mut String| text.lines().filter(|line| line.starts_with(start)).count() < count;
        let text = self.grown.wait_while(text, too_few).expect("nobody panics");
        let mut lines = text.lines().filter(|line| line.starts_with(start));
        lines.next_back().unwrap_or_default().to_owned()
    }

    /// The chat of the last `matched`, as a client would name it.
    fn chat(&self) -> String {
        let line = self.wait_for(1, "matched ");
        line.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

impl Wire for Transcript {
    type Encoder = Lines;

    fn write(&self, first: &[u8], second: &[u8]) -> Written {
        let mut text = self.text.lock().expect("nobody panics");
        for part in [first, second] {
            text.push_str(&String::from_utf8_lossy(part));
        }
        self.grown.notify_all();
        Written::Some(first.len() + second.len())
    }

    // Never called, since a transcript takes all it is given.
    fn drain(self: &Arc<Self>, _backlog: Arc<dyn Backlog>) {}

    fn close(&self, rest: Vec<u8>, _why: Farewell) {
        self.write(&rest, &[]);
    }
}

/// A content rule of one's own.
struct NoShouting;

impl TextScreen for NoShouting {
    fn screen(&self, text: Text<'_>) -> Screened {
        if text.as_str().ends_with("!!!") {
            Screened::Rejected
        } else {
            Screened::Pass
        }
    }
}

/// Where metrics would be counted.
struct NobodyCounts;

impl Observer for NobodyCounts {
    fn note(&self, _fact: Fact) {}
}

fn node() -> Chat<Demo> {
    let clock = Arc::new(SystemClock::start());
    let rules = PairingRules {
        patience: Patience {
            interests: Millis::from_secs(8),
            language: Millis::from_secs(15),
        },
        same_origin: SameOrigin::Allowed,
    };
    let limits = OutboxLimits {
        events: 64,
        bytes: 256 * 1024,
        retention: Millis::from_secs(45),
    };
    let adapters = Adapters {
        pairing: MemoryPairing::new(rules, clock.clone()),
        peers: NoPeers,
        delivery: Hub::new(limits, Lines, clock.clone()),
        limiter: OriginLimiter::new(OriginLimits::default(), clock.clone()),
        clock,
        identity: KeyedIdentity::with_random_secret().expect("the system gives random numbers"),
        screen: NoShouting,
        observer: NobodyCounts,
        reports: Arc::new(MemoryReports::new()),
        bans: Arc::new(MemoryBans::new()),
    };
    let options = Options {
        node: NodeId::parse("demo").expect("a name"),
        deployment: Deployment::Alone,
        resume_grace: Millis::from_secs(20),
        reload_grace: Millis::from_secs(3),
        idle_timeout: Millis::from_secs(900),
        // So short that they meet again while you watch.
        rematch_cooldown: Millis::new(200),
        block_ttl: Millis::from_secs(30 * 24 * 3_600),
        messages: Rate::per_second(10, 20),
        commands: Rate::per_second(30, 60),
        skips: Rate::per_minute(20, 5),
        returns: Rate::per_second(1, 30),
        reports: Rate::per_minute(2, 200),
        message_chars: 2_000,
    };
    Chat::new(options, adapters)
}

/// Somebody comes for the queue, and would like to talk about tea.
fn arrive(chat: &Chat<Demo>) -> (Connected<Demo>, Arc<Transcript>) {
    let wire = Arc::new(Transcript::default());
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let arrival = Arrival {
        admission: block_on(chat.admit(address)).expect("there are no limits"),
        wire: wire.clone(),
        criteria: Criteria {
            interests: Interests::parse(["Tea"]).expect("an interest"),
            ..Criteria::default()
        },
        entry: Entry::Queue,
    };
    let connected = block_on(chat.connect(arrival)).expect("nobody is banned");
    (connected, wire)
}

/// Wakes a thread that is parked.
struct Bell(Thread);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn bell() -> Waker {
    Arc::new(Bell(thread::current())).into()
}

/// All the runtime that adapters need which never wait. With others, use the runtime they are made for.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&bell())) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// What a node does by itself: acts on each deadline when it has come, and tells the store each second that it lives.
fn clockwork(chat: &Chat<Demo>, is_over: &AtomicBool) {
    const HEARTBEAT: Duration = Duration::from_secs(1);
    while !is_over.load(Ordering::Acquire) {
        let deadline = chat.next_deadline();
        let now = chat.adapters().clock.now();
        let left = deadline.map_or(HEARTBEAT, |deadline| deadline.since(now).into());
        // Rings when an earlier deadline comes, so that nobody has to look now and then.
        let mut earlier = pin!(chat.deadline_before(deadline));
        if earlier
            .as_mut()
            .poll(&mut Context::from_waker(&bell()))
            .is_pending()
        {
            thread::park_timeout(left.min(HEARTBEAT));
        }
        block_on(chat.reap());
        block_on(chat.heartbeat()).expect("the store in memory never fails");
    }
}

/// Ada's and Ben's transcripts.
fn converse() -> [String; 2] {
    let chat = node();
    let is_over = AtomicBool::new(false);
    let transcripts = thread::scope(|scope| {
        let clockwork = scope.spawn(|| clockwork(&chat, &is_over));
        let (ada, ada_hears) = arrive(&chat);
        let (ben, ben_hears) = arrive(&chat);

        let id = MessageId::parse("first").expect("an id");
        chat.message(&ada.seat, &ada_hears.chat(), "Green or black?", Some(id))
            .expect("Ben is there");
        chat.message(&ada.seat, &ada_hears.chat(), "Say it!!!", None)
            .expect_err("shouting is against the rules");
        // Many messages may be written at once.
        chat.flush(&ada.seat);

        block_on(chat.skip(&ben.seat, &ben_hears.chat())).expect("this is his chat");
        // The clockwork pairs them once their cooldown is over, as nobody else is there.
        ada_hears.wait_for(2, "matched ");
        ben_hears.wait_for(2, "matched ");
        block_on(chat.disconnect(&ben.seat, ben.connection, Departure::Left));
        block_on(chat.disconnect(&ada.seat, ada.connection, Departure::Left));

        is_over.store(true, Ordering::Release);
        clockwork.thread().unpark();
        [ada_hears, ben_hears]
    });
    transcripts.map(|wire| wire.text.lock().expect("nobody panics").clone())
}

fn main() {
    let [ada, ben] = converse();
    println!("Ada\n---\n{ada}\nBen\n---\n{ben}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_strangers_meet_talk_part_and_meet_again() {
        let [ada, ben] = super::converse();
        let first_words = |transcript: &str| {
            let words = transcript.lines().map(|line| match line.split_once(' ') {
                Some(("matched", _)) => "matched",
                _ => line,
            });
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            first_words(&ada),
            [
                "welcome",
                "waiting",
                "matched",
                "ack first",
                "chat_ended PartnerSkipped",
                "waiting",
                "matched",
                "chat_ended PartnerLeft",
                "waiting"
            ]
        );
        assert_eq!(
            first_words(&ben),
            [
                "welcome",
                "matched",
                "message Green or black?",
                "chat_ended YouSkipped",
                "waiting",
                "matched"
            ]
        );
        assert!(
            ada.contains(" tea\n"),
            "they share an interest, in its normal form"
        );
    }
}
