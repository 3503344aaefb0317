//! What an offer does to the two seats, and what ends it.

use super::PairingSetup;
use super::scene::{Person as _, Scene, later};

/// Both are out of the queue from the moment of the offer on.
pub async fn nobody_else_is_offered_either_of_two<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1).since(9_000), scene.person(2).since(8_000));
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
    let third = scene.person(3);
    scene.waits(&third).await;
    scene.meets(&scene.person(4), &third).await;
}

/// Neither side's ticket is good for another partner.
pub async fn the_search_that_was_answered_by_an_offer_is_over<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1), scene.person(2));
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
    scene.waits(&scene.person(3)).await;
    scene.is_stale(&one).await;
    scene.is_stale(&other).await;
}

/// A newer search of one of the two ends the offer for both.
pub async fn whoever_searches_anew_leaves_their_offer_and_the_other_may_search_anew<S: PairingSetup>() {
    for moves in [1, 4] {
        let scene = Scene::<S>::open().await;
        let (one, other) = (scene.person(1), scene.person(2));
        scene.waits(&one).await;
        scene.meets(&other, &one).await;
        let one = one.moved(moves);
        scene.waits(&one).await;
        scene.meets(&other.moved(moves), &one).await;
    }
}

/// So does a release of one of the two, of either kind and from either side.
pub async fn whoever_goes_leaves_their_offer_and_the_other_may_search_anew<S: PairingSetup>() {
    for leaver in [0, 1] {
        for goes in [true, false] {
            let scene = Scene::<S>::open().await;
            let both = [scene.person(1), scene.person(2)];
            scene.waits(&both[0]).await;
            scene.meets(&both[1], &both[0]).await;
            let stamp = later(both[leaver].stamp, 1);
            if goes {
                scene.goes(stamp).await;
            } else {
                scene.rests(stamp).await;
            }
            scene.waits(&both[1 - leaver].clone().moved(1)).await;
        }
    }
}

/// Its owner has not said yet that the seat still waits.
pub async fn whoever_was_left_with_a_dead_offer_is_found_only_once_they_search_again<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1), scene.person(2));
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
    scene.rests(later(other.stamp, 1)).await;
    let third = scene.person(3);
    scene.waits(&third).await;
    scene.meets(&one.moved(1), &third).await;
}

/// A chat holds its seats until their owners say otherwise, whose word is newer by as much as begins and ends a chat.
pub async fn two_who_met_are_not_found_and_may_search_after_their_chat<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1), scene.person(2));
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
    let third = scene.person(3);
    scene.waits(&third).await;
    scene.is_stale(&one).await;
    scene.is_stale(&other).await;
    scene.meets(&one.moved(3), &third).await;
    scene.waits(&other.moved(3)).await;
}

/// Words about an offer that is dead do not touch the one its seat is in now.
pub async fn an_offer_that_died_does_not_harm_the_next_one<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other, third) = (scene.person(1), scene.person(2), scene.person(3));
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
    let one = one.moved(2);
    scene.waits(&one).await;
    scene.meets(&third, &one).await;
    // The other seat learns late that its offer is dead.
    scene.rests(later(other.stamp, 1)).await;
    scene.is_stale(&one).await;
    scene.is_stale(&third).await;
    scene.waits(&scene.person(4)).await;
}
