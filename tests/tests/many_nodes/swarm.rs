//! A swarm of users over three nodes in calm weather: nobody can tell that there is more than one.

use std::time::Duration;

use passerby_tests::Nodes;
use passerby_tests::nodes::Store;
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::swarm::{CANARY_INTEREST, CANARY_TEXT, Phase, Plan, Swarm};

const SETTLE: Duration = Duration::from_secs(60);
/// How many messages of a run may be answered with `unconfirmed`, though nothing is at fault: what is said again while both
/// ends of a chat move to other nodes, more than once within some hundredths of a second. `docs/reliability.md` has how often.
const UNCONFIRMED: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swarm_over_three_nodes_breaks_no_promise() {
    let mut plan = Plan::from_environment(90, 15);
    plan.pause = (50, 300);
    plan.unconfirmed = UNCONFIRMED;
    let store = Store::Standalone(Standalone::start(Keeps::Nothing).await);
    let nodes = Nodes::start_on(store, 3, &Plan::SETTINGS, plan.seed).await;
    for canary in [CANARY_TEXT, CANARY_INTEREST] {
        nodes.keep_out_of_logs(canary);
    }
    let swarm = Swarm::start(plan, nodes.doors());
    swarm.live(plan.time).await;
    swarm.turn(Phase::Settling);
    if let Err(open) = swarm.settles(SETTLE).await {
        eprintln!("swarm: not settled: {open:#?}");
    }
    let told = || swarm.record().census();
    let counted = nodes.count(told, passerby_tests::PATIENCE).await;
    let (broken, counts) = swarm.finish().await;
    eprintln!("swarm: {counts}");
    assert!(broken.is_empty(), "{plan:?}: {broken:#?}");
    assert!(counted.is_ok(), "{counted:?}");
    counts.was_lively(plan.users);
}
