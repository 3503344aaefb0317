//! What it costs to read a frame and to write an event: the part of a message that is neither a system call nor a lock.
//!
//! Run with `cargo bench -p passerby-protocol`. The allocator counts.

#![allow(clippy::expect_used, reason = "a bench may")]

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use passerby_protocol::{ErrorCode, Event, Refusal, parse};
use std::fmt::Write as _;

#[global_allocator]
static COUNTED: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// What people say, by the work it is to read and to write.
#[derive(Clone, Copy, Debug)]
enum Script {
    /// Nothing to escape.
    Plain,
    /// Three bytes a character, and nothing to escape.
    Kana,
    /// A line break every ten characters.
    Lines,
}

/// The most that a message may be.
const LONG: usize = 2_000;
const LENGTHS: [usize; 3] = [10, 100, LONG];

impl Script {
    /// So many characters.
    fn text(self, chars: usize) -> String {
        match self {
            Self::Plain => "x".repeat(chars),
            Self::Kana => "か".repeat(chars),
            Self::Lines => "line line\n".repeat(chars / 10),
        }
    }
}

fn message(text: &str) -> String {
    let text = serde_json::to_string(text).expect("a string is JSON");
    format!(r#"{{"type":"message","chat_id":"Zr8kQ0aWPp31xYtU","text":{text},"id":"17"}}"#)
}

fn read(bencher: Bencher<'_, '_>, frame: &str) {
    assert!(parse(frame).is_ok(), "the frame is good");
    bencher
        .counter(BytesCount::of_str(frame))
        .bench(|| parse(divan::black_box(frame)).is_ok());
}

#[divan::bench(args = LENGTHS)]
fn a_plain_message_is_read(bencher: Bencher<'_, '_>, chars: usize) {
    read(bencher, &message(&Script::Plain.text(chars)));
}

#[divan::bench(args = [Script::Kana, Script::Lines])]
fn a_long_message_is_read(bencher: Bencher<'_, '_>, script: Script) {
    read(bencher, &message(&script.text(LONG)));
}

#[divan::bench]
fn typing_is_read(bencher: Bencher<'_, '_>) {
    read(
        bencher,
        r#"{"type":"typing","chat_id":"Zr8kQ0aWPp31xYtU","on":true}"#,
    );
}

#[divan::bench]
fn a_join_with_ten_interests_is_read(bencher: Bencher<'_, '_>) {
    read(
        bencher,
        r#"{"type":"join","interests":["art","books","cats","dogs","films","games","maths","music","rust","travel"],"language":"de"}"#,
    );
}

/// What a hostile client may send for the price of one frame: as many fields as have room, all unknown.
#[divan::bench]
fn a_frame_full_of_unknown_fields_is_read(bencher: Bencher<'_, '_>) {
    let mut frame = String::from(r#"{"type":"ping""#);
    for number in 0..1_500 {
        let _ = write!(frame, r#","{number}":0"#);
    }
    read(bencher, &(frame + "}"));
}

const fn said(text: &str) -> Event<'_> {
    Event::Message {
        chat_id: "Zr8kQ0aWPp31xYtU",
        text,
        at: 1_790_000_000_000,
    }
}

fn write(bencher: Bencher<'_, '_>, event: Event<'_>) {
    let seq = (!event.is_transient()).then_some(1_234);
    let mut out = Vec::with_capacity(16 * 1024);
    bencher.bench_local(|| {
        out.clear();
        divan::black_box(event).write(seq, &mut out);
        out.len()
    });
}

#[divan::bench(args = LENGTHS)]
fn a_plain_message_is_written(bencher: Bencher<'_, '_>, chars: usize) {
    let text = Script::Plain.text(chars);
    write(bencher, said(&text));
}

#[divan::bench(args = [Script::Kana, Script::Lines])]
fn a_long_message_is_written(bencher: Bencher<'_, '_>, script: Script) {
    let text = script.text(LONG);
    write(bencher, said(&text));
}

#[divan::bench]
fn an_acknowledgement_is_written(bencher: Bencher<'_, '_>) {
    write(
        bencher,
        Event::Ack {
            chat_id: "Zr8kQ0aWPp31xYtU",
            id: "17",
        },
    );
}

#[divan::bench]
fn a_refusal_is_written(bencher: Bencher<'_, '_>) {
    let refusal = Refusal::new(ErrorCode::RateLimited).answering(Some("17"));
    write(bencher, Event::Error(refusal));
}
