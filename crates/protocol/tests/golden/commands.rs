//! The golden commands.

use std::collections::BTreeSet;

use passerby_protocol::{Command, Frame, Join, Mode, ReportReason, parse};

use crate::{CHAT, OFFER, golden, names_in, type_in};

/// The name of each golden file, and the `id` and the command it shows.
fn commands() -> Vec<(&'static str, Option<&'static str>, Command<'static>)> {
    let chat_id = || CHAT.into();
    let join = Join {
        interests: Some(vec!["Board games".into(), "café".into()]),
        language: Some("en-GB".into()),
        mode: Some(Mode::Video),
    };
    let escaped = "\"quoted\"\n\ttabbed \\ 😀";
    let (harassment, spam) = (ReportReason::Harassment, ReportReason::Spam);
    let detail = Some("insults me".into());
    vec![
        ("join", None, Command::Join(join)),
        ("join.bare", None, Command::Join(Join::default())),
        (
            "message",
            Some("m1"),
            Command::Message {
                chat_id: chat_id(),
                text: "Hello, stranger 👋".into(),
            },
        ),
        (
            "message.escaped",
            Some("m2"),
            Command::Message {
                chat_id: chat_id(),
                text: escaped.into(),
            },
        ),
        (
            "typing",
            None,
            Command::Typing {
                chat_id: chat_id(),
                on: true,
            },
        ),
        ("skip", None, Command::Skip { chat_id: chat_id() }),
        (
            "leave",
            None,
            Command::Leave {
                chat_id: Some(chat_id()),
            },
        ),
        ("leave.bare", Some("l1"), Command::Leave { chat_id: None }),
        (
            "report",
            None,
            Command::Report {
                chat_id: chat_id(),
                reason: harassment,
                detail,
            },
        ),
        (
            "report.bare",
            None,
            Command::Report {
                chat_id: chat_id(),
                reason: spam,
                detail: None,
            },
        ),
        ("block", None, Command::Block { chat_id: chat_id() }),
        (
            "signal",
            None,
            Command::Signal {
                chat_id: chat_id(),
                data: OFFER,
            },
        ),
        ("ping", Some("p1"), Command::Ping),
        ("ping.bare", None, Command::Ping),
    ]
}

#[test]
fn each_golden_command_is_understood() {
    for (name, id, command) in commands() {
        let text = golden("commands", name);
        let frame = parse(&text).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert!(
            frame
                == Frame {
                    id: id.map(Into::into),
                    command
                },
            "{name} is understood otherwise"
        );
        assert_eq!(frame.command.name(), type_in(name));
    }
}

#[test]
fn each_golden_command_is_listed_here() {
    let listed: BTreeSet<_> = commands()
        .into_iter()
        .map(|(name, _, _)| name.to_owned())
        .collect();
    assert_eq!(listed, names_in("commands"));
}
