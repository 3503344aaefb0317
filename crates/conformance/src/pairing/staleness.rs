//! Operations that arrive late, twice or out of order.

use super::PairingSetup;
use super::scene::{Person as _, Scene, later};

/// The newer search goes on as if nothing had come.
pub async fn an_older_search_changes_nothing<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let newer = scene.person(1).moved(1).speaks("en");
    scene.waits(&newer).await;
    scene.is_stale(&scene.person(1)).await;
    scene.waits(&scene.person(2).speaks("de")).await;
    scene.meets(&scene.person(3).speaks("en"), &newer).await;
}

/// The seat is in the queue once, as it said last, whether its place is another one or not.
pub async fn a_newer_search_replaces_the_older_one<S: PairingSetup>() {
    for moved_forward in [0, 500] {
        let scene = Scene::<S>::open().await;
        let cats = scene.person(1).likes(&["cats"]).speaks("en");
        let dogs = scene
            .person(1)
            .moved(2)
            .likes(&["dogs"])
            .speaks("de")
            .since(moved_forward);
        scene.waits(&cats).await;
        scene.waits(&dogs).await;
        scene.waits(&scene.person(2).likes(&["cats"]).speaks("en")).await;
        scene
            .meets(&scene.person(3).likes(&["dogs"]).speaks("de"), &dogs)
            .await;
        scene.waits(&scene.person(4).likes(&["dogs"]).speaks("de")).await;
    }
}

/// That is how a search is renewed when its time has come.
pub async fn the_same_search_may_be_repeated_while_it_waits<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1).likes(&["cats"]);
    let retry_at = scene.waits(&person).await;
    assert_eq!(scene.waits(&person).await, retry_at);
    scene.meets(&scene.person(2).likes(&["cats"]), &person).await;
    scene.waits(&scene.person(3).likes(&["cats"])).await;
}

/// A seat that left the queue comes back by a newer search only.
pub async fn whoever_is_at_rest_is_not_found_and_an_older_search_does_not_bring_them_back<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1).speaks("en");
    scene.waits(&person).await;
    scene.rests(later(person.stamp, 1)).await;
    scene.is_stale(&person).await;
    scene.waits(&scene.person(2).speaks("en")).await;
    let back = person.moved(2);
    scene.meets(&back, &scene.person(2).speaks("en")).await;
}

/// A release that was meant for an older search leaves the newer one in the queue.
pub async fn an_older_release_changes_nothing<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1).moved(2);
    scene.waits(&person).await;
    scene.rests(later(scene.person(1).stamp, 1)).await;
    scene.goes(later(scene.person(1).stamp, 1)).await;
    scene.meets(&scene.person(2), &person).await;
}

/// Also when the store has never heard of the seat.
pub async fn a_release_that_overtakes_its_search_wins<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1);
    scene.rests(later(person.stamp, 1)).await;
    scene.is_stale(&person).await;
    scene.waits(&scene.person(2)).await;
}

/// Nothing that was sent before brings a seat back.
pub async fn whoever_is_gone_stays_gone<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1);
    scene.waits(&person).await;
    scene.goes(later(person.stamp, 2)).await;
    scene.is_stale(&person).await;
    scene.is_stale(&person.moved(1)).await;
    scene.rests(later(scene.person(1).stamp, 1)).await;
    scene.is_stale(&scene.person(1).moved(2)).await;
    let never_seen = scene.person(2);
    scene.goes(later(never_seen.stamp, 1)).await;
    scene.is_stale(&never_seen).await;
    scene.waits(&scene.person(3)).await;
}

/// The second time changes nothing.
pub async fn a_release_may_be_repeated<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let person = scene.person(1);
    scene.waits(&person).await;
    scene.rests(later(person.stamp, 1)).await;
    scene.rests(later(person.stamp, 1)).await;
    let back = person.moved(2);
    scene.waits(&back).await;
    scene.rests(later(scene.person(1).stamp, 1)).await;
    scene.meets(&scene.person(2), &back).await;
    scene.goes(later(back.stamp, 1)).await;
    scene.goes(later(back.stamp, 1)).await;
    scene.is_stale(&back).await;
}
