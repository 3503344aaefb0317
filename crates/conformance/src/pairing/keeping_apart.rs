//! Cooldowns and blocks.

use super::PairingSetup;
use super::scene::{Person as _, Scene};
use passerby_application::ports::Seeker;
use passerby_domain::cooldown::Cause;

/// Two who wait, of whom `left` must not meet `right` for `millis` more.
fn apart<S: PairingSetup>(scene: &Scene<S>, millis: u64) -> (Seeker, Seeker) {
    let right = scene.person(2);
    let left = scene.person(1).avoids(&right, scene.after(millis), Cause::Parted);
    (left, right)
}

/// One of 676 languages.
fn language(number: u16) -> String {
    [number / 26, number % 26]
        .map(|place| ('a'..='z').nth(usize::from(place)).expect("a letter"))
        .iter()
        .collect()
}

/// The seeker is told when to ask again, and gets the partner then.
pub async fn whom_the_seeker_avoids_is_not_met_until_that_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (left, right) = apart(&scene, 2_000);
    scene.waits(&right).await;
    assert_eq!(scene.waits(&left).await, Some(scene.after(2_000)));
    scene.pass(1_999).await;
    assert_eq!(scene.waits(&left).await, Some(scene.after(1)));
    scene.pass(1).await;
    scene.meets(&left, &right).await;
}

/// One side's word is enough, whichever side looks.
pub async fn who_avoids_the_seeker_is_not_met_until_that_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (left, right) = apart(&scene, 2_000);
    scene.waits(&left).await;
    assert_eq!(scene.waits(&right).await, Some(scene.after(2_000)));
    scene.pass(2_000).await;
    scene.meets(&right, &left).await;
}

/// The next best is offered instead.
pub async fn whoever_is_avoided_does_not_stand_in_the_way_of_others<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    for interests in [&[][..], &["cats"]] {
        let seat = 10 * (1 + interests.len() as u128);
        let first = scene.person(seat).likes(interests).speaks("en").since(2_000);
        let second = scene.person(seat + 1).likes(interests).speaks("de").since(1_000);
        scene.waits(&first).await;
        scene.waits(&second).await;
        let seeker = scene.person(seat + 2).likes(interests);
        scene
            .meets(&seeker.avoids(&first, scene.after(5_000), Cause::Parted), &second)
            .await;
        scene.goes(first.moved(1).stamp).await;
    }
}

/// Neither in the seeker's list nor in the other's.
pub async fn what_ended_keeps_nobody_apart<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (left, right) = apart(&scene, 0);
    scene.waits(&left).await;
    scene
        .meets(&right.avoids(&left, scene.now(), Cause::Blocked), &left)
        .await;
}

/// Of a cooldown and a block with the same seat, in whatever order they come.
pub async fn the_longer_of_two_reasons_counts<S: PairingSetup>() {
    for [first, second] in [[2_000, 5_000], [5_000, 2_000]] {
        let scene = Scene::<S>::open().await;
        let other = scene.person(2);
        scene.waits(&other).await;
        let seeker = scene.person(1);
        let seeker = seeker.avoids(&other, scene.after(first), Cause::Parted);
        let seeker = seeker.avoids(&other, scene.after(second), Cause::Blocked);
        assert_eq!(scene.waits(&seeker).await, Some(scene.after(5_000)));
        scene.block(&seeker, &other, scene.after(7_000)).await;
        assert_eq!(scene.waits(&seeker).await, Some(scene.after(7_000)));
        scene.pass(7_000).await;
        scene.meets(&seeker, &other).await;
    }
}

/// Whoever of the two searches last is told when it ends; nobody has to come for it.
pub async fn two_who_just_parted_are_paired_when_their_cooldown_ends_though_nobody_else_comes<
    S: PairingSetup,
>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1).likes(&["cats"]), scene.person(2).likes(&["cats"]));
    let until = scene.after(60_000);
    let one = one.avoids(&other, until, Cause::Parted);
    let other = other.avoids(&one, until, Cause::Parted);
    let mut retries = [scene.waits(&one).await, scene.waits(&other).await];
    // Each asks again whenever it was told to, as an owner does.
    for _ in 0..10 {
        let next = retries
            .into_iter()
            .flatten()
            .min()
            .expect("somebody is to ask again");
        scene.setup.pass(next.since(scene.now())).await;
        if scene.now() >= until {
            break;
        }
        for (retry_at, person) in retries.iter_mut().zip([&one, &other]) {
            if retry_at.is_some_and(|retry_at| retry_at <= scene.now()) {
                *retry_at = scene.waits(person).await;
            }
        }
    }
    assert_eq!(scene.now(), until);
    let (seeker, partner) = if retries[1] == Some(until) {
        (&other, &one)
    } else {
        (&one, &other)
    };
    scene.meets(seeker, partner).await;
}

