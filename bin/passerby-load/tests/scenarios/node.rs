//! The node under load: a real process on free ports, killed when the test is over.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything takes that goes right, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);
/// Shorter than a node holds the seat of somebody who may come back.
const LEAVING: Duration = Duration::from_secs(10);
/// How often a condition outside this process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A running node.
pub(crate) struct Node {
    child: Child,
    http: String,
    admin: String,
    _folder: TempDir,
}

/// Where the server is: `PASSERBY_BIN`, or `passerby` beside the tool.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("PASSERBY_BIN") {
        return PathBuf::from(path);
    }
    let path = PathBuf::from(env!("CARGO_BIN_EXE_passerby-load")).with_file_name("passerby");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build -p passerby` first, or set PASSERBY_BIN",
        path.display()
    );
    path
}

fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        sleep(LOOK);
    }
}

impl Node {
    /// On free ports.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_at("127.0.0.1:0", settings)
    }

    /// With its public listener at this address.
    pub(crate) fn start_at(address: &str, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let ready = folder.path().join("ready.json");
        let child = Command::new(program())
            .args(["serve", "--ready-file"])
            .arg(&ready)
            // Whatever the machine's own environment holds is not part of the test.
            .env_clear()
            .env("PASSERBY__HTTP__LISTEN", address)
            .env("PASSERBY__ADMIN__LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let addresses: Value = until("the node", PATIENCE, || {
            serde_json::from_str(&fs::read_to_string(&ready).unwrap_or_default()).ok()
        });
        let address = |name: &str| addresses[name].as_str().unwrap().to_owned();
        Self {
            child,
            http: address("http"),
            admin: address("admin"),
            _folder: folder,
        }
    }

    pub(crate) fn address(&self) -> String {
        self.http.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    pub(crate) fn metrics(&self) -> String {
        format!("http://{}", self.admin)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Seats on this node in this state, by its metrics.
    fn seats(&self, state: &str) -> u64 {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.admin
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let name = format!("passerby_seats{{state=\"{state}\"}} ");
        let line = answer.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("no {name} in {answer}"))
            .parse()
            .unwrap()
    }

    /// Waits until no seat is on this node, also none that is held for somebody who may come back.
    pub(crate) fn until_nobody_is_left(&self) {
        until("the end of the last seat", LEAVING, || {
            (self.online() == 0).then_some(())
        });
    }

    /// Waits until this node has so many seats.
    pub(crate) fn until_all_are_here(&self, users: u64) {
        until("the last user", PATIENCE, || {
            (self.online() == users).then_some(())
        });
    }

    fn online(&self) -> u64 {
        ["idle", "waiting", "chatting"]
            .iter()
            .map(|state| self.seats(state))
            .sum()
    }

    /// Has the node drain, and waits for its end.
    pub(crate) fn terminate(mut self) {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = until("the end of the node", PATIENCE, || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
