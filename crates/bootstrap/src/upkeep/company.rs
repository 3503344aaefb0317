//! What keeps a node that shares its store: the lease, the inbox, letters, and making all agree again after a fault.

use crate::telemetry;
use crate::upkeep::Upkeep;
use crate::wiring::{Company, Parts, SharedNode};
use passerby_application::Chat;
use passerby_application::ports::{HandoverAnswer, HandoverRequest, Letter};
use passerby_domain::id::Incarnation;
use passerby_redis::{CheckError, Inbox, Link, Mailbox, Redis, RedisPost};
use passerby_websocket::{Gate, Readiness};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often a node tells that it lives, and asks who else does. Who chats with its users is told that they are away after three
/// in a row that did not come.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// So many in a row that Redis does not take are told to the operator.
const MANY_MISSED: u32 = 4;
/// How long the first one waits for the link: that it is still being made is no failure of Redis.
const FIRST_LINK: Duration = Duration::from_secs(1);
/// How often it looks after what cannot wait.
const TICK: Duration = Duration::from_millis(250);
/// How often it is tried to look at a Redis that is not there.
const CHECK: Duration = Duration::from_secs(5);
/// How often a node that ends looks whether all have what they asked it for.
const ANSWERS: Duration = Duration::from_millis(100);
/// How long the last letters may take.
const LAST_LETTERS: Duration = Duration::from_secs(2);

impl Upkeep<SharedNode> for Company {
    const AT_FIRST: Readiness = Readiness::CutOff;

    fn begin(
        self,
        node: &Parts<SharedNode>,
        tasks: &TaskTracker,
        end: &CancellationToken,
    ) -> impl Future<Output = ()> + Send {
        let Self {
            redis,
            keeper,
            post,
            outgoing,
            incoming,
            limiter,
        } = self;
        register(node, &post);
        let chat = node.chat.clone();
        let letters = Arc::new(Letters {
            chat: chat.clone(),
            tasks: tasks.clone(),
        });
        tasks.spawn(end.clone().run_until_cancelled_owned(keeper.run()));
        tasks.spawn(end.clone().run_until_cancelled_owned(limiter));
        tasks.spawn(end.clone().run_until_cancelled_owned(outgoing.run()));
        tasks.spawn(end.clone().run_until_cancelled_owned(incoming.run(letters)));
        tasks.spawn(
            end.clone()
                .run_until_cancelled_owned(beat(chat.clone(), post.clone(), redis.link())),
        );
        tasks.spawn(
            end.clone()
                .run_until_cancelled_owned(tick(chat.clone(), node.gate.clone())),
        );
        tasks.spawn(end.clone().run_until_cancelled_owned(tend(chat.clone())));
        tasks.spawn(end.clone().run_until_cancelled_owned(check(redis)));
        async move {
            while chat.is_still_asked().await {
                sleep(ANSWERS).await;
            }
            // Whoever has not been fetched by another node is left to whoever comes for them.
            chat.bequeath().await;
            if timeout(LAST_LETTERS, post.settled()).await.is_err() {
                tracing::debug!("some letters could not be sent");
            }
            if let Err(error) = post.close_inbox().await {
                tracing::debug!(error = telemetry::chain(&error), "the inbox could not be closed");
            }
        }
    }
}

/// Looks once whether Redis can do what is asked of it, as soon as it is there.
async fn check(redis: Redis) {
    let mut looks = interval(CHECK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        match redis.check().await {
            Ok(()) => return,
            Err(error @ CheckError::Away(_)) => {
                tracing::debug!(
                    error = telemetry::chain(&error),
                    "it cannot be seen yet what this Redis can do"
                );
            }
            Err(error) => {
                tracing::error!(error = telemetry::chain(&error), "this Redis is not fit for use");
                return;
            }
        }
    }
}

/// What comes from other nodes.
struct Letters {
    chat: Arc<Chat<SharedNode>>,
    tasks: TaskTracker,
}

impl Mailbox for Letters {
    fn deliver(&self, from: Incarnation, letter: Letter<'_>) {
        if let Some(followup) = self.chat.receive(from, letter) {
            self.tasks.spawn(followup);
        }
    }

