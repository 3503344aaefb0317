use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn identity() -> KeyedIdentity {
    KeyedIdentity::new(b"a secret that both nodes know").unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn nodes_with_one_secret_read_each_others_tokens_and_others_do_not() {
    let (here, there) = (identity(), identity());
    let stranger = KeyedIdentity::with_random_secret().unwrap();
    let seat = here.user_id(address("192.0.2.1"));
    let token = here.token(seat, TokenSerial(7)).0;
    assert_eq!(there.read_token(&token), Some((seat, TokenSerial(7))));
    assert_eq!(stranger.read_token(&token), None);
}

#[test]
fn nodes_with_one_secret_agree_on_origins_and_others_do_not() {
    let here = identity().origins(address("2001:db8::1"));
    assert_eq!(here, identity().origins(address("2001:db8::1")));
    assert_ne!(
        here,
        KeyedIdentity::new(b"another secret")
            .unwrap()
            .origins(address("2001:db8::1"))
    );
}

#[test]
fn nodes_with_one_secret_never_make_the_same_id() {
    let (here, there) = (identity(), identity());
    let user = |identity: &KeyedIdentity| identity.user_id(address("192.0.2.1"));
    assert_ne!(user(&here), user(&there));
    assert_ne!(here.chat_id(), there.chat_id());
}

#[test]
fn every_width_has_an_origin_of_its_own() {
    // The address is the same whether it is cut after 48, 56 or 64 bits.
    let origins = identity().origins(address("2001:db8:1::"));
    let wider = origins.wider.unwrap();
    let all = HashSet::from([origins.exact, wider.site, wider.network, origins.lasting]);
    assert_eq!(all.len(), 4);
}

#[test]
fn nothing_of_the_keys_is_shown() {
    assert_eq!(format!("{:?}", identity()), "KeyedIdentity([REDACTED])");
}

#[test]
fn a_token_of_an_unknown_version_is_refused() {
    let keys = Keys::derive(b"secret");
    let mut bytes = vec![2; token_bytes(&keys).len() - 32];
    let proof = keys.hash(Purpose::Token, &bytes);
    bytes.extend_from_slice(proof.as_bytes());
    assert_eq!(token::read(&keys, &encode(&bytes)), None);
    assert!(token::read(&keys, &encode(&token_bytes(&keys))).is_some());
}

#[test]
fn a_token_with_one_bit_changed_is_refused() {
    let keys = Keys::derive(b"secret");
    let bytes = token_bytes(&keys);
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(token::read(&keys, &encode(&forged)), None, "bit {bit}");
    }
}

fn token_bytes(keys: &Keys) -> Vec<u8> {
    use base64::Engine as _;
    let text = token::write(keys, UserId::from_bits(9), TokenSerial(3));
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

proptest! {
    #[test]
    fn whatever_is_sent_as_a_token_is_answered(text in "\\PC{0,200}|[A-Za-z0-9_-]{71}") {
        prop_assert_eq!(identity().read_token(&text), None);
    }

    #[test]
    fn all_of_one_64_are_one_origin(network in any::<u64>(), [a, b] in any::<[u64; 2]>()) {
        let identity = identity();
        let at = |host: u64| IpAddr::V6((u128::from(network) << 64 | u128::from(host)).into());
        prop_assume!(network != 0);
        prop_assert_eq!(identity.origins(at(a)), identity.origins(at(b)));
    }
}
