//! Who of those who fit is offered.

use super::PairingSetup;
use super::scene::{Person as _, RULES, Scene, later};
use crate::setup::Chance;
use passerby_application::ports::{Block, Claim, PairingRules, PairingStore, Release, Seeker};
use passerby_application::testing::{HonestPairing, ManualClock};
use passerby_domain::cooldown::Cause;
use passerby_domain::criteria::{Mode, Patience};
use passerby_domain::time::Millis;

/// The number of shared interests decides, whoever came first.
pub async fn most_interests_in_common_come_first<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    // They do not fit each other, since each insists on another language.
    let one = scene.person(1).likes(&["cats", "art"]).speaks("en").since(3_000);
    let two = scene
        .person(2)
        .likes(&["cats", "rust", "art"])
        .speaks("de")
        .since(2_000);
    let three = scene.person(3).likes(&["rust"]).speaks("fr").since(4_000);
    for person in [&one, &two, &three] {
        scene.waits(person).await;
    }
    let seeker = |seat| scene.person(seat).likes(&["art", "cats", "rust"]);
    scene.meets(&seeker(11), &two).await;
    scene.meets(&seeker(12), &one).await;
    scene.meets(&seeker(13), &three).await;
}

/// Somebody who takes anybody still prefers one with whom they share something.
pub async fn a_shared_interest_counts_more_than_an_earlier_place<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let early = scene.person(1).speaks("en").since(9_000);
    let late = scene.person(2).likes(&["cats"]).speaks("de").since(1_000);
    scene.waits(&early).await;
    scene.waits(&late).await;
    let seeker = scene.person(3).likes(&["cats"]).patient_for(8_000);
    scene.meets(&seeker, &late).await;
    scene
        .meets(&scene.person(4).likes(&["cats"]).patient_for(8_000), &early)
        .await;
}

/// The place decides, not the order of the searches.
pub async fn among_equals_the_earlier_place_comes_first<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    for interests in [&[][..], &["cats"]] {
        let seat = interests.len() as u128 * 10;
        let second = scene.person(seat + 1).likes(interests).speaks("en").since(5_000);
        let first = scene.person(seat + 2).likes(interests).speaks("de").since(6_000);
        let third = scene.person(seat + 3).likes(interests).speaks("fr").since(4_000);
        for person in [&second, &first, &third] {
            scene.waits(person).await;
        }
        for (seat, partner) in (seat + 4..).zip([&first, &second, &third]) {
            scene.meets(&scene.person(seat).likes(interests), partner).await;
        }
    }
}

/// So that the order is total.
pub async fn among_equals_of_one_place_the_smaller_id_comes_first<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let ids = [u128::MAX, 1 << 64, 7, (1 << 64) - 1, 1 << 127];
    let languages = ["en", "de", "fr", "es", "pt"];
    let mut waiting = Vec::new();
    for (id, language) in ids.into_iter().zip(languages) {
        // Their origins count nothing here.
        let mut person = scene.person(1).speaks(language);
        person.stamp.seat = passerby_domain::id::UserId::from_bits(id);
        scene.waits(&person).await;
        waiting.push(person);
    }
    waiting.sort_by_key(|person| person.stamp.seat);
    for (seat, partner) in (100..).zip(&waiting) {
        scene.meets(&scene.person(seat), partner).await;
    }
}

/// One who takes any language is served over all languages in one order.
pub async fn the_first_of_many_languages_comes_first_for_whoever_named_none<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let mut waiting = Vec::new();
    for (seat, letter) in (1_u16..).zip('a'..='z') {
        let person = scene
            .person(u128::from(seat))
            .speaks(&format!("x{letter}"))
            .since(u64::from(seat * 7 % 26));
        scene.waits(&person).await;
        waiting.push(person);
    }
    waiting.sort_by_key(|person| person.place);
    for (seat, partner) in (100..).zip(&waiting) {
        scene.meets(&scene.person(seat), partner).await;
    }
}

