//! Sending what waits.
//!
//! **Architecture Invariants.** One future serves all links, and does nothing while nothing waits. A batch that Redis may
//! or may not have taken is sent again as it is, so that whoever reads it twice knows; it is never sealed anew. After two
//! seconds it is given up, and so is what waited behind it for as long.

use super::envelope::HEADER_BYTES;
use super::link::{Courier, Link, Next, Urgency};
use super::queue::Chunk;
use super::{PATIENCE, Shared};
use deadpool_redis::redis::{self, Cmd, Value};
use futures_util::future::{OptionFuture, join};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use passerby_application::ports::Unsent;
use passerby_domain::time::{Millis, Moment};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long what is not urgent waits for company.
const LINGER: Duration = Duration::from_millis(2);
/// A node is not written to twice in one millisecond: under load, what comes meanwhile goes along, which costs each letter
/// a millisecond or two and spares three processes a wake-up.
const PACE: Duration = Duration::from_millis(1);
/// Between two tries of one batch.
const PAUSE: Duration = Duration::from_millis(50);
/// An inbox is looked at whenever so much was written to it.
const UNLOOKED_BATCHES: u32 = 64;
const UNLOOKED_BYTES: usize = 1024 * 1024;

/// Sends what this node writes to others.
pub struct Outgoing {
    shared: Arc<Shared>,
}

impl Outgoing {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Never returns. Nothing is sent without it. Dropping the future loses what waits.
    pub async fn run(self) {
        let ready = &self.shared.ready;
        let mut journeys = FuturesUnordered::new();
        // Rings for what lingers.
        let mut alarm = pin!(None);
        loop {
            tokio::select! {
                biased;
                () = ready.begins(Urgency::Now) => {
                    journeys.extend(ready.take(Urgency::Now).into_iter().map(|link| journey(&self.shared, link)));
                }
                () = ready.begins(Urgency::Later) => alarm.set(Some(sleep(LINGER))),
                Some(()) = OptionFuture::from(alarm.as_mut().as_pin_mut()) => {
                    alarm.set(None);
                    journeys.extend(ready.take(Urgency::Later).into_iter().map(|link| journey(&self.shared, link)));
                }
                Some(()) = journeys.next() => self.shared.rested.notify_waiters(),
            }
        }
    }
}

/// Sends batch by batch until nothing urgent waits.
async fn journey(shared: &Shared, link: Arc<Link>) {
    let Some(mut courier) = link.set_out() else {
        return;
    };
    loop {
        if courier.set_out == Some(shared.time.moment()) {
            sleep(PACE).await;
        }
        match link.next(courier, || shared.time.moment()) {
            Next::Batch(mut with, chunk) => {
                with.set_out = Some(shared.time.moment());
                send(shared, &link, &mut with, chunk).await;
                courier = with;
            }
            Next::Linger => return shared.ready.add(&link, Urgency::Later),
            Next::Rest => return,
        }
    }
}

/// Sends one batch, or gives it up.
async fn send(shared: &Shared, link: &Link, courier: &mut Courier, chunk: Chunk) {
    let Chunk {
        mut bytes,
        frames,
        since,
    } = chunk;
    let until = since + PATIENCE;
    let sealed = match shared.time.offset() {
        Some(offset) if shared.time.moment() <= until => {
            courier.sealing.seal(&mut bytes, offset.to_redis(until));
            append(link, &bytes)
        }
        _ => {
            courier.sealing.skip();
            shared.counters.letters_lost.many(frames);
            link.give_back(bytes);
            return;
        }
    };
    let length = bytes.len();
    link.give_back(bytes);
    if deliver(shared, link, courier, &sealed, until).await {
        courier.batches += 1;
        courier.bytes += length;
        shared.counters.batches_sent.one();
        shared.counters.letters_sent.many(frames);
    } else {
        shared.counters.letters_lost.many(frames);
    }
}

fn append(link: &Link, envelope: &[u8]) -> Cmd {
    debug_assert!(envelope.len() > HEADER_BYTES);
    let mut command = redis::cmd("XADD");
    command
        .arg(link.inbox().as_str())
        .arg("NOMKSTREAM")
        .arg("*")
        .arg("b")
        .arg(envelope);
    command
}

/// Whether the batch is in the inbox, as far as is known.
async fn deliver(shared: &Shared, link: &Link, courier: &mut Courier, batch: &Cmd, until: Moment) -> bool {
    let mut is_closed = false;
    loop {
        match attempt(shared, link, courier, batch).await {
            Ok(()) => {
                if is_closed || link.is_closed() {
                    link.open();
                }
                return true;
            }
            Err(why) => {
                is_closed = true;
                link.close(why);
                if why == Unsent::Gone {
                    shared.asks.give_up(link.to());
                }
            }
        }
        if shared.time.moment() + Millis::from(PAUSE) > until {
            return false;
        }
        sleep(PAUSE).await;
    }
}

async fn attempt(shared: &Shared, link: &Link, courier: &mut Courier, batch: &Cmd) -> Result<(), Unsent> {
    if courier.batches >= UNLOOKED_BATCHES || courier.bytes >= UNLOOKED_BYTES {
        look(shared, link).await?;
        courier.batches = 0;
        courier.bytes = 0;
    }
    match shared.redis.command(link.inbox(), batch).await {
        Ok(Value::Nil) => Err(Unsent::Gone),
        Ok(_) => Ok(()),
        // Whatever the reason is, nothing can be sent.
        Err(_) => Err(Unsent::Cut),
    }
}

/// Whether there is room in the inbox.
async fn look(shared: &Shared, link: &Link) -> Result<(), Unsent> {
    let ask = |words: &[&str]| {
        let mut command = Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.arg(link.inbox().as_str());
        command
    };
    let (length, memory) = (ask(&["XLEN"]), ask(&["MEMORY", "USAGE"]));
    let (batches, bytes) = join(
        shared.redis.command::<u64>(link.inbox(), &length),
        shared.redis.command::<Option<u64>>(link.inbox(), &memory),
    )
    .await;
    let batches = batches.map_err(|_| Unsent::Cut)?;
    // A server that does not let this node ask for it is full by the number of batches alone.
    let bytes = bytes.ok().flatten().unwrap_or(0);
    if batches >= shared.options.inbox_batches || bytes >= shared.options.inbox_bytes {
        return Err(Unsent::Full);
    }
    Ok(())
}
