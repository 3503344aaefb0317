//! A node that shares Redis with others.

use super::{EverythingPasses, Parts, VERSION, WiringError};
use crate::settings::{CheckedSettings, RedisMode, RedisSettings};
use passerby_admin::Metrics;
use passerby_application::ports::{Clock, Ports};
use passerby_application::{Adapters, Chat, Deployment};
use passerby_identity::KeyedIdentity;
use passerby_memory::SystemClock;
use passerby_memory::hub::Hub;
use passerby_redis::seal::{Sealer, Secrets};
use passerby_redis::time::RedisTime;
use passerby_redis::{
    Incoming, Keeper, Outgoing, PairingOptions, PostOptions, Redis, RedisBans, RedisLimiter, RedisOptions,
    RedisPairing, RedisPost, RedisReports, TimeSource,
};
use passerby_websocket::{Connection, Gate};
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

/// Its adapters.
#[derive(Debug)]
pub(crate) struct SharedNode;

impl Ports for SharedNode {
    type Pairing = RedisPairing;
    type Wire = Connection;
    type Peers = RedisPost;
    type Delivery = Hub<Connection, Arc<SystemClock>>;
    type Clock = Arc<SystemClock>;
    type Identity = KeyedIdentity;
    type Limiter = RedisLimiter<SystemClock>;
    type Screen = EverythingPasses;
    type Observer = Metrics;
}

/// What has to run beside a node that shares Redis.
pub(crate) struct Company {
    pub(crate) redis: Redis,
    pub(crate) keeper: Keeper,
    pub(crate) post: RedisPost,
    pub(crate) outgoing: Outgoing,
    pub(crate) incoming: Incoming,
    pub(crate) limiter: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Puts it together. Nothing is asked of Redis yet.
pub(crate) fn wire_shared(settings: &CheckedSettings) -> Result<(Parts<SharedNode>, Company), WiringError> {
    let secret = settings.identity.secret.as_ref().ok_or(WiringError::NoSecret)?;
    let secret = secret.expose().as_bytes();
    let secrets = Secrets {
        current: secret,
        previous: &[],
    };
    let clock = Arc::new(SystemClock::start());
    let identity = KeyedIdentity::new(secret).map_err(WiringError::Randomness)?;
    let incarnation = passerby_identity::incarnation().map_err(WiringError::Randomness)?;
    let node = super::name(settings, &identity);
    let metrics = Metrics::new(&node, VERSION);
    let (redis, keeper) = Redis::open(&redis_options(&settings.store.redis)?).map_err(WiringError::Redis)?;
    let shared_clock: Arc<dyn Clock> = clock.clone();
    let time = Arc::new(RedisTime::new(shared_clock));
    let (post, outgoing, incoming) = RedisPost::new(
        redis.clone(),
        time.clone(),
        secrets,
        incarnation,
        PostOptions::default(),
    );
    let pairing = PairingOptions {
        rules: super::pairing_rules(&settings.matching),
        incarnation,
        longest_grace: settings.session.resume_grace.into(),
        time: TimeSource::Redis,
    };
    let limiter = RedisLimiter::new(
        redis.clone(),
        super::origin_limits(settings),
        clock.clone(),
        incarnation,
    );
    let background = limiter.background();
    let adapters = Adapters {
        pairing: RedisPairing::new(redis.clone(), secrets, time, pairing),
        peers: post.clone(),
        delivery: Hub::new(
            super::outbox_limits(settings),
            super::encoder(settings),
            clock.clone(),
        ),
        limiter,
        clock,
        identity,
        screen: EverythingPasses,
        observer: metrics.clone(),
        reports: Arc::new(RedisReports::new(
            redis.clone(),
            Sealer::new("details of reports", secrets, incarnation),
        )),
        bans: Arc::new(RedisBans::new(redis.clone())),
    };
    let node = Parts {
        chat: Arc::new(Chat::new(
            super::options(settings, node, Deployment::Shared),
            adapters,
        )),
        gate: Arc::new(Gate::default()),
        metrics,
        front: super::front(settings)?,
    };
    let company = Company {
        redis,
        keeper,
        post,
        outgoing,
        incoming,
        limiter: Box::pin(background),
    };
    Ok((node, company))
}

fn redis_options(settings: &RedisSettings) -> Result<RedisOptions, WiringError> {
    let tls_ca = settings.tls_ca_file.as_ref().map(std::fs::read).transpose();
    Ok(RedisOptions {
        mode: match settings.mode {
            RedisMode::Standalone => passerby_redis::RedisMode::Standalone,
            RedisMode::Sentinel => passerby_redis::RedisMode::Sentinel,
            RedisMode::Cluster => passerby_redis::RedisMode::Cluster,
        },
        urls: settings.urls.iter().map(|url| url.expose().to_owned()).collect(),
        master_name: settings.master_name.clone(),
        key_prefix: settings.key_prefix.clone(),
        user: settings.user.clone(),
        password: settings
            .password
            .as_ref()
            .map(|secret| secret.expose().to_owned()),
        tls_ca: tls_ca.map_err(WiringError::Certificates)?,
        pool_size: settings
            .pool_size
            .and_then(|size| NonZeroUsize::new(size.get() as usize)),
        pool_wait_timeout: settings.pool_wait_timeout,
        connect_timeout: settings.connect_timeout,
        recycle_timeout: settings.recycle_timeout,
        response_timeout: settings.response_timeout,
    })
}
