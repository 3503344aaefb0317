//! What comes of an offer between two nodes.

use super::super::scene::later;
use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE};
use passerby_application::ports::{Believed, Release, Verdict};
use std::sync::Mutex;

/// For both, and neither is found by anybody.
pub async fn an_offer_that_is_agreed_to_is_a_chat<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, seeker, found) = stage.chat().await;
    assert_eq!(stage.settle(HERE, offer).await, Verdict::Agreed);
    let chatting = Believed::Chatting(offer.chat);
    assert_eq!(stage.differs(HERE, &[(seeker.stamp, chatting)]).await, []);
    assert_eq!(stage.differs(THERE, &[(found.stamp, chatting)]).await, []);
    stage.waits(ELSEWHERE, &stage.person(3)).await;
    stage.is_stale(HERE, &seeker).await;
    stage.is_stale(THERE, &found).await;
}

/// However often, and when its second is long over.
pub async fn who_asks_again_is_told_the_same<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, ..) = stage.chat().await;
    stage.scene.pass(3_000).await;
    for _ in 0..2 {
        assert_eq!(stage.agree(THERE, offer).await, Verdict::Agreed);
        assert_eq!(stage.settle(HERE, offer).await, Verdict::Agreed);
        assert_eq!(stage.settle(THERE, offer).await, Verdict::Agreed);
    }
    let stage = Stage::<S>::open().await;
    let (offer, ..) = stage.proposal().await;
    for _ in 0..2 {
        assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
        assert_eq!(stage.agree(THERE, offer).await, Verdict::Lapsed);
        assert_eq!(stage.settle(THERE, offer).await, Verdict::Lapsed);
    }
}

/// And not longer. The one who asks too late is told, and so is the other.
pub async fn an_offer_is_open_for_a_second<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, ..) = stage.proposal().await;
    stage.scene.pass(999).await;
    assert_eq!(stage.agree(THERE, offer).await, Verdict::Agreed);
    let stage = Stage::<S>::open().await;
    let (offer, ..) = stage.proposal().await;
    stage.scene.pass(1_000).await;
    assert_eq!(stage.agree(THERE, offer).await, Verdict::Lapsed);
    assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
}

/// Whichever of the two it was, and whether it goes, rests, or searches for something else.
pub async fn an_offer_is_over_when_one_of_the_two_moves_on<S: SharedPairingSetup>() {
    for release in [
        None,
        Some(Release::Rest),
        Some(Release::Hold),
        Some(Release::Gone),
    ] {
        for mover in [HERE, THERE] {
            let stage = Stage::<S>::open().await;
            let (offer, seeker, found) = stage.proposal().await;
            let moved = if mover == HERE { seeker } else { found };
            if let Some(release) = release {
                stage.release(mover, later(moved.stamp, 1), release).await;
            } else {
                let mut again = moved;
                again.stamp = later(again.stamp, 1);
                stage.waits(mover, &again).await;
            }
            assert_eq!(stage.agree(THERE, offer).await, Verdict::Lapsed);
            assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
        }
    }
}

/// Nobody finds either, until its owner says anew that it searches.
pub async fn after_an_offer_came_to_nothing_both_are_found_once_they_search_anew<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, mut seeker, mut found) = stage.proposal().await;
    assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
    let third = stage.person(3);
    stage.waits(ELSEWHERE, &third).await;
    seeker.stamp = later(seeker.stamp, 1);
    stage.proposes(HERE, &seeker, &third).await;
    found.stamp = later(found.stamp, 1);
    stage.waits(THERE, &found).await;
    stage.proposes(ELSEWHERE, &stage.person(4), &found).await;
}

/// Words about an offer that is over do not touch the next one of the same seats.
pub async fn an_offer_that_is_over_does_not_harm_the_next_one<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (dead, mut seeker, mut found) = stage.proposal().await;
    assert_eq!(stage.settle(THERE, dead).await, Verdict::Lapsed);
    found.stamp = later(found.stamp, 1);
    stage.waits(THERE, &found).await;
    seeker.stamp = later(seeker.stamp, 1);
    seeker.chat = stage.person(9).chat;
    let (alive, _) = stage.proposes(HERE, &seeker, &found).await;
    assert_eq!(stage.agree(THERE, dead).await, Verdict::Lapsed);
    assert_eq!(stage.settle(HERE, dead).await, Verdict::Lapsed);
    assert_eq!(stage.agree(THERE, alive).await, Verdict::Agreed);
}

/// One that was agreed to is a chat, whoever holds its seats by now.
pub async fn an_offer_that_was_agreed_to_stays_so_when_a_seat_is_taken<S: SharedPairingSetup>() {
    for moved in [HERE, THERE] {
        let stage = Stage::<S>::open().await;
        let (offer, seeker, found) = stage.chat().await;
        let person = if moved == HERE { &seeker } else { &found };
        stage.takes(ELSEWHERE, person).await;
        assert_eq!(stage.settle(HERE, offer).await, Verdict::Agreed);
        assert_eq!(stage.settle(THERE, offer).await, Verdict::Agreed);
        let chatting = [(stage.taken(person, 0).stamp, Believed::Chatting(offer.chat))];
        assert_eq!(stage.differs(ELSEWHERE, &chatting).await, []);
    }
}

/// Whatever happens first, all are told the same.
pub async fn who_agrees_and_who_gives_up_at_once_are_told_the_same<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    for round in 0..60 {
        let (mut seeker, mut found) = (stage.person(1), stage.person(2));
        for person in [&mut seeker, &mut found] {
            person.stamp = later(person.stamp, round * 4);
        }
        seeker.chat = stage.person(100 + u128::from(round)).chat;
        stage.waits(THERE, &found).await;
        let (offer, _) = stage.proposes(HERE, &seeker, &found).await;
        let verdicts = Mutex::new(Vec::new());
        std::thread::scope(|threads| {
            for side in [HERE, THERE] {
                let (stage, verdicts) = (&stage, &verdicts);
                threads.spawn(move || {
                    let verdict = if side == HERE {
                        S::run(stage.settle(side, offer))
                    } else {
                        S::run(stage.agree(side, offer))
                    };
                    verdicts.lock().expect("no case panicked").push(verdict);
                });
            }
        });
        let verdicts = verdicts.into_inner().expect("no case panicked");
        assert_eq!(verdicts[0], verdicts[1], "round {round}");
    }
}
