//! A planted violation of each kind is found, and what only looks like one is not.

use super::*;

const NUMBERS: [u64; 3] = [1, 2, 3];

/// A chat `A` of seats 1 and 2.
fn chatting() -> Book {
    let mut book = Book::default();
    for seat in [book.new_seat(), book.new_seat()] {
        book.matched(seat, "A", Sight::Whole);
    }
    book
}

fn arrives(book: &mut Book, receiver: SeatNumber, number: u64) {
    let said = Said {
        chat: "A",
        sender: 3 - receiver,
        number,
    };
    book.received_by(receiver, "A", said, Sight::Whole);
}

fn rules(book: &Book) -> Vec<&'static str> {
    book.tally()
        .first()
        .iter()
        .map(|violation| violation.rule.id())
        .collect()
}

fn both_leave(book: &mut Book) {
    book.left(1, "A", End::Ordinary);
    book.left(2, "A", End::Ordinary);
}

#[test]
fn a_good_chat_is_judged_well_and_forgotten() {
    let mut book = chatting();
    for number in NUMBERS {
        book.said(1, "A", number);
        book.acked(1, "A", number);
        arrives(&mut book, 2, number);
    }
    both_leave(&mut book);
    book.closes();
    assert!(rules(&book).is_empty(), "{:?}", book.tally());
    assert_eq!((book.begun(), book.received(), book.unsettled()), (1, 3, 0));
    assert!(book.chats.is_empty() && book.chats_of.is_empty());
}

#[test]
fn messages_are_forgotten_while_the_chat_goes_on() {
    let mut book = chatting();
    for number in 1..1000 {
        book.said(1, "A", number);
        arrives(&mut book, 2, number);
        book.acked(1, "A", number);
    }
    let chat = book.chats.get_mut("A").unwrap();
    assert_eq!(
        format!("{:?}", chat.side(1).unwrap()).matches("Message").count(),
        0
    );
}

#[test]
fn a_seat_paired_with_itself_is_found() {
    let mut book = chatting();
    book.matched(1, "B", Sight::Whole);
    book.matched(1, "B", Sight::Whole);
    assert_eq!(rules(&book), ["S2"]);
}

#[test]
fn a_chat_of_three_is_found() {
    let mut book = chatting();
    let third = book.new_seat();
    book.matched(third, "A", Sight::Whole);
    assert_eq!(rules(&book), ["S3"]);
    assert!(book.tally().first()[0].what.contains("seats 1, 2 and 3"));
}

#[test]
fn a_chat_of_one_is_found_unless_somebody_died_or_the_service_lost_it() {
    let alone = || {
        let mut book = Book::default();
        let seat = book.new_seat();
        book.matched(seat, "A", Sight::Whole);
        book
    };
    let mut book = alone();
    book.closes();
    assert_eq!(rules(&book), ["S3"]);
    let mut book = alone();
    let other = book.new_seat();
    book.gone(other);
    book.closes();
    assert!(rules(&book).is_empty());
    let mut book = alone();
    book.left(1, "A", End::Lost);
    book.closes();
    assert!(rules(&book).is_empty());
}

#[test]
fn a_message_of_another_chat_is_found() {
    let mut book = chatting();
    book.said(1, "A", 1);
    book.left(1, "A", End::Ordinary);
    book.left(2, "A", End::Ordinary);
    book.matched(1, "B", Sight::Whole);
    book.matched(2, "B", Sight::Whole);
    let said = Said {
        chat: "A",
        sender: 1,
        number: 1,
    };
    book.received_by(2, "B", said, Sight::Whole);
    assert_eq!(rules(&book), ["S4"]);
}

#[test]
fn a_message_at_a_bystander_or_back_at_its_sender_is_found() {
    let mut book = chatting();
    let bystander = book.new_seat();
    book.said(1, "A", 1);
    for receiver in [bystander, 1] {
        let said = Said {
            chat: "A",
            sender: 1,
            number: 1,
        };
        book.received_by(receiver, "A", said, Sight::Whole);
    }
    assert_eq!(rules(&book), ["S4", "S4"]);
}

#[test]
fn a_message_that_nobody_said_is_found() {
    let mut book = chatting();
    arrives(&mut book, 2, 1);
    assert_eq!(rules(&book), ["S4"]);
}

#[test]
fn a_message_of_a_forgotten_chat_is_found() {
    let mut book = chatting();
    both_leave(&mut book);
    arrives(&mut book, 2, 1);
    assert_eq!(rules(&book), ["S4"]);
}

#[test]
fn messages_out_of_order_are_found() {
    let mut book = chatting();
    for number in NUMBERS {
        book.said(1, "A", number);
    }
    for number in [1, 3, 2] {
        arrives(&mut book, 2, number);
    }
    assert_eq!(rules(&book), ["S6"]);
}

