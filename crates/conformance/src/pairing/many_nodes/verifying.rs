//! Comparing what an owner believes with what the store knows.

use super::super::scene::later;
use super::SharedPairingSetup;
use super::stage::{ELSEWHERE, HERE, Stage, THERE, seat};
use passerby_application::ports::{Believed, Claim, Difference, Release, Seeker, Standing};

/// One seat in each state, and what its owner believes of it.
async fn one_of_each<S: SharedPairingSetup>(stage: &Stage<S>) -> Vec<(Seeker, Believed)> {
    let (offer, chatting, _) = stage.chat().await;
    let [waiting, idle, held] = [3, 4, 5].map(|number| stage.person(number));
    stage.waits(HERE, &waiting).await;
    stage.release(HERE, idle.stamp, Release::Rest).await;
    stage.release(HERE, held.stamp, Release::Hold).await;
    vec![
        (chatting, Believed::Chatting(offer.chat)),
        (waiting, Believed::Waiting),
        (idle, Believed::Resting),
        (held, Believed::Resting),
    ]
}

/// In every state, in one go.
pub async fn who_believes_what_is_known_differs_nowhere<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let beliefs = one_of_each(&stage).await;
    let beliefs: Vec<_> = beliefs
        .iter()
        .map(|(person, believed)| (person.stamp, *believed))
        .collect();
    assert_eq!(stage.differs(HERE, &beliefs).await, []);
    assert_eq!(stage.differs(HERE, &[]).await, []);
}

/// Each state believed to be each other one.
pub async fn each_difference_is_told<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let people = one_of_each(&stage).await;
    let other_chat = Believed::Chatting(stage.person(99).chat);
    for (person, known) in &people {
        let beliefs = people.iter().map(|(_, believed)| *believed).chain([other_chat]);
        for believed in beliefs {
            let differs = stage.differs(HERE, &[(person.stamp, believed)]).await;
            let expected: &[_] = if believed == *known {
                &[]
            } else {
                &[Difference::Unlike(seat(person))]
            };
            assert_eq!(differs, expected, "{known:?} believed {believed:?}");
        }
    }
}

/// Of many the ones that differ, and no other.
pub async fn among_many_those_that_differ_are_told<S: SharedPairingSetup>() {
    const MANY: u128 = 1_203;
    let stage = Stage::<S>::open().await;
    let people: Vec<_> = (0..MANY).map(|number| stage.person(number)).collect();
    for person in people.iter().filter(|person| seat(person).bits() % 400 != 7) {
        stage.release(HERE, person.stamp, Release::Rest).await;
    }
    let beliefs: Vec<_> = people
        .iter()
        .map(|person| (person.stamp, Believed::Resting))
        .collect();
    let expected = [7, 407, 807].map(|number| Difference::Unlike(seat(&stage.person(number))));
    assert_eq!(stage.differs(HERE, &beliefs).await, expected);
}

/// A search of another generation is another search.
pub async fn a_search_that_the_store_knows_of_another_time_differs<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.waits(HERE, &person).await;
    let beliefs = [(later(person.stamp, 1), Believed::Waiting)];
    assert_eq!(
        stage.differs(HERE, &beliefs).await,
        [Difference::Unlike(seat(&person))]
    );
}

/// A seat of another node is unlike until the other one has it for longer than the asker knows.
pub async fn a_seat_that_another_node_has_taken_is_told_as_that<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.keep(THERE, &person, Standing::Idle).await;
    let beliefs = [(person.stamp, Believed::Resting)];
    assert_eq!(
        stage.differs(HERE, &beliefs).await,
        [Difference::Unlike(seat(&person))]
    );
    stage.takes(ELSEWHERE, &person).await;
    assert_eq!(
        stage.differs(THERE, &beliefs).await,
        [Difference::Taken(seat(&person))]
    );
}

/// Its end does not make it the seat of whoever had it before, and what a node has ended itself was not taken from it.
pub async fn a_seat_that_is_gone_from_the_node_that_took_it_is_told_as_taken<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let [taken, own] = [1, 2].map(|number| stage.person(number));
    for person in [&taken, &own] {
        stage.keep(HERE, person, Standing::Idle).await;
    }
    let since = stage.takes(THERE, &taken).await.dossier.stamp;
    stage.release(THERE, later(since, 1), Release::Gone).await;
    stage.release(HERE, later(own.stamp, 1), Release::Gone).await;
    let beliefs = [(taken.stamp, Believed::Resting), (own.stamp, Believed::Resting)];
    let differences = stage.differs(HERE, &beliefs).await;
    let [Difference::Taken(other), Difference::Ended(anew)] = differences[..] else {
        panic!("{differences:?}");
    };
    assert_eq!((other, anew.seat), (seat(&taken), seat(&own)));
    let [was, is] = [own.stamp, anew].map(|stamp| stamp.generation);
    assert_eq!(
        (is.tenure().count(), is.is_first()),
        (was.tenure().count() + 1, true)
    );
}

