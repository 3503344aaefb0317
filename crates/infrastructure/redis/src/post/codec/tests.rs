use super::*;
use passerby_application::ports::{
    Address, Assertion, Attendance, Ban, BanId, Consignment, Fate, Handover, HandoverLastChat,
    HandoverLimits, HandoverOffer, HandoverPartner, IdHash, Offence, Offer, OutboxContents, Outcome,
    Recollection, Repetition, Stamp, Standing, Stranger, TokenSerial,
};
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Criteria, Interest, Interests, Language, Mode};
use passerby_domain::flood::TokenBucket;
use passerby_domain::id::{ChatId, Generation, Incarnation, Origin, Seq, Tenure, UserId};
use passerby_domain::notice::{ChatFacts, EndReason, Role, Secret, Typing};
use passerby_domain::priority::Place;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Some time in this century.
const OFFSET: TimeOffset = TimeOffset::new(1_800_000_000_000);
/// Another node's clock is 5 s ahead of that one.
const ELSEWHERE: TimeOffset = TimeOffset::new(1_799_999_995_000);

fn user() -> impl Strategy<Value = UserId> {
    any::<u128>().prop_map(UserId::from_bits)
}

fn repetition() -> impl Strategy<Value = Repetition> {
    prop_oneof![
        Just(Repetition::No),
        Just(Repetition::Perhaps),
        vec(any::<u64>().prop_map(IdHash), 0..64).prop_map(|later| Repetition::Yes { later }),
    ]
}

fn origin() -> impl Strategy<Value = Origin> {
    any::<u128>().prop_map(Origin::from_bits)
}

fn chat() -> impl Strategy<Value = ChatId> {
    any::<u128>().prop_map(ChatId::from_bits)
}

fn node() -> impl Strategy<Value = Incarnation> {
    any::<u64>().prop_map(Incarnation::from_bits)
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (user(), any::<u64>()).prop_map(|(seat, number)| Stamp {
        seat,
        generation: Generation::new(number),
    })
}

fn address() -> impl Strategy<Value = Address> {
    (chat(), stamp(), user()).prop_map(|(chat, from, to)| Address { chat, from, to })
}

fn offer() -> impl Strategy<Value = Offer> {
    (chat(), stamp(), stamp()).prop_map(|(chat, seeker, found)| Offer { chat, seeker, found })
}

fn interests() -> impl Strategy<Value = Interests> {
    let word = prop_oneof!["[a-z]{1,32}", "[あ-ん]{1,32}", "c\\+\\+ [0-9]{1,8}"];
    vec(word, 0..=Interests::MAX)
        .prop_map(|words| Interests::parse(words.iter().map(String::as_str)).unwrap())
}

fn common() -> impl Strategy<Value = Box<[Interest]>> {
    interests().prop_map(|interests| interests.iter().cloned().collect())
}

fn language() -> impl Strategy<Value = Option<Language>> {
    option::of("[a-z]{2,8}".prop_map(|tag| Language::parse(&tag).unwrap()))
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Text), Just(Mode::Video)]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Initiator), Just(Role::Responder)]
}

fn recollection() -> impl Strategy<Value = Recollection> {
    prop_oneof![Just(Recollection::Whole), Just(Recollection::Lost)]
}

fn millis() -> impl Strategy<Value = Millis> {
    any::<u64>().prop_map(Millis::new)
}

/// Later than the clocks of both nodes began.
fn moment() -> impl Strategy<Value = Moment> {
    (0..1_000_000_000_u64).prop_map(Moment::from_millis)
}

fn bucket() -> impl Strategy<Value = TokenBucket> {
    (0..1_000_000_000_000_u64).prop_map(TokenBucket::full_at_micros)
}

fn hashes() -> impl Strategy<Value = Vec<IdHash>> {
    vec(any::<u64>().prop_map(IdHash), 0..=64)
}

fn refused() -> impl Strategy<Value = Vec<(IdHash, Fate)>> {
    let fate = prop_oneof![Just(Fate::Undelivered), Just(Fate::Unknown)];
    vec((any::<u64>().prop_map(IdHash), fate), 0..=64)
}

fn stranger() -> impl Strategy<Value = Stranger> {
    (stamp(), node(), origin(), origin(), common(), language()).prop_map(
        |(stamp, owner, origin, lasting_origin, common_interests, language)| Stranger {
            stamp,
            owner,
            origin,
            lasting_origin,
            common_interests,
            language,
        },
    )
}

