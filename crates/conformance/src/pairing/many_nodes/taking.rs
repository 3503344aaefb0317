//! Taking a seat over.

use super::super::scene::{Person as _, later};
use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE, dossier, seat};
use passerby_application::ports::{
    Believed, Difference, Location, Release, Seeker, Standing, Taken, TokenSerial, Verdict,
};
use passerby_domain::cooldown::Cause;
use passerby_domain::criteria::Mode;
use passerby_domain::notice::Role;
use passerby_domain::time::Millis;

/// Somebody of whom there is much to know.
fn somebody<S: SharedPairingSetup>(stage: &Stage<S>) -> Seeker {
    let parted = stage.person(8);
    let blocked = stage.person(9);
    stage
        .person(1)
        .likes(&["cats", "art"])
        .speaks("en")
        .wants(Mode::Video)
        .since(5_000)
        .patient_for(2_000)
        .avoids(&parted, stage.scene.after(30_000), Cause::Parted)
        .avoids(&blocked, stage.scene.after(90_000), Cause::Blocked)
}

fn assert_like(taken: &Taken, person: &Seeker, standing: Standing) {
    let expected = dossier(person, standing);
    let known = &taken.dossier;
    assert_eq!(known.stamp.seat, expected.stamp.seat);
    let [was, is] = [person.stamp, known.stamp].map(|stamp| stamp.generation);
    assert_eq!(
        (is.tenure().count(), is.is_first()),
        (was.tenure().count() + 1, true)
    );
    assert_eq!(
        (known.origin, known.lasting_origin),
        (expected.origin, expected.lasting_origin)
    );
    assert_eq!(known.criteria, expected.criteria);
    assert_eq!(known.avoid, expected.avoid);
    assert_eq!(known.serial, expected.serial);
    assert_eq!(known.standing, standing);
}

const fn held(person: &Seeker) -> Standing {
    Standing::Held {
        place: person.place,
        from: person.from,
    }
}

/// It keeps its place in the queue, and is out of it until its new owner searches for it.
pub async fn a_seat_that_waits_is_taken_with_all_that_was_said_of_it<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage);
    stage.waits(THERE, &person).await;
    let known = stage.takes(HERE, &person).await;
    assert_eq!(known.former, stage.own(THERE));
    assert_like(&known, &person, held(&person));
    assert!(known.partner.is_none() && known.legacy.is_none());
    let other = stage.person(2).likes(&["cats"]).wants(Mode::Video);
    stage.waits(THERE, &other).await;
    let (_, stranger) = stage.proposes(HERE, &stage.taken(&person, 1), &other).await;
    assert_eq!(stranger.common_interests.len(), 1);
}

/// As it was when its user went away, or when its owner last spoke of it.
pub async fn a_seat_that_is_held_or_idle_is_taken_as_that<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage);
    stage.waits(THERE, &person).await;
    let moved = person.moved(1);
    stage.release(THERE, moved.stamp, Release::Hold).await;
    assert_like(&stage.takes(HERE, &moved).await, &moved, held(&moved));

    let moved = stage.taken(&moved, 3).likes(&["dogs"]);
    stage.keep(HERE, &moved, Standing::Idle).await;
    assert_like(&stage.takes(THERE, &moved).await, &moved, Standing::Idle);

    let moved = stage.taken(&moved, 2).speaks("de");
    stage.keep(THERE, &moved, held(&moved)).await;
    assert_like(&stage.takes(HERE, &moved).await, &moved, held(&moved));
}

