use super::*;

fn told(ring: &Ring) -> String {
    String::from_utf8(ring.unwritten_to_vec()).expect("text")
}

/// A ring with events 1 to `count`, each written as its number in two digits.
fn filled(count: u64) -> Ring {
    let mut ring = Ring::default();
    for seq in 1..=count {
        ring.push_numbered(seq, format!("{seq:02}").as_bytes());
    }
    ring
}

#[test]
fn events_are_written_in_order_however_little_the_connection_takes() {
    let mut ring = filled(3);
    let mut taken = String::new();
    while ring.has_unwritten() {
        taken.push(told(&ring).chars().next().expect("something is left"));
        ring.wrote(1, 7);
    }
    assert_eq!(taken, "010203");
    assert_eq!((ring.pending_events(), ring.pending_bytes()), (0, 0));
}

#[test]
fn a_frame_that_was_begun_is_told_apart_from_one_that_was_not() {
    let mut ring = filled(2);
    assert!(ring.begun_frame().is_empty());
    ring.wrote(1, 7);
    assert_eq!(ring.begun_frame(), b"1");
    ring.wrote(1, 7);
    assert!(ring.begun_frame().is_empty());
}

#[test]
fn written_events_give_way_and_unwritten_ones_do_not() {
    let mut ring = filled(4);
    ring.wrote(4, 7);
    assert!(ring.make_room(2, 8));
    assert_eq!(ring.oldest(), Some(2));
    assert!(!ring.make_room(7, 8));
    assert_eq!((ring.oldest(), told(&ring).as_str()), (Some(3), "0304"));
}

#[test]
fn what_is_too_old_is_forgotten_and_an_empty_ring_owns_nothing() {
    let mut ring = filled(2);
    ring.wrote(2, 7);
    ring.wrote(2, 9);
    ring.forget_written(8);
    assert_eq!(ring.oldest(), Some(2));
    ring.forget_written(9);
    assert_eq!(
        (ring.oldest(), ring.bytes.capacity(), ring.entries.capacity()),
        (None, 0, 0)
    );
}

#[test]
fn a_lost_connection_leaves_whole_events_to_be_told_again_and_nothing_transient() {
    let mut ring = filled(2);
    ring.push_transient(b"xx");
    ring.push_numbered(3, b"03");
    ring.wrote(3, 7);
    ring.lose_connection();
    assert_eq!(told(&ring), "0203");
    assert_eq!(ring.pending_events(), 2);
}

#[test]
fn a_new_connection_is_greeted_before_the_replay_which_no_limit_counts() {
    let mut ring = filled(3);
    ring.wrote(4, 7);
    ring.push_transient(b"xx");
    ring.rewind(1, b"hello");
    assert_eq!(told(&ring), "hello0203");
    assert_eq!((ring.pending_events(), ring.pending_bytes()), (0, 0));
    ring.push_numbered(4, b"04");
    assert_eq!((ring.pending_events(), ring.pending_bytes()), (1, 2));
    ring.wrote(8, 7);
    assert_eq!((ring.pending_events(), ring.pending_bytes()), (1, 2));
    ring.wrote(3, 7);
    assert_eq!(
        (ring.pending_events(), ring.pending_bytes(), ring.oldest()),
        (0, 0, Some(1))
    );
}

#[test]
fn one_who_has_seen_everything_is_only_greeted() {
    let mut ring = filled(2);
    ring.wrote(4, 7);
    ring.rewind(2, b"hello");
    assert_eq!(told(&ring), "hello");
    ring.wrote(5, 8);
    assert_eq!(ring.bytes.len(), 4);
}

#[test]
fn a_ring_that_wraps_around_tells_the_same() {
    let mut ring = Ring::default();
    let mut expected = Vec::new();
    for seq in 1..200_u64 {
        let frame = format!("{seq:07}");
        assert!(ring.make_room(frame.len(), 64));
        ring.push_numbered(seq, frame.as_bytes());
        expected.extend(frame.bytes());
        let taken = ring.unwritten_to_vec();
        assert_eq!(taken, expected);
        let count = taken.len().min(3 + usize::try_from(seq % 9).unwrap_or_default());
        ring.wrote(count, 1);
        expected.drain(..count);
        if expected.len() > 40 {
            ring.wrote(expected.len(), 1);
            expected.clear();
        }
    }
}

#[test]
fn what_a_long_first_word_took_is_given_back_once_it_is_written() {
    let mut ring = Ring::default();
    ring.push_transient(&[b'w'; 600]);
    ring.push_numbered(1, &[b'm'; 100]);
    ring.wrote(700, 0);
    assert_eq!(ring.bytes.len(), 100);
    assert!(
        ring.bytes.capacity() <= 4 * 100 + SLACK,
        "{}",
        ring.bytes.capacity()
    );
    assert_eq!(ring.oldest(), Some(1));
}

/// A ring with two events, of which the second may be taken back.
fn with_retractable() -> Ring {
    let mut ring = filled(2);
    ring.mark_retractable();
    ring
}

#[test]
fn what_nobody_was_given_any_of_is_taken_back() {
    let mut ring = with_retractable();
    ring.wrote(2, 7);
    assert!(ring.retract());
    assert_eq!(
        (told(&ring).as_str(), ring.pending_events(), ring.pending_bytes()),
        ("", 0, 0)
    );
    ring.push_numbered(2, b"02");
    assert_eq!(told(&ring), "02");
    assert!(!ring.retract(), "this one was not marked");
}

#[test]
fn what_was_begun_or_told_or_has_something_behind_it_stays() {
    let mut begun = with_retractable();
    begun.wrote(3, 7);
    assert!(!begun.retract());
    begun.wrote(1, 7);
    assert!(!begun.retract());
    let mut followed = with_retractable();
    followed.push_transient(b"xx");
    assert!(!followed.retract());
    assert_eq!(told(&followed), "0102xx");
    assert!(!Ring::default().retract());
}

#[test]
fn what_a_welcome_says_is_replayed_stays() {
    let mut ring = with_retractable();
    ring.rewind(0, b"ww");
    ring.mark_retractable();
    assert!(!ring.retract());
    assert_eq!(told(&ring), "ww0102");
}

#[test]
fn a_ring_takes_no_more_memory_than_an_outbox_may_hold() {
    let mut ring = Ring::default();
    for seq in 1..=40 {
        ring.push_numbered(seq, &[b'x'; 8 * 1024]);
    }
    assert_eq!(ring.pending_bytes(), OUTBOX_BYTES);
    assert!(
        ring.bytes.capacity() <= OUTBOX_BYTES + GRAIN,
        "{}",
        ring.bytes.capacity()
    );
}
