//! One `redis-server` process, which can die, freeze and come back on its port.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::ports::Port;
use crate::{PATIENCE, signals, succeeds};

/// A process and how it was started.
#[derive(Debug)]
pub struct Process {
    child: Option<Child>,
    port: Port,
    folder: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Process {
    /// Starts `redis-server` with these arguments, working in this folder, which must exist. It may not answer yet.
    pub fn start(port: Port, folder: &Path, arguments: Vec<String>) -> Self {
        let mut process = Self {
            child: None,
            port,
            folder: folder.to_owned(),
            arguments,
            environment: Vec::new(),
        };
        process.again();
        process
    }

    /// Its port.
    pub fn port(&self) -> &Port {
        &self.port
    }

    /// Where it works.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it was started with; a change takes effect at the next start.
    pub fn arguments(&mut self) -> &mut Vec<String> {
        &mut self.arguments
    }

    /// Variables of its environment; a change takes effect at the next start.
    pub fn environment(&mut self) -> &mut Vec<(String, String)> {
        &mut self.environment
    }

    /// Starts it again, after [`Process::kill`] or [`Process::ends`].
    pub fn again(&mut self) {
        assert!(self.child.is_none(), "it is still running");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("a file can be made");
        let child = Command::new("redis-server")
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(File::try_clone(&log).expect("a file has two handles"))
            .stderr(log)
            .spawn()
            .expect("redis-server is missing: `make setup` installs it");
        self.child = Some(child);
    }

    /// Ends it as a power cut does, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Waits for an end that was ordered otherwise.
    pub async fn ends(&mut self) {
        succeeds("redis ends", PATIENCE, async || {
            if self.has_ended() {
                Ok(())
            } else {
                Err(self.logs())
            }
        })
        .await;
        self.child = None;
    }

    fn has_ended(&mut self) -> bool {
        let status = self.child.as_mut().map(Child::try_wait);
        status.is_none_or(|status| status.expect("a child can be waited for").is_some())
    }

    /// Stops it from running, connections open.
    pub fn freeze(&self) {
        signals::freeze(self.running());
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        signals::thaw(self.running());
    }

    /// Whether the process is there, frozen or not.
    pub fn is_running(&mut self) -> bool {
        let ended = |child: &mut Child| child.try_wait().expect("a child can be waited for");
        self.child.as_mut().is_some_and(|child| ended(child).is_none())
    }

    /// All it has written to its log so far.
    pub fn logs(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn running(&self) -> &Child {
        self.child.as_ref().expect("it is running")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
