//! A Redis Cluster of three primaries, with or without a replica each.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use super::{Cli, Process, standalone};
use crate::ports::Port;

/// How long the cluster may take to agree until a test gives up.
const AGREEMENT: Duration = Duration::from_secs(60);
/// All there are.
const SLOTS: usize = 16_384;
/// After so many milliseconds without a word a node counts as gone.
const NODE_TIMEOUT: &str = "2000";

/// Three or six processes.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Process>,
    _folder: TempDir,
}

/// One line of `CLUSTER NODES`.
#[derive(Clone, Debug)]
struct Line {
    id: String,
    address: SocketAddr,
    flags: String,
    slots: Vec<(u16, u16)>,
}

impl Cluster {
    /// Three primaries with so many replicas each, and waits until all slots are served.
    pub async fn start(replicas: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut nodes = Vec::new();
        for number in 0..3 * (1 + replicas) {
            let place = folder.path().join(number.to_string());
            fs::create_dir(&place).expect("a folder can be made");
            let port = Port::claim();
            let bus = port.bus().to_string();
            let mut arguments = standalone::arguments(&port);
            for words in [
                ["--cluster-enabled", "yes"],
                ["--cluster-config-file", "nodes.conf"],
                ["--cluster-node-timeout", NODE_TIMEOUT],
                ["--cluster-announce-ip", "127.0.0.1"],
                ["--cluster-port", &bus],
                ["--repl-diskless-sync-delay", "0"],
            ] {
                arguments.extend(words.map(str::to_owned));
            }
            nodes.push(Process::start(port, &place, arguments));
        }
        for node in &nodes {
            Cli::to(node.port().address()).is_up().await;
        }
        let cluster = Self {
            nodes,
            _folder: folder,
        };
        cluster.meet().await;
        cluster.deal_slots(3).await;
        cluster.divide_roles(3).await;
        cluster.agrees().await;
        cluster.follow(3 * replicas).await;
        cluster
    }