/// It binds both, whoever made it.
pub async fn a_block_keeps_two_origins_apart_until_it_ends<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1), scene.person(2));
    scene.waits(&one).await;
    scene.block(&one, &other, scene.after(3_000)).await;
    assert_eq!(scene.waits(&other).await, Some(scene.after(3_000)));
    assert_eq!(scene.waits(&one).await, Some(scene.after(3_000)));
    scene.pass(3_000).await;
    scene.meets(&other, &one).await;
}

/// It is about lasting origins, not about seats, and not about the origins that bans go by.
pub async fn a_block_holds_for_new_seats_and_for_no_other_origin<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let (one, other) = (scene.person(1), scene.person(2));
    scene.block(&one, &other, scene.after(3_000)).await;
    let waiting = scene.person(3).next_to(&one).since(1_000);
    scene.waits(&waiting).await;
    let mut blocked = scene.person(4);
    blocked.lasting_origin = other.lasting_origin;
    scene.waits(&blocked).await;
    let mut free = scene.person(5).next_to(&other);
    free.lasting_origin = scene.person(5).lasting_origin;
    scene.meets(&free, &waiting).await;
}

/// Only their seats are kept apart, and those know it themselves.
pub async fn a_block_within_one_origin_binds_nobody<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let one = scene.person(1);
    let other = scene.person(2).next_to(&one);
    scene.block(&one, &other, scene.after(3_000)).await;
    scene.waits(&one).await;
    scene.meets(&other, &one).await;
}

/// Nor does a longer one get shorter when it comes first.
pub async fn a_shorter_block_does_not_shorten_a_longer_one<S: PairingSetup>() {
    for [first, second] in [[2_000, 5_000], [5_000, 2_000]] {
        let scene = Scene::<S>::open().await;
        let (one, other) = (scene.person(1), scene.person(2));
        scene.block(&one, &other, scene.after(first)).await;
        scene.block(&other, &one, scene.after(second)).await;
        scene.waits(&one).await;
        assert_eq!(scene.waits(&other).await, Some(scene.after(5_000)));
    }
}

/// However many stand before them, and whether they are found by an interest or not.
pub async fn whoever_stands_behind_many_who_are_kept_away_is_found<S: PairingSetup>() {
    for interests in [&[][..], &["cats"]] {
        let scene = Scene::<S>::open().await;
        let mut seeker = scene.person(1).likes(interests);
        for number in 0..300_u16 {
            // They insist on different languages, so they do not meet each other.
            let language = language(number);
            let person = scene
                .person(1_000 + u128::from(number))
                .likes(interests)
                .speaks(&language);
            let person = person.since(10_000 - u64::from(number));
            scene.waits(&person).await;
            seeker = seeker.avoids(&person, scene.after(5_000 + u64::from(number)), Cause::Parted);
        }
        assert_eq!(scene.waits(&seeker).await, Some(scene.after(5_000)));
        let last = scene.person(2).likes(interests).speaks("zz");
        scene.rests(seeker.clone().moved(1).stamp).await;
        scene.waits(&last).await;
        scene.meets(&seeker.moved(2), &last).await;
    }
}

/// Although nobody who comes before shares it or may be met.
pub async fn a_shared_interest_is_found_behind_many_who_are_kept_away<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let mut seeker = scene.person(1).likes(&["cats"]).patient_for(8_000);
    for number in 0..200_u16 {
        let language = language(number);
        let person = scene
            .person(1_000 + u128::from(number))
            .speaks(&language)
            .likes(&["cats"]);
        scene.waits(&person.clone().since(10_000)).await;
        seeker = seeker.avoids(&person, scene.after(5_000), Cause::Parted);
    }
    let anybody = scene.person(2).speaks("yy").since(90_000);
    let fan = scene.person(3).speaks("zz").likes(&["cats"]);
    scene.waits(&anybody).await;
    scene.waits(&fan).await;
    scene.meets(&seeker, &fan).await;
    scene
        .meets(
            &scene
                .person(4)
                .likes(&["cats"])
                .patient_for(8_000)
                .avoids(&fan, scene.after(1), Cause::Parted)
                .speaks("yy"),
            &anybody,
        )
        .await;
}
