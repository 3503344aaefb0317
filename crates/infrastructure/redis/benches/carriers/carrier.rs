//! The ways to carry.

use futures_util::FutureExt as _;
use passerby_application::ports::{
    Address, Clock, Consignment, HandoverAnswer, HandoverRequest, Letter, Peers as _, Repetition, Stamp,
    Unsent,
};
use passerby_domain::id::{ChatId, Generation, Incarnation, Tenure, UserId};
use passerby_domain::notice::Secret;
use passerby_domain::time::{Moment, UnixMillis};
use passerby_memory::SystemClock;
use passerby_redis::client::aio::MultiplexedConnection;
use passerby_redis::client::{AsyncConnectionConfig, Client, PushInfo, PushKind, Value, cmd, pipe};
use passerby_redis::seal::Secrets;
use passerby_redis::time::{RedisMillis, RedisTime};
use passerby_redis::{Link, Mailbox, PostOptions, Redis, RedisOptions, RedisPost};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// How long a message is: its text, and what has to be said about it.
const MESSAGE: usize = 200;
/// How many batches a stream is read by at once, and after how many it is trimmed.
const READ: usize = 64;
const UNTRIMMED: usize = 128;

/// How messages are carried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Streams,
    PubSub,
    Post,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Streams, Self::PubSub, Self::Post];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::PubSub => "sharded-pub/sub",
            Self::Post => "the-whole-post",
        }
    }

    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .expect("a carrier")
    }
}

/// Which of the two nodes.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Here,
    There,
}

impl Side {
    fn life(self) -> u64 {
        match self {
            Self::Here => 1,
            Self::There => 2,
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Here => Self::There,
            Self::There => Self::Here,
        }
    }

    fn inbox(self) -> String {
        format!("bench:{{{}}}", self.life())
    }
}

/// What is done with a message that came: its number and its stamp.
pub(crate) type Take = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// One end.
#[derive(Clone)]
pub(crate) struct End(Arc<Way>);

enum Way {
    Plain {
        waiting: Mutex<Vec<u8>>,
        wake: Notify,
        batches: AtomicU64,
    },
    Post {
        post: RedisPost,
        to: Incarnation,
    },
}

impl End {
    /// Opens an end and reads what comes to it.
    pub(crate) async fn open(kind: Kind, url: &str, side: Side, take: Take) -> Self {
        match kind {
            Kind::Streams | Kind::PubSub => {
                let end = Self(Arc::new(Way::Plain {
                    waiting: Mutex::default(),
                    wake: Notify::new(),
                    batches: AtomicU64::new(0),
                }));
                let reader = match kind {
                    Kind::Streams => read_stream(url.to_owned(), side, take).boxed(),
                    Kind::PubSub | Kind::Post => read_channel(url.to_owned(), side, take).boxed(),
                };
                tokio::spawn(reader);
                tokio::spawn(write(end.clone(), kind, url.to_owned(), side.other()));
                end
            }
            Kind::Post => open_post(url, side, take).await,
        }
    }

    /// Sends a message, or refuses it aloud.
    pub(crate) fn send(&self, number: u64, stamp: u64) -> Result<(), Unsent> {
        match &*self.0 {
            Way::Plain { waiting, wake, .. } => {
                let mut waiting = waiting.lock().expect("nobody panics with it");
                let was_empty = waiting.is_empty();
                let start = waiting.len();
                waiting.resize(start + MESSAGE, b'x');
                waiting[start..start + 8].copy_from_slice(&number.to_le_bytes());
                waiting[start + 8..start + 16].copy_from_slice(&stamp.to_le_bytes());
                if was_empty {
                    wake.notify_one();
                }
                Ok(())
            }
            Way::Post { post, to } => {
                let letter = Letter::Message {
                    address: Address {
                        chat: ChatId::from_bits(u128::MAX / 3),
                        from: Stamp {
                            seat: UserId::from_bits(u128::MAX / 5),
                            generation: Generation::new(1).next_tenure(Moment::ORIGIN),
                        },
                        to: UserId::from_bits(u128::MAX / 7),
                    },
                    consignment: Consignment(number),
                    tenure: Tenure::FIRST,
                    id: None,
                    repetition: Repetition::No,
                    text: Secret(
                        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
                    ),
                    at: UnixMillis(stamp),
                };
                post.send(*to, &letter)
            }
        }
    }

    /// How many batches were written.
    pub(crate) fn batches(&self) -> u64 {
        match &*self.0 {
            Way::Plain { batches, .. } => batches.load(Ordering::Relaxed),
            Way::Post { post, .. } => post.counts().batches_sent,
        }
    }

    fn take_batch(&self) -> Vec<u8> {
        match &*self.0 {
            Way::Plain { waiting, .. } => std::mem::take(&mut waiting.lock().expect("nobody panics with it")),
            Way::Post { .. } => Vec::new(),
        }
    }
}

async fn connect(url: &str, config: AsyncConnectionConfig) -> Option<MultiplexedConnection> {
    let client = Client::open(url).expect("an address");
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .ok()
}

