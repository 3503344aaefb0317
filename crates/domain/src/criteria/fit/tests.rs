use super::*;
use crate::criteria::{Interests, Mode};
use proptest::prelude::*;

const PATIENCE: Patience = Patience {
    interests: Millis::new(8_000),
    language: Millis::new(15_000),
};
const STANCES: [Stance; 2] = [Stance::Strict, Stance::Open];

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn criteria(interests: &[&str], language: Option<&str>, mode: Mode) -> Criteria {
    Criteria {
        interests: Interests::parse(interests.iter().copied()).unwrap(),
        language: language.map(|tag| Language::parse(tag).unwrap()),
        mode,
    }
}

/// What two people are to each other after each has waited for some seconds.
fn fit_after(a: &Criteria, a_waited: u64, b: &Criteria, b_waited: u64) -> Option<usize> {
    let now = at(100_000);
    let wish = |criteria, waited| {
        let waits_from = now - Millis::from_secs(waited);
        Wish {
            criteria,
            openness: Openness::of(criteria, waits_from, &PATIENCE, now),
        }
    };
    fit(wish(a, a_waited), wish(b, b_waited))
}

#[test]
fn two_who_ask_for_nothing_fit_at_once() {
    assert_eq!(
        fit_after(&Criteria::default(), 0, &Criteria::default(), 0),
        Some(0)
    );
}

#[test]
fn modes_never_mix_however_long_both_wait() {
    let text = criteria(&["cats"], Some("en"), Mode::Text);
    let video = Criteria {
        mode: Mode::Video,
        ..text.clone()
    };
    assert_eq!(fit_after(&text, 90, &video, 90), None);
    assert_eq!(fit_after(&video, 0, &video, 0), Some(1));
}

#[test]
fn unlike_interests_meet_when_the_patience_of_both_is_over() {
    let cats = criteria(&["cats"], None, Mode::Text);
    let dogs = criteria(&["dogs"], None, Mode::Text);
    assert_eq!(fit_after(&cats, 7, &dogs, 7), None);
    assert_eq!(fit_after(&cats, 8, &dogs, 7), None);
    assert_eq!(fit_after(&cats, 7, &dogs, 8), None);
    assert_eq!(fit_after(&cats, 8, &dogs, 8), Some(0));
}

#[test]
fn whoever_has_no_interests_waits_for_the_patience_of_the_other() {
    let cats = criteria(&["cats"], None, Mode::Text);
    let nothing = Criteria::default();
    assert_eq!(fit_after(&cats, 7, &nothing, 90), None);
    assert_eq!(fit_after(&cats, 8, &nothing, 0), Some(0));
}

#[test]
fn a_shared_interest_counts_at_once() {
    let a = criteria(&["cats", "rust", "art"], None, Mode::Text);
    let b = criteria(&["RUST", "art", "dogs"], None, Mode::Text);
    assert_eq!(fit_after(&a, 0, &b, 0), Some(2));
}

#[test]
fn unlike_languages_meet_when_the_patience_of_both_is_over() {
    let english = criteria(&[], Some("en-GB"), Mode::Text);
    let german = criteria(&[], Some("de"), Mode::Text);
    assert_eq!(fit_after(&english, 15, &german, 14), None);
    assert_eq!(fit_after(&english, 15, &german, 15), Some(0));
    assert_eq!(
        fit_after(&english, 0, &criteria(&[], Some("en-US"), Mode::Text), 0),
        Some(0)
    );
    assert_eq!(fit_after(&english, 0, &Criteria::default(), 0), Some(0));
}

#[test]
fn a_shared_interest_does_not_bridge_languages() {
    let english = criteria(&["cats"], Some("en"), Mode::Text);
    let german = criteria(&["cats"], Some("de"), Mode::Text);
    assert_eq!(fit_after(&english, 8, &german, 8), None);
    assert_eq!(fit_after(&english, 15, &german, 15), Some(1));
}

#[test]
fn only_the_language_that_both_asked_for_is_shared() {
    let [english, german, any] = [Some("en"), Some("de"), None].map(|tag| criteria(&[], tag, Mode::Text));
    assert_eq!(shared_language(&english, &english), Language::parse("en").ok());
    assert_eq!(shared_language(&english, &german), None);
    assert_eq!(shared_language(&english, &any), None);
    assert_eq!(shared_language(&any, &english), None);
    assert_eq!(shared_language(&any, &any), None);
}