/// A seat whose end was told and that is there all the same is found again, once its owner says it as of the generation that
/// it is told.
pub async fn a_seat_that_is_not_gone_counts_again_in_another_tenure<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.release(HERE, person.stamp, Release::Gone).await;
    let late = Seeker {
        stamp: later(person.stamp, 1),
        ..person.clone()
    };
    assert_eq!(stage.claim(HERE, &late).await, Claim::Stale);
    let beliefs = [(late.stamp, Believed::Waiting)];
    let differences = stage.differs(HERE, &beliefs).await;
    let [Difference::Ended(stamp)] = differences[..] else {
        panic!("{differences:?}");
    };
    let anew = Seeker { stamp, ..person };
    stage.waits(HERE, &anew).await;
    assert_eq!(stage.differs(HERE, &[(anew.stamp, Believed::Waiting)]).await, []);
}

/// Whoever was given a seat and did not hear of it holds on to what it knew, and learns so.
pub async fn a_seat_that_its_node_was_given_once_more_is_told_as_that<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let person = stage.person(1);
    stage.keep(HERE, &person, Standing::Idle).await;
    stage.takes(THERE, &person).await;
    let given = stage.takes(HERE, &person).await.dossier.stamp;
    let beliefs = [(person.stamp, Believed::Resting)];
    assert_eq!(stage.differs(HERE, &beliefs).await, [Difference::Given(given)]);
    let beliefs = [(given, Believed::Resting)];
    stage
        .keep(
            HERE,
            &Seeker {
                stamp: given,
                ..person
            },
            Standing::Idle,
        )
        .await;
    assert_eq!(stage.differs(HERE, &beliefs).await, []);
}

/// It is about to be settled.
pub async fn an_open_offer_is_no_difference_and_one_that_nobody_settled_is<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    let (_, seeker, found) = stage.proposal().await;
    let waits = Believed::Waiting;
    assert_eq!(stage.differs(HERE, &[(seeker.stamp, waits)]).await, []);
    assert_eq!(stage.differs(THERE, &[(found.stamp, waits)]).await, []);
    stage.scene.pass(1_000).await;
    assert_eq!(
        stage.differs(THERE, &[(found.stamp, waits)]).await,
        [Difference::Unlike(seat(&found))]
    );
}

/// In every state, each as it is known, and no seat of another node nor one that is gone.
pub async fn a_node_is_told_which_seats_are_its_own<S: SharedPairingSetup>() {
    let stage = Stage::<S>::open().await;
    assert_eq!(stage.owned(HERE).await, []);
    let people = one_of_each(&stage).await;
    let [theirs, gone, taken, given] = [10, 11, 12, 13].map(|number| stage.person(number));
    for (node, person) in [(THERE, &theirs), (HERE, &gone), (HERE, &taken), (THERE, &given)] {
        stage.keep(node, person, Standing::Idle).await;
    }
    stage.release(HERE, later(gone.stamp, 1), Release::Gone).await;
    stage.takes(THERE, &taken).await;
    let given = stage.takes(HERE, &given).await.dossier.stamp;
    let mut expected: Vec<_> = people.iter().map(|(person, _)| person.stamp).collect();
    expected.push(given);
    expected.sort_unstable_by_key(|stamp| stamp.seat);
    assert_eq!(stage.owned(HERE).await, expected);
}

/// However many there are.
pub async fn of_many_seats_of_a_node_each_is_told_once<S: SharedPairingSetup>() {
    const MANY: u128 = 1_203;
    let stage = Stage::<S>::open().await;
    let people: Vec<_> = (0..MANY).map(|number| stage.person(number)).collect();
    for person in &people {
        stage.release(HERE, person.stamp, Release::Rest).await;
    }
    let mut expected: Vec<_> = people.iter().map(|person| person.stamp).collect();
    expected.sort_unstable_by_key(|stamp| stamp.seat);
    assert_eq!(stage.owned(HERE).await, expected);
}
