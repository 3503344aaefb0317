//! Making connections.
//!
//! **Architecture Invariants.** Every connection is made here, so that each has its time limits, its certificates, the
//! name and password to sign in with, and no delay of small packets. Whoever asks for a connection gets one to a
//! primary, or none.

use super::options::{RedisMode, RedisOptions};
use super::sentinel::Sentinels;
use super::shared_connection::Connection;
use deadpool_redis::redis::cluster::{ClusterClient, ClusterClientBuilder};
use deadpool_redis::redis::io::tcp::TcpSettings;
use deadpool_redis::redis::{
    self, AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    RedisError, RedisResult, TlsCertificates, Value,
};
use std::io;
use std::time::Duration;

/// How long the system tries to send before it gives a connection up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// How many commands may wait to be written to one connection: as long as there is room they are written in the order in
/// which they were asked. The client of a cluster has room for fifty.
const WRITE_QUEUE: usize = 16_384;
/// How often the cluster's connection tries again by itself. All that is sent is fit to be repeated.
const CLUSTER_RETRIES: u32 = 3;
/// The waits between such tries, in milliseconds.
const CLUSTER_WAITS: (u64, u64) = (20, 150);

/// Something in the options that can never work.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no address.
    #[error("there is no address")]
    NoAddress,
    /// An address cannot be read.
    #[error("address number {number} cannot be read")]
    Address {
        /// Which one; the first is 1.
        number: usize,
    },
    /// The addresses do not go together, or the certificates cannot be read.
    #[error("the addresses or the certificates are not fit for use")]
    Unfit,
    /// The pool cannot be made.
    #[error("the pool cannot be made")]
    Pool,
}

/// Where connections lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereto {
    /// To the one server, or to all of the cluster.
    Fixed,
    /// To the server that sentinels named.
    Primary(String, u16),
}

/// Makes connections.
pub(super) struct Connector {
    way: Way,
    access: Access,
    connect_timeout: Duration,
}

enum Way {
    Standalone(Client),
    Sentinel(Sentinels),
    Cluster(Vec<ConnectionInfo>),
}

/// What servers are told, and by what they are known.
#[derive(Clone)]
pub(super) struct Access {
    user: Option<String>,
    password: Option<String>,
    certificates: Option<TlsCertificates>,
}

impl Access {
    /// The client of one server, with the name and password of its address.
    pub(super) fn client(&self, info: ConnectionInfo) -> RedisResult<Client> {
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    /// The address with the name and password of the options.
    fn sign(&self, info: ConnectionInfo) -> ConnectionInfo {
        let mut redis = info.redis_settings().clone();
        if let Some(user) = &self.user {
            redis = redis.set_username(user);
        }
        if let Some(password) = &self.password {
            redis = redis.set_password(password);
        }
        info.set_redis_settings(redis)
    }
}

impl Connector {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, OpenError> {
        if options.urls.iter().any(|url| url.starts_with("rediss://")) {
            // If there is a provider already it is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let access = Access {
            user: options.user.clone(),
            password: options.password.clone(),
            certificates: options.tls_ca.clone().map(|root_cert| TlsCertificates {
                client_tls: None,
                root_cert: Some(root_cert),
            }),
        };
        let mut addresses = Vec::new();
        for (index, url) in options.urls.iter().enumerate() {
            let info = url
                .as_str()
                .into_connection_info()
                .map_err(|_| OpenError::Address { number: index + 1 })?;
            addresses.push(info.set_tcp_settings(tcp_settings()));
        }
        let first = addresses.first().cloned().ok_or(OpenError::NoAddress)?;
        let unfit = |_: RedisError| OpenError::Unfit;
        let way = match options.mode {
            RedisMode::Standalone => Way::Standalone(access.client(access.sign(first)).map_err(unfit)?),
            RedisMode::Sentinel => Way::Sentinel(
                Sentinels::new(addresses, &options.master_name, &access, options.connect_timeout)
                    .map_err(unfit)?,
            ),
            RedisMode::Cluster => {
                let seeds: Vec<_> = addresses.into_iter().map(|info| access.sign(info)).collect();
                cluster(&seeds, &access, options.connect_timeout, options.response_timeout).map_err(unfit)?;
                Way::Cluster(seeds)
            }
        };
        Ok(Self {
            way,
            access,
            connect_timeout: options.connect_timeout,
        })
    }

