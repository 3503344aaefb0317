use super::*;

const MAX: usize = 1000;

/// A frame as a client sends it, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | u8::try_from(len).expect("short")),
        len => {
            frame.push(0x80 | 0x7e);
            frame.extend(u16::try_from(len).expect("short enough").to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

struct Client {
    frames: Frames,
    shared: Engine,
}

impl Client {
    fn new() -> Self {
        Self {
            frames: Frames::default(),
            shared: Engine::new(MAX),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> (String, Vec<u8>) {
        let (len, received, answers) = self
            .frames
            .take(&mut self.shared, MAX, bytes)
            .expect("a whole frame");
        assert!(len <= bytes.len());
        let told = match received {
            Received::Text(text) => format!("text {text}"),
            other => format!("{other:?}"),
        };
        (told, answers)
    }

    fn told(&mut self, first: u8, payload: &[u8]) -> String {
        self.send(&frame(first, payload)).0
    }
}

#[test]
fn a_frame_is_waited_for_until_it_is_whole() {
    let mut client = Client::new();
    let bytes = frame(0x81, &[b'x'; 300]);
    for len in 0..bytes.len() {
        assert!(
            client
                .frames
                .take(&mut client.shared, MAX, &bytes[..len])
                .is_none(),
            "{len}"
        );
    }
    assert_eq!(client.send(&bytes).0, format!("text {}", "x".repeat(300)));
    assert!(client.frames.own.is_none());
}

#[test]
fn a_message_in_parts_is_put_together_with_pings_between_and_memory_is_given_back() {
    let mut client = Client::new();
    assert_eq!(client.told(0x01, "gr\u{fc}".as_bytes().split_at(3).0), "Fragment");
    let (told, answers) = client.send(&frame(0x89, b"hi"));
    assert_eq!((told.as_str(), answers.as_slice()), ("Ping", &b"\x8a\x02hi"[..]));
    assert_eq!(
        client.told(0x80, "gr\u{fc}".as_bytes().split_at(3).1),
        "text gr\u{fc}"
    );
    assert!(client.frames.own.is_none());
    assert_eq!(client.told(0x81, b"next"), "text next");
}

#[test]
fn a_ping_is_answered_with_what_it_said() {
    let mut client = Client::new();
    let (told, answers) = client.send(&frame(0x89, b"abc"));
    assert_eq!((told.as_str(), answers.as_slice()), ("Ping", &b"\x8a\x03abc"[..]));
    assert_eq!(client.send(&frame(0x8a, b"")), ("Pong".to_owned(), Vec::new()));
}

#[test]
fn what_the_rules_forbid_is_a_violation_at_once() {
    let cases: [(&[u8], Violation); 8] = [
        (b"\x81\x01x", Violation::Protocol),
        (b"\xc1\x80\0\0\0\0", Violation::Protocol),
        (b"\x83\x80\0\0\0\0", Violation::Protocol),
        (b"\x09\x80\0\0\0\0", Violation::Protocol),
        (b"\x89\xfe\0\x7e\0\0\0\0", Violation::Protocol),
        (b"\x80\x80\0\0\0\0", Violation::Protocol),
        (
            b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
            Violation::TooBig,
        ),
        (b"\x81\x82\0\0\0\0\xff\xfe", Violation::Utf8),
    ];
    for (bytes, expected) in cases {
        let mut client = Client::new();
        assert_eq!(
            client.send(bytes).0,
            format!("Violation({expected:?})"),
            "{bytes:?}"
        );
        // Whoever shares the engine is not harmed.
        client.frames = Frames::default();
        assert_eq!(client.told(0x81, b"fine"), "text fine");
    }
}

#[test]
fn a_message_that_grows_too_big_in_parts_is_refused() {
    let mut client = Client::new();
    assert_eq!(client.told(0x01, &[b'x'; 900]), "Fragment");
    let last = frame(0x80, &[b'x'; 200]);
    let (_, received, _) = client
        .frames
        .take(&mut client.shared, MAX, &last[..8])
        .expect("its header is enough");
    assert!(matches!(received, Received::Violation(Violation::TooBig)));
}

#[test]
fn bad_text_in_an_early_part_is_found_early() {
    let mut client = Client::new();
    assert_eq!(client.told(0x01, b"\xff"), "Violation(Utf8)");
    assert_eq!(Client::new().told(0x81, b"\xc3"), "Violation(Utf8)");
}

#[test]
fn a_good_bye_is_echoed_and_a_bad_one_is_a_violation() {
    let (told, answers) = Client::new().send(&frame(0x88, b"\x03\xe8bye"));
    assert_eq!(
        (told.as_str(), answers.as_slice()),
        ("Close(Normal)", &b"\x88\x05\x03\xe8bye"[..])
    );
    assert_eq!(
        Client::new().send(&frame(0x88, b"")),
        ("Close(Normal)".to_owned(), b"\x88\x00".to_vec())
    );
    assert_eq!(
        Client::new().told(0x88, &1001_u16.to_be_bytes()),
        "Close(GoingAway)"
    );
    for code in [1012_u16, 3000, 4999] {
        assert_eq!(
            Client::new().told(0x88, &code.to_be_bytes()),
            "Close(Other)",
            "{code}"
        );
    }
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535] {
        assert_eq!(
            Client::new().told(0x88, &code.to_be_bytes()),
            "Violation(Protocol)",
            "{code}"
        );
    }
    assert_eq!(Client::new().told(0x88, b"\x03"), "Violation(Protocol)");
    assert_eq!(Client::new().told(0x88, b"\x03\xe8\xff"), "Violation(Utf8)");
}
