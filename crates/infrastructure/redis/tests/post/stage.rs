//! Nodes with a post and a mailbox that remembers, and nothing else.

use passerby_application::ports::{
    Address, Clock, Consignment, Handover, HandoverAnswer, HandoverRequest, Hearing, Letter, Outcome,
    Peers as _, Stamp, Unsent,
};
use passerby_domain::id::{ChatId, Generation, Incarnation, UserId};
use passerby_domain::notice::Secret;
use passerby_domain::time::Moment;
use passerby_memory::SystemClock;
use passerby_redis::seal::Secrets;
use passerby_redis::time::{RedisMillis, RedisTime};
use passerby_redis::{
    Inbox, Incoming, Link, Mailbox, PostOptions, Redis, RedisMode, RedisOptions, RedisPost, client,
};
use passerby_tests::redis::{Cluster, Keeps, Standalone};
use passerby_tests::{PATIENCE, succeeds};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

/// How often nodes look after their inboxes: more often than in earnest, so that tests are soon over.
const BEAT: Duration = Duration::from_millis(100);

/// What came to a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Letter {
        from: Incarnation,
        number: u64,
        text: String,
    },
    Gap {
        from: Incarnation,
    },
    EndOfBatch,
}

type Give = dyn Fn(Incarnation, HandoverRequest) -> Option<HandoverAnswer> + Send + Sync;

/// When a letter came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

/// A mailbox that remembers what came.
pub(crate) struct Recorder {
    events: Mutex<VecDeque<Event>>,
    arrivals: Mutex<Vec<Arrival>>,
    give: Mutex<Box<Give>>,
    changed: tokio::sync::Notify,
}

impl Recorder {
    fn new() -> Self {
        Self {
            events: Mutex::default(),
            arrivals: Mutex::default(),
            give: Mutex::new(Box::new(|_, _| None)),
            changed: tokio::sync::Notify::new(),
        }
    }

    fn note(&self, event: Event) {
        self.events().push_back(event);
        self.changed.notify_one();
    }

    pub(crate) fn events(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.events.lock().expect("nobody panics with the events")
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().expect("nobody panics with them").clone()
    }

    /// The numbers of all letters that have come so far.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let events = self.events();
        events
            .iter()
            .filter_map(|event| match event {
                Event::Letter { number, .. } => Some(*number),
                Event::Gap { .. } | Event::EndOfBatch => None,
            })
            .collect()
    }

    pub(crate) fn gaps(&self) -> usize {
        self.events()
            .iter()
            .filter(|event| matches!(event, Event::Gap { .. }))
            .count()
    }

    /// Waits until what has come is enough.
    pub(crate) async fn until(&self, what: &str, mut enough: impl FnMut(&Self) -> bool) {
        let waited = async {
            while !enough(self) {
                self.changed.notified().await;
            }
        };
        let came = timeout(PATIENCE, waited).await;
        assert!(came.is_ok(), "{what}: {:?}", self.numbers());
    }
}

impl Mailbox for Recorder {
    fn deliver(&self, from: Incarnation, letter: Letter<'_>) {
        let (Consignment(number), text) = match letter {
            Letter::Signal {
                consignment,
                data: Secret(text),
                ..
            } => (consignment, text),
            Letter::Receipt { consignment, .. } => (consignment, ""),
            other => panic!("nobody sent {other:?}"),
        };
        let text = text.to_owned();
        let at = Instant::now();
        self.arrivals
            .lock()
            .expect("nobody panics with them")
            .push(Arrival { number, at });
        self.note(Event::Letter { from, number, text });
    }

    fn hand_over(&self, from: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer> {
        (self.give.lock().expect("nobody panics with it"))(from, request)
    }

    fn end_of_batch(&self) {
        self.note(Event::EndOfBatch);
    }

    fn gap(&self, from: Incarnation) {
        self.note(Event::Gap { from });
    }
}

/// How a node of a test differs from others.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) secret: &'static [u8],
    pub(crate) options: PostOptions,
    pub(crate) redis: RedisOptions,
}