    /// Whether sentinels say where the primary is.
    pub(super) fn asks_sentinels(&self) -> bool {
        matches!(self.way, Way::Sentinel(_))
    }

    /// Whether it leads to a cluster.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.way, Way::Cluster(_))
    }

    /// Where the primary is now; `None` if so few sentinels say so that the others may have chosen another.
    pub(super) async fn whereto(&self) -> Option<Whereto> {
        match &self.way {
            Way::Standalone(_) | Way::Cluster(_) => Some(Whereto::Fixed),
            Way::Sentinel(sentinels) => sentinels
                .primary()
                .await
                .ok()
                .map(|(host, port)| Whereto::Primary(host, port)),
        }
    }

    /// A new connection whose commands are answered within `patience`, and where it leads.
    ///
    /// Takes at most a few times the time for a connection.
    pub(super) async fn connect(&self, patience: Duration) -> RedisResult<(Connection, Whereto)> {
        match &self.way {
            Way::Standalone(client) => Ok((self.connect_to(client, patience).await?, Whereto::Fixed)),
            Way::Sentinel(sentinels) => {
                let (host, port) = sentinels.primary().await?;
                let client = self
                    .access
                    .client(self.access.sign(sentinels.address(&host, port)))?;
                let connection = self.connect_to(&client, patience).await?;
                Ok((connection, Whereto::Primary(host, port)))
            }
            Way::Cluster(seeds) => {
                let client = cluster(seeds, &self.access, self.connect_timeout, patience)?;
                // The time for one connection is spent on each seed in turn, and then on each node at once. A primary that
                // stands still is waited for in both.
                let limit = self.connect_timeout.saturating_mul(4);
                let connection = within(limit, client.get_async_connection()).await?;
                Ok((Connection::Cluster(connection), Whereto::Fixed))
            }
        }
    }

    async fn connect_to(&self, client: &Client, patience: Duration) -> RedisResult<Connection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(patience))
            .set_pipeline_buffer_size(WRITE_QUEUE);
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = within(self.connect_timeout, connecting).await?;
        // A server that still loads, or whose script does not end, says so to a ping but not when asked for its role.
        let ping = redis::cmd("PING");
        within(self.connect_timeout, ping.query_async::<()>(&mut connection)).await?;
        let role = within(
            self.connect_timeout,
            redis::cmd("ROLE").query_async(&mut connection),
        )
        .await;
        match role {
            Ok(Value::Array(role)) if is_primary(&role) => {}
            // Who may not ask finds out when something is written.
            Err(error) if error.code() == Some("NOPERM") => {}
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(RedisError::from((
                    ErrorKind::Server(redis::ServerErrorKind::ReadOnly),
                    "the server is not a primary",
                )));
            }
        }
        Ok(Connection::Single(connection))
    }
}

fn is_primary(role: &[Value]) -> bool {
    matches!(role.first(), Some(Value::BulkString(name)) if name == b"master")
}

/// Packets go out at once, and a dead peer is noticed although nothing is read from it.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default()
        .set_nodelay(true)
        .set_user_timeout(UNACKNOWLEDGED)
}

fn cluster(
    seeds: &[ConnectionInfo],
    access: &Access,
    connect_timeout: Duration,
    patience: Duration,
) -> RedisResult<ClusterClient> {
    let (shortest, longest) = CLUSTER_WAITS;
    let mut builder = ClusterClientBuilder::new(seeds.iter().cloned())
        .tcp_settings(tcp_settings())
        .retries(CLUSTER_RETRIES)
        .min_retry_wait(shortest)
        .max_retry_wait(longest)
        .connection_timeout(connect_timeout)
        .response_timeout(patience)
        .overall_response_timeout(Some(patience));
    if let Some(certificates) = &access.certificates {
        builder = builder.certs(certificates.clone());
    }
    builder.build()
}

/// `work`, or an error when it takes longer than `limit`.
///
/// The runtime does not interrupt it for the sake of other tasks: a command that was about to be written would be
/// overtaken by those after it.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match tokio::time::timeout(limit, tokio::task::unconstrained(work)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(RedisError::from(io::Error::from(io::ErrorKind::TimedOut))),
    }
}

/// The same server, reached in the same way, as `like`.
pub(super) fn beside(like: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let address = match like.addr() {
        ConnectionAddr::TcpTls { insecure, .. } => ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: *insecure,
            tls_params: None,
        },
        // Sentinels name servers by host and port, however they are reached themselves.
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    };
    like.clone().set_addr(address)
}
