//! The command line.
//!
//! **Architecture Invariants:** what cannot be is refused here, with exit code 2, before anything is connected.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::client::command::MARK;
use crate::client::target::Url;
use crate::usage::MetricsUrl;

/// Puts load on Passerby nodes and says how they bear it.
///
/// All users of a run come from this machine's address, so start the nodes with
/// `PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN=0` and `PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE=0` and, for `relay`,
/// with `PASSERBY__LIMITS__MESSAGES_PER_SECOND=0`. Nobody else should use them meanwhile.
///
/// Exit codes: 0, all is well; 1, the run found something wrong; 2, the run could not be carried out.
#[derive(Debug, Parser)]
#[command(name = "passerby-load", version)]
pub(crate) struct Arguments {
    /// What the users do.
    #[command(subcommand)]
    pub(crate) scenario: Scenario,
}

/// What the users do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Users are paired, say one message each, and are silent: memory and processor time for each connection.
    Idle(Idle),
    /// Pairs talk without pause, or at a rate: processor time for each message, throughput, latency.
    Relay(Relay),
    /// Users chat, skip, leave, drop and come back, while all that they are told is checked.
    Churn(Churn),
    /// Users connect all at once: how long it takes until each has a partner, and who is lost.
    Storm(Storm),
}

/// Options of every scenario.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// A node; say it again for each further one. Users are spread in turn
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: Vec<Url>,
    /// How many users there are
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = users)]
    pub(crate) users: usize,
    /// How long it takes: the silence of `idle`, the measurement of `relay`, the life of `churn`, and the patience of
    /// `storm` [default: 60s, 10s, 60s, 30s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// The time over which the users arrive [default: a second for each thousand users; `storm`: none]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) ramp: Option<Duration>,
    /// Bytes of the text of a message
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = text_bytes)]
    pub(crate) text_bytes: usize,
    /// What all chance of the run comes from [default: chance; it is printed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How partners find each other
    #[arg(long, value_enum, default_value_t = Pairing::Auto)]
    pub(crate) pairing: Pairing,
    /// An address of this machine to connect from; say it again for each further one. Users are spread in turn
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Vec<IpAddr>,
    /// The process of a node on this machine, whose memory and processor time is read; say it again for each further one
    #[arg(long, value_name = "PID", conflicts_with = "metrics")]
    pub(crate) pid: Vec<u32>,
    /// The admin listener of a node (http://HOST:PORT), whose metrics are read instead of a process
    #[arg(long, value_name = "URL")]
    pub(crate) metrics: Vec<MetricsUrl>,
    /// Threads of this tool [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Write all results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a report with a plot to this file, as HTML
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// How partners find each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pairing {
    /// By interest if there are several nodes, by arrival if there is one
    Auto,
    /// In the order in which they arrive
    Arrival,
    /// The two of each pair share an interest that nobody else has, so they are on different nodes if there are several
    Interest,
}

/// Options of `idle`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Idle {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of `relay`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Relay {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Messages a second of all users together, sent when they are due (open loop). Without it each pair has one
    /// message in flight, and whoever gets it sends the next (closed loop)
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// The same load before anything is measured
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) warmup: Duration,
    /// Have each message acknowledged, and measure that too
    #[arg(long)]
    pub(crate) acks: bool,
}

/// Options of `churn`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Churn {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The mean pause of a user between two deeds
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = pause)]
    pub(crate) think: Duration,
}

/// Options of `storm`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Storm {
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Scenario {
    /// The options that every scenario has.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Idle(options) => &options.common,
            Self::Relay(options) => &options.common,
            Self::Churn(options) => &options.common,
            Self::Storm(options) => &options.common,
        }
    }
}

impl Common {
    /// The time over which the users arrive.
    pub(crate) fn ramp(&self) -> Duration {
        let millis = u64::try_from(self.users).unwrap_or(u64::MAX);
        self.ramp.unwrap_or(Duration::from_millis(millis))
    }

    /// Whether the two of a pair must have something in common.
    pub(crate) fn pairs_by_interest(&self) -> bool {
        match self.pairing {
            Pairing::Auto => self.url.len() > 1,
            Pairing::Arrival => false,
            Pairing::Interest => true,
        }
    }
}

fn users(text: &str) -> Result<usize, String> {
    let users: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    if users == 0 || !users.is_multiple_of(2) || users > 10_000_000 {
        return Err("users are paired, so there must be an even number of them, and at least 2".to_owned());
    }
    Ok(users)
}

fn text_bytes(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    if (MARK..=2000).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!(
            "between {MARK}, which every message needs for its mark, and 2000"
        ))
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.001..=10_000_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("between 0.001 and 10000000 messages a second".to_owned())
    }
}

fn pause(text: &str) -> Result<Duration, String> {
    let pause = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if pause < Duration::from_millis(1) {
        return Err("at least 1ms".to_owned());
    }
    Ok(pause)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["passerby-load"], words].concat())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for words in [
            &["relay", "--users", "3"][..],
            &["relay", "--users", "0"],
            &["relay", "--rate", "0"],
            &["relay", "--rate", "NaN"],
            &["relay", "--text-bytes", "15"],
            &["idle", "--text-bytes", "2001"],
            &["idle", "--pid", "1", "--metrics", "http://127.0.0.1:9090"],
            &["idle", "--url", "https://chat.example"],
            &["churn", "--think", "0s"],
            &["storm", "--rate", "5"],
            &[],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn with_several_nodes_partners_are_kept_on_different_ones() {
        let one = parse(&["relay"]).unwrap();
        assert!(!one.scenario.common().pairs_by_interest());
        let two = parse(&["relay", "--url", "http://a:1", "--url", "http://b:1"]).unwrap();
        assert!(two.scenario.common().pairs_by_interest());
        assert_eq!(two.scenario.common().url.len(), 2);
    }
}
