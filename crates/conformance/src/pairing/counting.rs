//! How many people there are.

use super::PairingSetup;
use super::scene::Scene;
use passerby_application::ports::PairingStore as _;
use passerby_domain::id::NodeId;
use passerby_domain::notice::Census;

fn census(online: u64) -> Census {
    Census {
        online,
        waiting: online / 2,
        chatting: online / 4,
    }
}

async fn beat<S: PairingSetup>(scene: &Scene<S>, node: &str, own: Census) -> Census {
    let node = NodeId::parse(node).expect("a node's name");
    scene
        .setup
        .port()
        .heartbeat(&node, own)
        .await
        .expect("a heartbeat is answered")
        .census
}

/// Its own counts included; of each node the latest.
pub async fn a_node_that_lives_is_told_the_counts_of_all_that_live<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    assert_eq!(beat(&scene, "one", census(8)).await, census(8));
    assert_eq!(beat(&scene, "two", census(4)).await, census(12));
    assert_eq!(beat(&scene, "one", census(16)).await, census(20));
    assert_eq!(beat(&scene, "two", Census::default()).await, census(16));
}

/// A node is heard from each second; after ten it is not alive, and after two it still is.
pub async fn the_counts_of_a_node_that_is_silent_for_long_are_left_out<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    beat(&scene, "one", census(8)).await;
    scene.pass(2_000).await;
    assert_eq!(beat(&scene, "two", census(4)).await, census(12));
    scene.pass(8_000).await;
    assert_eq!(beat(&scene, "two", census(4)).await, census(4));
}
