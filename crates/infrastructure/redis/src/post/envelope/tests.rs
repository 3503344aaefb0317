use super::*;
use proptest::prelude::*;

const HERE: Incarnation = Incarnation::from_bits(1);
const THERE: Incarnation = Incarnation::from_bits(2);
const NOT_AFTER: RedisMillis = RedisMillis(1_800_000_000_000);

fn keys(own: Incarnation, current: &[u8], previous: &[&[u8]]) -> LinkKeys {
    LinkKeys::new(own, Secrets { current, previous })
}

fn sealed(keys: &LinkKeys, to: Incarnation, batch: &[u8]) -> Vec<u8> {
    let mut envelope = vec![0; HEADER_BYTES];
    envelope.extend_from_slice(batch);
    keys.sealing(to, 1).seal(&mut envelope, NOT_AFTER);
    envelope
}

fn open(keys: &LinkKeys, envelope: &[u8]) -> Result<(Header, Vec<u8>), Unfit> {
    let mut envelope = envelope.to_vec();
    let header = keys.look(&envelope)?;
    let batch = keys.opening(&header)?.open(&header, &mut envelope)?.to_vec();
    Ok((header, batch))
}

#[test]
fn a_batch_is_opened_by_the_node_that_it_is_for() {
    let envelope = sealed(&keys(HERE, b"secret", &[]), THERE, b"hello");
    let (header, batch) = open(&keys(THERE, b"secret", &[]), &envelope).unwrap();
    assert_eq!(batch, b"hello");
    assert_eq!(header.from, HERE);
    assert_eq!(header.not_after, NOT_AFTER);
    assert_eq!(
        header.serial,
        Serial {
            session: 1,
            counter: 1
        }
    );
    assert!(!envelope.windows(5).any(|window| window == b"hello"));
}

#[test]
fn nobody_else_opens_it() {
    let envelope = sealed(&keys(HERE, b"secret", &[]), THERE, b"hello");
    assert_eq!(
        open(&keys(THERE, b"another secret", &[]), &envelope),
        Err(Unfit::Foreign)
    );
    assert_eq!(open(&keys(HERE, b"secret", &[]), &envelope), Err(Unfit::Forged));
}

#[test]
fn while_a_secret_is_replaced_both_are_good() {
    let (old, new) = (b"an old secret".as_slice(), b"a new secret".as_slice());
    let from_old = sealed(&keys(HERE, old, &[new]), THERE, b"hello");
    let from_new = sealed(&keys(HERE, new, &[old]), THERE, b"hello");
    for envelope in [from_old, from_new] {
        assert_eq!(open(&keys(THERE, old, &[new]), &envelope).unwrap().1, b"hello");
        assert_eq!(open(&keys(THERE, new, &[old]), &envelope).unwrap().1, b"hello");
    }
}

#[test]
fn what_was_cut_or_changed_anywhere_does_not_open() {
    let envelope = sealed(&keys(HERE, b"secret", &[]), THERE, b"hello");
    let reader = keys(THERE, b"secret", &[]);
    for place in 0..envelope.len() {
        assert!(open(&reader, &envelope[..place]).is_err(), "{place} bytes");
        let mut changed = envelope.clone();
        changed[place] ^= 1;
        assert!(open(&reader, &changed).is_err(), "byte {place}");
    }
}

#[test]
fn equal_batches_never_look_alike() {
    let keys = keys(HERE, b"secret", &[]);
    let mut sealing = keys.sealing(THERE, 1);
    let mut seal = || {
        let mut envelope = vec![0; HEADER_BYTES];
        envelope.extend_from_slice(b"hello");
        sealing.seal(&mut envelope, NOT_AFTER);
        envelope.split_off(HEADER_BYTES)
    };
    let first = seal();
    assert_ne!(first, seal());
    let elsewhere = sealed(&keys, Incarnation::from_bits(3), b"hello").split_off(HEADER_BYTES);
    assert_ne!(first, elsewhere);
    let mut later = vec![0; HEADER_BYTES];
    later.extend_from_slice(b"hello");
    keys.sealing(THERE, 2).seal(&mut later, NOT_AFTER);
    assert_ne!(first, later.split_off(HEADER_BYTES));
}

#[test]
fn a_batch_that_is_missing_is_missed() {
    let serial = |session, counter| Serial { session, counter };
    assert!(serial(1, 1).follows(None));
    assert!(!serial(1, 2).follows(None));
    assert!(serial(1, 5).follows(Some(serial(1, 4))));
    assert!(!serial(1, 6).follows(Some(serial(1, 4))));
    assert!(serial(2, 1).follows(Some(serial(1, 4))));
    assert!(!serial(2, 2).follows(Some(serial(1, 4))));
    assert!(serial(2, 1) > serial(1, 4));
}

proptest! {
    #[test]
    fn no_bytes_are_taken_for_an_envelope(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version: bool) {
        if version && let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        prop_assert!(open(&keys(THERE, b"secret", &[]), &bytes).is_err());
    }
}