#[test]
fn the_order_of_the_two_sides_is_their_own() {
    let mut book = chatting();
    for (sender, number) in [(1, 5), (2, 1), (2, 2), (1, 6)] {
        book.said(sender, "A", number);
        arrives(&mut book, 3 - sender, number);
    }
    assert!(rules(&book).is_empty());
}

#[test]
fn a_message_that_arrives_twice_is_found_also_after_it_was_settled() {
    let mut book = chatting();
    book.said(1, "A", 1);
    arrives(&mut book, 2, 1);
    arrives(&mut book, 2, 1);
    book.acked(1, "A", 1);
    arrives(&mut book, 2, 1);
    assert_eq!(rules(&book), ["S7", "S7"]);
}

#[test]
fn an_acknowledged_message_that_never_arrives_is_found_when_the_chat_is_over() {
    let mut book = chatting();
    book.said(1, "A", 1);
    book.acked(1, "A", 1);
    assert_eq!(book.unsettled(), 1);
    both_leave(&mut book);
    assert_eq!(rules(&book), ["S9"]);
    book.closes();
    assert_eq!(rules(&book), ["S9"]);
}

#[test]
fn an_acknowledged_message_that_never_arrives_is_found_in_a_chat_that_goes_on() {
    let mut book = chatting();
    book.said(1, "A", 1);
    book.acked(1, "A", 1);
    book.closes();
    assert_eq!(rules(&book), ["S9"]);
}

#[test]
fn an_acknowledged_message_may_be_missing_where_the_partner_died_or_missed_something() {
    for dies in [true, false] {
        let mut book = chatting();
        book.said(1, "A", 1);
        book.acked(1, "A", 1);
        if dies {
            book.gone(2);
        } else {
            book.missed(2, Some("A"));
        }
        book.left(1, "A", End::Ordinary);
        book.closes();
        assert!(rules(&book).is_empty(), "{:?}", book.tally());
    }
}

#[test]
fn a_refused_message_that_arrives_is_found_in_either_order() {
    let mut book = chatting();
    book.said(1, "A", 1);
    book.refused(1, "A", 1, Refusal::Never);
    arrives(&mut book, 2, 1);
    book.said(1, "A", 2);
    arrives(&mut book, 2, 2);
    book.refused(1, "A", 2, Refusal::Never);
    assert_eq!(rules(&book), ["S9", "S9"]);
}

#[test]
fn an_unconfirmed_message_may_have_arrived_or_not() {
    let mut book = chatting();
    for number in [1, 2] {
        book.said(1, "A", number);
        book.refused(1, "A", number, Refusal::Unknown);
    }
    arrives(&mut book, 2, 1);
    both_leave(&mut book);
    assert!(rules(&book).is_empty());
}

#[test]
fn the_refusal_of_a_second_sending_says_nothing_about_the_first() {
    let mut book = chatting();
    book.said(1, "A", 1);
    arrives(&mut book, 2, 1);
    book.said(1, "A", 1);
    book.refused(1, "A", 1, Refusal::Never);
    assert!(rules(&book).is_empty());
}

#[test]
fn a_chat_that_a_replay_tells_again_after_a_gap_is_the_same() {
    let mut book = chatting();
    book.missed(2, Some("A"));
    book.matched(2, "A", Sight::Blind);
    assert!(rules(&book).is_empty());
    // What a blind user is sent of a chat that it was never told of is the partner's all the same.
    book.said(1, "A", 1);
    let said = Said {
        chat: "A",
        sender: 1,
        number: 1,
    };
    book.received_by(9, "A", said, Sight::Blind);
    assert!(rules(&book).is_empty());
}

#[test]
fn a_gap_that_ends_in_another_chat_ends_the_one_before() {
    let mut book = chatting();
    book.left(1, "A", End::Ordinary);
    let third = book.new_seat();
    book.matched(third, "B", Sight::Whole);
    book.missed(2, Some("B"));
    assert!(!book.chats.contains_key("A"));
    assert_eq!(book.begun(), 2);
    assert!(rules(&book).is_empty());
}

#[test]
fn one_whom_a_gap_puts_back_into_a_chat_that_they_had_left_is_in_it() {
    let mut book = chatting();
    book.left(2, "A", End::Ordinary);
    book.missed(2, Some("A"));
    book.said(1, "A", 1);
    book.acked(1, "A", 1);
    book.left(1, "A", End::Ordinary);
    arrives(&mut book, 2, 1);
    book.left(2, "A", End::Ordinary);
    assert!(rules(&book).is_empty());
    assert!(book.chats.is_empty());
}
