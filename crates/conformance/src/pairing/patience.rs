//! How time makes people less particular.

use super::PairingSetup;
use super::scene::{Person as _, Scene};
use passerby_domain::cooldown::Cause;

/// First on interests, then on the language, then never.
pub async fn a_seeker_is_told_when_their_own_patience_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let seeker = scene.person(1).likes(&["cats"]).speaks("en");
    let (interests, language) = (scene.after(8_000), scene.after(15_000));
    assert_eq!(scene.waits(&seeker).await, Some(interests));
    scene.pass(7_999).await;
    assert_eq!(scene.waits(&seeker).await, Some(interests));
    scene.pass(1).await;
    assert_eq!(scene.waits(&seeker).await, Some(language));
    scene.pass(7_000).await;
    assert_eq!(scene.waits(&seeker).await, None);
}

/// Only somebody else can change the answer.
pub async fn a_seeker_with_nothing_to_wait_for_is_told_so<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let particular = scene.person(1).speaks("de");
    assert_eq!(scene.waits(&particular).await, Some(scene.after(15_000)));
    assert_eq!(
        scene
            .waits(&scene.person(2).speaks("en").patient_for(15_000))
            .await,
        None
    );
}

/// Each asks again when their own patience ends, and the second of them finds the first.
pub async fn unlike_interests_meet_when_the_second_patience_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let cats = scene.person(1).likes(&["cats"]);
    let dogs = scene.person(2).likes(&["dogs"]).patient_for(3_000);
    scene.waits(&cats).await;
    assert_eq!(scene.waits(&dogs).await, Some(scene.after(5_000)));
    scene.pass(5_000).await;
    assert_eq!(scene.waits(&dogs).await, None);
    scene.pass(3_000).await;
    scene.meets(&cats, &dogs).await;
}

/// As with interests.
pub async fn unlike_languages_meet_when_the_second_patience_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let english = scene.person(1).likes(&["cats"]).speaks("en");
    let german = scene.person(2).likes(&["cats"]).speaks("de").patient_for(5_000);
    scene.waits(&english).await;
    scene.waits(&german).await;
    scene.pass(10_000).await;
    assert_eq!(scene.waits(&german).await, None);
    assert_eq!(scene.waits(&english).await, Some(scene.after(5_000)));
    scene.pass(5_000).await;
    scene.meets(&english, &german).await;
}

/// One who comes back from a chat has an old place and all their patience.
pub async fn patience_counts_from_the_beginning_of_the_wait_and_not_from_the_place<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let old = scene.person(1).likes(&["cats"]).since(60_000);
    assert_eq!(scene.waits(&old).await, Some(scene.after(8_000)));
    scene.waits(&scene.person(2)).await;
}

/// Whichever is earlier.
pub async fn the_end_of_patience_comes_before_the_end_of_a_longer_cooldown<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let other = scene.person(2).likes(&["cats"]);
    scene.waits(&other).await;
    let seeker = |until| {
        scene
            .person(1)
            .likes(&["cats"])
            .avoids(&other, until, Cause::Parted)
    };
    assert_eq!(
        scene.waits(&seeker(scene.after(9_000))).await,
        Some(scene.after(8_000))
    );
    assert_eq!(
        scene.waits(&seeker(scene.after(7_000)).moved(1)).await,
        Some(scene.after(7_000))
    );
}
