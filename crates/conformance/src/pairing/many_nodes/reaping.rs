//! Forgetting what dead nodes left.

use super::super::scene::{Person as _, later};
use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE};
use passerby_application::ports::{Believed, Difference, Lease, Release, Standing, Verdict};

/// As if it had never been, when nobody has taken it over.
pub async fn what_a_dead_node_left_is_gone_after_the_longest_grace<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, _, chatting) = stage.chat().await;
    let [waiting, idle] = [4, 5].map(|number| stage.person(number));
    stage.waits(THERE, &waiting.clone().speaks("en")).await;
    stage.keep(THERE, &idle, Standing::Idle).await;
    let kept = stage.scene.setup.kept().get() / 1_000;
    stage.reaps_for(kept, &[HERE, ELSEWHERE]).await;
    for person in [&chatting, &waiting, &idle] {
        assert!(
            stage.locate(HERE, person).await.is_some(),
            "it may still be taken over"
        );
    }
    stage.reaps_for(8, &[HERE, ELSEWHERE]).await;
    for person in [&chatting, &waiting, &idle] {
        assert_eq!(stage.locate(HERE, person).await, None);
        assert!(stage.take(HERE, person).await.is_none());
    }
    // The node is not spoken of any more, and the other end of the chat is where it was.
    assert!(
        stage
            .beats(HERE)
            .await
            .peers
            .iter()
            .all(|(peer, _)| *peer != stage.own(THERE))
    );
    assert_eq!(stage.settle(HERE, offer).await, Verdict::Agreed);
}

/// Until then they may be taken over, each as it was.
pub async fn what_a_dead_node_left_may_be_taken_over<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, _, chatting) = stage.chat().await;
    let waiting = stage.person(4).likes(&["cats"]).since(3_000);
    stage.waits(THERE, &waiting).await;
    stage.reaps_for(15, &[HERE, ELSEWHERE]).await;
    let known = stage.takes(HERE, &waiting).await;
    let held = Standing::Held {
        place: waiting.place,
        from: waiting.from,
    };
    assert_eq!(known.dossier.standing, held);
    assert_eq!(known.dossier.criteria, waiting.criteria);
    assert_eq!(known.former, stage.own(THERE));
    assert_eq!(known.lease, Lease::Over);
    let known = stage.takes(ELSEWHERE, &chatting).await;
    assert!(matches!(known.dossier.standing, Standing::Chatting { chat, .. } if chat == offer.chat));
    assert!(known.partner.is_some());
    // What was taken over is not the dead node's any more.
    stage.reaps_for(30, &[HERE, ELSEWHERE]).await;
    let chatting = stage.taken(&chatting, 0);
    let beliefs = [(chatting.stamp, Believed::Chatting(offer.chat))];
    assert_eq!(stage.differs(ELSEWHERE, &beliefs).await, []);
}

/// Whoever takes a seat learns whether there is somebody to ask for what the store does not know of it.
pub async fn one_who_takes_a_seat_is_told_whether_its_owner_lives<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let [early, late, back] = [1, 4, 5].map(|number| stage.person(number));
    for person in [&early, &late, &back] {
        stage.keep(THERE, person, Standing::Idle).await;
    }
    stage.pass_with(4, &[HERE]).await;
    assert_eq!(stage.takes(HERE, &early).await.lease, Lease::Holds);
    stage.pass_with(2, &[HERE]).await;
    assert_eq!(stage.takes(HERE, &late).await.lease, Lease::Over);
    stage.beats(THERE).await;
    assert_eq!(stage.takes(HERE, &back).await.lease, Lease::Holds);
}

/// A store that was set back knows of nobody's last heartbeats, not even of those of the node that asks.
pub async fn one_who_takes_a_seat_after_a_setback_is_to_ask_its_owner<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let [first, second] = [1, 4].map(|number| stage.person(number));
    for person in [&first, &second] {
        stage.keep(THERE, person, Standing::Idle).await;
    }
    stage.pass_with(6, &[]).await;
    assert_eq!(stage.takes(HERE, &first).await.lease, Lease::Holds);
    stage.beats(HERE).await;
    assert_eq!(stage.takes(HERE, &second).await.lease, Lease::Over);
}

