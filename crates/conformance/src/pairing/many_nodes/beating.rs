//! Heartbeats of several nodes.

use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE};
use passerby_application::ports::StoreMemory;
use passerby_domain::time::Millis;

/// Each with how long it has been silent; not the one that asks.
pub async fn a_node_is_told_of_the_others_and_how_long_they_have_been_silent<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open_silent().await;
    assert_eq!(stage.beats(HERE).await.peers, []);
    stage.scene.pass(1_000).await;
    stage.beats(THERE).await;
    stage.scene.pass(2_000).await;
    stage.beats(ELSEWHERE).await;
    let mut peers = stage.beats(HERE).await.peers;
    let mut expected = vec![
        (stage.own(THERE), Millis::from_secs(2)),
        (stage.own(ELSEWHERE), Millis::ZERO),
    ];
    peers.sort_unstable();
    expected.sort_unstable();
    assert_eq!(peers, expected);
}

/// As long as it speaks in time.
pub async fn a_node_that_speaks_each_second_is_told_that_all_is_kept<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open_silent().await;
    for _ in 0..8 {
        assert_eq!(stage.remembers(HERE).await, StoreMemory::Kept);
        stage.scene.pass(1_000).await;
    }
}

/// Others may have given it up. It is told once.
pub async fn a_node_that_was_silent_for_longer_than_its_lease_is_told_so<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    stage.scene.pass(5_000).await;
    assert_eq!(stage.remembers(HERE).await, StoreMemory::Lost);
    assert_eq!(stage.remembers(HERE).await, StoreMemory::Kept);
}