fn attendance() -> impl Strategy<Value = Attendance> {
    prop_oneof![
        Just(Attendance::Here),
        millis().prop_map(|held| Attendance::Away { held })
    ]
}

fn assertion() -> impl Strategy<Value = Assertion> {
    (address(), attendance(), recollection()).prop_map(|(address, attendance, recollection)| Assertion {
        address,
        attendance,
        recollection,
    })
}

fn reason() -> impl Strategy<Value = EndReason> {
    prop::sample::select(vec![
        EndReason::YouSkipped,
        EndReason::PartnerSkipped,
        EndReason::YouLeft,
        EndReason::PartnerLeft,
        EndReason::PartnerDisconnected,
        EndReason::Moderated,
        EndReason::Lost,
    ])
}

fn ban() -> impl Strategy<Value = Ban> {
    let offence = prop::sample::select(vec![
        Offence::Spam,
        Offence::Harassment,
        Offence::Underage,
        Offence::Nudity,
        Offence::Illegal,
        Offence::Other,
    ]);
    let until = option::of(any::<u64>().prop_map(UnixMillis));
    (any::<u64>(), origin(), offence, until).prop_map(|(id, origin, offence, until)| Ban {
        id: BanId(id),
        origin,
        offence,
        until,
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,200}", "[a-z ]{1000,2000}", Just("🦀".repeat(2_000))]
}

/// Every kind of letter with whatever may be in it, made from a text that it borrows.
fn letter() -> impl Strategy<Value = (String, LetterMaker)> {
    let maker: BoxedStrategy<LetterMaker> = prop_oneof![
        (offer(), stranger(), mode()).prop_map(|(offer, seeker, mode)| made(move |_| Letter::Proposal {
            offer,
            seeker: seeker.clone(),
            mode,
        })),
        address().prop_map(|address| made(move |_| Letter::Agreed { address })),
        offer().prop_map(|offer| made(move |_| Letter::Declined { offer })),
        offer().prop_map(|offer| made(move |_| Letter::Lapsed { offer })),
        (
            address(),
            any::<u64>(),
            any::<u32>(),
            option::of(any::<u64>()),
            repetition(),
            any::<u64>()
        )
            .prop_map(
                |(address, consignment, tenure, id, repetition, at)| made(move |text| {
                    Letter::Message {
                        address,
                        consignment: Consignment(consignment),
                        tenure: Tenure::from_bits(tenure),
                        id: id.map(IdHash),
                        repetition: repetition.clone(),
                        text: Secret(text),
                        at: UnixMillis(at),
                    }
                })
            ),
        (address(), any::<u64>()).prop_map(|(address, consignment)| made(move |text| Letter::Signal {
            address,
            consignment: Consignment(consignment),
            data: Secret(text),
        })),
        (
            address(),
            prop_oneof![Just(Typing::Started), Just(Typing::Stopped)]
        )
            .prop_map(|(address, typing)| made(move |_| Letter::Typing { address, typing })),
        (
            address(),
            any::<u64>(),
            prop_oneof![Just(Outcome::Received), Just(Outcome::Refused)]
        )
            .prop_map(|(address, consignment, outcome)| made(move |_| Letter::Receipt {
                address,
                consignment: Consignment(consignment),
                outcome,
            })),
        assertion().prop_map(|assertion| made(move |_| Letter::Presence(assertion))),
        (address(), reason()).prop_map(|(address, reason)| made(move |_| Letter::Ended { address, reason })),
        address().prop_map(|address| made(move |_| Letter::Sought { address })),
        (user(), user(), millis()).prop_map(|(seat, against, span)| made(move |_| Letter::Barred {
            seat,
            against,
            span,
        })),
        vec(assertion(), 0..50).prop_map(|all| made(move |_| Letter::Assertions(all.clone()))),
        vec(address(), 0..50).prop_map(|all| made(move |_| Letter::Disowned(all.clone()))),
        (address(), node()).prop_map(|(address, owner)| made(move |_| Letter::Moved { address, owner })),
        user().prop_map(|user| made(move |_| Letter::Kick { user })),
        ban().prop_map(|ban| made(move |_| Letter::Ban(ban))),
    ]
    .boxed();
    (text(), maker)
}

#[derive(Clone)]
struct LetterMaker(std::sync::Arc<dyn for<'a> Fn(&'a str) -> Letter<'a>>);

impl std::fmt::Debug for LetterMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (self.0)("").fmt(f)
    }
}

