use super::*;
use crate::Departure;
use crate::testing::{TestCluster, Told, chat, run};

#[test]
fn every_connection_is_told_and_nobody_who_is_away() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let carol = run(chat.visitor());
    carol.hears();
    run(chat.drop_line(&bob));
    alice.hears();
    let mut delay = 0;
    let told = chat.announce_drain(|| {
        delay += 100;
        Millis::new(delay)
    });
    assert_eq!(told.len(), 2);
    assert_eq!([alice.hears(), carol.hears()], [["draining"], ["draining"]]);
    let delays: Vec<_> = [&alice, &carol]
        .iter()
        .filter_map(|visitor| match visitor.wire.told().last() {
            Some(Told::Draining { reconnect_after }) => Some(*reconnect_after),
            _ => None,
        })
        .collect();
    assert_eq!(delays.iter().sum::<u64>(), 300, "each has a delay of their own");
}

#[test]
fn one_who_is_sent_away_keeps_their_seat_for_the_grace() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    for seat in chat.announce_drain(|| Millis::ZERO) {
        chat.send_away(&seat);
    }
    assert_eq!(alice.farewell(), Some(Farewell::Restarting));
    assert_eq!(bob.farewell(), Some(Farewell::Restarting));
    run(chat.disconnect(&alice.seat, alice.connection, Departure::Dropped));
    assert!(run(chat.recognise(&alice.token().0)).unwrap().is_some());
    assert_eq!(chat.own_census().chatting, 2);
}

#[test]
fn seats_can_only_be_gone_on_with_where_there_is_a_store_that_others_share() {
    assert_eq!(chat().start().heirs(), Heirs::None);
    let mut cluster = TestCluster::of(2);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(cluster[0].heirs(), Heirs::Present);
    cluster.kill(1);
    cluster.pass(Millis::from_secs(8));
    assert_eq!(cluster[0].heirs(), Heirs::ToCome);
    cluster.cut(0);
    cluster.pass(Millis::from_secs(1));
    assert_eq!(cluster[0].heirs(), Heirs::None, "nothing can be left to anybody");
}
