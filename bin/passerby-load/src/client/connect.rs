//! How a user connects.
//!
//! **Architecture Invariants:** no waiting without a limit. A resume token goes into a header, not into the URL, which
//! proxies log.

use std::net::IpAddr;
use std::time::Duration;

use http::header::{HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::client::socket::Socket;
use crate::client::target::Target;
use crate::clock::{Clock, Nanos};
use crate::failure::Failure;

/// Small, since there are many: what one read takes from a socket.
const READ_BUFFER: usize = 2048;

/// What to say at the door.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival {
    /// Meets only somebody with the same interest, as long as patience lasts.
    pub(crate) interest: Option<String>,
    /// The seat to take back: its token, and the last number processed.
    pub(crate) seat: Option<(String, u64)>,
}

/// When the steps of a handshake were done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    /// TCP is connected.
    pub(crate) connected: Nanos,
    /// The server has agreed to speak WebSocket.
    pub(crate) upgraded: Nanos,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An answer of HTTP, and when to try again if it says so.
    Http {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The network, or silence.
    Network(String),
}

impl Refusal {
    /// The failure of a run that cannot do without this user.
    pub(crate) fn fatal(self, user: usize, target: &Target) -> Failure {
        match self {
            Self::Http { status: 429, .. } => Failure::TooMany { user },
            Self::Http { status: 503, .. } => Failure::Unavailable { user },
            Self::Http { status, .. } => Failure::Refused { user, status },
            Self::Network(why) => Failure::Unreachable {
                user,
                address: target.address,
                why,
            },
        }
    }
}

/// Knows the nodes and how to reach them.
#[derive(Debug)]
pub(crate) struct Connector {
    targets: Vec<Target>,
    from: Vec<IpAddr>,
    clock: Clock,
}

impl Connector {
    /// Connects to these nodes, at least one, from these addresses; from any when there are none.
    pub(crate) fn new(targets: Vec<Target>, from: Vec<IpAddr>, clock: Clock) -> Self {
        Self { targets, from, clock }
    }

    /// Which node this is for, counting on for ever.
    pub(crate) fn node(&self, number: usize) -> usize {
        number % self.targets.len().max(1)
    }

    /// The node with this number.
    pub(crate) fn target(&self, number: usize) -> &Target {
        &self.targets[self.node(number)]
    }

    /// Connects a user to a node within this time.
    pub(crate) async fn connect(
        &self,
        user: usize,
        node: usize,
        arrival: &Arrival,
        within: Duration,
    ) -> Result<(Socket, Steps), Refusal> {
        let attempt = Box::pin(self.attempt(user, self.target(node), arrival));
        timeout(within, attempt)
            .await
            .unwrap_or_else(|_| Err(Refusal::Network(format!("no answer within {within:?}"))))
    }

    async fn attempt(
        &self,
        user: usize,
        target: &Target,
        arrival: &Arrival,
    ) -> Result<(Socket, Steps), Refusal> {
        let network = |error: std::io::Error| Refusal::Network(error.to_string());
        let stream = self.stream(user, target).await.map_err(network)?;
        let connected = self.clock.now();
        let uri = format!("{}{}", target.uri, query(arrival));
        let mut request = uri
            .into_client_request()
            .map_err(|error| Refusal::Network(error.to_string()))?;
        let protocols = match &arrival.seat {
            Some((token, _)) => format!("passerby.v1, passerby.resume.{token}"),
            None => "passerby.v1".to_owned(),
        };
        let offer = HeaderValue::from_str(&protocols).map_err(|error| Refusal::Network(error.to_string()))?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0);
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((stream, _)) => {
                let upgraded = self.clock.now();
                Ok((Socket::new(stream), Steps { connected, upgraded }))
            }
            Err(Error::Http(answer)) => Err(Refusal::Http {
                status: answer.status().as_u16(),
                retry_after: answer
                    .headers()
                    .get(RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse().ok())
                    .map(Duration::from_secs),
            }),
            Err(error) => Err(Refusal::Network(error.to_string())),
        }
    }

    async fn stream(&self, user: usize, target: &Target) -> std::io::Result<TcpStream> {
        let socket = if target.address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        if !self.from.is_empty() {
            socket.bind((self.from[user % self.from.len()], 0).into())?;
        }
        let stream = socket.connect(target.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn query(arrival: &Arrival) -> String {
    let mut parts = Vec::new();
    if let Some(interest) = &arrival.interest {
        parts.push(format!("interests={interest}"));
    }
    if let Some((_, last_seq)) = &arrival.seat {
        parts.push(format!("last_seq={last_seq}"));
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("?{}", parts.join("&"))
    }
}