/// The partner is told with who holds it, and what the two have in common.
pub async fn a_seat_in_a_chat_is_taken_with_its_partner<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let found = stage.person(2).likes(&["cats", "rust"]).speaks("en");
    let seeker = stage.person(1).likes(&["cats", "art"]).speaks("en");
    stage.waits(THERE, &found).await;
    let (offer, _) = stage.proposes(HERE, &seeker, &found).await;
    assert_eq!(stage.agree(THERE, offer).await, Verdict::Agreed);

    let known = stage.takes(ELSEWHERE, &seeker).await;
    assert_eq!(known.former, stage.own(HERE));
    let standing = Standing::Chatting {
        chat: offer.chat,
        partner: seat(&found),
        role: Role::Initiator,
        place: seeker.place,
    };
    assert_like(&known, &seeker, standing);
    let partner = known.partner.expect("the partner is there");
    assert_eq!((partner.stamp, partner.owner), (found.stamp, stage.own(THERE)));
    assert_eq!(
        (partner.origin, partner.lasting_origin),
        (found.origin, found.lasting_origin)
    );
    assert_eq!(partner.common_interests.len(), 1);
    assert_eq!(partner.language, found.criteria.language);

    // And the other one, whose partner is elsewhere by now.
    let known = stage.takes(HERE, &found).await;
    let standing = Standing::Chatting {
        chat: offer.chat,
        partner: seat(&seeker),
        role: Role::Responder,
        place: found.place,
    };
    assert_like(&known, &found, standing);
    let partner = known.partner.expect("the partner is there");
    assert_eq!(
        (partner.stamp, partner.owner),
        (stage.taken(&seeker, 0).stamp, stage.own(ELSEWHERE))
    );
}

/// Nobody has to say that it began.
pub async fn two_of_one_node_are_in_a_chat_as_soon_as_one_has_found_the_other<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (one, other) = (stage.person(1), stage.person(2));
    stage.waits(HERE, &other).await;
    let offer = stage.meets(HERE, &one, &other).await;
    let believed = Believed::Chatting(offer.chat);
    let beliefs = [(one.stamp, believed), (other.stamp, believed)];
    assert_eq!(stage.differs(HERE, &beliefs).await, []);
    let known = stage.takes(THERE, &one).await;
    let standing = Standing::Chatting {
        chat: offer.chat,
        partner: seat(&other),
        role: Role::Initiator,
        place: one.place,
    };
    assert_like(&known, &one, standing);
    let partner = known.partner.expect("the partner is there");
    assert_eq!((partner.stamp, partner.owner), (other.stamp, stage.own(HERE)));
}

/// Whoever told the store of a chat by a dossier is found as its partner as well.
pub async fn a_chat_that_was_told_by_dossiers_is_one<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (one, other) = (stage.person(1), stage.person(2));
    let chatting = |partner: &Seeker, role, place| Standing::Chatting {
        chat: stage.person(5).chat,
        partner: seat(partner),
        role,
        place,
    };
    let standing = chatting(&other, Role::Initiator, one.place);
    stage.keep(HERE, &one, standing).await;
    stage
        .keep(THERE, &other, chatting(&one, Role::Responder, other.place))
        .await;
    let known = stage.takes(ELSEWHERE, &one).await;
    assert_like(&known, &one, standing);
    assert_eq!(known.partner.expect("the partner is there").stamp, other.stamp);
}

/// The chat is over, whatever the seat's owner knew.
pub async fn a_partner_who_has_left_is_not_told<S: SharedPairingSetup>() {
    for release in [Release::Rest, Release::Gone] {
        let stage = Stage::<S>::open().await;
        let (offer, seeker, found) = stage.chat().await;
        stage.release(THERE, later(found.stamp, 1), release).await;
        let known = stage.takes(ELSEWHERE, &seeker).await;
        assert!(matches!(known.dossier.standing, Standing::Chatting { chat, .. } if chat == offer.chat));
        assert_eq!(known.partner, None);
    }
}

/// It has moved on as far as the store is concerned.
pub async fn an_offer_is_over_when_one_of_its_seats_is_taken<S: SharedPairingSetup>() {
    for moved in [HERE, THERE] {
        let stage = Stage::<S>::open().await;
        let (offer, seeker, found) = stage.proposal().await;
        let person = if moved == HERE { &seeker } else { &found };
        let known = stage.takes(ELSEWHERE, person).await;
        assert_like(&known, person, held(person));
        assert_eq!(stage.agree(THERE, offer).await, Verdict::Lapsed);
        assert_eq!(stage.settle(HERE, offer).await, Verdict::Lapsed);
    }
}