fn made(make: impl for<'a> Fn(&'a str) -> Letter<'a> + 'static) -> LetterMaker {
    LetterMaker(std::sync::Arc::new(make))
}

fn facts() -> impl Strategy<Value = ChatFacts> {
    (common(), language(), mode(), role()).prop_map(|(common_interests, language, mode, role)| ChatFacts {
        common_interests,
        language,
        mode,
        role,
    })
}

fn partner() -> impl Strategy<Value = HandoverPartner> {
    (
        stranger(),
        facts(),
        option::of(moment()),
        recollection(),
        hashes(),
    )
        .prop_map(
            |(stranger, facts, away_until, recollection, sent)| HandoverPartner {
                stranger,
                facts,
                away_until,
                recollection,
                sent,
            },
        )
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Idle),
        (moment(), moment()).prop_map(|(place, from)| Standing::Held {
            place: Place::taken_at(place),
            from,
        }),
        (chat(), user(), role(), moment()).prop_map(|(chat, partner, role, place)| Standing::Chatting {
            chat,
            partner,
            role,
            place: Place::taken_at(place),
        }),
    ]
}

fn avoided() -> impl Strategy<Value = Avoided> {
    (
        user(),
        moment(),
        prop_oneof![Just(Cause::Parted), Just(Cause::Blocked)],
    )
        .prop_map(|(seat, until, cause)| Avoided { seat, until, cause })
}

fn outbox() -> impl Strategy<Value = OutboxContents> {
    let event = (
        any::<u64>().prop_map(Seq::new),
        vec(any::<u8>(), 0..300).prop_map(Vec::into),
    );
    (any::<u64>(), option::of(chat()), vec(event, 0..20), hashes()).prop_map(
        |(last, chat, events, placed)| OutboxContents {
            last: Seq::new(last),
            chat,
            events,
            placed,
        },
    )
}

fn limits() -> impl Strategy<Value = HandoverLimits> {
    (bucket(), bucket(), bucket(), bucket(), moment()).prop_map(
        |(messages, commands, skips, typing, slowed_until)| HandoverLimits {
            messages,
            commands,
            skips,
            typing,
            slowed_until,
        },
    )
}

fn last_chat() -> impl Strategy<Value = HandoverLastChat> {
    (chat(), user(), origin(), origin(), moment(), reason()).prop_map(
        |(chat, partner, origin, lasting_origin, ended, told)| HandoverLastChat {
            chat,
            partner,
            origin,
            lasting_origin,
            ended,
            told,
        },
    )
}

fn handover() -> impl Strategy<Value = Handover> {
    let criteria = (interests(), language(), mode()).prop_map(|(interests, language, mode)| Criteria {
        interests,
        language,
        mode,
    });
    let who = (
        stamp(),
        [origin(), origin()],
        criteria,
        vec(avoided(), 0..100),
        standing(),
    );
    let offer = (offer(), partner()).prop_map(|(offer, partner)| HandoverOffer { offer, partner });
    let chats = (option::of(partner()), option::of(offer), option::of(last_chat()));
    let serials = [
        any::<u32>().prop_map(TokenSerial),
        any::<u32>().prop_map(TokenSerial),
    ];
    let held = (moment(), option::of(any::<u64>().prop_map(UnixMillis)));
    let owed = (serials, limits(), refused(), outbox(), held, recollection());
    (who, chats, owed).prop_map(|(who, chats, owed)| {
        let (stamp, [origin, lasting_origin], criteria, avoid, standing) = who;
        let (partner, offer, last_chat) = chats;
        let (serials, limits, refused, outbox, (held_until, since), recollection) = owed;
        Handover {
            stamp,
            origin,
            lasting_origin,
            criteria,
            avoid,
            standing,
            partner,
            offer,
            last_chat,
            serials,
            limits,
            refused,
            outbox,
            held_until,
            since,
            recollection,
        }
    })
}

fn encoded(letter: &Letter<'_>, offset: TimeOffset) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_letter(letter, offset, &mut bytes);
    bytes
}

