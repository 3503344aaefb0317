//! Rows F19 to F22: the clock jumps, the log goes nowhere, descriptors and memory run out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use passerby_tests::nodes::Store;
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::swarm::Happening;
use passerby_tests::{Client, Frame, Nodes, RawSocket, pair_across};
use rustix::process::{Pid, Resource, Rlimit};

use crate::report::{self, ended, returns, seconds};
use crate::scene::Scene;

/// Where libraries lie.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib",
];

fn library(name: &str) -> Option<PathBuf> {
    let places = LIBRARIES.map(|place| Path::new(place).join(name));
    places.into_iter().find(|path| path.exists())
}

/// The library that makes a process believe in another time. Before it goes the allocator of the C library: that of Redis
/// asks for the time while it begins, which the other cannot answer before it has memory.
fn faketime() -> String {
    let allocator = library("libc_malloc_debug.so.0");
    let clock = library("faketime/libfaketimeMT.so.1");
    let clock = clock.expect("libfaketime is missing: `make test-faults` installs it");
    let all = allocator.into_iter().chain([clock]);
    let all: Vec<_> = all.map(|path| path.display().to_string()).collect();
    all.join(":")
}

/// Settings under which a process reads its time from this file.
fn variables(file: &Path) -> [(String, String); 5] {
    [
        ("LD_PRELOAD", faketime()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // What the wall clock says changes, the time that runs does not.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn jump(file: &Path, to: &str) {
    fs::write(file, format!("{to}\n")).expect("a file can be written");
}

async fn jumps(mut scene: Scene, clock: &Path) {
    scene.stay_where_you_are().await;
    scene.outlive_the_graces().await;
    scene.breaks();
    for to in ["+3600", "+0", "-3600", "+0"] {
        jump(clock, to);
        scene.live(6).await;
    }
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, _) = returns(&outcome.happened);
    let reaped = ended(&outcome.happened, "lost") + ended(&outcome.happened, "partner_disconnected");
    let odd: Vec<_> = outcome
        .happened
        .iter()
        .filter(|happened| !matches!(happened.what, Happening::Matched | Happening::Refused(_)))
        .collect();
    assert_eq!(
        (lost, reaped),
        (0, 0),
        "nobody is reaped because a clock jumps: {odd:#?}"
    );
    outcome.tell(&format!("0 reaped, {resumed} resumed ({gaps} with a gap)"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f19_the_clock_of_a_node_jumps() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let clock = folder.path().join("clock");
    jump(&clock, "+0");
    let mut scene = Scene::begin("F19", "the clock of one node jumps by an hour, both ways").await;
    scene.nodes[0].terminate();
    scene.nodes[0].ends(Duration::from_secs(45)).await;
    for (name, value) in variables(&clock) {
        scene.nodes[0].set(&name, &value);
    }
    scene.nodes[0].again().await;
    jumps(scene, &clock).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f19_the_clock_of_redis_jumps() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let clock = folder.path().join("clock");
    jump(&clock, "+0");
    let mut redis = Standalone::start(Keeps::Nothing).await;
    redis.process().kill();
    redis.process().environment().extend(variables(&clock));
    redis.again().await;
    let what = "the clock of Redis jumps by an hour, both ways";
    let scene = Scene::on("F19", what, Store::Standalone(redis), &[]).await;
    jumps(scene, &clock).await;
}

async fn a_chat_goes_on(nodes: &Nodes) -> Duration {
    let (mut ann, mut ben) = pair_across(nodes).await;
    let begun = Instant::now();
    for number in 0..100 {
        ann.say(&number.to_string(), "hello");
        ann.expect("ack").await;
        ben.expect("message").await;
    }
    let took = begun.elapsed();
    ann.close(1000).await;
    ben.close(1000).await;
    took
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f20_nobody_takes_the_log() {
    let settings = [
        ("PASSERBY__LOG__LEVEL", "trace"),
        ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0"),
    ];
    let mut nodes = Nodes::start(2, &settings).await;
    let quiet = a_chat_goes_on(&nodes).await;
    let mut figures = Vec::new();
    for log in [
        passerby_tests::server::Log::Full,
        passerby_tests::server::Log::Unread,
    ] {
        nodes[0].terminate();
        nodes[0].ends(Duration::from_secs(45)).await;
        nodes[0].logs_to(log);
        nodes[0].again().await;
        nodes[0].until_ready(200).await;
        let took = a_chat_goes_on(&nodes).await;
        let dropped = nodes[0].metrics().await.total("passerby_log_lines_dropped_total");
        figures.push(format!(
            "{log:?}: a hundred messages took {} ms, {dropped} lines dropped",
            took.as_millis()
        ));
    }
    let figures = format!("quiet: {} ms; {}", quiet.as_millis(), figures.join("; "));
    report::row(
        "F20",
        "the disk of the log is full; a pipe that nobody reads",
        &figures,
    );
}

/// Processor time of a process so far.
fn processor(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |place: usize| fields[place].parse::<u64>().expect("ticks are a number");
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f21_descriptors_run_out() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let server = nodes[0].server();
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
    let limit = Rlimit {
        current: Some(128),
        maximum: Some(128),
    };
    rustix::process::prlimit(pid, Resource::Nofile, limit).expect("a child can be limited");
    let mut sockets = Vec::new();
    for _ in 0..400 {
        sockets.push(RawSocket::connect(nodes[0].http()).await);
    }
    let (before, begun) = (processor(server.pid()), Instant::now());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let used = processor(server.pid()).saturating_sub(before);
    let used = used.as_secs_f64() / begun.elapsed().as_secs_f64();
    ann.say("a", "still here");
    ann.expect("ack").await;
    assert_eq!(ben.expect("message").await.text("text"), "still here");
    drop(sockets);
    let released = Instant::now();
    let cyd = loop {
        let connect = passerby_tests::Connect::to(nodes[0].server()).query("join=manual");
        if let Ok(client) = connect.try_open(Duration::from_secs(2)).await {
            break client;
        }
        assert!(
            released.elapsed() < Duration::from_secs(20),
            "it does not recover"
        );
    };
    let recovered = released.elapsed();
    drop(cyd);
    assert!(used < 0.5, "a busy loop: {used:.2} of a core");
    let figures = format!(
        "{:.0} % of a core while full; a new user is in {} after the release",
        100.0 * used,
        seconds(recovered)
    );
    report::row("F21", "128 descriptors, 400 sockets", &figures);
}

/// A memory limit of its own for one process; none where the system does not let tests make one.
struct Cage {
    folder: PathBuf,
    events: &'static str,
}

impl Cage {
    fn of(pid: u32, bytes: u64) -> Option<Self> {
        let name = format!("passerby-test-{pid}");
        let second = PathBuf::from("/sys/fs/cgroup").join(&name);
        let first = PathBuf::from("/sys/fs/cgroup/memory").join(&name);
        for (folder, limit, events) in [
            (second, "memory.max", "memory.events"),
            (first, "memory.limit_in_bytes", "memory.oom_control"),
        ] {
            let made = fs::create_dir(&folder)
                .and_then(|()| fs::write(folder.join(limit), bytes.to_string()))
                .and_then(|()| fs::write(folder.join("cgroup.procs"), pid.to_string()));
            if made.is_ok() {
                return Some(Self { folder, events });
            }
            let _ = fs::remove_dir(&folder);
        }
        None
    }

    fn kills(&self) -> u64 {
        let text = fs::read_to_string(self.folder.join(self.events)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.and_then(|kills| kills.trim().parse().ok())
            .unwrap_or_default()
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make test-faults"]
async fn f22_memory_is_short_and_clients_flood() {
    let nodes = Nodes::start(2, &[]).await;
    let server = nodes[0].server();
    let cage = Cage::of(server.pid(), 256 << 20);
    let address = nodes[0].http();
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let floods: Vec<_> = (0..200)
        .map(|number| {
            let target = nodes[0].door().clone();
            tokio::spawn(async move {
                let until = Instant::now() + Duration::from_secs(30);
                while Instant::now() < until {
                    let mut socket = RawSocket::connect_narrow(address, 4096).await;
                    let head = passerby_tests::raw::upgrade_head(&target.address.to_string(), "join=manual");
                    socket.send(format!("{head}\r\n").as_bytes()).await;
                    let frame = if number % 2 == 0 {
                        Frame::ping([7; 125])
                    } else {
                        Frame::text("{\"type\":\"ping\",\"id\":\"0123456789012345678901234567890123456789\"}")
                    };
                    socket
                        .flood_blindly(&frame.bytes().repeat(200), Duration::from_secs(3))
                        .await;
                }
            })
        })
        .collect();
    let mut said = 0;
    while floods.iter().any(|flood| !flood.is_finished()) {
        ann.say(&said.to_string(), "still here");
        ann.expect("ack").await;
        ben.expect("message").await;
        said += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let kills = cage.as_ref().map_or(0, Cage::kills);
    let peak = server.peak_resident_kib() / 1024;
    assert_eq!(kills, 0, "the kernel killed it");
    assert!(peak < 256, "{peak} MiB");
    Client::idle(server).await.is_served().await;
    let limited = if cage.is_some() {
        "256 MiB"
    } else {
        "no limit could be set"
    };
    let figures = format!("{limited}; at most {peak} MiB, 0 kills, {said} messages of a chat meanwhile");
    report::row("F22", "200 clients flood and never read, 30 s", &figures);
}