/// However often the seat has moved at either of them.
pub async fn what_the_former_owner_says_changes_nothing<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    stage.takes(HERE, &person).await;
    let late = person.clone().moved(1_000);
    stage.is_stale(THERE, &late).await;
    stage.release(THERE, late.stamp, Release::Gone).await;
    stage.keep(THERE, &late, Standing::Idle).await;
    let own = stage.taken(&person, 0).stamp;
    assert_eq!(stage.differs(HERE, &[(own, Believed::Resting)]).await, []);
    assert_eq!(
        stage.differs(THERE, &[(late.stamp, Believed::Waiting)]).await,
        [Difference::Taken(seat(&person))]
    );
    stage.waits(HERE, &stage.taken(&person, 1)).await;
}

/// A store that had lost all may hear of a seat's end from a former owner before it hears of the present one.
pub async fn a_seat_is_not_gone_from_those_to_whom_it_came_later<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    for (number, owner) in [(1, HERE), (2, THERE)] {
        let person = stage.person(number);
        stage.release(HERE, person.stamp, Release::Gone).await;
        stage.is_stale(HERE, &person.clone().moved(1)).await;
        let since = stage.taken(&person, 0);
        stage.keep(owner, &since, Standing::Idle).await;
        let beliefs = [(since.stamp, Believed::Resting)];
        assert_eq!(stage.differs(owner, &beliefs).await, []);
        stage.waits(owner, &stage.taken(&person, 1)).await;
        stage.takes(ELSEWHERE, &person).await;
    }
}

/// The answer to the first time may have been lost.
pub async fn who_takes_again_is_given_the_same<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (.., found) = stage.chat().await;
    let first = stage.takes(ELSEWHERE, &found).await;
    let second = stage.takes(ELSEWHERE, &found).await;
    assert_eq!(second.former, first.former);
    assert_eq!(second.dossier.stamp, first.dossier.stamp);
    assert_eq!(second.dossier.standing, first.dossier.standing);
    assert_eq!(second.partner, first.partner);
    // Once it was spoken of, it is this node's own.
    stage
        .release(ELSEWHERE, stage.taken(&found, 1).stamp, Release::Rest)
        .await;
    let third = stage.takes(ELSEWHERE, &found).await;
    assert_eq!(third.former, stage.own(ELSEWHERE));
    let [first, third] = [first, third].map(|taken| taken.dossier.stamp.generation);
    assert_eq!(
        (third.tenure().count(), third.is_first()),
        (first.tenure().count() + 1, true)
    );
}

/// A token that was replaced is dead; those given since are good.
pub async fn a_token_that_is_too_old_takes_nothing<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    let [older, newer] = [person.serial.0 - 1, person.serial.0 + 1].map(TokenSerial);
    assert!(stage.take_with(HERE, &person, older).await.is_none());
    let located = stage.locate(HERE, &person).await;
    assert_eq!(located.map(|location| location.owner), Some(stage.own(THERE)));
    assert!(stage.take_with(HERE, &person, newer).await.is_some());
}

/// There is nothing to take.
pub async fn nobody_takes_a_seat_that_is_gone_or_never_was<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    assert!(stage.take(HERE, &person).await.is_none());
    assert_eq!(stage.locate(HERE, &person).await, None);
    stage.waits(THERE, &person).await;
    stage.release(THERE, later(person.stamp, 1), Release::Gone).await;
    assert!(stage.take(HERE, &person).await.is_none());
    assert_eq!(stage.locate(HERE, &person).await, None);
    stage.is_stale(THERE, &person).await;
}

/// By whoever asks.
pub async fn a_seat_is_where_it_was_last_taken_to<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    let known = stage.takes(ELSEWHERE, &person).await;
    let expected = Location {
        owner: stage.own(ELSEWHERE),
        tenure: known.dossier.stamp.generation.tenure(),
        origin: person.origin,
    };
    for node in [HERE, THERE, ELSEWHERE] {
        assert_eq!(stage.locate(node, &person).await, Some(expected));
    }
}

