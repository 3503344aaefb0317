//! Asking for all there is of a seat.

use crate::stage::{Attentive, Deaf, Node, Plan, two_nodes};
use passerby_application::ports::{
    Handover, HandoverAnswer, HandoverLimits, HandoverRequest, OutboxContents, Peers as _, Recollection,
    Stamp, Standing, TokenSerial,
};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::{Generation, Incarnation, Origin, Seq, UserId};
use passerby_domain::time::Moment;
use passerby_tests::redis::{Keeps, Standalone};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn request(seat: u128) -> HandoverRequest {
    HandoverRequest {
        seat: UserId::from_bits(seat),
        generation: Generation::new(1).next_tenure(Moment::ORIGIN),
        seen: Seq::default(),
        serial: TokenSerial(9),
        came: Moment::ORIGIN,
    }
}

fn handover(seat: UserId, bytes: usize) -> Box<Handover> {
    let origin = Origin::from_bits(1);
    Box::new(Handover {
        stamp: Stamp {
            seat,
            generation: Generation::new(7),
        },
        origin,
        lasting_origin: origin,
        criteria: Criteria::default(),
        avoid: Vec::new(),
        standing: Standing::Idle,
        partner: None,
        offer: None,
        last_chat: None,
        serials: [TokenSerial(1), TokenSerial(2)],
        limits: HandoverLimits::default(),
        refused: Vec::new(),
        outbox: OutboxContents {
            last: Seq::new(1),
            chat: None,
            events: vec![(Seq::new(1), vec![b'x'; bytes].into())],
            placed: Vec::new(),
        },
        held_until: Moment::from_millis(20_000),
        since: None,
        recollection: Recollection::Whole,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_handed_over() {
    let (_server, here, there) = two_nodes().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    there.gives(move |from, request| {
        seen.lock().unwrap().push((from, request));
        // The longest that a seat may be, and nothing of one that is not known.
        let bytes = [10, 900_000][usize::from(request.seat == UserId::from_bits(2))];
        (request.seat != UserId::from_bits(3)).then(|| handover(request.seat, bytes))
    });
    for (seat, bytes) in [(1, Some(10)), (2, Some(900_000)), (3, None)] {
        let given = here.asks(&there, request(seat)).await;
        assert_eq!(given.as_ref().map(|given| given.outbox.events[0].1.len()), bytes);
        assert!(given.is_none_or(|given| given.stamp.seat == UserId::from_bits(seat)));
    }
    let mut asked = asked.lock().unwrap().clone();
    asked.dedup();
    assert_eq!(asked, [1, 2, 3].map(|seat| (here.own(), request(seat))));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_the_seat_itself_hands_it_over_when_it_has_come() {
    let (_server, here, there) = two_nodes().await;
    let asked = Mutex::new(0);
    there.gives(move |_, request| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        (*asked > 2).then(|| handover(request.seat, 10))
    });
    let given = here.asks(&there, request(1)).await;
    assert!(given.is_some_and(|given| given.stamp.seat == UserId::from_bits(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_keeps_the_seat_says_so_and_is_not_asked_again() {
    let (_server, here, there) = two_nodes().await;
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    there.answers(move |_, _| {
        *count.lock().unwrap() += 1;
        Some(HandoverAnswer::Stays)
    });
    let answer = here.post.ask_for(there.own(), request(1), &Deaf).await;
    assert!(matches!(answer, Some(HandoverAnswer::Stays)), "{answer:?}");
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_heard_is_waited_for_longer() {
    let (_server, here, there) = two_nodes().await;
    let begun = Instant::now();
    there.answers(move |_, request| {
        let is_there = begun.elapsed() > Duration::from_millis(2_300);
        is_there.then(|| HandoverAnswer::Given(handover(request.seat, 10)))
    });
    let (patient, hasty) = tokio::join!(
        here.post.ask_for(there.own(), request(1), &Attentive),
        here.post.ask_for(there.own(), request(2), &Deaf),
    );
    assert!(matches!(patient, Some(HandoverAnswer::Given(_))), "{patient:?}");
    assert!(hasty.is_none(), "{hasty:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_seats_are_handed_over_at_once() {
    let (_server, here, there) = two_nodes().await;
    there.gives(|_, request| Some(handover(request.seat, 10_000)));
    let asked = (0..1_000).map(|seat| here.asks(&there, request(seat)));
    let given = futures_util::future::join_all(asked).await;
    for (seat, given) in (0..).zip(given) {
        assert_eq!(
            given.expect("it is handed over").stamp.seat,
            UserId::from_bits(seat)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_answer_or_is_gone_has_nothing_to_give() {
    let server = Standalone::start(Keeps::Nothing).await;
    let plan = Plan::at(server.address());
    let (here, there) = (Node::start(&plan).await, Node::start_without_reading(&plan).await);
    assert!(
        here.post
            .ask_for(Incarnation::from_bits(0xdead), request(1), &Deaf)
            .await
            .is_none()
    );
    there.gives(|_, request| Some(handover(request.seat, 10)));
    assert!(here.asks(&there, request(1)).await.is_none());
}
