use super::*;

fn command_of(frame: &str) -> Command<'_> {
    match parse(frame) {
        Ok(frame) => frame.command,
        Err(refused) => panic!("{frame} is refused: {refused}"),
    }
}

fn refusal_of(frame: &str) -> RefusedKind {
    match parse(frame) {
        Ok(_) => panic!("{frame} is accepted"),
        Err(refused) => refused.kind,
    }
}

fn assert_malformed(frames: &[&str], cause: Malformed) {
    for frame in frames {
        assert_eq!(refusal_of(frame), RefusedKind::Malformed(cause), "{frame}");
    }
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn what_is_no_object_is_malformed() {
    let frames = [
        "",
        " ",
        "\n\t",
        "null",
        "1",
        "\"x\"",
        "[]",
        r#"["leave"]"#,
        "\u{feff}{\"type\":\"ping\"}",
        "ping",
        "'{}'",
        "}",
    ];
    assert_malformed(&frames, Malformed::NotAnObject);
}

#[test]
fn broken_json_is_malformed() {
    let frames = [
        "{",
        r#"{"type":"ping""#,
        r#"{"type":"ping",}"#,
        r#"{,"type":"ping"}"#,
        r#"{"type":"ping","x"}"#,
        r#"{"type":"ping","x":}"#,
        r#"{"type":"ping" "x":1}"#,
        r#"{"type":"ping";"x":1}"#,
        r"{'type':'ping'}",
        r#"{type:"ping"}"#,
        r#"{"type":"ping"/* */}"#,
        "{\"type\":\"ping\"// \n}",
        r#"{"type":"ping","x":NaN}"#,
        r#"{"type":"ping","x":Infinity}"#,
        r#"{"type":"ping","x":undefined}"#,
        r#"{"type":"ping","x":True}"#,
        r#"{"type":"ping","x":tru}"#,
        r#"{"type":"ping","x":nulls}"#,
        r#"{"type":"ping","x":[1,]}"#,
        r#"{"type":"ping","x":[1 2]}"#,
        r#"{"type":"ping","x":[1}"#,
        r#"{"type":"ping","x":{"a":1]}"#,
        r#"{"type":"ping","x":{"a"}}"#,
        r#"{"type":"ping","x":{1:2}}"#,
        r#"{"type":"ping","x":01}"#,
        r#"{"type":"ping","x":-}"#,
        r#"{"type":"ping","x":+1}"#,
        r#"{"type":"ping","x":.5}"#,
        r#"{"type":"ping","x":1.}"#,
        r#"{"type":"ping","x":1e}"#,
        r#"{"type":"ping","x":1e+}"#,
        r#"{"type":"ping","x":0x10}"#,
        r#"{"type":"ping","x":"}"#,
        r#"{"type":"ping","x":"\"}"#,
        r#"{"type":"ping","x":"\x41"}"#,
        r#"{"type":"ping","x":"\u12"}"#,
        "{\"type\":\"ping\",\"x\":\"a\tb\"}",
        "{\"type\":\"ping\",\"x\":\"a\u{0}b\"}",
        "{\"type\":\"ping\",\"x\ny\":1}",
        "{\"type\":\u{a0}\"ping\"}",
        "{\"type\":\"ping\",\"x\":é}",
    ];
    assert_malformed(&frames, Malformed::Syntax);
}

#[test]
fn a_lone_surrogate_is_malformed_wherever_it_stands() {
    let frames = [
        r#"{"type":"message","chat_id":"c","text":"\ud800"}"#,
        r#"{"type":"message","chat_id":"c","text":"\udc00"}"#,
        r#"{"type":"message","chat_id":"c","text":"\ud800\ud800"}"#,
        r#"{"type":"ping","ignored":"\ud800"}"#,
        r#"{"type":"ping","ignored":[{"deep":"\ud800x"}]}"#,
        r#"{"type":"ping","\ud800":1}"#,
        r#"{"type":"signal","chat_id":"c","data":["\udfff"]}"#,
    ];
    assert_malformed(&frames, Malformed::Syntax);
}

#[test]
fn whatever_follows_the_object_is_malformed() {
    let frames = [
        r#"{"type":"ping"}{"type":"ping"}"#,
        r#"{"type":"ping"},"#,
        r#"{"type":"ping"} x"#,
        r#"{"type":"ping"}]"#,
        "{\"type\":\"ping\"}\u{0}",
        "{\"type\":\"ping\"}\u{feff}",
    ];
    assert_malformed(&frames, Malformed::TrailingData);
}

#[test]
fn white_space_around_anything_is_fine() {
    let frame =
        " \t\r\n{ 'type' :\n'typing' ,\t'chat_id' : 'c' , 'on' : true , 'x' : [ 1 , { } , [ ] ] } \r\n";
    let frame = frame.replace('\'', "\"");
    assert_eq!(
        command_of(&frame),
        Command::Typing {
            chat_id: "c".into(),
            on: true
        }
    );
}

#[test]
fn the_same_key_twice_is_malformed() {
    let frames = [
        r#"{"type":"skip","type":"skip","chat_id":"c"}"#,
        r#"{"type":"message","chat_id":"c","text":"a","text":"b"}"#,
        r#"{"type":"skip","chat_id":"c","chat_id":"c"}"#,
        r#"{"type":"skip","chat_id":"c","chat_id":null}"#,
        r#"{"type":"ping","id":"a","id":"b"}"#,
        r#"{"type":"ping","x":1,"y":2,"x":3}"#,
        r#"{"type":"ping","":1,"":2}"#,
        r#"{"type":"ping","x":{"a":1,"b":2,"a":3}}"#,
        r#"{"type":"ping","x":[[{"a":1,"a":1}]]}"#,
        r#"{"type":"signal","chat_id":"c","data":{"sdp":1,"sdp":2}}"#,
    ];
    assert_malformed(&frames, Malformed::RepeatedKey);
}

#[test]
fn a_key_spelled_with_escapes_is_the_same_key() {
    assert_malformed(
        &[
            r#"{"type":"message","chat_id":"c","text":"a","te\u0078t":"b"}"#,
            r#"{"type":"ping","x":1,"\u0078":2}"#,
            r#"{"type":"ping","x":{"\u0061":1,"a":3}}"#,
        ],
        Malformed::RepeatedKey,
    );
    assert_eq!(
        command_of(r#"{"\u0074ype":"skip","chat\u005fid":"c"}"#),
        Command::Skip { chat_id: "c".into() }
    );
}

#[test]
fn the_same_key_in_different_objects_is_fine() {
    let frame = r#"{"type":"ping","x":{"type":1,"x":{"x":1}},"y":[{"x":1},{"x":1}]}"#;
    assert_eq!(command_of(frame), Command::Ping);
}

#[test]
fn nesting_ends_at_the_thirty_second_level() {
    for wrap in [
        r#"{"type":"ping","x":@}"#,
        r#"{"type":"ping","x":{"y":@}}"#,
        r#"{"type":"ping","x":[@,1]}"#,
    ] {
        let own_levels = wrap.matches(['{', '[']).count();
        let fits = wrap.replace('@', &nested(32 - own_levels));
        assert_eq!(command_of(&fits), Command::Ping);
        let too_deep = wrap.replace('@', &nested(33 - own_levels));
        assert_eq!(refusal_of(&too_deep), RefusedKind::Malformed(Malformed::TooDeep));
    }
    let objects = format!(
        r#"{{"type":"ping","x":{}1{}}}"#,
        r#"{"a":"#.repeat(32),
        "}".repeat(32)
    );
    assert_eq!(refusal_of(&objects), RefusedKind::Malformed(Malformed::TooDeep));
    let signal = format!(r#"{{"type":"signal","chat_id":"c","data":{}}}"#, nested(200));
    assert_eq!(refusal_of(&signal), RefusedKind::Malformed(Malformed::TooDeep));
}

#[test]
fn sixteen_thousand_brackets_are_refused_at_the_thirty_third() {
    let frame = format!(r#"{{"type":"ping","x":{}"#, "[".repeat(16_000));
    assert_eq!(refusal_of(&frame), RefusedKind::Malformed(Malformed::TooDeep));
    assert_eq!(
        refusal_of(&"[".repeat(16_000)),
        RefusedKind::Malformed(Malformed::NotAnObject)
    );
}

#[test]
fn many_shallow_values_are_not_deep() {
    let frame = format!(r#"{{"type":"ping","x":[{}0]}}"#, "[[]],{\"a\":{}},".repeat(1_000));
    assert_eq!(command_of(&frame), Command::Ping);
}

#[test]
fn unknown_fields_are_ignored_whatever_they_hold() {
    let long_string = format!("\"{}\"", "x".repeat(15 * 1024));
    let long_number = "7".repeat(10_000);
    let values = [
        "1e999",
        "-0.0E-7",
        "null",
        "[]",
        "{}",
        r#""\u0000""#,
        r#"[1,"a",true,false,null,{"b":[{}]}]"#,
        long_string.as_str(),
        long_number.as_str(),
    ];
    for key in ["__proto__", "constructor", "Type", "chat", "", "\u{1f600}"] {
        for value in values {
            let frame = format!(r#"{{"{key}":{value},"type":"ping"}}"#);
            assert_eq!(command_of(&frame), Command::Ping, "{frame}");
        }
    }
}

#[test]
fn a_field_of_another_command_is_unknown_to_this_one() {
    let frame =
        r#"{"type":"ping","chat_id":1,"text":{},"on":"x","interests":7,"reason":[],"mode":0,"data":null}"#;
    assert_eq!(command_of(frame), Command::Ping);
    assert_eq!(
        command_of(r#"{"type":"skip","chat_id":"c","text":1}"#),
        Command::Skip { chat_id: "c".into() }
    );
}

#[test]
fn a_frame_without_a_proper_type_is_malformed() {
    assert_malformed(
        &["{}", r#"{"chat_id":"c"}"#, r#"{"Type":"skip"}"#],
        Malformed::Missing(Field::Type),
    );
    assert_malformed(
        &[
            r#"{"type":1}"#,
            r#"{"type":null}"#,
            r#"{"type":["skip"]}"#,
            r#"{"type":true}"#,
        ],
        Malformed::WrongKind(Field::Type),
    );
}

#[test]
fn a_type_is_known_by_its_exact_name() {
    for name in [
        "SKIP",
        "skip ",
        " skip",
        "Skip",
        "",
        "hello",
        "matched",
        "skip\\u0000",
        "ＳＫＩＰ",
    ] {
        let frame = format!(r#"{{"type":"{name}","chat_id":"c"}}"#);
        assert_eq!(refusal_of(&frame), RefusedKind::UnknownType, "{frame}");
    }
    assert_eq!(
        command_of(r#"{"type":"sk\u0069p","chat_id":"c"}"#),
        Command::Skip { chat_id: "c".into() }
    );
}

#[test]
fn the_type_may_come_last() {
    let frame = parse(r#"{"text":"hi","id":"m1","chat_id":"c","type":"message"}"#).expect("a frame");
    assert_eq!(frame.id.as_deref(), Some("m1"));
    assert_eq!(
        frame.command,
        Command::Message {
            chat_id: "c".into(),
            text: "hi".into()
        }
    );
}

#[test]
fn a_field_that_is_needed_and_missing_is_malformed() {
    for (field, frames) in [
        (
            Field::ChatId,
            [
                r#"{"type":"message","text":"a"}"#,
                r#"{"type":"typing","on":true}"#,
                r#"{"type":"skip"}"#,
                r#"{"type":"report","reason":"spam"}"#,
                r#"{"type":"block"}"#,
                r#"{"type":"signal","data":1}"#,
            ]
            .as_slice(),
        ),
        (Field::Text, &[r#"{"type":"message","chat_id":"c"}"#]),
        (Field::On, &[r#"{"type":"typing","chat_id":"c"}"#]),
        (Field::Reason, &[r#"{"type":"report","chat_id":"c"}"#]),
        (Field::Data, &[r#"{"type":"signal","chat_id":"c"}"#]),
    ] {
        assert_malformed(frames, Malformed::Missing(field));
    }
}

#[test]
fn a_field_of_the_wrong_kind_is_malformed() {
    for (field, frames) in [
        (
            Field::ChatId,
            [
                r#"{"type":"message","chat_id":1,"text":"a"}"#,
                r#"{"type":"skip","chat_id":null}"#,
                r#"{"type":"leave","chat_id":7}"#,
                r#"{"type":"leave","chat_id":["c"]}"#,
                r#"{"type":"block","chat_id":{}}"#,
            ]
            .as_slice(),
        ),
        (
            Field::Text,
            &[
                r#"{"type":"message","chat_id":"c","text":{}}"#,
                r#"{"type":"message","chat_id":"c","text":null}"#,
            ],
        ),
        (
            Field::On,
            &[
                r#"{"type":"typing","chat_id":"c","on":"true"}"#,
                r#"{"type":"typing","chat_id":"c","on":1}"#,
            ],
        ),
        (
            Field::Interests,
            &[
                r#"{"type":"join","interests":"music"}"#,
                r#"{"type":"join","interests":{"0":"music"}}"#,
                r#"{"type":"join","interests":["music",7]}"#,
                r#"{"type":"join","interests":[null]}"#,
                r#"{"type":"join","interests":[["music"]]}"#,
            ],
        ),
        (Field::Language, &[r#"{"type":"join","language":["en"]}"#]),
        (Field::Mode, &[r#"{"type":"join","mode":1}"#]),
        (
            Field::Reason,
            &[
                r#"{"type":"report","chat_id":"c","reason":1}"#,
                r#"{"type":"report","chat_id":"c","reason":null}"#,
            ],
        ),
        (
            Field::Detail,
            &[r#"{"type":"report","chat_id":"c","reason":"spam","detail":1}"#],
        ),
        (
            Field::Id,
            &[
                r#"{"type":"ping","id":7}"#,
                r#"{"type":"ping","id":["a"]}"#,
                r#"{"type":"ping","id":false}"#,
            ],
        ),
    ] {
        assert_malformed(frames, Malformed::WrongKind(field));
    }
}

#[test]
fn null_counts_as_absent_where_a_field_may_be_absent() {
    let join = r#"{"type":"join","id":null,"interests":null,"language":null,"mode":null}"#;
    assert_eq!(parse(join).map(|frame| frame.id), Ok(None));
    assert_eq!(command_of(join), Command::Join(Join::default()));
    assert_eq!(
        command_of(r#"{"type":"leave","chat_id":null}"#),
        Command::Leave { chat_id: None }
    );
    let report = r#"{"type":"report","chat_id":"c","reason":"other","detail":null}"#;
    assert!(matches!(command_of(report), Command::Report { detail: None, .. }));
}

#[test]
fn an_id_has_one_to_sixty_four_bytes_and_no_control_characters() {
    let longest = "é".repeat(32);
    for id in [
        "a",
        "-",
        " ",
        "\u{1f600}",
        longest.as_str(),
        "0".repeat(64).as_str(),
    ] {
        let frame = format!(r#"{{"type":"ping","id":"{id}"}}"#);
        assert_eq!(parse(&frame).expect("a frame").id.as_deref(), Some(id));
    }
    let too_long = "0".repeat(65);
    let too_wide = format!("{longest}a");
    for id in [
        "",
        too_long.as_str(),
        too_wide.as_str(),
        "a\\u0000",
        "a\\n",
        "\\u007f",
        "\\u0085",
        "\u{85}",
    ] {
        let frame = format!(r#"{{"type":"ping","id":"{id}"}}"#);
        let refused = parse(&frame).expect_err("a refusal");
        assert_eq!(
            refused.kind,
            RefusedKind::Malformed(Malformed::OutOfBounds(Field::Id)),
            "{frame}"
        );
        assert_eq!(refused.id, None);
    }
}

#[test]
fn a_refusal_gives_back_the_id_wherever_it_could_be_read() {
    for frame in [
        r#"{"type":"message","id":"m1","text":"a"}"#,
        r#"{"type":"message","text":"a","text":"b","chat_id":"c","id":"m1"}"#,
        r#"{"type":"message","x":{"a":1,"a":1},"id":"m1"}"#,
        r#"{"type":"hello","id":"m\u0031"}"#,
        r#"{"type":7,"id":"m1"}"#,
        r#"{"id":"m1"}"#,
        r#"{"id":"m1","type":"skip","chat_id":"c""#,
        r#"{"id":"m1","type":"ping"} x"#,
        r#"{"id":"m1","type":"join","mode":"audio"}"#,
    ] {
        let refused = parse(frame).expect_err("a refusal");
        assert_eq!(refused.id.as_deref(), Some("m1"), "{frame}");
    }
}

#[test]
fn a_refusal_gives_no_id_that_is_in_doubt() {
    for frame in [
        r#"{"type":"ping","id":"a","id":"b"}"#,
        r#"{"type":"ping","id":"a","id":"b","id":"c"}"#,
        r#"{"type":"hello","id":7}"#,
        r#"{"type":"hello","id":""}"#,
        r#"{"type":"hello","x":{"id":"m1"}}"#,
        r#"["m1"]"#,
        r#"{"id":"m1"#,
    ] {
        let refused = parse(frame).expect_err("a refusal");
        assert_eq!(refused.id, None, "{frame}");
    }
}

#[test]
fn ten_interests_are_read_as_written_and_eleven_are_too_many() {
    let interests: Vec<_> = (0..10).map(|number| format!(" Interest {number} ")).collect();
    let ten = format!(r#"{{"type":"join","interests":["{}"]}}"#, interests.join("\",\""));
    let Command::Join(join) = command_of(&ten) else {
        panic!("not a join")
    };
    assert_eq!(join.interests.expect("interests"), interests);

    for count in [11, 5_000] {
        let many = format!(
            r#"{{"type":"join","interests":["a"{}]}}"#,
            ",\"a\"".repeat(count - 1)
        );
        assert_eq!(refusal_of(&many), RefusedKind::InvalidInterests);
    }
    let none = Command::Join(Join {
        interests: Some(Vec::new()),
        ..Join::default()
    });
    assert_eq!(command_of(r#"{"type":"join","interests":[ ]}"#), none);
}

#[test]
fn a_mode_is_text_or_video() {
    for (word, mode) in [
        ("text", Mode::Text),
        ("video", Mode::Video),
        ("\\u0074ext", Mode::Text),
    ] {
        let frame = format!(r#"{{"type":"join","mode":"{word}"}}"#);
        assert_eq!(
            command_of(&frame),
            Command::Join(Join {
                mode: Some(mode),
                ..Join::default()
            })
        );
    }
    for word in ["audio", "", "TEXT", "text "] {
        assert_eq!(
            refusal_of(&format!(r#"{{"type":"join","mode":"{word}"}}"#)),
            RefusedKind::InvalidMode
        );
    }
}

#[test]
fn a_report_has_a_known_reason_and_a_short_detail() {
    let longest = "\u{1f600}".repeat(500);
    let frame = format!(r#"{{"type":"report","chat_id":"c","reason":"illegal","detail":"{longest}"}}"#);
    let report = Command::Report {
        chat_id: "c".into(),
        reason: ReportReason::Illegal,
        detail: Some(longest.as_str().into()),
    };
    assert_eq!(command_of(&frame), report);

    let too_long = frame.replace(&longest, &"x".repeat(501));
    assert_eq!(
        refusal_of(&too_long),
        RefusedKind::Malformed(Malformed::OutOfBounds(Field::Detail))
    );
    let frame = r#"{"type":"report","chat_id":"c","reason":"boring"}"#;
    assert_eq!(
        refusal_of(frame),
        RefusedKind::Malformed(Malformed::OutOfBounds(Field::Reason))
    );
}

#[test]
fn the_data_of_a_signal_is_kept_character_for_character() {
    for data in [
        "null",
        "0",
        "-1.50e+07",
        "\"v=0\\r\\no=- \\u0041 \\/\"",
        "{ \"sdp\" : [ 1,2 ,\t3 ] }",
        "\"\u{2028}é\u{1f600}\"",
        "[1e999]",
    ] {
        let frame = format!(r#"{{"type":"signal","chat_id":"c","data": {data} }}"#);
        assert_eq!(
            command_of(&frame),
            Command::Signal {
                chat_id: "c".into(),
                data
            }
        );
    }
}

#[test]
fn the_data_of_a_signal_has_up_to_sixteen_kibibytes() {
    let longest = format!("\"{}\"", "x".repeat(16 * 1024 - 2));
    let frame = format!(r#"{{"type":"signal","chat_id":"c","data":{longest}}}"#);
    assert_eq!(
        command_of(&frame),
        Command::Signal {
            chat_id: "c".into(),
            data: &longest
        }
    );
    let too_long = frame.replace("xx\"", "xxx\"");
    assert_eq!(refusal_of(&too_long), RefusedKind::TooLarge);
}

#[test]
fn a_message_without_escapes_is_borrowed_from_its_frame() {
    let frame = parse(r#"{"type":"message","chat_id":"Zr8kQ0aW","id":"m1","text":"Hallo, wie gehts? 😀"}"#);
    let Ok(Frame {
        id: Some(Cow::Borrowed("m1")),
        command,
    }) = frame
    else {
        panic!("not borrowed")
    };
    let Command::Message {
        chat_id: Cow::Borrowed("Zr8kQ0aW"),
        text: Cow::Borrowed(text),
    } = command
    else {
        panic!("not borrowed")
    };
    assert_eq!(text, "Hallo, wie gehts? 😀");
}

#[test]
fn a_message_with_escapes_says_what_they_stand_for() {
    let frame = r#"{"type":"message","chat_id":"c","text":"\u202e \ud83d\ude00 \"\\\/\n\u0000"}"#;
    let text = "\u{202e} \u{1f600} \"\\/\n\u{0}";
    assert_eq!(
        command_of(frame),
        Command::Message {
            chat_id: "c".into(),
            text: text.into()
        }
    );
}
