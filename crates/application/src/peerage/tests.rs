use super::*;

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn peer(bits: u64) -> Incarnation {
    Incarnation::from_bits(bits)
}

#[test]
fn a_peer_goes_silent_once_and_comes_back_once() {
    let peerage = Peerage::default();
    let beat = |silence, now| peerage.hear(&[(peer(1), Millis::new(silence))], StoreMemory::Kept, at(now));
    assert_eq!(beat(0, 1_000), News::default());
    assert_eq!(beat(3_000, 4_000).silent, [peer(1)]);
    assert!(!peerage.seems_alive(peer(1)));
    assert_eq!(beat(4_000, 5_000), News::default());
    assert_eq!(beat(100, 6_000).back, [peer(1)]);
    assert!(peerage.seems_alive(peer(1)));
    assert_eq!(
        peerage.hear(&[], StoreMemory::Kept, at(7_000)).silent,
        [peer(1)],
        "it is forgotten"
    );
}

#[test]
fn a_peer_that_misses_heartbeats_is_late_once_and_alive_all_the_same() {
    let peerage = Peerage::default();
    let beat = |silence, now| peerage.hear(&[(peer(1), Millis::new(silence))], StoreMemory::Kept, at(now));
    beat(0, 1_000);
    assert_eq!(beat(1_499, 2_000), News::default());
    assert_eq!(beat(1_999, 2_500).late, [peer(1)]);
    assert_eq!(beat(2_499, 3_000), News::default(), "it is said once");
    assert!(peerage.seems_alive(peer(1)));
    assert_eq!(peerage.heard(), [peer(1)]);
    assert_eq!(beat(200, 3_500).in_time, [peer(1)]);
    beat(1_500, 4_500);
    assert_eq!(
        beat(3_000, 5_500),
        News {
            silent: vec![peer(1)],
            ..News::default()
        },
        "what was late is silent in the end"
    );
}

#[test]
fn who_stood_still_does_not_call_others_late_for_it() {
    let peerage = Peerage::default();
    let beat = |silence, now| peerage.hear(&[(peer(1), Millis::new(silence))], StoreMemory::Kept, at(now));
    beat(0, 1_000);
    assert_eq!(beat(1_700, 2_700), News::default(), "both may have");
    assert_eq!(beat(2_200, 3_200).late, [peer(1)]);
}

#[test]
fn a_store_that_has_forgotten_all_says_nothing_against_a_peer_until_that_has_had_time_to_speak() {
    let peerage = Peerage::default();
    peerage.hear(&[(peer(1), Millis::ZERO)], StoreMemory::Kept, at(1_000));
    assert_eq!(peerage.hear(&[], StoreMemory::Lost, at(2_000)), News::default());
    let doubtful = [(peer(1), Millis::new(5_500))];
    assert_eq!(
        peerage.hear(&doubtful, StoreMemory::Kept, at(3_000)),
        News::default()
    );
    assert_eq!(peerage.hear(&[], StoreMemory::Kept, at(4_999)), News::default());
    assert!(peerage.seems_alive(peer(1)));
    assert_eq!(peerage.hear(&[], StoreMemory::Kept, at(5_000)).silent, [peer(1)]);
}

#[test]
fn a_node_that_hears_nothing_takes_all_for_silent_after_four_seconds_and_is_glad_of_each_afterwards() {
    let peerage = Peerage::default();
    peerage.hear(&[(peer(1), Millis::ZERO)], StoreMemory::Kept, at(1_000));
    assert_eq!(
        peerage.reach(at(2_099)),
        Reach::Cut,
        "the others have not heard of it"
    );
    assert_eq!(peerage.reach(at(2_100)), Reach::Good);
    assert_eq!(peerage.reach(at(3_499)), Reach::Good);
    assert_eq!(peerage.reach(at(3_500)), Reach::Cut);
    assert_eq!(peerage.miss(at(4_999)), []);
    assert_eq!(peerage.miss(at(5_000)), [peer(1)]);
    assert_eq!(peerage.miss(at(6_000)), [], "it is said once");
    assert_eq!(
        peerage
            .hear(&[(peer(1), Millis::ZERO)], StoreMemory::Kept, at(7_000))
            .back,
        [peer(1)]
    );
}

