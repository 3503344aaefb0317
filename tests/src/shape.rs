//! The fields of every event, as the protocol lists them.

use serde_json::Value;

/// Codes an `error` may carry.
pub const ERROR_CODES: [&str; 21] = [
    "malformed",
    "unknown_type",
    "invalid_text",
    "text_too_long",
    "invalid_interests",
    "invalid_language",
    "invalid_mode",
    "not_chatting",
    "already_chatting",
    "already_idle",
    "stale_chat",
    "rate_limited",
    "partner_unreachable",
    "unconfirmed",
    "store_unavailable",
    "banned",
    "kicked",
    "message_rejected",
    "too_large",
    "internal",
    "unconfirmed",
];

const REASONS: [&str; 7] = [
    "you_skipped",
    "partner_skipped",
    "you_left",
    "partner_left",
    "partner_disconnected",
    "moderated",
    "lost",
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Name(usize, usize),
    Number,
    Flag,
    Texts,
    Anything,
    OneOf(&'static [&'static str]),
}

use Kind::{Anything, Flag, Name, Number, OneOf, Text, Texts};

const CHAT: Kind = Name(8, 32);
const STATES: Kind = OneOf(&["idle", "waiting", "chatting"]);
const MODES: Kind = OneOf(&["text", "video"]);

/// Says what is wrong with a frame of the server, if anything is. Fields nobody knows are right.
pub fn check(frame: &Value) -> Result<(), String> {
    let kind = frame["type"]
        .as_str()
        .ok_or_else(|| format!("no `type` in {frame}"))?;
    if !crate::event::TRANSIENT.contains(&kind) {
        require(frame, "seq", Number)?;
    } else if kind != "welcome" && frame.get("seq").is_some() {
        return Err(format!("a transient event with `seq`: {frame}"));
    }
    match kind {
        "welcome" => welcome(frame),
        "matched" => require(frame, "chat_id", CHAT).and_then(|()| matched(frame)),
        "waiting" => {
            require(frame, "since", Number)?;
            allow(frame, "cooldown_until", Number)?;
            allow(frame, "paused", Flag)
        }
        "idle" => Ok(()),
        "message" => all(frame, &[("chat_id", CHAT), ("text", Text), ("at", Number)]),
        "ack" => all(frame, &[("chat_id", CHAT), ("id", Text)]),
        "typing" => all(frame, &[("chat_id", CHAT), ("on", Flag)]),
        "signal" => all(frame, &[("chat_id", CHAT), ("data", Anything)]),
        "partner_away" => all(frame, &[("chat_id", CHAT), ("until", Number)]),
        "partner_back" | "reported" | "blocked" => require(frame, "chat_id", CHAT),
        "chat_ended" => all(frame, &[("chat_id", CHAT), ("reason", OneOf(&REASONS))]),
        "pong" => allow(frame, "id", Text),
        "stats" => all(
            frame,
            &[("online", Number), ("waiting", Number), ("chatting", Number)],
        ),
        "draining" => require(frame, "reconnect_after_ms", Number),
        "error" => error(frame),
        other => Err(format!("the protocol has no event `{other}`: {frame}")),
    }
}

fn welcome(frame: &Value) -> Result<(), String> {
    all(
        frame,
        &[
            ("user_id", Name(1, 64)),
            ("node", Text),
            ("state", STATES),
            ("resume_token", Text),
            ("resumed", Flag),
            ("gap", Flag),
            ("seq", Number),
            ("replay_to", Number),
            ("now", Number),
            ("protocol", Number),
            ("online", Number),
        ],
    )?;
    let limits = [
        ("message_chars", Number),
        ("frame_bytes", Number),
        ("interests", Number),
    ];
    all(&frame["limits"], &limits)?;
    match frame["state"].as_str() {
        Some("waiting") => {
            require(frame, "since", Number)?;
            allow(frame, "cooldown_until", Number)
        }
        Some("chatting") => {
            require(frame, "chat_id", CHAT)?;
            allow(frame, "partner_away_until", Number)?;
            matched(&frame["chat"])
        }
        _ => Ok(()),
    }
}

fn matched(frame: &Value) -> Result<(), String> {
    all(
        frame,
        &[("common_interests", Texts), ("mode", MODES), ("initiator", Flag)],
    )?;
    allow(frame, "language", Text)?;
    if frame.get("ice_servers").is_some() && frame["mode"] != "video" {
        return Err(format!("ice servers for a text chat: {frame}"));
    }
    Ok(())
}

fn error(frame: &Value) -> Result<(), String> {
    require(frame, "code", OneOf(&ERROR_CODES))?;
    require(frame, "message", Text)?;
    allow(frame, "ref", Text)?;
    allow(frame, "retry_after_ms", Number)?;
    if frame["code"] == "rate_limited" {
        require(frame, "retry_after_ms", Number)?;
    }
    if frame["code"] == "banned" {
        require(frame, "ban_id", Text)?;
        allow(frame, "until", Number)?;
    }
    Ok(())
}

fn all(frame: &Value, fields: &[(&str, Kind)]) -> Result<(), String> {
    fields
        .iter()
        .try_for_each(|(field, kind)| require(frame, field, *kind))
}

fn allow(frame: &Value, field: &str, kind: Kind) -> Result<(), String> {
    if frame.get(field).is_some() {
        require(frame, field, kind)
    } else {
        Ok(())
    }
}

fn require(frame: &Value, field: &str, kind: Kind) -> Result<(), String> {
    let Some(value) = frame.get(field) else {
        return Err(format!("no `{field}` in {frame}"));
    };
    let right = match kind {
        Text => value.is_string(),
        Name(least, most) => value.as_str().is_some_and(|name| is_name(name, least, most)),
        Number => value.is_u64(),
        Flag => value.is_boolean(),
        Texts => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        Anything => true,
        OneOf(choices) => value.as_str().is_some_and(|choice| choices.contains(&choice)),
    };
    if right {
        Ok(())
    } else {
        Err(format!("`{field}` should be {kind:?} in {frame}"))
    }
}

/// Whether this is an opaque name: URL-safe characters, so many of them.
pub fn is_name(name: &str, least: usize, most: usize) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    (least..=most).contains(&name.len()) && name.bytes().all(safe)
}
