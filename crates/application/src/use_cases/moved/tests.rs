use crate::link::Partner;
use crate::ports::{Address, Stamp};
use crate::testing::{Guest, TestCluster, run};
use passerby_domain::id::{Generation, Incarnation};
use passerby_domain::text::MessageId;
use passerby_domain::time::{Millis, Moment};

/// A word about Bob for Alice, as of a tenure that began so many seconds after the beginning.
fn word(alice: &Guest, bob: &Guest, seconds: u64) -> Address {
    let generation = Generation::default().next_tenure(Moment::from_millis(seconds * 1_000));
    Address {
        chat: alice.seat.lock().session.chatting().unwrap().chat,
        from: Stamp {
            seat: bob.user(),
            generation,
        },
        to: alice.user(),
    }
}

/// Whom Alice's node takes for the owner of her partner.
fn owner(alice: &Guest) -> Incarnation {
    let book = alice.seat.lock();
    match &book.session.chatting().unwrap().link.partner {
        Partner::There(remote) => remote.owner,
        Partner::Here(_) => panic!("the partner is elsewhere"),
    }
}

/// Two nodes may each take the other for the owner of a seat that neither has.
#[test]
fn each_owner_is_told_once_that_a_chat_is_over() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let [first, second] = [10, 20].map(|seconds| word(&alice, &bob, seconds));
    run(cluster[0].leave(&alice.seat, None)).unwrap();
    cluster.deliver();
    let told = |cluster: &TestCluster, node: usize| cluster.office.kinds(nodes[0], nodes[node]).len();
    for _ in 0..2 {
        cluster[0].receive_moved(nodes[1], first, nodes[2]);
        assert_eq!(told(&cluster, 2), 1);
    }
    // And whoever has it since is told too.
    cluster[0].receive_moved(nodes[2], second, nodes[1]);
    assert_eq!(told(&cluster, 1), 1);
}

/// A store that has forgotten the chat gives Bob to Alice's node as one who waits. What he was sent he has, nevertheless.
#[test]
fn a_partner_who_came_here_without_the_chat_may_have_what_was_sent() {
    let mut cluster = TestCluster::of(2);
    let bob = cluster.visitor(1);
    let backup = cluster.store.back_up();
    let alice = cluster.visitor(0);
    assert_eq!(alice.chat(), bob.chat());
    let address = word(&alice, &bob, 10);
    let (chat, id) = (alice.chat(), MessageId::parse("1").unwrap());
    let say = |cluster: &TestCluster| cluster[0].message(&alice.seat, &chat, "one", Some(id));
    say(&cluster).unwrap();
    let nodes = [0, 1].map(|node| cluster.incarnation(node));
    while cluster.carry(nodes[0], nodes[1]) {}
    // He has it, and the word of that is lost.
    cluster.office.lose_all(nodes[1], nodes[0]);
    cluster.store.restore(backup);
    cluster.cut(1);
    let waiting = cluster.come_back(0, &bob, 1).unwrap();
    assert!(waiting.hears()[0].starts_with("welcome back waiting"));
    cluster[0].receive_moved(nodes[1], address, nodes[0]);
    alice.hears();
    say(&cluster).unwrap();
    cluster.pass(Millis::from_secs(3));
    let answers = alice.hears();
    assert!(answers.contains(&"unconfirmed 1".to_owned()), "{answers:?}");
}

/// A store that fails over may forget that a seat was given away, and so does whoever it was given to.
#[test]
fn who_says_that_the_seat_is_not_with_them_is_believed_in_the_end() {
    let mut cluster = TestCluster::of(3);
    let [alice, bob] = cluster.pair([0, 1]);
    let nodes = [0, 1, 2].map(|node| cluster.incarnation(node));
    let [early, late] = [10, 20].map(|seconds| word(&alice, &bob, seconds));
    cluster[0].receive_moved(nodes[1], late, nodes[2]);
    assert_eq!(owner(&alice), nodes[2]);
    // Not one who was not believed to have it.
    for _ in 0..2 {
        cluster[0].receive_moved(nodes[1], early, nodes[1]);
        assert_eq!(owner(&alice), nodes[2]);
    }
    cluster[0].receive_moved(nodes[2], early, nodes[1]);
    assert_eq!(owner(&alice), nodes[2], "it may be an old word");
    cluster[0].receive_moved(nodes[2], early, nodes[1]);
    assert_eq!(owner(&alice), nodes[1]);
}
