//! Each command and event beside its golden file, which shows it as it is on the wire.
//!
//! A client author may take the files as they are: `golden/commands/NAME.json` is a frame the server
//! understands, `golden/events/NAME.json` is byte for byte what it sends. `NAME` is the `type`, and a word
//! for the variant where there are several.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

mod commands;
mod events;

/// The chat that all golden files speak of.
const CHAT: &str = "Zr8kQ0aWm3Jx5ydTbq1nPg";

/// The signalling in both `signal.json`.
const OFFER: &str = r#"{"type":"offer","sdp":"v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\n"}"#;

/// The one line of a golden file.
fn golden(kind: &str, name: &str) -> String {
    let path = folder(kind).join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.strip_suffix('\n')
        .expect("a line feed at the end")
        .to_owned()
}

/// The names of all golden files of a kind.
fn names_in(kind: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder(kind)).expect("the folder of golden files");
    let name_of = |file: fs::DirEntry| file.file_name().into_string().expect("a plain file name");
    files
        .map(|file| name_of(file.expect("a file")))
        .map(|name| {
            name.strip_suffix(".json")
                .expect("a name that ends with .json")
                .to_owned()
        })
        .collect()
}

/// The `type` that a golden file of this name shows.
fn type_in(name: &str) -> &str {
    name.split_once('.').map_or(name, |(shown, _variant)| shown)
}

fn folder(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(kind)
}

#[test]
fn each_golden_file_is_one_line_of_valid_json() {
    for kind in ["commands", "events"] {
        for name in names_in(kind) {
            let text = golden(kind, &name);
            assert_eq!(text.lines().count(), 1, "{name}");
            let json: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(json["type"], type_in(&name), "{name}");
        }
    }
}
