//! Which adapters a node is made of, and which settings go where.
//!
//! **Architecture Invariant:** this is the only place that knows all crates. No setting is read beyond it.

mod memory;
mod redis;

pub(crate) use memory::{SingleNode, wire_single};
pub(crate) use redis::{Company, SharedNode, wire_shared};

use crate::settings::{self, Settings};
use passerby_admin::{AdminState, Metrics, Token};
use passerby_application::ports::{PairingRules, Ports, SameOrigin, Screened, TextScreen};
use passerby_application::{Chat, Deployment, Options};
use passerby_domain::criteria::Patience;
use passerby_domain::flood::Rate;
use passerby_domain::id::NodeId;
use passerby_domain::text::Text;
use passerby_domain::time::Millis;
use passerby_identity::{KeyedIdentity, NoRandomness};
use passerby_memory::OriginLimits;
use passerby_memory::hub::OutboxLimits;
use passerby_redis::OpenError;
use passerby_websocket::{EventEncoder, Gate, IceServer, InvalidOrigin, WebOrigin};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What this node runs.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Skips that a user has at once, before the limit per minute counts.
const SKIP_BURST: u32 = 5;
/// How often a seat may be taken back on one node: at once, and each second after that. A client that backs off as the protocol
/// asks stays far below. Whoever lifts the limit of attempts per origin lifts this one.
const RETURNS: (u32, u32) = (120, 2);
/// How many reports of one origin a node records: at once, and each minute after that. The store keeps 10,000, so it takes one
/// origin three days to have those of others give way.
const REPORTS: (u32, u32) = (200, 2);
/// Seconds' worth of messages and commands that a user has at once.
const BURST_SECONDS: u32 = 2;

/// No content rules: what is said is between the two who talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EverythingPasses;

impl TextScreen for EverythingPasses {
    fn screen(&self, _: Text<'_>) -> Screened {
        Screened::Pass
    }
}