async fn connected(url: &str, config: impl Fn() -> AsyncConnectionConfig) -> MultiplexedConnection {
    loop {
        if let Some(connection) = connect(url, config()).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes what waits whenever the last write has returned.
async fn write(end: End, kind: Kind, url: String, to: Side) {
    let Way::Plain { wake, batches, .. } = &*end.0 else {
        return;
    };
    let mut connection = connected(&url, AsyncConnectionConfig::new).await;
    loop {
        let batch = end.take_batch();
        if batch.is_empty() {
            wake.notified().await;
            continue;
        }
        let mut command = match kind {
            Kind::Streams => cmd("XADD"),
            Kind::PubSub | Kind::Post => cmd("SPUBLISH"),
        };
        command.arg(to.inbox());
        if kind == Kind::Streams {
            command.arg("*").arg("b");
        }
        command.arg(batch);
        if command.query_async::<Value>(&mut connection).await.is_err() {
            connection = connected(&url, AsyncConnectionConfig::new).await;
        }
        batches.fetch_add(1, Ordering::Relaxed);
    }
}

fn each(batch: &[u8], take: &Take) {
    for message in batch.chunks_exact(MESSAGE) {
        let number = |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().expect("eight bytes"));
        take(number(0), number(8));
    }
}

/// Reads a stream, and makes the connection anew when it does not answer.
async fn read_stream(url: String, side: Side, take: Take) {
    let inbox = side.inbox();
    let mut last = b"0-0".to_vec();
    let mut untrimmed = 0;
    let config = || AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_millis(1_500)));
    let mut connection = connected(&url, config).await;
    loop {
        let mut command = cmd("XREAD");
        command
            .arg("COUNT")
            .arg(READ)
            .arg("BLOCK")
            .arg(1_000)
            .arg("STREAMS")
            .arg(&inbox)
            .arg(&last);
        let read = command.query_async::<Value>(&mut connection).await;
        let Ok(Value::Array(mut streams)) = read else {
            if read.is_err() {
                connection = connected(&url, config).await;
            }
            continue;
        };
        let Some(Value::Array(mut stream)) = streams.pop() else {
            continue;
        };
        let Some(Value::Array(entries)) = stream.pop() else {
            continue;
        };
        for entry in entries {
            let Value::Array(entry) = entry else { continue };
            let [Value::BulkString(id), Value::Array(fields)] = &entry[..] else {
                continue;
            };
            let Some(Value::BulkString(batch)) = fields.get(1) else {
                continue;
            };
            each(batch, &take);
            last.clone_from(id);
            untrimmed += 1;
        }
        if untrimmed >= UNTRIMMED {
            untrimmed = 0;
            let mut trim = pipe();
            trim.cmd("XTRIM").arg(&inbox).arg("MINID").arg("~").arg(&last);
            let _ = trim.query_async::<Value>(&mut connection).await;
        }
    }
}

/// Listens to a channel, and makes the connection anew when it is lost.
async fn read_channel(url: String, side: Side, take: Take) {
    let url = format!("{url}?protocol=resp3");
    loop {
        let (sender, mut pushes) = mpsc::channel::<PushInfo>(65_536);
        let config = || {
            let sender = sender.clone();
            let full = move |push| {
                sender
                    .try_send(push)
                    .map_err(|_| passerby_redis::client::aio::SendError)
            };
            AsyncConnectionConfig::new().set_push_sender(full)
        };
        let mut connection = connected(&url, config).await;
        if cmd("SSUBSCRIBE")
            .arg(side.inbox())
            .query_async::<Value>(&mut connection)
            .await
            .is_err()
        {
            continue;
        }
        while let Some(push) = pushes.recv().await {
            match (push.kind, &push.data[..]) {
                (PushKind::SMessage, [_, Value::BulkString(batch)]) => each(batch, &take),
                (PushKind::Disconnection, _) => break,
                _ => {}
            }
        }
    }
}

struct Taking(Take);

impl Mailbox for Taking {
    fn deliver(&self, _: Incarnation, letter: Letter<'_>) {
        if let Letter::Message { consignment, at, .. } = letter {
            (self.0)(consignment.0, at.0);
        }
    }

    fn hand_over(&self, _: Incarnation, _: HandoverRequest) -> Option<HandoverAnswer> {
        None
    }

    fn end_of_batch(&self) {}

    fn gap(&self, _: Incarnation) {}
}

async fn open_post(url: &str, side: Side, take: Take) -> End {
    let (redis, keeper) = Redis::open(&RedisOptions::standalone(url)).expect("fit options");
    tokio::spawn(keeper.run());
    let mut link = redis.link();
    link.wait_for(|link| matches!(link, Link::Up { .. }))
        .await
        .expect("a link");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let time = Arc::new(RedisTime::new(clock));
    learn(&redis, &time).await;
    let secrets = Secrets {
        current: b"a secret that both nodes share",
        previous: &[],
    };
    let own = Incarnation::from_bits(side.life());
    let (post, outgoing, incoming) = RedisPost::new(
        redis.clone(),
        Arc::clone(&time),
        secrets,
        own,
        PostOptions::default(),
    );
    post.keep_inbox().await.expect("an inbox");
    tokio::spawn(outgoing.run());
    tokio::spawn(incoming.run(Arc::new(Taking(take))));
    let beating = post.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            learn(&redis, &time).await;
            let _ = beating.keep_inbox().await;
        }
    });
    End(Arc::new(Way::Post {
        post,
        to: Incarnation::from_bits(side.other().life()),
    }))
}

async fn learn(redis: &Redis, time: &RedisTime) {
    let asked: Moment = time.moment();
    let script = passerby_redis::Script::new("return redis.call('TIME')");
    let key = redis.keys().pairing("");
    if let Ok((seconds, micros)) = redis.script::<(u64, u64)>(&script, &[&key], 0).await {
        time.learn(asked, RedisMillis(seconds * 1_000 + micros / 1_000));
    }
}