    fn hand_over(&self, from: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer> {
        self.chat.hand_over(from, request)
    }

    fn end_of_batch(&self) {
        self.chat.flush_received();
    }

    fn gap(&self, _from: Incarnation) {
        self.chat.letters_lost();
    }
}

/// Tells the store twice a second, and sooner after it did not hear, that this node lives and that it has an inbox.
async fn beat(chat: Arc<Chat<SharedNode>>, post: RedisPost, mut link: watch::Receiver<Link>) {
    // Should it not come, the heartbeats say so.
    let is_up = link.wait_for(|link| matches!(link, Link::Up { .. }));
    let _ = timeout(FIRST_LINK, is_up).await;
    let mut ticks = interval(HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_first = true;
    let mut missed = 0_u32;
    loop {
        ticks.tick().await;
        // Others may write as soon as they know of this node.
        match post.keep_inbox().await {
            Ok(Inbox::Kept) => {}
            Ok(Inbox::Made) => {
                if !is_first {
                    chat.letters_lost();
                }
                is_first = false;
            }
            Err(error) => tracing::debug!(error = telemetry::chain(&error), "the inbox could not be kept"),
        }
        match chat.beat().await {
            Ok(()) => missed = 0,
            Err(error) => {
                missed = missed.saturating_add(1);
                let error = telemetry::chain(&error);
                // Whatever the reason is, be it a right that its user lacks, an operator has to know it; and once is enough.
                if missed == MANY_MISSED {
                    tracing::warn!(error, "redis does not take this node's heartbeats");
                } else {
                    tracing::debug!(error, "the heartbeat failed");
                }
                // Others take this node for silent until it is heard.
                ticks.reset_after(TICK);
            }
        }
    }
}

/// Looks after what cannot wait.
async fn tick(chat: Arc<Chat<SharedNode>>, gate: Arc<Gate>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        chat.tick();
        if chat.is_cut_off() {
            gate.change(Readiness::Ready, Readiness::CutOff);
        } else {
            gate.change(Readiness::CutOff, Readiness::Ready);
        }
    }
}

/// Makes all agree again after a fault.
async fn tend(chat: Arc<Chat<SharedNode>>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = chat.tend_is_due() => {}
        }
        chat.tend().await;
    }
}

/// Metrics of letters and of what scripts found.
fn register(node: &Parts<SharedNode>, post: &RedisPost) {
    let (counts, lost, dropped) = (post.clone(), post.clone(), post.clone());
    let (strays, unreadable, namesakes) = (node.chat.clone(), node.chat.clone(), node.chat.clone());
    let registered = [
        node.metrics.register_counter_source(
            "passerby_letters_lost",
            "Letters to other nodes that could not be delivered in time",
            move || lost.counts().letters_lost,
        ),
        node.metrics.register_labelled_counter_source(
            "passerby_batches_dropped",
            "Batches of letters, or letters, that were thrown away unread: come too late, come before, forged or damaged, \
             of another version or secret, or not understood",
            "reason",
            move || {
                let counts = dropped.counts();
                vec![
                    ("late", counts.dropped_late),
                    ("duplicate", counts.dropped_duplicate),
                    ("forged", counts.dropped_forged),
                    ("foreign", counts.dropped_foreign),
                    ("malformed", counts.dropped_malformed),
                ]
            },
        ),
        node.metrics.register_counter_source(
            "passerby_letters_received",
            "Letters that came from other nodes",
            move || counts.counts().letters_received,
        ),
        node.metrics.register_counter_source(
            "passerby_queue_strays",
            "Entries of the queue whose seat nobody holds, found and removed; never to be while no node fails",
            move || strays.adapters().pairing.anomalies().strays(),
        ),
        node.metrics.register_counter_source(
            "passerby_records_unreadable",
            "What the store knows of seats and this node cannot read: another node has another secret or version",
            move || unreadable.adapters().pairing.anomalies().unreadable(),
        ),
        node.metrics.register_counter_source(
            "passerby_node_namesakes",
            "Heartbeats at which another node lived that has this one's node.id; never to be",
            move || namesakes.adapters().pairing.anomalies().namesakes(),
        ),
    ];
    if registered.into_iter().any(|registered| registered.is_err()) {
        tracing::warn!("a metric could not be registered");
    }
}
