//! One Redis server.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use super::{Certificates, Cli, Process};
use crate::ports::Port;

/// What a server remembers when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing.
    Nothing,
    /// Every write that it has answered.
    Everything,
}

/// One server on a port of its own.
#[derive(Debug)]
pub struct Standalone {
    process: Process,
    cli: Cli,
    certificates: Option<Certificates>,
    folder: TempDir,
}

/// Arguments that every server of the suite is started with.
pub(super) fn arguments(port: &Port) -> Vec<String> {
    let number = port.number().to_string();
    [
        "--port",
        &number,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--rdbcompression",
        "no",
        "--enable-debug-command",
        "yes",
        "--maxmemory-policy",
        "noeviction",
        "--tcp-backlog",
        "128",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn keeping(keeps: Keeps) -> [String; 4] {
    let only = match keeps {
        Keeps::Nothing => "no",
        Keeps::Everything => "yes",
    };
    ["--appendonly", only, "--appendfsync", "always"].map(str::to_owned)
}

impl Standalone {
    /// Starts a server and waits until it answers.
    pub async fn start(keeps: Keeps) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder can be made"), Port::claim());
        let mut all = arguments(&port);
        all.extend(keeping(keeps));
        let cli = Cli::to(port.address());
        Self::begin(folder, port, all, cli, None).await
    }

    /// Starts a server that speaks TLS alone, with a certificate for 127.0.0.1 and `localhost` made just now, and that
    /// takes its users from these lines of an ACL file. Questions are asked as the administrator, whom the lines
    /// must not name.
    pub async fn start_guarded(users: &[&str]) -> Self {
        let users = [&["user default off"], users].concat();
        Self::start_guarded_as_told(Keeps::Nothing, &users).await
    }

    /// The same, and the lines say what one without a name may do as well.
    pub async fn start_guarded_as_told(keeps: Keeps, users: &[&str]) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder can be made"), Port::claim());
        let certificates = Certificates::make(folder.path());
        let acl = folder.path().join("users.acl");
        let administrator = "user administrator on >for-the-suite ~* &* +@all";
        let lines = [&[administrator], users].concat();
        fs::write(&acl, lines.join("\n") + "\n").expect("a file can be written");
        let mut all = arguments(&port);
        // The plain port is closed, the same number speaks TLS.
        all.extend(["--port", "0", "--tls-port", &port.number().to_string()].map(str::to_owned));
        all.extend(["--tls-auth-clients", "no"].map(str::to_owned));
        for (name, path) in [
            ("--tls-cert-file", certificates.certificate()),
            ("--tls-key-file", certificates.key()),
            ("--tls-ca-cert-file", certificates.authority()),
            ("--aclfile", acl.as_path()),
        ] {
            all.extend([name.to_owned(), path.display().to_string()]);
        }
        all.extend(keeping(keeps));
        let cli = Cli::to(port.address())
            .over_tls(certificates.authority())
            .signed_in("administrator", "for-the-suite");
        Self::begin(folder, port, all, cli, Some(certificates)).await
    }

    async fn begin(
        folder: TempDir,
        port: Port,
        arguments: Vec<String>,
        cli: Cli,
        certificates: Option<Certificates>,
    ) -> Self {
        let server = Self {
            process: Process::start(port, folder.path(), arguments),
            cli,
            certificates,
            folder,
        };
        server.cli.is_up().await;
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.port().address()
    }

    /// To ask it.
    pub fn cli(&self) -> &Cli {
        &self.cli
    }

    /// The certificate authority that clients have to trust, when it speaks TLS.
    pub fn authority(&self) -> Option<&Path> {
        self.certificates.as_ref().map(Certificates::authority)
    }

    /// The process, for signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again on what it kept, after its process was killed, and waits until it answers.
    pub async fn again(&mut self) {
        self.process.again();
        self.cli.is_up().await;
    }

    /// Starts it again with nothing, whatever it kept, and waits until it answers.
    pub async fn again_empty(&mut self) {
        self.forget();
        self.again().await;
    }

    /// Throws away what it keeps on disk.
    pub fn forget(&self) {
        let _ = fs::remove_dir_all(self.folder.path().join("appendonlydir"));
        let _ = fs::remove_file(self.folder.path().join("dump.rdb"));
    }

    /// All that is on its disk after it was told to save: what a thief of the disk would see.
    pub async fn disk(&self) -> Vec<u8> {
        self.cli.ask(&["SAVE"]).await;
        let mut bytes = fs::read(self.folder.path().join("dump.rdb")).expect("it has saved");
        if let Ok(files) = fs::read_dir(self.folder.path().join("appendonlydir")) {
            for file in files {
                bytes.extend(fs::read(file.expect("an entry").path()).expect("readable"));
            }
        }
        bytes
    }
}
