//! What every row begins and ends with: nodes, a store, users, and the judgement.

use std::time::{Duration, Instant};

use passerby_tests::Nodes;
use passerby_tests::nodes::Store;
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::swarm::{CANARY_INTEREST, CANARY_TEXT, Counts, Happened, Phase, Plan, Swarm};
use tokio::sync::{Mutex, MutexGuard};

use crate::report;

/// How long users live before the fault.
const WARM_UP: Duration = Duration::from_secs(5);
/// Longer than any patience, grace and lease, several times over.
const SETTLE: Duration = Duration::from_secs(90);
/// From one act of a restless user to the next, in milliseconds: from, to.
const RESTLESS: (u64, u64) = (20, 200);
/// Until then nobody is counted any more who went away for good at the last moment: a grace, and what heartbeats take.
const COUNTED: Duration = Duration::from_secs(15);
/// Beyond these seconds a message may not wait for its answer, the machine's own slowness included.
const SLOWEST: Duration = Duration::from_secs(8);

/// One row at a time, also where all tests share a process.
static TURN: Mutex<()> = Mutex::const_new(());

/// Whether this run measures: the promised times are limits then.
pub(crate) fn measures() -> bool {
    std::env::var_os("PASSERBY_FAULTS_TABLE").is_some()
}

/// A promised time, or more where nobody measures: a machine that does other things beside may be slow.
pub(crate) fn within(promised: Duration) -> Duration {
    if measures() { promised } else { 3 * promised }
}

/// Nodes under load.
pub(crate) struct Scene {
    row: &'static str,
    what: &'static str,
    pub(crate) nodes: Nodes,
    pub(crate) swarm: Swarm,
    pub(crate) plan: Plan,
    began: Instant,
    _turn: MutexGuard<'static, ()>,
}

/// What a row has come to.
pub(crate) struct Outcome {
    row: &'static str,
    what: &'static str,
    /// From the end of the fault until nobody was lost.
    pub(crate) found: Duration,
    /// All that happened since the fault began.
    pub(crate) happened: Vec<Happened>,
    pub(crate) counts: Counts,
    /// What the nodes found and put right, added up.
    pub(crate) anomalies: f64,
}

/// Settings of the nodes of a row, on top of those of any swarm.
const SETTINGS: [(&str, &str); 3] = [
    ("PASSERBY__SESSION__RESUME_GRACE", "10s"),
    ("PASSERBY__SESSION__RELOAD_GRACE", "3s"),
    ("PASSERBY__SESSION__DRAIN_SPREAD", "2s"),
];

impl Scene {
    /// Three nodes on a Redis that keeps nothing, and users who have lived with them for a while.
    pub(crate) async fn begin(row: &'static str, what: &'static str) -> Self {
        let store = Store::Standalone(Standalone::start(Keeps::Nothing).await);
        Self::on(row, what, store, &[]).await
    }

    /// As [`Scene::begin`], with a store that keeps everything.
    pub(crate) async fn begin_keeping(row: &'static str, what: &'static str) -> Self {
        let store = Store::Standalone(Standalone::start(Keeps::Everything).await);
        Self::on(row, what, store, &[]).await
    }

    /// As [`Scene::begin`], with users who do something every tenth of a second or so.
    pub(crate) async fn begin_restless(row: &'static str, what: &'static str) -> Self {
        let store = Store::Standalone(Standalone::start(Keeps::Nothing).await);
        Self::start(row, what, store, &[], |plan| plan.pause = RESTLESS).await
    }

    /// As [`Scene::begin`], with this store and these settings.
    pub(crate) async fn on(
        row: &'static str,
        what: &'static str,
        store: Store,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::start(row, what, store, settings, |_| ()).await
    }

