//! Who is offered to whom.

use super::PairingSetup;
use super::scene::{PATIENCE, Person as _, RULES, Scene, later};
use passerby_application::ports::{Claim, PairingRules, SameOrigin, Seeker};
use passerby_domain::criteria::{Mode, Openness, Patience, Wish, fit};

/// An offer names the chat the seeker brought, and both seats as they were.
pub async fn whoever_comes_first_waits_and_is_offered_to_the_next<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let first = scene.person(1).moved(3);
    scene.waits(&first).await;
    scene.meets(&scene.person(2), &first).await;
}

/// Not on the first search, and not on a later one.
pub async fn nobody_is_offered_to_themself<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let alone = scene.person(1).likes(&["cats"]).speaks("en");
    scene.waits(&alone).await;
    scene.waits(&alone).await;
    scene.waits(&alone.moved(1)).await;
}

/// Each pair of interests, languages, modes and patience, against the domain's rule.
pub async fn everybody_meets_exactly_those_the_rule_allows<S: PairingSetup>() {
    meets_as_the_rule_allows::<S>(PATIENCE).await;
}

/// As before, with people who are open to other languages before they are open to other interests.
pub async fn everybody_meets_exactly_those_the_rule_allows_when_patience_on_language_is_shorter<
    S: PairingSetup,
>() {
    let Patience { interests, language } = PATIENCE;
    meets_as_the_rule_allows::<S>(Patience {
        interests: language,
        language: interests,
    })
    .await;
}

async fn meets_as_the_rule_allows<S: PairingSetup>(patience: Patience) {
    let scene = Scene::<S>::open_with(PairingRules { patience, ..RULES }).await;
    let mut seat = 0;
    for a in everybody(&scene) {
        for b in everybody(&scene) {
            seat += 2;
            let (mut first, mut second) = (a.clone(), b);
            first.stamp.seat = scene.person(seat).stamp.seat;
            second.stamp.seat = scene.person(seat + 1).stamp.seat;
            let now = scene.now();
            let [one, other] = [&first, &second].map(|seeker| Wish {
                criteria: &seeker.criteria,
                openness: Openness::of(&seeker.criteria, seeker.from, &patience, now),
            });
            let fits = fit(one, other).is_some();
            scene.waits(&first).await;
            match scene.claim(&second).await {
                Claim::Offered(offer) => {
                    assert_eq!((offer.seeker, offer.found), (second.stamp, first.stamp));
                    assert!(fits, "{one:?} and {other:?} do not fit");
                }
                Claim::Waiting { .. } => assert!(!fits, "{one:?} and {other:?} fit"),
                other @ (Claim::Stale | Claim::Proposed { .. }) => {
                    panic!("{other:?} for {:?}", second.stamp)
                }
            }
            scene.goes(later(first.stamp, 1)).await;
            scene.goes(later(second.stamp, 1)).await;
        }
    }
}

fn everybody<S: PairingSetup>(scene: &Scene<S>) -> Vec<Seeker> {
    let mut everybody = Vec::new();
    for interests in [&[][..], &["cats"], &["dogs"], &["cats", "dogs"]] {
        for language in [None, Some("en"), Some("de")] {
            for mode in [Mode::Text, Mode::Video] {
                for patient_for in [0, 8_000, 15_000] {
                    let person = scene
                        .person(0)
                        .likes(interests)
                        .wants(mode)
                        .patient_for(patient_for);
                    everybody.push(match language {
                        Some(language) => person.speaks(language),
                        None => person,
                    });
                }
            }
        }
    }
    everybody
}

/// It is the origin that bans go by which counts, and the lasting one does not.
pub async fn two_of_one_origin_meet_only_where_that_is_allowed<S: PairingSetup>() {
    let scene = Scene::<S>::open().await;
    let first = scene.person(1);
    scene.waits(&first).await;
    scene.meets(&scene.person(2).next_to(&first), &first).await;

    let scene = Scene::<S>::open_with(PairingRules {
        same_origin: SameOrigin::Refused,
        ..RULES
    })
    .await;
    let first = scene.person(1);
    let neighbour = scene.person(2).next_to(&first).since(1_000);
    scene.waits(&first).await;
    assert_eq!(scene.waits(&neighbour).await, None);
    let mut namesake = scene.person(3);
    namesake.lasting_origin = neighbour.lasting_origin;
    scene.meets(&namesake, &neighbour).await;
}
