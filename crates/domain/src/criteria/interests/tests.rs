use super::*;
use proptest::prelude::*;

fn words(raw: &[&str]) -> Option<Vec<String>> {
    let interests = Interests::parse(raw.iter().copied()).ok()?;
    Some(
        interests
            .iter()
            .map(|interest| interest.as_str().to_owned())
            .collect(),
    )
}

fn word(raw: &str) -> Option<String> {
    words(&[raw]).map(|words| words.concat())
}

#[test]
fn the_same_word_in_another_case_width_or_composition_is_the_same_interest() {
    let ten = [
        "Cats",
        "cats",
        "CATS",
        " cats",
        "cats\n",
        "ＣＡＴＳ",
        "ｃａｔｓ",
        "ⓒⓐⓣⓢ",
        "cAts\u{3000}",
        "𝐜𝐚𝐭𝐬",
    ];
    assert_eq!(words(&ten), Some(vec!["cats".to_owned()]));
    assert_eq!(
        words(&["é", "e\u{301}", "É", "E\u{301}"]),
        Some(vec!["é".to_owned()])
    );
    assert_eq!(
        words(&["straße", "STRASSE", "STRAẞE"]),
        Some(vec!["strasse".to_owned()])
    );
    assert_eq!(words(&["ΣΊΣΥΦΟΣ", "σίσυφος"]), Some(vec!["σίσυφοσ".to_owned()]));
    assert_eq!(words(&["ｶﾞ", "ガ"]), Some(vec!["ガ".to_owned()]));
    assert_eq!(words(&["ﬁlm", "film"]), Some(vec!["film".to_owned()]));
}

#[test]
fn interests_are_sorted_and_keep_their_inner_spaces() {
    assert_eq!(
        words(&["rust", "Heavy Metal", "art", "c++"]).unwrap(),
        ["art", "c++", "heavy metal", "rust"]
    );
}

#[test]
fn eleven_interests_are_refused_even_if_they_are_equal() {
    assert_eq!(words(&["cats"; 10]).unwrap().len(), 1);
    assert_eq!(words(&["cats"; 11]), None);
    let many: Vec<String> = (0..5_000).map(|i| i.to_string()).collect();
    assert_eq!(
        Interests::parse(many[..10].iter().map(String::as_str))
            .unwrap()
            .len(),
        10
    );
    assert_eq!(
        Interests::parse(many.iter().map(String::as_str)),
        Err(InvalidInterests)
    );
}

#[test]
fn no_more_than_eleven_are_read_however_many_come() {
    let mut read = 0;
    let endless = std::iter::repeat("cats").inspect(|_| read += 1);
    assert_eq!(Interests::parse(endless), Err(InvalidInterests));
    assert_eq!(read, 11);
}

#[test]
fn an_interest_has_1_to_32_characters_after_normalising() {
    for letter in ["a", "é", "猫", "🐈"] {
        assert!(word(&letter.repeat(32)).is_some(), "{letter}");
        assert_eq!(word(&letter.repeat(33)), None, "{letter}");
    }
    // Folding makes two letters of one.
    assert!(word(&"ß".repeat(16)).is_some());
    assert_eq!(word(&"ß".repeat(17)), None);
    // Composing makes one character of two or three, even of 32 such.
    assert_eq!(word(&"e\u{301}".repeat(32)), Some("é".repeat(32)));
    assert_eq!(
        word(&"\u{1112}\u{1161}\u{11ab}".repeat(32)),
        Some("한".repeat(32))
    );
    // One character that NFKC makes 18 of, with spaces inside.
    assert!(word("\u{fdfa}").is_some());
    assert_eq!(word(&"\u{fdfa}".repeat(2)), None);
    assert_eq!(word(&"\u{fdfa}".repeat(32)), None);
}

#[test]
fn white_space_around_an_interest_does_not_count() {
    assert_eq!(
        word(&format!("{}cats{}", " ".repeat(600), "\u{3000}".repeat(600))).as_deref(),
        Some("cats")
    );
    // The acute accent alone is a space and a mark to NFKC.
    assert_eq!(word("´"), Some("\u{301}".to_owned()));
}

#[test]
fn a_huge_interest_is_refused() {
    assert_eq!(word(&"e\u{301}".repeat(171)), None);
    assert_eq!(word(&"\u{fdfa}".repeat(10_000)), None);
}

#[test]
fn an_interest_that_shows_nothing_is_refused() {
    for raw in [
        "",
        " ",
        "\t\n",
        "\u{a0}",
        "\u{200b}",
        "\u{200b} \u{2060}",
        "\u{3164}",
        "\u{feff}",
        "\u{e0041}",
        "\u{fe0f}",
    ] {
        assert_eq!(words(&["cats", raw]), None, "{raw:?}");
    }
}

