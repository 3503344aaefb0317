//! Frames made up at random: valid ones, damaged ones, and heaps of tokens.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What a client might send, one frame a line.
const COMMANDS: [&str; 5] = [
    r#"{"type":"message","chat_id":"Zr8kQ0aW","text":"Hello, \u00e9 \ud83d\ude00 😀","id":"m1"}"#,
    r#"{ "type": "join", "interests": ["music", "\"x\""], "language": "en", "mode": "video" }"#,
    r#"{"type":"signal","chat_id":"c","data":{"a":[1,-2.5e+3,{"b":null}],"c":true,"d":"\\\r\n"}}"#,
    r#"{"x":[[[{}]]],"y":{"a":1,"b":2,"":[]},"type":"ping","id":"p"}"#,
    r#"{"type":"report","chat_id":"c","reason":"spam","detail":null,"z":1e999}"#,
];

const TOKENS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "{\"a\":",
    "\"a\"",
    "\"b\"",
    "\"\\u0061\"",
    "\"type\"",
    "\"ping\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\\u",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1",
    ".5",
    "e+9",
    " ",
    "\n",
    "\u{1}",
    "\u{feff}",
    "é",
    "//",
    "[[[[[[[[",
];

/// A string as it is written in JSON, with every kind of escape.
pub(crate) fn string() -> impl Strategy<Value = String> {
    let plain = any::<char>().prop_map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        '\0'..' ' => format!("\\u{:04X}", u32::from(character)),
        _ => character.to_string(),
    });
    let escaped = any::<char>().prop_map(|character| {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        units
            .map(|unit| format!("\\u{unit:04x}"))
            .collect::<Vec<_>>()
            .concat()
    });
    let short = select(vec![
        "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "a", "abcdefgh",
    ]);
    let piece = prop_oneof![plain, escaped, short.prop_map(String::from)];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Any value, with white space about.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?";
    let word = select(vec!["true", "false", "null", "{}", "[]", "[ ]"]).prop_map(String::from);
    let leaf = prop_oneof![number, word, string()];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        let array =
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(",")));
        prop_oneof![array, object(inner)]
    });
    let wrapping = select(vec![("[", "]"), ("{\"a\":", "}"), ("[0,", "]"), (" [ ", " ] ")]);
    (
        tree,
        prop_oneof![9 => Just(0_usize), 1 => 24..40_usize],
        wrapping,
        "[ \t\r\n]{0,2}",
    )
        .prop_map(|(tree, levels, (before, after), space)| {
            format!(
                "{space}{}{tree}{}{space}",
                before.repeat(levels),
                after.repeat(levels)
            )
        })
}

/// An object whose keys come twice now and then.
fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let few = select(vec![
        "\"a\"",
        "\"\\u0061\"",
        "\"b\"",
        "\"type\"",
        "\"text\"",
        "\"te\\u0078t\"",
        "\"\"",
    ]);
    let key = prop_oneof![few.prop_map(String::from), string()];
    let entry = (key, value).prop_map(|(key, value)| format!("{key} :{value}"));
    prop::collection::vec(entry, 0..5).prop_map(|entries| format!("{{{}}}", entries.join(",")))
}

/// Valid JSON; an object more often than not.
pub(crate) fn valid() -> impl Strategy<Value = String> {
    prop_oneof![4 => object(value()), 1 => value()]
}

/// A command with a few pieces cut out, put in or repeated.
pub(crate) fn damaged() -> impl Strategy<Value = String> {
    let damage = (any::<Index>(), any::<Index>(), select(TOKENS.to_vec()), 0..3_u8);
    (select(COMMANDS.to_vec()), prop::collection::vec(damage, 1..4)).prop_map(|(command, damages)| {
        damages
            .into_iter()
            .fold(command.to_owned(), |frame, (from, length, token, kind)| {
                let characters: Vec<char> = frame.chars().collect();
                let from = from.index(characters.len() + 1);
                let to = (from + length.index(6)).min(characters.len());
                let (before, piece, after) = (&characters[..from], &characters[from..to], &characters[to..]);
                let put_in: Vec<char> = match kind {
                    0 => Vec::new(),
                    1 => token.chars().collect(),
                    _ => [piece, piece].concat(),
                };
                before.iter().chain(&put_in).chain(after).collect()
            })
    })
}

/// Tokens in any order, which is seldom valid.
pub(crate) fn heap_of_tokens() -> impl Strategy<Value = String> {
    let tokens = prop::collection::vec(select(TOKENS.to_vec()), 0..24);
    (any::<bool>(), tokens).prop_map(|(begins_well, tokens)| {
        let beginning = if begins_well { "{\"type\":" } else { "" };
        format!("{beginning}{}", tokens.concat())
    })
}

/// A value as browsers write it in a query.
pub(crate) fn form_encoded(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}
