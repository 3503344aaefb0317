//! Finding somebody whom another node holds.

use super::super::scene::Person as _;
use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE, seat};
use passerby_application::ports::{Claim, Stranger};
use passerby_domain::criteria::Language;
use std::collections::HashSet;
use std::sync::Mutex;

/// Who they are and who holds them, and what the two have in common: never more of what they said.
pub async fn whom_another_node_holds_is_proposed_with_what_both_named<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let found = stage.person(2).likes(&["cats", "art", "rust"]).speaks("en");
    stage.waits(THERE, &found).await;
    let seeker = stage.person(1).likes(&["rust", "dogs", "art"]).speaks("en");
    let (_, stranger) = stage.proposes(HERE, &seeker, &found).await;
    let both = stage.person(0).likes(&["art", "rust"]).criteria.interests;
    let expected = Stranger {
        stamp: found.stamp,
        owner: stage.own(THERE),
        origin: found.origin,
        lasting_origin: found.lasting_origin,
        common_interests: both.iter().cloned().collect(),
        language: Language::parse("en").ok(),
    };
    assert_eq!(stranger, expected);
}

/// Where one of them named no language there is none that both named.
pub async fn what_only_one_of_two_named_is_not_told<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let found = stage.person(2).likes(&["cats"]).speaks("en").patient_for(9_000);
    stage.waits(THERE, &found).await;
    let (_, stranger) = stage.proposes(HERE, &stage.person(1), &found).await;
    assert_eq!((stranger.common_interests.len(), stranger.language), (0, None));
}

/// The order of service is one order over all nodes.
pub async fn it_makes_no_difference_for_the_order_who_holds_whom<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let first = stage.person(1).speaks("en").since(3_000);
    let second = stage.person(2).speaks("de").since(2_000);
    let third = stage.person(3).speaks("fr").since(1_000);
    stage.waits(THERE, &first).await;
    stage.waits(HERE, &second).await;
    stage.waits(ELSEWHERE, &third).await;
    stage.proposes(HERE, &stage.person(4), &first).await;
    stage.meets(HERE, &stage.person(5), &second).await;
    stage.proposes(HERE, &stage.person(6), &third).await;
}

/// Nobody could agree for them.
pub async fn whom_a_silent_node_holds_is_not_found<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let lost = stage.person(2).since(1_000);
    stage.waits(THERE, &lost).await;
    stage.pass_with(6, &[HERE, ELSEWHERE]).await;
    let alive = stage.person(3);
    stage.waits(ELSEWHERE, &alive).await;
    stage.proposes(HERE, &stage.person(1), &alive).await;
    stage.beats(THERE).await;
    stage.proposes(HERE, &stage.person(4), &lost).await;
}

/// It has not said that it lives.
pub async fn whom_a_node_holds_that_has_not_spoken_yet_is_not_found<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open_silent().await;
    let early = stage.person(2);
    stage.waits(THERE, &early).await;
    stage.beats(HERE).await;
    stage.waits(HERE, &stage.person(1)).await;
    stage.beats(THERE).await;
    let third = stage.person(3);
    stage.meets(HERE, &third, &stage.person(1)).await;
}

/// As on one node.
pub async fn nobody_else_is_offered_either_of_two_of_different_nodes<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (_, seeker, found) = stage.proposal().await;
    for (node, person) in [(HERE, 3), (THERE, 4), (ELSEWHERE, 5)] {
        let person = stage.person(person).speaks(["en", "de", "fr"][node]);
        stage.waits(node, &person).await;
    }
    stage.is_stale(HERE, &seeker).await;
    stage.is_stale(THERE, &found).await;
}

/// Each search is answered by one offer at most, and is in no other one.
pub async fn searches_of_many_nodes_never_take_the_same_seat<S: SharedPairingSetup>() {
    const SEATS: u128 = 120;
    let stage = Stage::<S>::open().await;
    let offered = Mutex::new(HashSet::new());
    let waiting = Mutex::new(HashSet::new());
    std::thread::scope(|threads| {
        for node in [HERE, THERE, ELSEWHERE] {
            let (stage, offered, waiting) = (&stage, &offered, &waiting);
            threads.spawn(move || {
                for number in 0..SEATS {
                    let seeker = stage.person(node as u128 * SEATS + number);
                    let both = match S::run(stage.claim(node, &seeker)) {
                        Claim::Offered(offer) | Claim::Proposed { offer, .. } => [offer.seeker, offer.found],
                        Claim::Waiting { .. } => {
                            waiting.lock().expect("no case panicked").insert(seat(&seeker));
                            continue;
                        }
                        Claim::Stale => panic!("nobody knows better"),
                    };
                    for stamp in both {
                        let is_new = offered.lock().expect("no case panicked").insert(stamp.seat);
                        assert!(is_new, "{stamp:?} is in two offers");
                    }
                }
            });
        }
    });
    let (offered, waiting) = (offered.into_inner(), waiting.into_inner());
    let (offered, waiting) = (
        offered.expect("no case panicked"),
        waiting.expect("no case panicked"),
    );
    assert_eq!(waiting.difference(&offered).count(), 0, "left alone");
}
