//! The golden events.

use std::collections::BTreeSet;

use passerby_protocol::{
    EndReason, ErrorCode, Event, IceServer, Matched, Mode, Refusal, State, Waiting, Welcome,
};

use crate::{CHAT, OFFER, golden, names_in, type_in};

const NOW: u64 = 1_718_000_000_000;

/// Takes the name of a golden file, the number of its event and the event.
type Check<'c> = dyn FnMut(&'static str, Option<u64>, Event<'_>) + 'c;

fn for_each_event(check: &mut Check<'_>) {
    let ice_servers = ice_servers();
    let video = Matched {
        chat_id: CHAT,
        common_interests: &["board games", "café"],
        language: Some("en"),
        mode: Mode::Video,
        initiator: true,
        ice_servers: &ice_servers,
    };
    for_each_welcome(video, check);
    for_each_event_of_pairing(video, check);
    for_each_event_of_a_chat(check);
    for_each_error(check);
    check("idle", Some(10), Event::Idle);
    check("pong", None, Event::Pong { id: Some("p1") });
    check("pong.bare", None, Event::Pong { id: None });
    check(
        "stats",
        None,
        Event::Stats {
            online: 42,
            waiting: 3,
            chatting: 38,
        },
    );
    check(
        "draining",
        None,
        Event::Draining {
            reconnect_after_ms: 1_500,
        },
    );
}

fn ice_servers() -> [IceServer; 2] {
    let stun = IceServer {
        urls: vec!["stun:stun.example.org".into()],
        username: None,
        credential: None,
    };
    let turn = IceServer {
        urls: vec![
            "turn:turn.example.org?transport=udp".into(),
            "turns:turn.example.org".into(),
        ],
        username: Some("1718000000:u".into()),
        credential: Some("c2VjcmV0".into()),
    };
    [stun, turn]
}

fn for_each_welcome(chat: Matched<'_>, check: &mut Check<'_>) {
    let fresh = Welcome {
        user_id: "hJ3k9sQ2v0W8xYzA1bC4dE",
        node: "node-a",
        state: State::Idle,
        resume_token: "AbCd.EfGh-_",
        resumed: false,
        gap: false,
        seq: 0,
        replay_to: 0,
        now: NOW,
        message_chars: 2_000,
        frame_bytes: 32_768,
        online: 42,
    };
    check("welcome", None, Event::Welcome(&fresh));
    let resumed = Welcome {
        resumed: true,
        seq: 7,
        replay_to: 9,
        ..fresh
    };
    let waiting = State::Waiting {
        since: NOW - 10_000,
        cooldown_until: Some(NOW + 50_000),
    };
    check(
        "welcome.waiting",
        None,
        Event::Welcome(&Welcome {
            state: waiting,
            ..resumed
        }),
    );
    let chatting = State::Chatting {
        chat,
        partner_away_until: Some(NOW + 15_000),
    };
    check(
        "welcome.chatting",
        None,
        Event::Welcome(&Welcome {
            state: chatting,
            gap: true,
            ..resumed
        }),
    );
}

fn for_each_event_of_pairing(video: Matched<'_>, check: &mut Check<'_>) {
    let waiting = Waiting {
        since: NOW,
        cooldown_until: None,
        paused: false,
    };
    check("waiting", Some(1), Event::Waiting(waiting));
    let cooldown = Waiting {
        cooldown_until: Some(NOW + 60_000),
        ..waiting
    };
    check("waiting.cooldown", Some(8), Event::Waiting(cooldown));
    check(
        "waiting.paused",
        Some(2),
        Event::Waiting(Waiting {
            paused: true,
            ..waiting
        }),
    );

    check("matched", Some(2), Event::Matched(video));
    let text = Matched {
        common_interests: &[],
        language: None,
        mode: Mode::Text,
        initiator: false,
        ice_servers: &[],
        ..video
    };
    check("matched.bare", Some(2), Event::Matched(text));
}

fn for_each_event_of_a_chat(check: &mut Check<'_>) {
    let greeting = Event::Message {
        chat_id: CHAT,
        text: "Hello, stranger 👋",
        at: NOW + 1_234,
    };
    check("message", Some(5), greeting);
    let text = "\"quoted\"\n\ttabbed \\ 😀 \u{1b}";
    check(
        "message.escaped",
        Some(6),
        Event::Message {
            chat_id: CHAT,
            text,
            at: NOW + 1_235,
        },
    );
    check(
        "ack",
        None,
        Event::Ack {
            chat_id: CHAT,
            id: "m1",
        },
    );
    check(
        "typing",
        None,
        Event::Typing {
            chat_id: CHAT,
            on: true,
        },
    );
    check(
        "signal",
        Some(6),
        Event::Signal {
            chat_id: CHAT,
            data: OFFER,
        },
    );
    check(
        "partner_away",
        Some(7),
        Event::PartnerAway {
            chat_id: CHAT,
            until: NOW + 20_000,
        },
    );
    check("partner_back", Some(8), Event::PartnerBack { chat_id: CHAT });
    check(
        "chat_ended",
        Some(9),
        Event::ChatEnded {
            chat_id: CHAT,
            reason: EndReason::PartnerSkipped,
        },
    );
    check("reported", Some(11), Event::Reported { chat_id: CHAT });
    check("blocked", Some(12), Event::Blocked { chat_id: CHAT });
}

fn for_each_error(check: &mut Check<'_>) {
    check(
        "error.bare",
        None,
        Event::Error(Refusal::new(ErrorCode::Malformed)),
    );
    let limited = Refusal {
        retry_after_ms: Some(250),
        ..Refusal::new(ErrorCode::RateLimited)
    };
    check("error", None, Event::Error(limited.answering(Some("m1"))));
    let until = Some(NOW + 3_600_000);
    let banned = Refusal {
        ban_id: Some("17"),
        until,
        ..Refusal::new(ErrorCode::Banned)
    };
    check("error.banned", None, Event::Error(banned));
}

#[test]
fn each_event_is_written_as_its_golden_file_shows() {
    for_each_event(&mut |name, seq, event| {
        let mut out = b"before ".to_vec();
        event.write(seq, &mut out);
        let written = String::from_utf8(out).expect("UTF-8");
        assert_eq!(
            written.strip_prefix("before "),
            Some(golden("events", name).as_str()),
            "{name}"
        );
        assert_eq!(event.name(), type_in(name));
        assert_eq!(event.is_transient(), seq.is_none(), "{name}");
    });
}

#[test]
fn each_golden_event_is_listed_here() {
    let mut listed = BTreeSet::new();
    for_each_event(&mut |name, _, _| assert!(listed.insert(name.to_owned()), "{name} comes twice"));
    assert_eq!(listed, names_in("events"));
}