/// Why a node could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Randomness(#[source] NoRandomness),
    /// An allowed origin is not one.
    #[error("an allowed origin is not valid")]
    Origin(#[source] InvalidOrigin),
    /// The way to Redis can never work.
    #[error("the way to Redis can never work")]
    Redis(#[source] OpenError),
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificates of store.redis.tls_ca_file")]
    Certificates(#[source] std::io::Error),
    /// A node on Redis has no secret. The settings are checked for that.
    #[error("identity.secret is required on redis")]
    NoSecret,
}

/// The parts of a node that every kind of it has.
pub(crate) struct Parts<P: Ports> {
    pub(crate) chat: Arc<Chat<P>>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) metrics: Metrics,
    pub(crate) front: passerby_websocket::Options,
}

/// The node's name: the one that is set, or one that no other node has.
fn name(settings: &Settings, identity: &KeyedIdentity) -> NodeId {
    settings.node.id.clone().unwrap_or_else(|| random_name(identity))
}

fn random_name(identity: &KeyedIdentity) -> NodeId {
    use passerby_application::ports::Identity;
    let name = format!("node-{}", identity.chat_id());
    // Ids are made of characters that names may have, so the other arm is never taken.
    NodeId::parse(&name).unwrap_or_else(|_| NodeId::unnamed())
}

fn options(settings: &Settings, node: NodeId, deployment: Deployment) -> Options {
    let Settings {
        session,
        matching,
        limits,
        ..
    } = settings;
    Options {
        node,
        deployment,
        resume_grace: session.resume_grace.into(),
        reload_grace: session.reload_grace.into(),
        idle_timeout: session.idle_timeout.unwrap_or(Duration::MAX).into(),
        rematch_cooldown: matching.rematch_cooldown.into(),
        block_ttl: matching.block_ttl.into(),
        messages: per_second(limits.messages_per_second),
        commands: per_second(limits.commands_per_second),
        skips: limits
            .skips_per_minute
            .and_then(|count| Rate::per_minute(count.get(), SKIP_BURST)),
        returns: limits
            .connects_per_origin_per_minute
            .and_then(|_| Rate::per_second(RETURNS.1, RETURNS.0)),
        reports: Rate::per_minute(REPORTS.1, REPORTS.0),
        message_chars: limits.message_chars as usize,
    }
}

fn per_second(count: Option<NonZeroU32>) -> Option<Rate> {
    let count = count?.get();
    Rate::per_second(count, count.saturating_mul(BURST_SECONDS))
}

fn pairing_rules(matching: &settings::MatchingSettings) -> PairingRules {
    PairingRules {
        patience: Patience {
            interests: matching.interest_patience.into(),
            language: matching.language_patience.into(),
        },
        same_origin: if matching.same_origin {
            SameOrigin::Allowed
        } else {
            SameOrigin::Refused
        },
    }
}

fn origin_limits(settings: &Settings) -> OriginLimits {
    OriginLimits {
        connections: settings.limits.connections_per_origin,
        attempts_per_minute: settings.limits.connects_per_origin_per_minute,
    }
}

/// An event is kept for as long as a client may need to find out that it has missed it, and to come back.
fn outbox_limits(settings: &Settings) -> OutboxLimits {
    let session = &settings.session;
    OutboxLimits {
        events: settings.limits.outbound_queue as usize,
        bytes: settings.limits.outbound_bytes as usize,
        retention: Millis::from(session.ping_interval + session.pong_timeout + session.resume_grace),
    }
}

fn encoder(settings: &Settings) -> EventEncoder {
    let ice_servers = settings.video.ice_servers.iter().map(|server| IceServer {
        urls: server.urls.iter().map(|url| url.as_str().to_owned()).collect(),
        username: server.username.clone(),
        credential: server
            .credential
            .as_ref()
            .map(|secret| secret.expose().to_owned()),
    });
    EventEncoder {
        message_chars: settings.limits.message_chars.into(),
        frame_bytes: settings.limits.frame_bytes.into(),
        ice_servers: ice_servers.collect(),
    }
}

fn front(settings: &Settings) -> Result<passerby_websocket::Options, WiringError> {
    let Settings {
        http,
        limits,
        session,
        ..
    } = settings;
    let origins = match &http.allowed_origins {
        settings::AllowedOrigins::SameHost => passerby_websocket::AllowedOrigins::SameHost,
        settings::AllowedOrigins::Any => passerby_websocket::AllowedOrigins::Any,
        settings::AllowedOrigins::Listed(origins) => {
            let origins = origins.iter().map(|origin| WebOrigin::parse(origin.as_str()));
            let origins = origins.collect::<Result<_, _>>().map_err(WiringError::Origin)?;
            passerby_websocket::AllowedOrigins::Listed(origins)
        }
    };
    Ok(passerby_websocket::Options {
        origins,
        hosts: http
            .hosts
            .iter()
            .map(|host| host.as_str().to_ascii_lowercase())
            .collect(),
        trusted_proxies: http.trusted_proxies.clone(),
        connections: limits
            .connections
            .and_then(|count| NonZeroUsize::new(count.get() as usize)),
        frame_bytes: limits.frame_bytes as usize,
        messages_per_second: limits.messages_per_second,
        commands_per_second: limits.commands_per_second,
        ping_interval: session.ping_interval,
        pong_timeout: session.pong_timeout,
    })
}

/// What the admin listener works with.
pub(crate) fn admin_state<P: Ports>(
    settings: &Settings,
    node: &Parts<P>,
    drain: CancellationToken,
) -> AdminState<P> {
    let gate = node.gate.clone();
    AdminState {
        chat: node.chat.clone(),
        token: settings
            .admin
            .token
            .as_ref()
            .and_then(|token| Token::new(token.expose().as_bytes())),
        metrics: node.metrics.clone(),
        readiness: Arc::new(move || match gate.readiness() {
            passerby_websocket::Readiness::Starting => passerby_admin::Readiness::Starting,
            passerby_websocket::Readiness::Ready => passerby_admin::Readiness::Ready,
            passerby_websocket::Readiness::CutOff => passerby_admin::Readiness::CutOff,
            passerby_websocket::Readiness::Draining => passerby_admin::Readiness::Draining,
        }),
        drain,
        version: VERSION,
    }
}