/// Searching again, for the same or for something else, is no reason to lose one's place.
pub async fn whoever_searches_again_keeps_their_place<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let first = scene.person(1).speaks("en").since(2_000);
    let second = scene.person(2).speaks("de").since(1_000);
    scene.waits(&first).await;
    scene.waits(&second).await;
    let first = first.moved(1).speaks("fr");
    scene.waits(&first).await;
    scene.meets(&scene.person(3), &first).await;
}

/// Many random searches, departures, blocks and cooldowns: each answer is that of a list that is gone through
/// from end to end.
pub async fn the_store_answers_as_a_plain_list_would<S: PairingSetup>() {
    // Nobody's patience ends in the middle, since when a store notices that is its own affair: half of the
    // people come with their patience over.
    let hour = Millis::from_secs(3_600);
    let rules = PairingRules {
        patience: Patience {
            interests: hour,
            language: hour,
        },
        ..RULES
    };
    for seed in 0..8 {
        let scene = Scene::<S>::open_with(rules).await;
        let clock = ManualClock::at(scene.now());
        let list = HonestPairing::new(rules, clock.clone());
        let mut chance = Chance::new(seed);
        let mut people: Vec<Seeker> = (1..=24).map(|seat| scene.person(seat)).collect();
        let mut pairs = 0;
        for _ in 0..600 {
            let index = usize::try_from(chance.below(24)).expect("a small number");
            match chance.below(20) {
                0 => {
                    scene.pass(chance.below(3_000)).await;
                    clock.set(scene.now());
                }
                1 => {
                    let other = usize::try_from(chance.below(24)).expect("a small number");
                    let origins = [index, other].map(|index| people[index].lasting_origin);
                    let block = Block {
                        origins,
                        until: scene.after(chance.below(9_000)),
                    };
                    scene
                        .setup
                        .port()
                        .block(block)
                        .await
                        .expect("a block is answered");
                    list.block(block).await.expect("a list is always there");
                }
                2..=6 => {
                    people[index].stamp = later(people[index].stamp, 1);
                    scene.rests(people[index].stamp).await;
                    list.release(people[index].stamp, Release::Rest)
                        .await
                        .expect("a list is always there");
                }
                _ => {
                    let person = comes_again(&people[index], &people, &scene, &mut chance);
                    let answer = scene.claim(&person).await;
                    let plain = list.claim(person.clone()).await.expect("a list is always there");
                    assert_eq!(answer, plain, "seed {seed}");
                    if let Claim::Offered(offer) = answer {
                        pairs += 1;
                        let both = [offer.seeker.seat, offer.found.seat];
                        for person in people
                            .iter_mut()
                            .filter(|person| both.contains(&person.stamp.seat))
                        {
                            person.stamp = later(person.stamp, 3);
                        }
                    }
                    people[index] = Seeker {
                        stamp: later(person.stamp, 3),
                        ..person
                    };
                }
            }
        }
        assert!(pairs > 50, "a run without pairs shows nothing");
    }
}

/// `person` with other wishes.
fn comes_again<S: PairingSetup>(
    person: &Seeker,
    people: &[Seeker],
    scene: &Scene<S>,
    chance: &mut Chance,
) -> Seeker {
    let fresh = Seeker {
        stamp: later(person.stamp, 1),
        origin: person.origin,
        ..scene.person(0)
    };
    let mut fresh = Seeker {
        lasting_origin: person.lasting_origin,
        ..fresh
    }
    .since(chance.below(5_000))
    .patient_for(chance.pick(&[0, 4_000_000]))
    .wants(chance.pick(&[Mode::Text, Mode::Text, Mode::Text, Mode::Video]))
    .likes(chance.pick(&[
        &[][..],
        &[],
        &["a"],
        &["b"],
        &["a", "b"],
        &["b", "c"],
        &["a", "b", "c"],
    ]));
    if let Some(language) = chance.pick(&[None, Some("en"), Some("de"), Some("fr")]) {
        fresh = fresh.speaks(language);
    }
    for other in people {
        if other.stamp.seat != person.stamp.seat && chance.below(6) == 0 {
            fresh = fresh.avoids(other, scene.after(chance.below(6_000)), Cause::Parted);
        }
    }
    fresh
}