/// A store that has lost all may hear of a seat before it hears of the node that holds it: that one lives.
pub async fn one_who_takes_a_seat_of_a_node_that_has_not_spoken_yet_is_to_ask_it<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open_silent().await;
    stage.beats(HERE).await;
    let [early, late] = [1, 4].map(|number| stage.person(number));
    for person in [&early, &late] {
        stage.keep(THERE, person, Standing::Idle).await;
    }
    assert_eq!(stage.takes(HERE, &early).await.lease, Lease::Holds);
    stage.reaps(HERE).await;
    stage.pass_with(2, &[HERE]).await;
    assert_eq!(stage.takes(HERE, &late).await.lease, Lease::Holds);
}

/// Even if the node comes back: until it says again that they search.
pub async fn whom_a_dead_node_left_in_the_queue_is_found_once_its_node_is_back_and_searches_for_it<
    S: SharedPairingSetup,
>() {
    let stage = Stage::<S>::open().await;
    let (left, held) = (stage.person(1), stage.person(2).speaks("en"));
    stage.waits(THERE, &left).await;
    stage.release(THERE, held.stamp, Release::Hold).await;
    stage.reaps_for(9, &[HERE, ELSEWHERE]).await;
    stage.beats(THERE).await;
    let beliefs = [(left.stamp, Believed::Waiting), (held.stamp, Believed::Resting)];
    assert_eq!(
        stage.differs(THERE, &beliefs).await,
        [Difference::Unlike(left.stamp.seat)]
    );
    let early = stage.person(3);
    stage.waits(HERE, &early).await;
    // The very search that was withdrawn is as good as before.
    stage.proposes(THERE, &left, &early).await;
}

/// One look is not enough, nor is a moment.
pub async fn a_node_that_speaks_again_in_time_loses_nothing<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    stage.pass_with(5, &[HERE, ELSEWHERE]).await;
    stage.reaps(HERE).await;
    stage.reaps(ELSEWHERE).await;
    stage.beats(THERE).await;
    let beliefs = [(person.stamp, Believed::Waiting)];
    assert_eq!(stage.differs(THERE, &beliefs).await, []);
    stage.proposes(HERE, &stage.person(2), &person).await;
}

/// It is more likely that the store was away than that most nodes died at once.
pub async fn when_most_nodes_are_silent_nobody_is_thought_dead_for_ten_seconds_more<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    stage.reaps_for(15, &[HERE]).await;
    let beliefs = [(person.stamp, Believed::Waiting)];
    assert_eq!(stage.differs(THERE, &beliefs).await, []);
    stage.reaps_for(4, &[HERE]).await;
    assert_eq!(
        stage.differs(THERE, &beliefs).await,
        [Difference::Unlike(person.stamp.seat)]
    );
}

/// Its other side is free to search anew.
pub async fn an_offer_with_a_dead_node_is_over<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (offer, mut seeker, _) = stage.proposal().await;
    stage.reaps_for(8, &[HERE, ELSEWHERE]).await;
    assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
    seeker.stamp = later(seeker.stamp, 1);
    let other = stage.person(3);
    stage.waits(ELSEWHERE, &other).await;
    stage.proposes(HERE, &seeker, &other).await;
}

/// However many there are.
pub async fn a_dead_node_may_have_had_thousands_of_seats<S: SharedPairingSetup>() {
    const MANY: u128 = 2_500;
    let stage = Stage::<S>::open().await;
    for number in 0..MANY {
        let stamp = stage.person(number).stamp;
        stage.release(THERE, stamp, Release::Rest).await;
    }
    let living = stage.person(MANY);
    stage.waits(HERE, &living).await;
    let seconds = stage.scene.setup.kept().get() / 1_000 + 8;
    stage.reaps_for(seconds, &[HERE, ELSEWHERE]).await;
    let beliefs: Vec<_> = (0..MANY)
        .map(|number| (stage.person(number).stamp, Believed::Resting))
        .collect();
    let differs = stage.differs(THERE, &beliefs).await;
    assert_eq!(differs.len(), beliefs.len(), "nothing is known of any");
    assert_eq!(
        stage.differs(HERE, &[(living.stamp, Believed::Waiting)]).await,
        []
    );
}