#[test]
fn a_store_that_was_away_is_given_time_to_learn() {
    let peerage = Peerage::default();
    peerage.hear(&[], StoreMemory::Lost, at(1_000));
    assert!(
        !peerage.store_is_learning(at(1_000)),
        "a node that begins has nothing to tell"
    );
    peerage.miss(at(2_000));
    peerage.hear(&[], StoreMemory::Kept, at(3_000));
    let told = at(3_000) + LEARNING;
    assert!(peerage.store_is_learning(at(3_000)));
    assert!(!peerage.store_is_learning(told));
}

#[test]
fn others_are_given_time_to_say_that_they_live_when_this_node_has_not_asked_for_a_while() {
    let peerage = Peerage::default();
    peerage.hear(&[], StoreMemory::Kept, at(1_000));
    assert!(!peerage.others_are_being_heard(at(1_000)));
    assert!(
        peerage.others_are_being_heard(at(1_000) + UNHEARD),
        "nor has the store"
    );
    peerage.hear(&[], StoreMemory::Kept, at(5_000));
    assert!(peerage.others_are_being_heard(at(5_000)));
    assert!(!peerage.store_is_learning(at(5_000)), "it has forgotten nothing");
    peerage.hear(&[], StoreMemory::Kept, at(6_000));
    peerage.hear(&[], StoreMemory::Kept, at(7_000));
    assert!(!peerage.others_are_being_heard(at(5_000) + HEARD_AGAIN));
}

#[test]
fn a_node_that_did_not_run_notices() {
    let peerage = Peerage::default();
    assert!(peerage.run(at(10_000)) == Run::Steady, "before the first look");
    peerage.look(at(10_000));
    assert_eq!(peerage.run(at(13_999)), Run::Steady);
    assert_eq!(peerage.run(at(14_000)), Run::Stalled);
    peerage.look(at(14_000));
    assert_eq!(peerage.run(at(14_001)), Run::Steady);
}

#[test]
fn a_seat_is_given_up_once_it_was_said_to_be_taken_for_four_seconds_on_end() {
    let peerage = Peerage::default();
    let seat = UserId::from_bits(7);
    assert_eq!(peerage.note_taken(&[seat], at(1_000)), []);
    assert_eq!(peerage.note_taken(&[], at(2_000)), []);
    assert_eq!(peerage.note_taken(&[seat], at(4_500)), [], "it begins anew");
    assert_eq!(peerage.note_taken(&[seat], at(8_500)), [seat]);
}

#[test]
fn usurpers_are_suspected_until_notes_were_compared_to_the_end() {
    let peerage = Peerage::default();
    assert!(!peerage.suspects_usurpers());
    peerage.suspect_usurpers(at(1_000));
    // This heartbeat was sent before all stood still.
    peerage.renew_lease(at(500));
    peerage.look_for_usurpers();
    peerage.found_usurpers();
    assert!(
        peerage.suspects_usurpers(),
        "they may come as long as nothing is heard from here"
    );
    peerage.renew_lease(at(1_100));
    peerage.look_for_usurpers();
    assert!(peerage.suspects_usurpers());
    peerage.found_usurpers();
    assert!(!peerage.suspects_usurpers());
    peerage.suspect_usurpers(at(2_000));
    peerage.renew_lease(at(2_000));
    peerage.look_for_usurpers();
    peerage.suspect_usurpers(at(3_000));
    peerage.found_usurpers();
    assert!(
        peerage.suspects_usurpers(),
        "a new suspicion outlives an older search"
    );
}