impl Plan {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self {
            secret: b"a secret that all nodes share",
            options: PostOptions::default(),
            redis: RedisOptions::standalone(format!("redis://{address}")),
        }
    }

    pub(crate) fn in_cluster(cluster: &Cluster) -> Self {
        let urls = cluster
            .addresses()
            .iter()
            .map(|address| format!("redis://{address}"))
            .collect();
        Self {
            redis: RedisOptions {
                mode: RedisMode::Cluster,
                urls,
                ..RedisOptions::standalone("")
            },
            ..Self::at(SocketAddr::from(([127, 0, 0, 1], 1)))
        }
    }
}

/// A node, as far as its post goes.
pub(crate) struct Node {
    pub(crate) post: RedisPost,
    pub(crate) mailbox: Arc<Recorder>,
    pub(crate) redis: Redis,
    pub(crate) time: Arc<RedisTime>,
    tasks: Vec<JoinHandle<()>>,
    incoming: Option<Incoming>,
    reading: Option<JoinHandle<()>>,
    beating: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a node, and waits until others can write to it.
    pub(crate) async fn start(plan: &Plan) -> Self {
        let mut node = Self::start_without_reading(plan).await;
        node.start_reading();
        node
    }

    /// Starts a node that does not read yet.
    pub(crate) async fn start_without_reading(plan: &Plan) -> Self {
        static LIVES: AtomicU64 = AtomicU64::new(1);
        let own = Incarnation::from_bits(LIVES.fetch_add(1, Ordering::Relaxed) << 32 | 7);
        let (redis, keeper) = Redis::open(&plan.redis).expect("the options are fit for use");
        let keeping = tokio::spawn(keeper.run());
        let mut link = redis.link();
        let up = link.wait_for(|link| matches!(link, Link::Up { .. }));
        timeout(PATIENCE, up)
            .await
            .expect("redis can be asked")
            .expect("a link");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let time = Arc::new(RedisTime::new(clock));
        let secrets = Secrets {
            current: plan.secret,
            previous: &[],
        };
        let (post, outgoing, incoming) =
            RedisPost::new(redis.clone(), Arc::clone(&time), secrets, own, plan.options);
        let mailbox = Arc::new(Recorder::new());
        learn(&redis, &time).await;
        assert_eq!(post.keep_inbox().await.expect("the inbox is made"), Inbox::Made);
        let beating = tokio::spawn(beat(post.clone(), redis.clone(), Arc::clone(&time)));
        Self {
            post,
            mailbox,
            redis,
            time,
            tasks: vec![keeping, tokio::spawn(outgoing.run())],
            incoming: Some(incoming),
            reading: None,
            beating: Some(beating),
        }
    }

    pub(crate) fn own(&self) -> Incarnation {
        self.post.own()
    }

    /// The name of its inbox.
    pub(crate) fn inbox(&self) -> String {
        self.redis.keys().inbox(self.own()).as_str().to_owned()
    }

    pub(crate) fn send(&self, to: Incarnation, number: u64, text: &str) -> Result<(), Unsent> {
        let letter = Letter::Signal {
            address: address(),
            consignment: Consignment(number),
            data: Secret(text),
        };
        self.post.send(to, &letter)
    }

    /// Sends the answer to a message, which is remembered as a letter with this number and without a text.
    pub(crate) fn send_receipt(&self, to: Incarnation, number: u64) -> Result<(), Unsent> {
        let letter = Letter::Receipt {
            address: address(),
            consignment: Consignment(number),
            outcome: Outcome::Received,
        };
        self.post.send(to, &letter)
    }

    /// Sends letters with these numbers, and waits for room where there is none.
    pub(crate) async fn send_all(&self, to: Incarnation, numbers: std::ops::Range<u64>) {
        for number in numbers {
            if self.send(to, number, "hello").is_err() {
                succeeds("there is room", PATIENCE, async || self.send(to, number, "hello")).await;
            }
        }
    }

