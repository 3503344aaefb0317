use super::*;
use crate::testing::{chat, run};
use passerby_domain::criteria::Criteria;

fn video() -> Criteria {
    Criteria {
        mode: Mode::Video,
        ..Criteria::default()
    }
}

#[test]
fn a_signal_arrives_as_it_was_sent() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(video()));
    let bob = run(chat.visitor_who(video()));
    alice.hears();
    let data = "{\"sdp\": [1,  2]}";
    chat.signal(&bob.seat, &bob.chat(), data, None).unwrap();
    chat.flush(&bob.seat);
    assert_eq!(alice.hears(), [format!("signal {data}")]);
}

#[test]
fn a_chat_of_text_takes_no_signal() {
    let chat = chat().start();
    let [alice, bob] = run(chat.pair());
    let refused = chat.signal(&alice.seat, &alice.chat(), "{}", None);
    assert_eq!(refused, Err(SignalError::WrongMode));
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), [""; 0]);
}

#[test]
fn a_signal_for_another_chat_or_outside_any_is_refused() {
    let chat = chat().start();
    let alice = run(chat.visitor_who(video()));
    let bob = run(chat.visitor_who(video()));
    let carol = run(chat.visitor_who(video()));
    let name = alice.chat();
    let send = |seat, chat_id: &str| chat.signal(seat, chat_id, "{}", None);
    assert_eq!(send(&alice.seat, "AAAAAAAAAAAAAAAA"), Err(SignalError::StaleChat));
    assert_eq!(send(&carol.seat, &name), Err(SignalError::NotChatting));
    chat.adapters().delivery.set_room(0);
    assert_eq!(
        send(&alice.seat, &name),
        Err(SignalError::Unreachable(Undelivered::Full))
    );
    chat.flush(&alice.seat);
    assert_eq!(bob.hears(), ["welcome idle", "matched"]);
}
