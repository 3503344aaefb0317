//! The server under test: one real process on free ports, killed when the test is over.
//!
//! **Architecture Invariants:** every run ends with a look at the logs: a panic, or a resume token that a client
//! was given, fails the test that caused it.

mod company;

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{PATIENCE, http, signals, succeeds};

/// How often a condition outside this process (a file, an exit) is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Settings every server of the suite starts with; a test may state others.
const SETTINGS: [(&str, &str); 4] = [
    ("PASSERBY__HTTP__LISTEN", "127.0.0.1:0"),
    ("PASSERBY__ADMIN__LISTEN", "127.0.0.1:0"),
    ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "0"),
    ("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "0"),
];

/// What must never be found in the logs of a server: tokens, texts, addresses.
pub type Secrets = Arc<Mutex<Vec<String>>>;

/// Where what a process writes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// To files, which are read when the test is over.
    Kept,
    /// To a disk that is full.
    Full,
    /// Into a pipe that nobody reads.
    Unread,
}

impl Log {
    fn of(self, path: &Path) -> Stdio {
        match self {
            Self::Kept => File::create(path).expect("a file can be made").into(),
            Self::Full => {
                let full = File::options().write(true).open("/dev/full");
                full.expect("Linux has a full disk to offer").into()
            }
            Self::Unread => Stdio::piped(),
        }
    }
}

/// Where clients connect, and where what they must be able to trust is noted.
#[derive(Clone, Debug)]
pub struct Target {
    /// The public listener, or something before it.
    pub address: SocketAddr,
    /// What the logs of whoever is behind it must not hold.
    pub secrets: Secrets,
}

/// A running `passerby serve`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    target: Target,
    admin: SocketAddr,
    folder: TempDir,
    company: Option<company::Company>,
}