fn handed_over(handover: &Handover, offset: TimeOffset) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_handover(handover, offset, &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_letter_is_read_as_it_was_written((text, maker) in letter()) {
        let letter = (maker.0)(&text);
        let bytes = encoded(&letter, OFFSET);
        let mut frames = Frames::new(&bytes, OFFSET);
        let Some(Ok(Frame::Letter(read))) = frames.next() else {
            return Err(TestCaseError::fail("not a letter"));
        };
        prop_assert!(frames.next().is_none());
        prop_assert_eq!(format!("{read:?}"), format!("{letter:?}"));
        // Debug does not show what people say; the bytes do.
        prop_assert_eq!(&encoded(&read, OFFSET), &bytes);
        match read {
            Letter::Message { text: Secret(said), .. } | Letter::Signal { data: Secret(said), .. } => {
                prop_assert_eq!(said, text);
            }
            _ => {}
        }
    }

    #[test]
    fn all_there_is_of_a_seat_is_read_as_it_was_written(handover in handover()) {
        let bytes = handed_over(&handover, OFFSET);
        let read = decode_handover(&bytes, OFFSET).unwrap();
        prop_assert_eq!(format!("{read:?}"), format!("{handover:?}"));
        prop_assert_eq!(handed_over(&read, OFFSET), bytes);
        prop_assert_eq!(&read.outbox, &handover.outbox);
        let words = |interests: &Interests| interests.iter().map(|word| word.as_str().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(words(&read.criteria.interests), words(&handover.criteria.interests));
    }

    #[test]
    fn moments_are_read_in_the_time_of_the_reader(handover in handover()) {
        let bytes = handed_over(&handover, OFFSET);
        let read = decode_handover(&bytes, ELSEWHERE).unwrap();
        prop_assert_eq!(read.held_until, handover.held_until + Millis::from_secs(5));
        prop_assert_eq!(
            read.limits.skips.as_micros(),
            handover.limits.skips.as_micros() + 5_000_000
        );
        for (read, written) in read.avoid.iter().zip(&handover.avoid) {
            prop_assert_eq!(read.until, written.until + Millis::from_secs(5));
        }
        prop_assert_eq!(handed_over(&read, ELSEWHERE), bytes);
    }

    #[test]
    fn questions_and_answers_are_read_as_they_were_written(
        number: u64,
        seat in user(),
        generation: u64,
        seen: u64,
        serial: u32,
        came: u32,
        given in option::of(option::of(handover().boxed())),
        other in prop_oneof![
            Just(HandoverAnswer::Stays),
            Just(HandoverAnswer::Ended),
            Just(HandoverAnswer::Unknown),
            Just(HandoverAnswer::Newer),
            node().prop_map(HandoverAnswer::With),
        ],
    ) {
        let asked = HandoverRequest {
            seat,
            generation: Generation::new(generation),
            seen: Seq::new(seen),
            serial: TokenSerial(serial),
            came: Moment::from_millis(u64::from(came)),
        };
        let answer = given.map(|given| match given {
            Some(handover) => HandoverAnswer::Given(Box::new(handover)),
            None => other,
        });
        let mut bytes = Vec::new();
        encode_ask(number, asked, OFFSET, &mut bytes);
        encode_answer(number, answer.as_ref(), OFFSET, &mut bytes);
        let mut frames = Frames::new(&bytes, OFFSET);
        match frames.next() {
            Some(Ok(Frame::Ask { number: read, request })) => prop_assert_eq!((read, request), (number, asked)),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
        match frames.next() {
            Some(Ok(Frame::Answer { number: read_number, answer: read })) => {
                prop_assert_eq!(read_number, number);
                let bytes = |answer| match answer {
                    Some(HandoverAnswer::Given(handover)) => ("given", handed_over(&handover, OFFSET)),
                    Some(HandoverAnswer::Stays) => ("stays", Vec::new()),
                    Some(HandoverAnswer::Ended) => ("ended", Vec::new()),
                    Some(HandoverAnswer::With(owner)) => ("with", owner.bits().to_be_bytes().to_vec()),
                    Some(HandoverAnswer::Unknown) => ("unknown", Vec::new()),
                    Some(HandoverAnswer::Newer) => ("newer", Vec::new()),
                    None => ("nothing", Vec::new()),
                };
                prop_assert_eq!(bytes(read), bytes(answer));
            }
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
        prop_assert!(frames.next().is_none());
    }

    #[test]
    fn what_is_cut_or_damaged_ends_in_an_error_or_a_letter_and_not_otherwise(
        (text, maker) in letter(),
        handover in handover(),
        cut: prop::sample::Index,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let letter = (maker.0)(&text);
        let mut bytes = encoded(&letter, OFFSET);
        let answer = HandoverAnswer::Given(Box::new(handover.clone()));
        encode_answer(7, Some(&answer), OFFSET, &mut bytes);
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()));
        let frames = Frames::new(&bytes, OFFSET).count();
        prop_assert!(frames <= bytes.len() / LENGTH_BYTES + 1);
        let mut stored = handed_over(&handover, OFFSET);
        stored.truncate(cut.index(stored.len()));
        prop_assert!(decode_handover(&stored, OFFSET).is_err());
    }

    #[test]
    fn any_bytes_end_in_errors_or_letters(bytes in vec(any::<u8>(), 0..400), kind in 0..70_u8) {
        let mut framed = Vec::new();
        framed.extend_from_slice(&u32::try_from(bytes.len() + 1).unwrap().to_le_bytes());
        framed.push(kind);
        framed.extend_from_slice(&bytes);
        prop_assert_eq!(Frames::new(&framed, OFFSET).count(), 1);
        prop_assert!(Frames::new(&bytes, OFFSET).count() <= bytes.len() / LENGTH_BYTES + 1);
    }

    #[test]
    fn a_message_takes_little_more_than_its_text(text in "[a-z ]{0,2000}", from in stamp(), chat in chat()) {
        let letter = Letter::Message {
            address: Address { chat, from, to: from.seat },
            consignment: Consignment(1_000_000),
            tenure: Tenure::from_bits(1_000),
            id: Some(IdHash(u64::MAX)),
            repetition: Repetition::No,
            text: Secret(&text),
            at: UnixMillis(1_800_000_000_000),
        };
        prop_assert!(encoded(&letter, OFFSET).len() <= text.len() + 100);
    }
}

#[test]
fn what_follows_a_letter_that_cannot_be_read_is_read() {
    let kick = Letter::Kick {
        user: UserId::from_bits(7),
    };
    let mut bytes = vec![3, 0, 0, 0, 63, 1, 2];
    bytes.extend(encoded(&kick, OFFSET));
    let mut frames = Frames::new(&bytes, OFFSET);
    assert!(matches!(frames.next(), Some(Err(Malformed))));
    assert!(matches!(
        frames.next(),
        Some(Ok(Frame::Letter(Letter::Kick { .. })))
    ));
    assert!(frames.next().is_none());
}

#[test]
fn what_a_later_version_adds_at_the_end_is_not_looked_at() {
    let mut bytes = encoded(
        &Letter::Kick {
            user: UserId::from_bits(7),
        },
        OFFSET,
    );
    bytes.push(9);
    bytes[0] += 1;
    let mut frames = Frames::new(&bytes, OFFSET);
    assert!(matches!(
        frames.next(),
        Some(Ok(Frame::Letter(Letter::Kick { .. })))
    ));
    assert!(frames.next().is_none());
}

#[test]
fn a_text_that_is_no_text_is_refused() {
    let letter = Letter::Signal {
        address: Address {
            chat: ChatId::from_bits(1),
            from: Stamp {
                seat: UserId::from_bits(2),
                generation: Generation::new(3),
            },
            to: UserId::from_bits(4),
        },
        consignment: Consignment(5),
        data: Secret("hello"),
    };
    let mut bytes = encoded(&letter, OFFSET);
    *bytes.last_mut().unwrap() = 0xff;
    assert!(matches!(Frames::new(&bytes, OFFSET).next(), Some(Err(Malformed))));
}

#[test]
fn more_interests_than_anybody_has_are_refused() {
    let mut bytes = Vec::new();
    let mut out = Writer::new(&mut bytes, OFFSET);
    out.count(11);
    for _ in 0..11 {
        out.text("cats");
    }
    assert_eq!(
        Interests::decode(&mut Reader::new(&bytes, OFFSET)),
        Err(Malformed)
    );
}
