use super::*;
use proptest::prelude::*;

/// The rule of the protocol, word for word and slowly.
fn verdict(raw: &str, max_chars: usize) -> Result<(), TextError> {
    if raw.chars().count() > max_chars {
        return Err(TextError::TooLong);
    }
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let visible = |character: char| !character.is_whitespace() && !ignorable.contains(character);
    let forbidden = |character: char| character.is_control() && character != '\n' && character != '\t';
    // A control character is neither white space nor default-ignorable, and forbidden all the same.
    if raw.chars().any(forbidden) || !raw.chars().any(visible) {
        return Err(TextError::Invalid);
    }
    Ok(())
}

fn parse(raw: &str) -> Result<&str, TextError> {
    Text::parse(raw, 2_000).map(Text::as_str)
}

#[test]
fn a_message_is_forwarded_exactly_as_it_was_sent() {
    for raw in [
        "hi",
        " hi ",
        "a\tb\nc",
        "\n.\n",
        "é",
        "日本語",
        "👩‍👩‍👧",
        "\u{202e}evil\u{202c}",
        "\u{2066}x\u{2069}",
        "a\u{2028}b",
        "\u{fffe}",
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "\u{301}",
        "x\u{200b}",
    ] {
        assert_eq!(parse(raw), Ok(raw), "{raw:?}");
    }
}

#[test]
fn a_message_that_shows_nothing_is_refused() {
    for raw in [
        "",
        " ",
        "\n",
        "\t \n",
        "\u{a0}",
        "\u{3000}\u{2003}",
        "\u{2028}\u{2029}",
        "\u{200b}",
        "\u{2060}",
        "\u{feff}",
        "\u{ad}",
        "\u{e0041}\u{e0042}\u{e007f}",
        "\u{fe0f}",
        "\u{3164}",
        "\u{200b} \u{2060}\n",
        "\u{202e}",
    ] {
        assert_eq!(parse(raw), Err(TextError::Invalid), "{raw:?}");
    }
}

#[test]
fn a_message_with_a_control_character_is_refused() {
    for raw in [
        "a\0b",
        "\u{1b}[2J",
        "a\u{85}b",
        "a\u{7f}",
        "a\rb",
        "a\r\nb",
        "é\u{9f}",
        "é\u{7}",
        "\u{80}",
        "\u{c}x",
        "x\u{b}",
    ] {
        assert_eq!(parse(raw), Err(TextError::Invalid), "{raw:?}");
    }
}

#[test]
fn every_character_alone_gets_the_answer_of_the_rule() {
    for character in '\0'..=char::MAX {
        let mut bytes = [0; 4];
        let alone = character.encode_utf8(&mut bytes);
        assert_eq!(
            Text::parse(alone, 1).map(|_| ()),
            verdict(alone, 1),
            "{character:?}"
        );
    }
}

#[test]
fn length_counts_characters_and_not_bytes() {
    for letter in ["a", "é", "日", "👋"] {
        assert!(Text::parse(&letter.repeat(2_000), 2_000).is_ok());
        assert_eq!(parse(&letter.repeat(2_001)), Err(TextError::TooLong));
    }
    assert!(Text::parse(&format!("a{}", "\u{301}".repeat(1_999)), 2_000).is_ok());
    assert_eq!(Text::parse("a", 0), Err(TextError::TooLong));
    assert!(Text::parse("a", usize::MAX).is_ok());
}

#[test]
fn a_message_that_is_too_long_and_invalid_is_too_long() {
    assert_eq!(parse(&"\0".repeat(2_001)), Err(TextError::TooLong));
    assert_eq!(parse(&"\u{200b}".repeat(2_001)), Err(TextError::TooLong));
}

#[test]
fn what_people_write_never_shows_in_debug() {
    let text = Text::parse("secret", 10).unwrap();
    let detail = Detail::parse("secret").unwrap();
    let id = MessageId::parse("secret").unwrap();
    assert_eq!(
        format!("{text:?} {detail:?} {id:?}"),
        "Text(6 bytes) Detail(6 bytes) MessageId(6 bytes)"
    );
}

#[test]
fn a_message_id_has_1_to_64_bytes() {
    for raw in [
        "1",
        " ",
        "ä",
        &"x".repeat(64),
        "550e8400-e29b-41d4-a716-446655440000",
        "a\nb\0",
        "\u{85}\u{7f}",
    ] {
        assert_eq!(MessageId::parse(raw).map(MessageId::as_str), Ok(raw));
    }
    for raw in ["", &"x".repeat(65), &"ä".repeat(33)] {
        assert_eq!(MessageId::parse(raw), Err(InvalidMessageId), "{raw:?}");
    }
}

#[test]
fn a_detail_has_at_most_500_characters_of_any_kind() {
    for raw in ["", "\0\u{1b}[2J\r\n", &"👋".repeat(500)] {
        assert_eq!(Detail::parse(raw).unwrap().as_str(), raw);
    }
    assert_eq!(Detail::parse(&"x".repeat(501)), Err(DetailTooLong));
    assert_eq!(Detail::parse(&"👋".repeat(501)), Err(DetailTooLong));
}

proptest! {
    #[test]
    fn the_fast_check_and_the_slow_one_agree(raw in "(\\PC|[\\x00-\\x7f]|[\u{80}-\u{a0}]|[\u{200b}-\u{2064}]| ){0,40}", max in 0_usize..50) {
        prop_assert_eq!(Text::parse(&raw, max).map(|_| ()), verdict(&raw, max));
    }
}