/// Where the program under test is: `PASSERBY_BIN`, or `passerby` beside the folder of this test.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("PASSERBY_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows its own path");
    let target = test
        .parent()
        .and_then(Path::parent)
        .expect("tests are built two folders down");
    let path = target.join("passerby");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build -p passerby` first, or set PASSERBY_BIN",
        path.display()
    );
    path
}

/// `passerby` with these arguments and settings and no other setting of the environment.
pub fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PASSERBY_") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().copied());
    command
}

/// Runs `passerby` to its end; fails when it is still running after [`PATIENCE`].
pub async fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut child = command(arguments, settings)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    if wait(&mut child, PATIENCE).await.is_none() {
        let _ = child.kill();
        let output = child.wait_with_output().expect("output can be read");
        panic!(
            "`passerby {}` was still running: {}",
            arguments.join(" "),
            everything(&output)
        );
    }
    child.wait_with_output().expect("output can be read")
}

/// Both outputs of a finished program, as text.
pub fn everything(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Server {
    /// A server with these settings on top of the suite's own: loopback, free ports, no limit per origin.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(&["serve"], settings).await
    }

    /// As [`Server::start`], with other arguments (`--ready-file` is added).
    pub async fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        if company::is_wanted() {
            company::start(arguments, settings).await
        } else {
            Self::start_sharing(arguments, settings, Secrets::default()).await
        }
    }

    /// As [`Server::start_with`], with secrets that other servers know as well.
    pub async fn start_sharing(arguments: &[&str], settings: &[(&str, &str)], secrets: Secrets) -> Self {
        match Self::try_start(arguments, settings, secrets, Log::Kept).await {
            Ok(server) => server,
            Err(why) => panic!("the server did not get ready {why}"),
        }
    }

    /// As [`Server::start_sharing`]; tells the exit status and the logs when the server ends or never listens.
    pub async fn try_start(
        arguments: &[&str],
        settings: &[(&str, &str)],
        secrets: Secrets,
        log: Log,
    ) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let ready = folder.path().join("ready.json");
        let mut all = SETTINGS.to_vec();
        all.extend_from_slice(settings);
        let mut child = command(arguments, &all)
            .arg("--ready-file")
            .arg(&ready)
            .stdout(log.of(&folder.path().join("stdout")))
            .stderr(log.of(&folder.path().join("stderr")))
            .spawn()
            .expect("the program starts");
        let deadline = Instant::now() + 3 * PATIENCE;
        let addresses = loop {
            let text = fs::read_to_string(&ready).unwrap_or_default();
            if let Ok(addresses) = serde_json::from_str::<Value>(&text) {
                break addresses;
            }
            let status = child.try_wait().expect("a child can be waited for");
            if status.is_some() || Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("({status:?}): {}", logs_in(folder.path())));
            }
            tokio::time::sleep(LOOK).await;
        };
        let address = |name: &str| -> SocketAddr {
            let text = addresses[name]
                .as_str()
                .unwrap_or_else(|| panic!("no `{name}` in {addresses}"));
            text.parse().unwrap_or_else(|_| panic!("`{text}` is no address"))
        };
        let target = Target {
            address: address("http"),
            secrets,
        };
        Ok(Self {
            child,
            target,
            admin: address("admin"),
            folder,
            company: None,
        })
    }

    /// Waits until the server welcomes connections: one of several does so once the others have heard of it.
    async fn is_ready(&self) {
        succeeds("the server is ready", 3 * PATIENCE, async || {
            match http::get(self.http(), "/readyz", &[]).await.status {
                200 => Ok(()),
                status => Err((status, self.logs())),
            }
        })
        .await;
    }

    /// The public listener.
    pub fn http(&self) -> SocketAddr {
        self.target.address
    }

    /// Where clients connect.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether this server is two, so that what one user does takes a moment to reach the partner's node.
    pub fn is_two(&self) -> bool {
        self.company.is_some()
    }

    /// Where the next client connects: here, unless this server is two.
    pub(crate) fn next_target(&self) -> &Target {
        match &self.company {
            Some(company) => company.next(&self.target),
            None => &self.target,
        }
    }

    /// The operator's listener.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        signals::send(&self.child, signal);
    }

    /// Stops the process from running, connections open.
    pub fn freeze(&self) {
        signals::freeze(&self.child);
    }

    /// Lets the process run on.
    pub fn thaw(&self) {
        signals::thaw(&self.child);
    }

    /// Asks the process to drain, as an operator's `kill` does.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the process to end.
    pub async fn exit(&mut self, within: Duration) -> ExitStatus {
        match wait(&mut self.child, within).await {
            Some(status) => status,
            None => panic!("the server was still running after {within:?}: {}", self.logs()),
        }
    }

    /// Whether the process is still there.
    pub fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_none()
    }

    /// Resident memory of the process, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.status_field("VmRSS:")
    }

    /// The most memory the process ever had resident, in KiB.
    pub fn peak_resident_kib(&self) -> u64 {
        self.status_field("VmHWM:")
    }

    fn status_field(&self, name: &str) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process is there");
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .expect("the kernel tells memory");
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok())
            .expect("memory is a number")
    }

    /// All that the process has written so far.
    pub fn logs(&self) -> String {
        logs_in(self.folder.path())
    }

    /// From now on this text in the logs is a failure.
    pub fn keep_out_of_logs(&self, secret: &str) {
        self.target
            .secrets
            .lock()
            .expect("nobody panics with the list")
            .push(secret.to_owned());
    }

    /// The list behind [`Server::keep_out_of_logs`], for clients that outlive a borrow.
    pub fn secrets(&self) -> Secrets {
        Arc::clone(&self.target.secrets)
    }

    /// Fails when the logs hold a panic or one of the secrets.
    pub fn check_logs(&self) {
        let logs = self.logs();
        assert!(!logs.contains("panicked at"), "the server panicked: {logs}");
        let secrets = self.target.secrets.lock().expect("nobody panics with the list");
        for secret in secrets.iter() {
            assert!(
                !logs.contains(secret.as_str()),
                "`{secret}` is in the logs: {logs}"
            );
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's logs: {}", self.logs());
        } else {
            self.check_logs();
        }
    }
}

fn logs_in(folder: &Path) -> String {
    let read = |name: &str| {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    format!("{}\n{}", read("stdout"), read("stderr"))
}