    /// Has all nodes know each other. `redis-cli --cluster create` does all of this too, and sleeps for seconds.
    async fn meet(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let cli = Cli::to(node.port().address());
            // Nodes of one epoch would quarrel about who is right.
            let epoch = (number + 1).to_string();
            cli.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            // Who is told of one alone hears of the others by gossip, which may take seconds.
            for other in &self.nodes[..number] {
                let port = other.port().address().port().to_string();
                let bus = other.port().bus().to_string();
                cli.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
            }
        }
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        for address in self.addresses() {
            let cli = Cli::to(address);
            cli.until("all nodes are known", AGREEMENT, async || {
                let (info, nodes) = (cli.ask(&["CLUSTER", "INFO"]), cli.ask(&["CLUSTER", "NODES"]));
                info.await.contains(&known) && !nodes.await.contains("handshake")
            })
            .await;
        }
    }

    /// Deals all slots evenly to the first nodes.
    async fn deal_slots(&self, primaries: usize) {
        for (number, node) in self.nodes.iter().take(primaries).enumerate() {
            let first = (number * SLOTS / primaries).to_string();
            let last = ((number + 1) * SLOTS / primaries - 1).to_string();
            let cli = Cli::to(node.port().address());
            cli.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await;
        }
    }

    /// Has each node beyond the first ones follow one of them.
    async fn divide_roles(&self, primaries: usize) {
        for (number, node) in self.nodes.iter().enumerate().skip(primaries) {
            let primary = Cli::to(self.nodes[number % primaries].port().address());
            let id = primary.ask(&["CLUSTER", "MYID"]).await;
            let cli = Cli::to(node.port().address());
            cli.ask(&["CLUSTER", "REPLICATE", id.trim()]).await;
        }
    }

    /// Waits until all nodes know so many replicas, and these have their data.
    async fn follow(&self, replicas: usize) {
        let cli = self.cli();
        cli.until("all replicas follow", AGREEMENT, async || {
            let mut up = 0;
            for address in self.addresses() {
                let node = Cli::to(address);
                let known = node.ask(&["CLUSTER", "NODES"]).await.matches("slave ").count();
                let link = node.info("master_link_status").await;
                up += usize::from(link.as_deref() == Some("up"));
                if known != replicas {
                    return false;
                }
            }
            up == replicas
        })
        .await;
    }

    /// All addresses.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.port().address()).collect()
    }

    /// To ask the first node.
    pub fn cli(&self) -> Cli {
        Cli::to(self.nodes[0].port().address())
    }

    /// The process that listens at this address.
    pub fn node(&mut self, address: SocketAddr) -> &mut Process {
        let found = self
            .nodes
            .iter_mut()
            .find(|node| node.port().address() == address);
        found.unwrap_or_else(|| panic!("no node at {address}"))
    }

    /// Waits until all running nodes say that every slot is served.
    pub async fn agrees(&self) {
        let cli = self.cli();
        cli.until("all slots are served", AGREEMENT, async || {
            for address in self.addresses() {
                let told = Cli::to(address).text(&["CLUSTER", "INFO"]).await;
                let Ok(told) = told else {
                    continue;
                };
                let well = ["cluster_state:ok", "cluster_slots_ok:16384"];
                if !well.iter().all(|word| told.contains(word)) {
                    return false;
                }
            }
            true
        })
        .await;
    }

    /// The slot of a key.
    pub async fn slot_of(&self, key: &str) -> u16 {
        let told = self.any().await.ask(&["CLUSTER", "KEYSLOT", key]).await;
        told.parse().unwrap_or_else(|_| panic!("no slot: {told}"))
    }

    /// The primaries that are well, and the slots of each.
    pub async fn primaries(&self) -> Vec<SocketAddr> {
        let lines = self.lines().await;
        let well = lines
            .into_iter()
            .filter(|line| line.is_primary() && !line.slots.is_empty());
        well.map(|line| line.address).collect()
    }

    /// Who serves this slot.
    pub async fn owner_of(&self, slot: u16) -> SocketAddr {
        let lines = self.lines().await;
        let owner = lines.iter().find(|line| line.is_primary() && line.has(slot));
        owner
            .unwrap_or_else(|| panic!("nobody serves {slot}: {lines:#?}"))
            .address
    }

    /// Moves a slot with its keys to another primary as `reshard` does, key by key with this pause between them, so that
    /// for a while some keys are here and some there.
    pub async fn move_slot(&self, slot: u16, to: SocketAddr, pause: Duration) {
        let lines = self.lines().await;
        let id = |address: SocketAddr| {
            let line = lines.iter().find(|line| line.address == address);
            line.unwrap_or_else(|| panic!("no {address} in {lines:#?}"))
                .id
                .clone()
        };
        let from = self.owner_of(slot).await;
        let (source, target) = (Cli::to(from), Cli::to(to));
        let (slot, port) = (slot.to_string(), to.port().to_string());
        target
            .ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)])
            .await;
        source
            .ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)])
            .await;
        loop {
            let keys = source.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "1"]).await;
            if keys.is_empty() {
                break;
            }
            for key in keys.lines() {
                source
                    .ask(&["MIGRATE", "127.0.0.1", &port, key, "0", "2000"])
                    .await;
                tokio::time::sleep(pause).await;
            }
        }
        for cli in [&target, &source] {
            cli.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &id(to)]).await;
        }
        for address in self.primaries().await {
            if address != from && address != to {
                let cli = Cli::to(address);
                cli.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &id(to)]).await;
            }
        }
    }

    /// Waits until another than this one serves the slot; tells which.
    pub async fn owner_after(&self, slot: u16, old: SocketAddr) -> SocketAddr {
        let found = async || {
            let lines = self.lines().await;
            let owner = lines.into_iter().find(|line| line.is_primary() && line.has(slot));
            owner.map(|owner| owner.address).filter(|&address| address != old)
        };
        let cli = self.any().await;
        cli.until("another serves the slot", AGREEMENT, async || {
            found().await.is_some()
        })
        .await;
        self.owner_of(slot).await
    }

    /// To ask any node that answers.
    pub async fn any(&self) -> Cli {
        for address in self.addresses() {
            let cli = Cli::to(address);
            if cli.text(&["PING"]).await.is_ok() {
                return cli;
            }
        }
        panic!("no node of the cluster answers");
    }

    async fn lines(&self) -> Vec<Line> {
        let told = self.any().await.ask(&["CLUSTER", "NODES"]).await;
        told.lines().filter_map(Line::read).collect()
    }
}

impl Line {
    /// `id ip:port@bus flags primary ping pong epoch state slot slot-slot …`
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| text.parse::<u16>().ok();
        let slots = words.iter().skip(8).filter(|word| !word.starts_with('['));
        Some(Self {
            id: (*words.first()?).to_owned(),
            address: words.get(1)?.split('@').next()?.parse().ok()?,
            flags: (*words.get(2)?).to_owned(),
            slots: slots
                .filter_map(|word| match word.split_once('-') {
                    Some((first, last)) => Some((number(first)?, number(last)?)),
                    None => Some((number(word)?, number(word)?)),
                })
                .collect(),
        })
    }

    fn is_primary(&self) -> bool {
        self.flags.contains("master") && !self.flags.contains("fail")
    }

    fn has(&self, slot: u16) -> bool {
        self.slots
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&slot))
    }
}
