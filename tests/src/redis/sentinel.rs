//! A primary, two replicas, and three sentinels that choose a new primary when the old one is gone for a second.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{Cli, Process, standalone};
use crate::ports::Port;

/// The name by which the sentinels know the primary.
const NAME: &str = "mymaster";
/// How long a failover may take until a test gives up.
const FAILOVER: Duration = Duration::from_secs(30);

/// Six processes.
#[derive(Debug)]
pub struct Sentinel {
    servers: Vec<Process>,
    sentinels: Vec<Process>,
    _folder: TempDir,
}

impl Sentinel {
    /// Starts all six and waits until they know each other.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut servers = Vec::<Process>::new();
        for number in 0..3 {
            let place = below(folder.path(), &format!("server-{number}"));
            let port = Port::claim();
            let mut arguments = standalone::arguments(&port);
            // A replica is given the data over the wire and at once.
            for words in [
                ["--repl-diskless-sync", "yes"],
                ["--repl-diskless-sync-delay", "0"],
            ] {
                arguments.extend(words.map(str::to_owned));
            }
            if let Some(primary) = servers.first() {
                let number = primary.port().number().to_string();
                arguments.extend(["--replicaof", "127.0.0.1", &number].map(str::to_owned));
            }
            servers.push(Process::start(port, &place, arguments));
        }
        let primary = servers[0].port().number();
        for server in &servers {
            Cli::to(server.port().address()).is_up().await;
        }
        let cli = Cli::to(servers[0].port().address());
        cli.until("both replicas follow", FAILOVER, async || {
            let info = cli.text(&["INFO", "replication"]).await.unwrap_or_default();
            info.matches("state=online").count() == 2
        })
        .await;
        let sentinels = (0..3)
            .map(|number| {
                let place = below(folder.path(), &format!("sentinel-{number}"));
                sentinel(&place, primary)
            })
            .collect();
        let cluster = Self {
            servers,
            sentinels,
            _folder: folder,
        };
        cluster.are_ready().await;
        cluster
    }

    /// The name by which the sentinels know the primary.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The sentinels' addresses.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sentinels
            .iter()
            .map(|sentinel| sentinel.port().address())
            .collect()
    }

    /// To ask the first sentinel.
    pub fn cli(&self) -> Cli {
        Cli::to(self.sentinels[0].port().address())
    }

    /// Whom the sentinels believe to be the primary.
    pub async fn primary(&self) -> SocketAddr {
        let told = self
            .cli()
            .ask(&["SENTINEL", "get-master-addr-by-name", NAME])
            .await;
        let port = told.lines().nth(1).and_then(|port| port.parse().ok());
        let port: u16 = port.unwrap_or_else(|| panic!("no address: {told}"));
        ([127, 0, 0, 1], port).into()
    }

    /// The process that listens at this address.
    pub fn server(&mut self, address: SocketAddr) -> &mut Process {
        let found = self
            .servers
            .iter_mut()
            .find(|server| server.port().address() == address);
        found.unwrap_or_else(|| panic!("no server at {address}"))
    }

    /// Orders a failover that nothing makes necessary, as soon as the sentinels find a replica that is fit for it.
    pub async fn fail_over(&self) {
        let cli = self.cli();
        cli.until("a failover begins", FAILOVER, async || {
            cli.text(&["SENTINEL", "FAILOVER", NAME]).await.is_ok()
        })
        .await;
    }

    /// Waits until another than this one is the primary and takes writes; tells which.
    pub async fn primary_after(&self, old: SocketAddr) -> SocketAddr {
        let cli = self.cli();
        cli.until("another is primary", FAILOVER, async || {
            let primary = self.primary().await;
            let writes = Cli::to(primary);
            primary != old
                && writes
                    .text(&["SET", "the-suite-asks", "1", "PX", "1"])
                    .await
                    .is_ok()
        })
        .await;
        self.primary().await
    }

    /// Waits until each sentinel knows the two others and both replicas: before that a failover may not happen.
    pub async fn are_ready(&self) {
        for sentinel in &self.sentinels {
            let cli = Cli::to(sentinel.port().address());
            cli.until("the sentinels know all", FAILOVER, async || {
                let told = cli.json(&["SENTINEL", "master", NAME]).await;
                told.is_ok_and(|told| told["num-other-sentinels"] == "2" && told["num-slaves"] == "2")
            })
            .await;
        }
    }
}

fn below(folder: &Path, name: &str) -> std::path::PathBuf {
    let place = folder.join(name);
    fs::create_dir(&place).expect("a folder can be made");
    place
}

/// A sentinel rewrites its settings, so each has a folder of its own.
fn sentinel(folder: &Path, primary: u16) -> Process {
    let port = Port::claim();
    let settings = format!(
        "port {}\nbind 127.0.0.1\nsentinel monitor {NAME} 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 5000\n\
         sentinel parallel-syncs {NAME} 2\n",
        port.number()
    );
    fs::write(folder.join("sentinel.conf"), settings).expect("a file can be written");
    Process::start(
        port,
        folder,
        ["sentinel.conf", "--sentinel"].map(str::to_owned).to_vec(),
    )
}