    /// Sends letters until one arrives. The number of the first one that did.
    pub(crate) async fn gets_through(&self, to: &Self, mut number: u64) -> u64 {
        let first = number;
        succeeds("letters get through again", PATIENCE * 2, async || {
            let arrived = to.mailbox.numbers().into_iter().find(|arrived| *arrived >= first);
            if arrived.is_none() {
                let _ = self.send(to.own(), number, "hello?");
                number += 1;
            }
            arrived.ok_or("nothing has arrived")
        })
        .await
    }

    /// From now on it reads what comes.
    pub(crate) fn start_reading(&mut self) {
        if let Some(incoming) = self.incoming.take() {
            self.reading = Some(tokio::spawn(incoming.run(Arc::clone(&self.mailbox))));
        }
    }

    /// From now on it neither keeps its inbox nor asks for the time.
    pub(crate) fn stop_beating(&mut self) {
        if let Some(beating) = self.beating.take() {
            beating.abort();
        }
    }

    pub(crate) fn gives(
        &self,
        give: impl Fn(Incarnation, HandoverRequest) -> Option<Box<Handover>> + Send + Sync + 'static,
    ) {
        self.answers(move |from, request| give(from, request).map(HandoverAnswer::Given));
    }

    pub(crate) fn answers(
        &self,
        answer: impl Fn(Incarnation, HandoverRequest) -> Option<HandoverAnswer> + Send + Sync + 'static,
    ) {
        *self.mailbox.give.lock().expect("nobody panics with it") = Box::new(answer);
    }

    /// Asks `there` for a seat; what it gives.
    pub(crate) async fn asks(&self, there: &Self, request: HandoverRequest) -> Option<Box<Handover>> {
        match self.post.ask_for(there.own(), request, &Deaf).await? {
            HandoverAnswer::Given(handover) => Some(handover),
            HandoverAnswer::Stays
            | HandoverAnswer::Ended
            | HandoverAnswer::With(_)
            | HandoverAnswer::Unknown
            | HandoverAnswer::Newer => None,
        }
    }
}

/// Hears nobody.
pub(crate) struct Deaf;

impl Hearing for Deaf {
    fn hears(&self, _peer: Incarnation) -> bool {
        false
    }
}

/// Hears all.
pub(crate) struct Attentive;

impl Hearing for Attentive {
    fn hears(&self, _peer: Incarnation) -> bool {
        true
    }
}

/// A server, and two nodes that write to each other by it.
pub(crate) async fn two_nodes() -> (Standalone, Node, Node) {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan::at(server.address());
    let (here, there) = (Node::start(&plan).await, Node::start(&plan).await);
    (server, here, there)
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop_beating();
        for task in self.tasks.iter().chain(&self.reading) {
            task.abort();
        }
    }
}

fn address() -> Address {
    Address {
        chat: ChatId::from_bits(1),
        from: Stamp {
            seat: UserId::from_bits(2),
            generation: Generation::new(3),
        },
        to: UserId::from_bits(4),
    }
}

async fn beat(post: RedisPost, redis: Redis, time: Arc<RedisTime>) {
    let mut beats = interval(BEAT);
    loop {
        beats.tick().await;
        learn(&redis, &time).await;
        let _ = post.keep_inbox().await;
    }
}

/// Asks Redis for its time.
pub(crate) async fn learn(redis: &Redis, time: &RedisTime) {
    let asked: Moment = time.moment();
    let key = redis.keys().pairing("");
    // In a cluster any of these servers would do: they share a clock.
    let script = passerby_redis::Script::new("return redis.call('TIME')");
    if let Ok((seconds, micros)) = redis.script::<(u64, u64)>(&script, &[&key], 0).await {
        time.learn(asked, RedisMillis(seconds * 1_000 + micros / 1_000));
    }
}

/// The answer to a command, for what `redis-cli` cannot say: bytes.
pub(crate) async fn ask<T: client::FromRedisValue>(node: &Node, command: &client::Cmd) -> T {
    let key = node.redis.keys().inbox(node.own());
    node.redis.command(&key, command).await.expect("redis answers")
}
