//! The crate's own JSON held against `serde_json`, over frames made up at random.
//!
//! `PROPTEST_CASES=100000 cargo test -p passerby-protocol --test agreement` makes a long run of it.

use passerby_protocol::{Command, Event, Malformed, Mode, RefusedKind, parse, parse_query};
use proptest::prelude::*;

mod frames;
mod oracle;

use oracle::Verdict;

/// What the parser says about the form of a frame, in the words of the oracle.
fn verdict(frame: &str) -> Verdict {
    let Err(refused) = parse(frame) else {
        return Verdict::Fine;
    };
    match refused.kind {
        RefusedKind::Malformed(Malformed::NotAnObject | Malformed::Syntax | Malformed::TrailingData) => {
            Verdict::NotAnObject
        }
        RefusedKind::Malformed(Malformed::TooDeep) => Verdict::TooDeep,
        RefusedKind::Malformed(Malformed::RepeatedKey) => Verdict::RepeatedKey,
        // The form is right, and something else is not.
        _ => Verdict::Fine,
    }
}

/// Fails unless the parser and the oracle are of one mind.
fn check_verdict(frame: &str) -> Result<(), TestCaseError> {
    let (ours, expected) = (verdict(frame), oracle::verdict(frame));
    let depth_came_first = ours == Verdict::TooDeep && expected == Verdict::NotAnObject;
    prop_assert!(
        ours == expected || depth_came_first,
        "{:?} instead of {:?}: {}",
        ours,
        expected,
        frame
    );
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn fail(error: impl ToString) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

proptest! {
    #[test]
    fn valid_json_is_judged_as_serde_json_judges_it(frame in frames::valid()) {
        check_verdict(&frame)?;
        let is_an_object = frame.trim_start().starts_with('{');
        prop_assert_eq!(is_an_object, verdict(&frame) != Verdict::NotAnObject, "{}", frame);
    }

    #[test]
    fn damaged_commands_are_judged_as_serde_json_judges_them(frame in frames::damaged()) {
        check_verdict(&frame)?;
    }

    #[test]
    fn heaps_of_tokens_are_judged_as_serde_json_judges_them(frame in frames::heap_of_tokens()) {
        check_verdict(&frame)?;
    }

    #[test]
    fn anything_at_all_is_judged_as_serde_json_judges_it(frame: String) {
        check_verdict(&frame)?;
    }

    #[test]
    fn every_string_says_what_serde_json_says_it_says(string in frames::string()) {
        let frame = format!(r#"{{"type":"message","chat_id":"c","text":{string}}}"#);
        let text: String = serde_json::from_str(&string).map_err(fail)?;
        let command = parse(&frame).map_err(fail)?.command;
        prop_assert!(command == Command::Message { chat_id: "c".into(), text: text.into() }, "{}", frame);
    }

    #[test]
    fn a_signal_arrives_as_it_was_sent(data in frames::value()) {
        let frame = format!(r#"{{"type":"signal","data":{data},"chat_id":"c"}}"#);
        check_verdict(&frame)?;
        if verdict(&frame) != Verdict::Fine {
            // The data repeats a key or is nested too deeply.
            return Ok(());
        }
        let Command::Signal { data: read, .. } = parse(&frame).map_err(fail)?.command else {
            return Err(fail("not a signal"));
        };
        prop_assert_eq!(read, data.trim_matches([' ', '\t', '\n', '\r']));

        let mut out = Vec::new();
        Event::Signal { chat_id: "c", data: read }.write(Some(1), &mut out);
        let heard = String::from_utf8(out).map_err(fail)?;
        prop_assert_eq!(heard, format!(r#"{{"type":"signal","seq":1,"chat_id":"c","data":{read}}}"#));
    }

    #[test]
    fn a_message_arrives_as_it_was_sent(text: String, chat_id: String, at: u64, seq: u64) {
        let sent = serde_json::json!({ "type": "message", "chat_id": chat_id, "text": text }).to_string();
        let Command::Message { chat_id: read_id, text: read } = parse(&sent).map_err(fail)?.command else {
            return Err(fail("not a message"));
        };
        let mut out = Vec::new();
        Event::Message { chat_id: &read_id, text: &read, at }.write(Some(seq), &mut out);
        let heard: serde_json::Value = serde_json::from_slice(&out).map_err(fail)?;
        let expected =
            serde_json::json!({ "type": "message", "seq": seq, "chat_id": chat_id, "text": text, "at": at });
        prop_assert_eq!(heard, expected);
    }

    #[test]
    fn a_query_says_what_a_browser_wrote(
        interests in prop::collection::vec("[^,\\pC]{1,12}", 1..=10),
        token in "[ -~]{0,512}",
    ) {
        let written = frames::form_encoded(&interests.join(","));
        let query = format!("resume={}&mode=video&interests={written}", frames::form_encoded(&token));
        let read = parse_query(Some(&query)).map_err(fail)?;
        prop_assert_eq!(read.interests, interests);
        prop_assert_eq!((read.mode, read.resume), (Some(Mode::Video), Some(token)));
    }

    #[test]
    fn no_query_stops_the_server(query: String, percents in "([a-z_]{1,9}=?(%[0-9a-f]{0,3}|[+&=,])*){0,4}") {
        for query in [query, percents] {
            if let Err(error) = parse_query(Some(&query)) {
                prop_assert!(error.to_string().starts_with("the parameter "));
            }
        }
    }
}
