//! Questions to a Redis server by `redis-cli`, each with a time limit.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::{PATIENCE, until};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(3);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server said no, or nobody listens: the words of `redis-cli`.
    Refused(String),
    /// No answer came in time.
    Silent,
}

/// How to reach one server.
#[derive(Clone, Debug)]
pub struct Cli {
    address: SocketAddr,
    options: Vec<String>,
}

impl Cli {
    /// Plain TCP, as the default user.
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            options: Vec::new(),
        }
    }

    /// Over TLS, trusting this authority.
    #[must_use]
    pub fn over_tls(mut self, authority: &Path) -> Self {
        let path = authority.display().to_string();
        self.options
            .extend(["--tls".to_owned(), "--cacert".to_owned(), path]);
        self
    }

    /// As this user.
    #[must_use]
    pub fn signed_in(mut self, user: &str, password: &str) -> Self {
        let words = ["--user", user, "--pass", password, "--no-auth-warning"];
        self.options.extend(words.map(str::to_owned));
        self
    }

    /// Asks for an answer in plain text, as `redis-cli` prints it.
    pub async fn text(&self, words: &[&str]) -> Result<String, Trouble> {
        self.run(&["-e"], words, ANSWER).await
    }

    /// Asks for an answer as JSON.
    pub async fn json(&self, words: &[&str]) -> Result<Value, Trouble> {
        let text = self.run(&["-e", "--json"], words, ANSWER).await?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Asks and insists on an answer.
    pub async fn ask(&self, words: &[&str]) -> String {
        match self.text(words).await {
            Ok(text) => text,
            Err(trouble) => panic!("{words:?} to {}: {trouble:?}", self.address),
        }
    }

    /// Runs `redis-cli` with options of its own, such as `--cluster create`, and insists on success.
    pub async fn command(&self, words: &[&str], within: Duration) -> String {
        match self.run(&[], words, within).await {
            Ok(text) => text,
            Err(trouble) => panic!("redis-cli {words:?} at {}: {trouble:?}", self.address),
        }
    }

    /// A field of `INFO`.
    pub async fn info(&self, field: &str) -> Option<String> {
        let text = self.text(&["INFO"]).await.ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    }

    /// Waits until the server answers a ping.
    pub async fn is_up(&self) {
        self.until("it answers", PATIENCE, async || {
            self.text(&["PING"]).await.is_ok_and(|text| text == "PONG")
        })
        .await;
    }

    /// Waits for a condition.
    pub async fn until(&self, what: &str, within: Duration, holds: impl AsyncFnMut() -> bool) {
        until(&format!("of redis at {}, {what}", self.address), within, holds).await;
    }

    async fn run(&self, options: &[&str], words: &[&str], within: Duration) -> Result<String, Trouble> {
        let child = Command::new("redis-cli")
            .args([
                "-h",
                &self.address.ip().to_string(),
                "-p",
                &self.address.port().to_string(),
            ])
            .args(&self.options)
            .args(options)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-cli is missing: `make setup` installs redis-server, which brings it");
        let Ok(output) = timeout(within, child.wait_with_output()).await else {
            return Err(Trouble::Silent);
        };
        let output = output.expect("output can be read");
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        if output.status.success() {
            Ok(said)
        } else {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(Trouble::Refused(format!("{said}{complaint}")))
        }
    }
}