    async fn start(
        row: &'static str,
        what: &'static str,
        store: Store,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut Plan),
    ) -> Self {
        let turn = TURN.lock().await;
        let users = std::env::var("PASSERBY_FAULTS_USERS").ok();
        let users = users.map_or(100, |text| text.parse().expect("a number of users"));
        let mut plan = Plan::from_environment(users, 0).stormy();
        change(&mut plan);
        eprintln!("{row}: {what}: {plan:?}");
        let all = [&Plan::SETTINGS[..], &SETTINGS, settings].concat();
        let nodes = Nodes::start_on(store, 3, &all, plan.seed).await;
        for canary in [CANARY_TEXT, CANARY_INTEREST] {
            nodes.keep_out_of_logs(canary);
        }
        let swarm = Swarm::start(plan, nodes.doors());
        swarm.live(WARM_UP).await;
        Self {
            row,
            what,
            nodes,
            swarm,
            plan,
            began: Instant::now(),
            _turn: turn,
        }
    }

    /// The fault begins now: figures count from here.
    pub(crate) fn breaks(&mut self) -> Instant {
        self.began = Instant::now();
        self.began
    }

    /// Lets users do what they do for some seconds.
    pub(crate) async fn live(&self, seconds: u64) {
        self.swarm.live(Duration::from_secs(seconds)).await;
    }

    /// From now on users break no connection, end no chat and only talk, so that all else is the fault's doing. Completes
    /// when those who are on their way have come back.
    pub(crate) async fn stay_where_you_are(&self) {
        self.swarm.turn(Phase::Talking);
        let found = self.swarm.has_found_everybody(Duration::from_secs(10)).await;
        found.expect("nothing is at fault yet");
    }

    /// Whoever went away before, and does not come back, is given up by then: that is not the fault's doing.
    pub(crate) async fn outlive_the_graces(&self) {
        self.live(11).await;
    }

    /// All that happened since the fault began.
    pub(crate) fn happened(&self) -> Vec<Happened> {
        self.swarm.record().since(self.began)
    }

    /// The fault is over now: checks that nobody is lost within the promised time, lets everything come to rest, and
    /// judges.
    pub(crate) async fn ends(self) -> Outcome {
        self.ends_within(Duration::from_secs(10)).await
    }

    /// As [`Scene::ends`], where another time is promised.
    pub(crate) async fn ends_within(mut self, promised: Duration) -> Outcome {
        let found = self.swarm.finds_everybody(within(promised)).await;
        let settled = self.swarm.settles(SETTLE).await;
        let happened = self.happened();
        let told = || self.swarm.record().census();
        let counted = self.nodes.count(told, COUNTED).await;
        let anomalies = self.nodes.total("passerby_invariant_violations_total").await;
        let leaks = self.leaks().await;
        let (broken, counts) = self.swarm.finish().await;
        let plan = self.plan;
        eprintln!("{}: {counts}; anomalies {anomalies}", self.row);
        assert!(broken.is_empty(), "{plan:?}: {broken:#?}");
        if let Err(open) = settled {
            panic!("{plan:?}: not settled: {open:#?}");
        }
        if let Err(why) = counted {
            panic!("{plan:?}: the nodes count otherwise: {why}");
        }
        assert!(leaks.is_empty(), "{plan:?}: in Redis: {leaks:?}");
        assert!(
            counts.slowest < SLOWEST,
            "{plan:?}: an answer took {:?}",
            counts.slowest
        );
        let found = match found {
            Ok(found) => found,
            Err(lost) => panic!("{plan:?}: lost: {lost:#?}"),
        };
        Outcome {
            row: self.row,
            what: self.what,
            found,
            happened,
            counts,
            anomalies,
        }
    }

    /// What Redis holds and should not.
    async fn leaks(&mut self) -> Vec<String> {
        let Store::Standalone(server) = self.nodes.store() else {
            return Vec::new();
        };
        let disk = String::from_utf8_lossy(&server.disk().await).into_owned();
        let secrets = self.nodes.doors()[0].secrets.clone();
        let secrets = secrets.lock().expect("nobody panics with the list");
        // The latest tokens are those that would be of use.
        let latest = secrets.iter().rev().take(500);
        let canaries = [CANARY_TEXT.to_owned(), CANARY_INTEREST.to_owned()];
        canaries
            .iter()
            .chain(latest)
            .filter(|secret| disk.contains(secret.as_str()))
            .cloned()
            .collect()
    }
}

impl Outcome {
    /// Prints the row: what is the same in every row, after figures of its own.
    pub(crate) fn tell(&self, figures: &str) {
        let all = format!(
            "{figures}{}all found after {}; {} messages, {} refused, {} unconfirmed; anomalies put right: {}",
            if figures.is_empty() { "" } else { "; " },
            report::seconds(self.found),
            self.counts.messages,
            self.counts.refusals,
            self.counts.unconfirmed,
            self.anomalies,
        );
        report::row(self.row, self.what, &all);
    }
}
