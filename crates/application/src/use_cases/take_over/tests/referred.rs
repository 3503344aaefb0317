//! Seats that are not where the store says: whoever is asked for one says who has it.

use super::{online, say};
use crate::ConnectError;
use crate::ports::Farewell;
use crate::testing::{TestCluster, step};
use passerby_domain::time::Millis;

/// A store that has failed over names one that had it before.
#[test]
fn a_seat_is_found_where_it_is_though_the_store_has_forgotten_that_it_went_there() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let before = cluster.store.back_up();
    let moved = cluster.come_back(2, &bob, 1).unwrap();
    cluster.deliver();
    say(&cluster, 0, &alice, "hello", "1").unwrap();
    cluster.deliver();
    assert_eq!(moved.hears(), ["welcome back chatting", "message hello"]);
    cluster.store.restore(before);
    cluster.clock.advance(Millis::new(200));
    let back = cluster.come_back(0, &moved, 2).unwrap();
    assert_eq!(back.hears(), ["welcome back chatting"], "nothing was missed");
    assert_eq!(moved.farewell(), Some(Farewell::Replaced));
    assert_eq!(online(&cluster), 2);
}

/// Each knows of the next one where they went, and the last that the store has forgotten it all.
#[test]
fn one_who_has_moved_twice_since_what_the_store_remembers_comes_back_at_the_second_try() {
    // To a node where they never were, and to one that they have left since.
    for comes_to in [0, 2] {
        let mut cluster = TestCluster::of(4);
        let [alice, bob] = cluster.pair([0, 1]);
        let before = cluster.store.back_up();
        let mut bob = bob;
        for node in [2, 3] {
            bob = cluster.come_back(node, &bob, 1).unwrap();
            cluster.clock.advance(Millis::new(200));
        }
        cluster.deliver();
        say(&cluster, 0, &alice, "hello", "1").unwrap();
        cluster.deliver();
        cluster.store.restore(before);
        let (chat, token) = (cluster.share(comes_to), bob.token().0);
        let mut first = Box::pin(async { chat.come_back(&bob, &token, 1).await });
        let refused = cluster.finish(first.as_mut());
        assert!(
            matches!(refused, Err(ConnectError::Store(_))),
            "{comes_to}: {:?}",
            refused.is_ok()
        );
        assert_eq!(bob.farewell(), None, "{comes_to}");
        cluster.pass(Millis::new(500));
        let back = cluster.come_back(comes_to, &bob, 1).unwrap();
        assert_eq!(
            back.hears(),
            ["welcome back chatting", "message hello"],
            "{comes_to}"
        );
        assert_eq!(online(&cluster), 2, "{comes_to}");
    }
}

/// It took the seat from whoever serves the user, who did not give it up: the token is dead.
#[test]
fn a_seat_that_was_taken_from_one_who_took_it_in_vain_stays_where_it_is() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let unheard = cluster.come_back(1, &bob, 1).unwrap();
    let back = cluster.come_back(1, &bob, 1).unwrap();
    cluster.deliver();
    alice.hears();
    back.hears();
    let token = unheard.token().0;
    let [first, second] = [0, 2].map(|node| cluster.share(node));
    let mut first = Box::pin(async { first.come_back(&bob, &token, 1).await });
    let mut second = Box::pin(async { second.come_back(&bob, &token, 1).await });
    assert!(step(first.as_mut()).is_pending());
    assert!(
        step(second.as_mut()).is_pending(),
        "from the first, as the store knows"
    );
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    cluster.carry(nodes[0], nodes[1]);
    cluster.carry(nodes[1], nodes[0]);
    assert!(cluster.finish(first).unwrap().is_none());
    assert!(cluster.finish(second).unwrap().is_none());
    cluster.pass(Millis::from_secs(8));
    assert_eq!(back.farewell(), None);
    assert_eq!(alice.hears(), [""; 0], "nothing has happened to the partner");
    assert_eq!(online(&cluster), 2);
}