/// With all there was.
pub async fn what_a_node_leaves_at_its_end_is_given_to_whoever_takes_the_seat<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage).moved(4);
    stage
        .bequeath(THERE, &person, held(&person), Millis::from_secs(20))
        .await;
    stage.pass_with(19, &[HERE]).await;
    for _ in 0..2 {
        // The second time is as good as the first, whose answer may have been lost.
        let known = stage.takes(HERE, &person).await;
        assert_like(&known, &person, held(&person));
        let legacy = known.legacy.expect("something was left");
        assert_eq!(legacy.stamp, person.stamp);
        assert_eq!(legacy.criteria, person.criteria);
        assert_eq!(&*legacy.outbox.events[0].1, b"what the user is owed");
        assert_eq!(legacy.held_until, stage.scene.after(1_000));
    }
}

/// The user did not come in time, and what they were owed is nobody's business any more.
pub async fn what_was_left_is_gone_when_the_seat_is_held_no_longer<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage);
    stage
        .bequeath(THERE, &person, Standing::Idle, Millis::from_secs(3))
        .await;
    stage.reaps_for(3, &[HERE, ELSEWHERE]).await;
    assert!(stage.take(HERE, &person).await.is_none());
    assert_eq!(stage.locate(HERE, &person).await, None);
}

/// What was left is of a time before.
pub async fn what_was_left_is_not_given_once_the_seat_has_moved_on<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage);
    stage
        .bequeath(THERE, &person, Standing::Idle, Millis::from_secs(20))
        .await;
    stage.takes(HERE, &person).await;
    let moved = stage.taken(&person, 2);
    stage.waits(HERE, &moved).await;
    let known = stage.takes(ELSEWHERE, &moved).await;
    assert!(known.legacy.is_none());
    // And its end does not end the seat.
    stage.reaps_for(21, &[ELSEWHERE, HERE]).await;
    assert!(stage.locate(HERE, &person).await.is_some());
}

/// Whoever had it has it again, and learns so.
pub async fn a_seat_that_was_taken_in_vain_is_given_back<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = somebody(&stage);
    stage.waits(THERE, &person).await;
    let known = stage.takes(HERE, &person).await;
    // The second time as the first, whose answer may have been lost.
    for _ in 0..2 {
        stage.gives_back(HERE, &person).await;
        let location = stage.locate(HERE, &person).await.expect("the seat is there");
        assert_eq!(location.owner, stage.own(THERE));
        assert!(location.tenure > known.dossier.stamp.generation.tenure());
        assert_eq!(stage.owned(HERE).await, []);
        let [own] = stage.owned(THERE).await[..] else {
            panic!("one seat");
        };
        assert_eq!(
            (own.seat, own.generation.tenure()),
            (seat(&person), location.tenure)
        );
        let told = stage.differs(THERE, &[(person.stamp, Believed::Waiting)]).await;
        assert_eq!(told, [Difference::Given(own)]);
    }
    let again = stage.takes(ELSEWHERE, &person).await;
    assert_eq!(again.former, stage.own(THERE));
    assert_eq!(again.dossier.standing, held(&person));
}

/// Neither once it has spoken of it, nor once another has it.
pub async fn a_seat_is_given_back_only_by_who_took_it_last_and_said_nothing_of_it<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(THERE, &person).await;
    // Nobody had it before.
    stage.gives_back(THERE, &person).await;
    stage.takes(HERE, &person).await;
    stage.gives_back(THERE, &person).await;
    assert_eq!(
        stage.locate(HERE, &person).await.map(|there| there.owner),
        Some(stage.own(HERE))
    );
    stage.keep(HERE, &stage.taken(&person, 1), Standing::Idle).await;
    stage.gives_back(HERE, &person).await;
    assert_eq!(
        stage.locate(HERE, &person).await.map(|there| there.owner),
        Some(stage.own(HERE))
    );
    stage
        .release(HERE, stage.taken(&person, 2).stamp, Release::Gone)
        .await;
    stage.gives_back(HERE, &person).await;
    assert!(stage.owned(THERE).await.is_empty() && stage.owned(HERE).await.is_empty());
}
