use super::*;

fn read(query: &str) -> ConnectQuery {
    parse_query(Some(query)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn assert_refused(error: QueryError, queries: &[&str]) {
    for query in queries {
        assert_eq!(parse_query(Some(query)), Err(error), "{query}");
    }
}

#[test]
fn without_a_query_everything_is_at_its_default() {
    let default = ConnectQuery {
        join: JoinMode::Auto,
        interests: Vec::new(),
        language: None,
        mode: None,
        resume: None,
        last_seq: 0,
    };
    assert_eq!(parse_query(None), Ok(default.clone()));
    for query in ["", "&", "&&=&", "interests="] {
        assert_eq!(read(query), default, "{query}");
    }
}

#[test]
fn all_parameters_are_read() {
    let query =
        "join=manual&interests=music,board+games&language=en-GB&mode=video&resume=abc.DEF-_&last_seq=41";
    let expected = ConnectQuery {
        join: JoinMode::Manual,
        interests: vec!["music".into(), "board games".into()],
        language: Some("en-GB".into()),
        mode: Some(Mode::Video),
        resume: Some("abc.DEF-_".into()),
        last_seq: 41,
    };
    assert_eq!(read(query), expected);
    let mut parts: Vec<_> = query.split('&').collect();
    parts.reverse();
    assert_eq!(read(&parts.join("&")), expected);
}

#[test]
fn names_are_form_data_too() {
    assert_eq!(read("jo%69n=manual").join, JoinMode::Manual);
    assert_refused(QueryError::Repeated(Parameter::Join), &["join=auto&jo%69n=auto"]);
}

#[test]
fn interests_are_separated_after_decoding() {
    for query in ["interests=a,b+c", "interests=a%2Cb%20c", "interests=a%2cb+c"] {
        assert_eq!(read(query).interests, ["a", "b c"], "{query}");
    }
    assert_eq!(read("interests=%C3%A9,%26").interests, ["é", "&"]);
    assert_eq!(read("interests=a,,b").interests, ["a", "", "b"]);
}

#[test]
fn ten_interests_are_read_and_eleven_are_too_many() {
    assert_eq!(read("interests=1,2,3,4,5,6,7,8,9,10").interests.len(), 10);
    let many = format!("interests={}", "a,".repeat(5_000));
    assert_refused(
        QueryError::Invalid(Parameter::Interests),
        &["interests=1,2,3,4,5,6,7,8,9,10,11", &many],
    );
}

#[test]
fn what_is_not_properly_encoded_is_refused() {
    for (parameter, name) in Parameter::ALL
        .into_iter()
        .map(|parameter| (parameter, parameter.as_str()))
    {
        for value in ["%zz", "%4", "%", "%00", "%ff", "%0d%0a", "a%7F"] {
            let query = format!("{name}={value}");
            assert_eq!(
                parse_query(Some(&query)),
                Err(QueryError::Encoding(parameter)),
                "{query}"
            );
        }
    }
}

#[test]
fn the_same_parameter_twice_is_refused() {
    for parameter in Parameter::ALL {
        let query = format!(
            "{parameter}={}&x=1&{parameter}=",
            if parameter == Parameter::Join { "auto" } else { "0" }
        );
        let query = query.replace("mode=0", "mode=text");
        assert_eq!(
            parse_query(Some(&query)),
            Err(QueryError::Repeated(parameter)),
            "{query}"
        );
    }
    assert_refused(
        QueryError::Repeated(Parameter::Mode),
        &["mode=text&mode=video", "mode=text&mode=text"],
    );
}

#[test]
fn unknown_parameters_are_ignored_however_they_are_written() {
    for query in [
        "utm=1",
        "utm=1&utm=2",
        "x=%zz&%zz=x&%00=1&%ff",
        "JOIN=manual",
        "join%00=manual",
        "mode%20=audio",
    ] {
        assert_eq!(read(query), ConnectQuery::default(), "{query}");
    }
}

#[test]
fn words_are_compared_exactly() {
    let join = ["join=AUTO", "join=", "join", "join=auto+", "join=1"];
    assert_refused(QueryError::Invalid(Parameter::Join), &join);
    let mode = [
        "mode=audio",
        "mode=",
        "mode=Text",
        "mode=text,video",
        "mode=+text",
    ];
    assert_refused(QueryError::Invalid(Parameter::Mode), &mode);
}

#[test]
fn last_seq_is_a_number_in_digits_that_a_browser_can_hold() {
    assert_eq!(read("last_seq=0").last_seq, 0);
    assert_eq!(read("last_seq=9007199254740991").last_seq, MAX_SEQ);
    assert_refused(
        QueryError::Invalid(Parameter::LastSeq),
        &[
            "last_seq=",
            "last_seq=-1",
            "last_seq=%2B1",
            "last_seq=+1",
            "last_seq=1e3",
            "last_seq=1.0",
            "last_seq=0x1",
            "last_seq=9007199254740992",
            "last_seq=18446744073709551616",
            "last_seq=99999999999999999999999999",
            "last_seq=%D9%A1",
        ],
    );
}

#[test]
fn a_resume_token_has_up_to_512_bytes() {
    let longest = "t".repeat(512);
    assert_eq!(read(&format!("resume={longest}")).resume, Some(longest.clone()));
    for query in [
        format!("resume={longest}t"),
        format!("resume={}", "t".repeat(8 * 1024)),
    ] {
        assert_refused(QueryError::Invalid(Parameter::Resume), &[&query]);
    }
}

#[test]
fn a_language_is_passed_on_as_it_is() {
    for language in ["en", "123", "de-Latn-CH", ""] {
        assert_eq!(
            read(&format!("language={language}")).language.as_deref(),
            Some(language)
        );
    }
}

#[test]
fn a_log_line_about_a_query_or_its_refusal_shows_no_value() {
    let shown = format!("{:?}", read("resume=secret&interests=secret&language=secret"));
    assert!(!shown.contains("secret"), "{shown}");
    let refused = parse_query(Some("mode=secret")).expect_err("a refusal");
    assert_eq!(
        refused.to_string(),
        "the parameter mode has a value that is not allowed"
    );
}
