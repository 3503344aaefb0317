//! What a message costs from its frame to the partner's socket, without the socket: parsed, checked, passed on, written
//! and acknowledged, with the adapters of one node.
//!
//! The allocator counts. Nothing is to be allocated on the way; what is printed beyond zero is what a replay ring grows by
//! now and then.
//!
//! Run with `cargo bench -p passerby-bootstrap`.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench may")]

use divan::{AllocProfiler, Bencher, black_box};
use passerby_admin::Metrics;
use passerby_application::ports::{
    Backlog, Farewell, PairingRules, Ports, SameOrigin, Screened, TextScreen, Wire, Written,
};
use passerby_application::testing::run;
use passerby_application::{Adapters, Arrival, Chat, Connected, Deployment, Entry, Options};
use passerby_domain::criteria::{Criteria, Patience};
use passerby_domain::id::NodeId;
use passerby_domain::text::{MessageId, Text};
use passerby_domain::time::Millis;
use passerby_identity::KeyedIdentity;
use passerby_memory::hub::{Hub, OutboxLimits};
use passerby_memory::{
    MemoryBans, MemoryPairing, MemoryReports, NoPeers, OriginLimiter, OriginLimits, SystemClock,
};
use passerby_protocol::{Command, parse};
use passerby_websocket::EventEncoder;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[global_allocator]
static COUNTED: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// A connection that takes everything and keeps nothing but the text of the first words.
#[derive(Default)]
struct Drain {
    written: AtomicUsize,
    beginning: Mutex<Option<String>>,
}

impl Wire for Drain {
    type Encoder = EventEncoder;

    fn write(&self, first: &[u8], second: &[u8]) -> Written {
        if let Some(beginning) = &mut *self.beginning.lock().expect("nobody panics") {
            for part in [first, second] {
                beginning.push_str(&String::from_utf8_lossy(part));
            }
        }
        let len = first.len() + second.len();
        self.written.fetch_add(len, Ordering::Relaxed);
        Written::Some(len)
    }

    // Never called, since all is taken at once.
    fn drain(self: &Arc<Self>, _backlog: Arc<dyn Backlog>) {}

    fn close(&self, _rest: Vec<u8>, why: Farewell) {
        panic!("hung up on: {why:?}");
    }
}

struct EverythingPasses;

impl TextScreen for EverythingPasses {
    fn screen(&self, _text: Text<'_>) -> Screened {
        Screened::Pass
    }
}

struct Single;

impl Ports for Single {
    type Pairing = MemoryPairing<SystemClock>;
    type Peers = NoPeers;
    type Wire = Drain;
    type Delivery = Hub<Drain, Arc<SystemClock>>;
    type Clock = Arc<SystemClock>;
    type Identity = KeyedIdentity;
    type Limiter = OriginLimiter<SystemClock>;
    type Screen = EverythingPasses;
    type Observer = Metrics;
}

fn node() -> Chat<Single> {
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
    let encoder = EventEncoder {
        message_chars: 2_000,
        frame_bytes: 32_768,
        ice_servers: Vec::new(),
    };
    let name = NodeId::parse("bench").expect("a name");
    let adapters = Adapters {
        pairing: MemoryPairing::new(rules, clock.clone()),
        peers: NoPeers,
        delivery: Hub::new(limits, encoder, clock.clone()),
        limiter: OriginLimiter::new(OriginLimits::default(), clock.clone()),
        clock,
        identity: KeyedIdentity::with_random_secret().expect("the system gives random numbers"),
        screen: EverythingPasses,
        observer: Metrics::new(&name, "0"),
        reports: Arc::new(MemoryReports::new()),
        bans: Arc::new(MemoryBans::new()),
    };
    let options = Options {
        node: name,
        deployment: Deployment::Alone,
        resume_grace: Millis::from_secs(20),
        reload_grace: Millis::from_secs(3),
        idle_timeout: Millis::from_secs(900),
        rematch_cooldown: Millis::from_secs(60),
        block_ttl: Millis::from_secs(3_600),
        messages: None,
        commands: None,
        skips: None,
        returns: None,
        reports: None,
        message_chars: 2_000,
    };
    Chat::new(options, adapters)
}

fn arrive(chat: &Chat<Single>) -> (Connected<Single>, Arc<Drain>) {
    let wire = Arc::new(Drain::default());
    *wire.beginning.lock().expect("nobody panics") = Some(String::new());
    let arrival = Arrival {
        admission: run(chat.admit(Ipv4Addr::LOCALHOST.into())).expect("there are no limits"),
        wire: wire.clone(),
        criteria: Criteria::default(),
        entry: Entry::Queue,
    };
    (run(chat.connect(arrival)).expect("nobody is banned"), wire)
}

/// Two who are in a chat, and its name.
struct Pair {
    chat: Chat<Single>,
    ann: Connected<Single>,
    _ben: Connected<Single>,
    heard: Arc<Drain>,
    name: String,
}

impl Pair {
    fn meet() -> Self {
        let chat = node();
        let (ann, told) = arrive(&chat);
        let (ben, heard) = arrive(&chat);
        chat.flush(&ann.seat);
        let beginning = told.beginning.lock().expect("nobody panics").take();
        heard.beginning.lock().expect("nobody panics").take();
        let beginning = beginning.expect("it was kept");
        let name = beginning
            .split("\"chat_id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let name = name.expect("they are in a chat").to_owned();
        Self {
            chat,
            ann,
            _ben: ben,
            heard,
            name,
        }
    }

    /// Obeys one frame, as a connection does.
    fn obey(&self, frame: &str) {
        let frame = parse(frame).expect("a frame");
        let id = frame.id.as_deref().and_then(|id| MessageId::parse(id).ok());
        let Command::Message { chat_id, text } = frame.command else {
            panic!("it is a message");
        };
        self.chat
            .message(&self.ann.seat, &chat_id, &text, id)
            .expect("they are in a chat");
        self.chat.flush(&self.ann.seat);
    }
}

/// Messages of so many characters, each with an id of its own.
#[divan::bench(args = [10, 100, 2_000])]
fn message(bencher: Bencher<'_, '_>, characters: usize) {
    let pair = Pair::meet();
    let text = "x".repeat(characters);
    let mut number = 0_u64;
    let mut frame = String::with_capacity(characters + 200);
    let mut one = || {
        number += 1;
        frame.clear();
        let name = &pair.name;
        // There is room for it, so that the frame itself costs nothing that is counted.
        let _ = write!(
            frame,
            r#"{{"type":"message","chat_id":"{name}","id":"{number}","text":"{text}"}}"#
        );
        pair.obey(black_box(&frame));
    };
    // The rings have grown to their size.
    (0..2_000).for_each(|_| one());
    bencher.bench_local(one);
    assert!(pair.heard.written.load(Ordering::Relaxed) > 2_000 * characters);
}