/// Each pair of interests, languages, modes and stances, judged by the sentence of the protocol.
#[test]
fn the_rule_holds_for_every_combination() {
    let mut everybody = Vec::new();
    for interests in [&[][..], &["cats"], &["dogs"], &["cats", "dogs"]] {
        for language in [None, Some("en"), Some("de")] {
            for mode in [Mode::Text, Mode::Video] {
                everybody.push(criteria(interests, language, mode));
            }
        }
    }
    let openness = STANCES.map(|interests| STANCES.map(|language| Openness { interests, language }));
    let wishes: Vec<Wish<'_>> = everybody
        .iter()
        .flat_map(|criteria| {
            openness
                .iter()
                .flatten()
                .map(move |&openness| Wish { criteria, openness })
        })
        .collect();
    let mut fitting = 0;
    for &a in &wishes {
        for &b in &wishes {
            let shared = a.criteria.interests.count_in_common(&b.criteria.interests);
            let accepts = |own: Wish<'_>, other: Wish<'_>| {
                let on_interests =
                    shared > 0 || own.criteria.interests.is_empty() || own.openness.interests == Stance::Open;
                let on_language = own.criteria.language == other.criteria.language
                    || own.criteria.language.is_none()
                    || other.criteria.language.is_none()
                    || own.openness.language == Stance::Open;
                on_interests && on_language
            };
            let fits = a.criteria.mode == b.criteria.mode && accepts(a, b) && accepts(b, a);
            assert_eq!(fit(a, b), fits.then_some(shared), "{a:?} and {b:?}");
            fitting += usize::from(fits);
        }
    }
    assert_eq!(wishes.len(), 96);
    assert!(fitting > 0 && fitting < wishes.len() * wishes.len() / 2);
}

#[test]
fn the_next_change_is_the_end_of_the_patience_that_is_over_first() {
    let both = criteria(&["cats"], Some("en"), Mode::Text);
    let next = |criteria: &Criteria, now| Openness::next_change(criteria, at(1_000), &PATIENCE, at(now));
    assert_eq!(next(&both, 1_000), Some(at(9_000)));
    assert_eq!(next(&both, 8_999), Some(at(9_000)));
    assert_eq!(next(&both, 9_000), Some(at(16_000)));
    assert_eq!(next(&both, 16_000), None);
    assert_eq!(next(&criteria(&["cats"], None, Mode::Text), 9_000), None);
    assert_eq!(
        next(&criteria(&[], Some("en"), Mode::Text), 1_000),
        Some(at(16_000))
    );
    assert_eq!(next(&Criteria::default(), 1_000), None);
}

#[test]
fn without_patience_everybody_is_open_at_once() {
    let none = Patience {
        interests: Millis::ZERO,
        language: Millis::ZERO,
    };
    let both = criteria(&["cats"], Some("en"), Mode::Text);
    let open = Openness {
        interests: Stance::Open,
        language: Stance::Open,
    };
    assert_eq!(Openness::of(&both, at(5), &none, at(5)), open);
    assert_eq!(Openness::next_change(&both, at(5), &none, at(5)), None);
}

fn any_criteria() -> impl Strategy<Value = Criteria> {
    let interests = prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d"]), 0..4);
    let language = prop::option::of(prop::sample::select(vec!["en", "de", "zh-Hant"]));
    let mode = prop::sample::select(vec![Mode::Text, Mode::Video]);
    (interests, language, mode).prop_map(|(interests, language, mode)| criteria(&interests, language, mode))
}

fn any_patience() -> impl Strategy<Value = Patience> {
    (0_u64..100, 0_u64..100).prop_map(|(interests, language)| Patience {
        interests: Millis::new(interests),
        language: Millis::new(language),
    })
}

proptest! {
    #[test]
    fn fitting_is_mutual_and_lasts(
        [a, b] in [any_criteria(), any_criteria()],
        patience in any_patience(),
        [a_from, b_from, now, later] in [0_u64..100, 0_u64..100, 0_u64..250, 0_u64..250],
    ) {
        let wish = |criteria, from, now| {
            Wish { criteria, openness: Openness::of(criteria, at(from), &patience, at(now)) }
        };
        let fit_at = |now| fit(wish(&a, a_from, now), wish(&b, b_from, now));
        prop_assert_eq!(fit_at(now), fit(wish(&b, b_from, now), wish(&a, a_from, now)));
        if fit_at(now).is_some() {
            prop_assert_eq!(fit_at(now + later), fit_at(now));
        }
        if a.mode == b.mode {
            prop_assert!(fit_at(200).is_some(), "nobody is particular for ever");
        }
    }

    #[test]
    fn openness_changes_at_its_next_change_and_not_before(
        criteria in any_criteria(),
        patience in any_patience(),
        [from, now] in [0_u64..100, 0_u64..250],
    ) {
        let of = |now| Openness::of(&criteria, at(from), &patience, at(now));
        let next = Openness::next_change(&criteria, at(from), &patience, at(now)).map(Moment::as_millis);
        let changed = (now + 1..400).find(|&later| of(later) != of(now));
        prop_assert_eq!(next, changed);
    }

    #[test]
    fn nobody_becomes_particular_again(
        criteria in any_criteria(),
        patience in any_patience(),
        [from, now, later] in [0_u64..100, 0_u64..250, 0_u64..250],
    ) {
        let before = Openness::of(&criteria, at(from), &patience, at(now));
        let after = Openness::of(&criteria, at(from), &patience, at(now + later));
        prop_assert!(before.interests == Stance::Strict || after.interests == Stance::Open);
        prop_assert!(before.language == Stance::Strict || after.language == Stance::Open);
    }
}