#[test]
fn an_interest_with_a_comma_a_control_or_a_bidi_control_is_refused() {
    let controls = ('\0'..' ').chain('\u{7f}'..'\u{a0}');
    let bidi = ('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        .chain(['\u{200e}', '\u{200f}', '\u{61c}']);
    // The last ones turn into a comma when they are normalised.
    let commas = [',', '，', '︐', '﹐', '🄁'];
    for forbidden in controls.chain(bidi).chain(commas) {
        assert_eq!(word(&format!("a{forbidden}b")), None, "{forbidden:?}");
    }
}

#[test]
fn a_word_that_needs_a_joiner_or_a_selector_keeps_it() {
    for raw in [
        "👩\u{200d}🚀",
        "❤\u{fe0f}",
        "می\u{200c}خواهم",
        "العربية",
        "हिन्दी",
        "c#",
    ] {
        assert_eq!(word(raw).as_deref(), Some(raw));
    }
}

#[test]
fn an_empty_list_is_no_interests() {
    assert_eq!(Interests::parse([]), Ok(Interests::NONE));
    assert_eq!(Interests::NONE, Interests::default());
    assert!(Interests::NONE.is_empty());
    assert_eq!(Interests::NONE.iter().count(), 0);
    assert!(!Interests::parse(["cats"]).unwrap().is_empty());
}

#[test]
fn what_two_people_share_is_found_in_either_direction() {
    let shared = |a: &[&str], b: &[&str]| {
        let (a, b) = (
            Interests::parse(a.iter().copied()).unwrap(),
            Interests::parse(b.iter().copied()).unwrap(),
        );
        let there: Vec<Interest> = a.in_common(&b).cloned().collect();
        let back: Vec<Interest> = b.in_common(&a).cloned().collect();
        assert_eq!(there, back);
        assert_eq!(a.count_in_common(&b), there.len());
        there
            .iter()
            .map(|interest| interest.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shared(&["a", "b", "d"], &["d", "B", "c"]), ["b", "d"]);
    assert!(shared(&[], &["a"]).is_empty());
    assert!(shared(&["a"], &["b"]).is_empty());
    assert!(shared(&[], &[]).is_empty());
}

#[test]
fn interests_never_show_in_debug() {
    let interests = Interests::parse(["secret"]).unwrap();
    assert_eq!(format!("{interests:?}"), "Interests(1 of them)");
    assert_eq!(
        format!("{:?}", interests.iter().collect::<Vec<_>>()),
        "[Interest([REDACTED])]"
    );
}

/// Every character but surrogates, alone and after a letter and with marks that could reorder or compose.
#[test]
fn the_normal_form_of_every_character_is_stable() {
    for character in '\u{80}'..=char::MAX {
        for around in [
            ["", ""],
            ["a", ""],
            ["", "\u{345}\u{301}"],
            ["α\u{345}", "\u{323}\u{307}"],
        ] {
            let once = normalised(&format!("{}{character}{}", around[0], around[1]));
            assert_eq!(normalised(&once), once, "{character:?} in {around:?}");
        }
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(raw in "(\\PC|\\p{M}|[\u{370}-\u{3ff}]|[\u{1f00}-\u{1fff}]|[\u{1100}-\u{11ff}]| ){0,20}") {
        let once = normalised(raw.trim());
        prop_assert_eq!(normalised(&once), once);
    }

    #[test]
    fn a_list_that_was_taken_is_taken_again_as_it_is(raw in prop::collection::vec("\\PC{1,12}", 0..10)) {
        if let Ok(interests) = Interests::parse(raw.iter().map(String::as_str)) {
            let again = Interests::parse(interests.iter().map(Interest::as_str));
            prop_assert_eq!(again, Ok(interests.clone()));
            prop_assert!(interests.iter().is_sorted());
            prop_assert!(interests.len() <= raw.len());
            prop_assert_eq!(interests.count_in_common(&interests), interests.len());
            for interest in &interests {
                prop_assert!((1..=Interest::MAX_CHARS).contains(&interest.as_str().chars().count()));
            }
        }
    }

    #[test]
    fn what_is_shared_is_the_intersection(a in prop::collection::vec("[a-f]", 0..10), b in prop::collection::vec("[a-f]", 0..10)) {
        let parsed = |raw: &[String]| Interests::parse(raw.iter().map(String::as_str)).unwrap();
        let (left, right) = (parsed(&a), parsed(&b));
        let expected: std::collections::BTreeSet<&str> =
            a.iter().filter(|&word| b.contains(word)).map(String::as_str).collect();
        let found: Vec<&str> = left.in_common(&right).map(Interest::as_str).collect();
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
}
