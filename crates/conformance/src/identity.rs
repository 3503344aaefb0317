//! The suite of the port `Identity`.

use crate::setup::Setup;
use passerby_application::ports::{Identity, TokenSerial};
use passerby_domain::id::{Origin, Origins, UserId};
use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;

/// Makes an adapter ready for one case.
pub trait IdentitySetup: Setup<Port: Identity> {
    /// One with this key.
    fn open(key: &[u8]) -> Self;
}

const KEY: &[u8] = b"a key of thirty-two bytes or more";
const SERIALS: [TokenSerial; 3] = [TokenSerial(0), TokenSerial(1), TokenSerial(u32::MAX)];

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn origins<S: IdentitySetup>(setup: &S, text: &str) -> Origins {
    setup.port().origins(address(text))
}

/// Draws ids on several threads and asserts that no two are equal.
fn assert_unique<S: IdentitySetup, T: Hash + Eq + Send>(setup: &S, draw: impl Fn(&S) -> T + Sync) {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    let mut all = HashSet::new();
    let drawn: Vec<Vec<T>> = std::thread::scope(|threads| {
        let draw = &draw;
        let drawing: Vec<_> = (0..THREADS)
            .map(|_| threads.spawn(move || (0..EACH).map(|_| draw(setup)).collect()))
            .collect();
        drawing
            .into_iter()
            .map(|thread| thread.join().expect("ids are drawn"))
            .collect()
    });
    all.extend(drawn.into_iter().flatten());
    assert_eq!(all.len(), THREADS * EACH);
}

/// Not to the same address, not on other threads, not by another node with the same key.
pub fn no_user_id_is_given_twice<S: IdentitySetup>() {
    let (here, there) = (S::open(KEY), S::open(KEY));
    assert_unique(&here, |setup| setup.port().user_id(address("192.0.2.1")));
    assert_ne!(
        here.port().user_id(address("192.0.2.1")),
        there.port().user_id(address("192.0.2.1"))
    );
}

/// Not on other threads, not by another node with the same key.
pub fn no_chat_id_is_given_twice<S: IdentitySetup>() {
    let (here, there) = (S::open(KEY), S::open(KEY));
    assert_unique(&here, |setup| setup.port().chat_id());
    assert_ne!(here.port().chat_id(), there.port().chat_id());
}

/// Its neighbours are others, and there is no wider network.
pub fn an_ipv4_address_is_an_origin_by_itself<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let one = origins(&setup, "192.0.2.1");
    assert_eq!(one, origins(&setup, "192.0.2.1"));
    assert_eq!(one.wider, None);
    let neighbour = origins(&setup, "192.0.2.2");
    assert_ne!(one.exact, neighbour.exact);
    assert_ne!(one.lasting, neighbour.lasting);
}

/// `::ffff:192.0.2.1` is 192.0.2.1.
pub fn an_ipv4_address_written_as_ipv6_is_the_same_origin<S: IdentitySetup>() {
    let setup = S::open(KEY);
    assert_eq!(origins(&setup, "::ffff:192.0.2.1"), origins(&setup, "192.0.2.1"));
    assert_ne!(
        origins(&setup, "::ffff:192.0.2.1").exact,
        origins(&setup, "::ffff:192.0.2.2").exact
    );
}

/// And the next /64 is another.
pub fn all_of_an_ipv6_64_are_one_origin<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let first = origins(&setup, "2001:db8:1:2::");
    assert_eq!(first, origins(&setup, "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_ne!(first.exact, origins(&setup, "2001:db8:1:3::").exact);
}

/// Within a /56 both, within a /48 one, beyond it none.
pub fn ipv6_networks_share_the_wider_origins_around_them<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let wider = |text| {
        origins(&setup, text)
            .wider
            .expect("an IPv6 address has wider networks")
    };
    let one = wider("2001:db8:1:1200::1");
    assert_eq!(one, wider("2001:db8:1:12ff::1"));
    let same_network = wider("2001:db8:1:1300::1");
    assert_ne!(one.site, same_network.site);
    assert_eq!(one.network, same_network.network);
    assert_ne!(one.network, wider("2001:db8:2:1200::1").network);
    // Networks of different width that begin with the same address are not the same.
    let all = origins(&setup, "2001:db8:1::");
    let wider = all.wider.expect("an IPv6 address has wider networks");
    assert_eq!(HashSet::from([all.exact, wider.site, wider.network]).len(), 3);
}

/// So one says nothing about the other to whoever has not the key.
pub fn the_lasting_origin_is_the_same_network_under_another_name<S: IdentitySetup>() {
    let setup = S::open(KEY);
    for text in ["192.0.2.1", "2001:db8::1"] {
        let origins = origins(&setup, text);
        assert_ne!(origins.exact, origins.lasting);
        assert_ne!(origins.lasting, Origin::from_bits(0));
    }
    assert_eq!(
        origins(&setup, "2001:db8::1").lasting,
        origins(&setup, "2001:db8::2").lasting
    );
    assert_ne!(
        origins(&setup, "2001:db8::1").lasting,
        origins(&setup, "2001:db8:0:1::1").lasting
    );
}

/// With the seat and the serial it was made for.
pub fn a_token_is_read_back<S: IdentitySetup>() {
    let setup = S::open(KEY);
    for seat in [
        UserId::from_bits(0),
        UserId::from_bits(u128::MAX),
        setup.port().user_id(address("::1")),
    ] {
        for serial in SERIALS {
            let token = setup.port().token(seat, serial);
            assert_eq!(setup.port().read_token(&token.0), Some((seat, serial)));
        }
    }
}

/// It goes into a query and into the name of a subprotocol.
pub fn a_token_is_short_and_safe_in_a_url<S: IdentitySetup>() {
    let setup = S::open(KEY);
    for serial in SERIALS {
        let token = setup.port().token(UserId::from_bits(u128::MAX), serial).0;
        assert!((16..=128).contains(&token.len()), "{} bytes", token.len());
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }
}

/// Each character counts, and so does their number.
pub fn a_token_that_was_changed_is_refused<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let token = setup.port().token(UserId::from_bits(7), TokenSerial(7)).0;
    for index in 0..token.len() {
        for letter in "AQgw0_-~ é".chars() {
            let forged: String = token
                .chars()
                .enumerate()
                .map(|(place, own)| if place == index { letter } else { own })
                .collect();
            if forged != token {
                assert_eq!(setup.port().read_token(&forged), None);
            }
        }
        assert_eq!(setup.port().read_token(&token[..index]), None);
    }
    for text in [
        format!("{token}A"),
        format!("{token}="),
        format!(" {token}"),
        token.to_ascii_uppercase(),
    ] {
        assert_eq!(setup.port().read_token(&text), None);
    }
}

/// However odd, however long.
pub fn whatever_is_not_a_token_is_refused<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let length = setup.port().token(UserId::from_bits(7), TokenSerial(7)).0.len();
    let long = "A".repeat(1_000_000);
    for text in [
        "",
        "A",
        "\0",
        "=",
        "%00",
        "🦀",
        "v1.",
        &"A".repeat(length),
        &"é".repeat(length),
        &long,
    ] {
        assert_eq!(setup.port().read_token(text), None);
    }
}

/// On origins and on tokens.
pub fn with_the_same_key_two_nodes_agree<S: IdentitySetup>() {
    let (here, there) = (S::open(KEY), S::open(KEY));
    for text in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(origins(&here, text), origins(&there, text));
    }
    let token = here.port().token(UserId::from_bits(7), TokenSerial(7)).0;
    assert_eq!(
        there.port().read_token(&token),
        Some((UserId::from_bits(7), TokenSerial(7)))
    );
}

/// Neither origins nor tokens, also when the keys are much alike.
pub fn with_another_key_nothing_is_known<S: IdentitySetup>() {
    let here = S::open(KEY);
    for key in [
        &b"another key of thirty-two bytes or more"[..],
        &KEY[..KEY.len() - 1],
        &[KEY, &[0]].concat(),
    ] {
        let there = S::open(key);
        let (ours, theirs) = (origins(&here, "2001:db8::1"), origins(&there, "2001:db8::1"));
        assert_ne!(ours.exact, theirs.exact);
        assert_ne!(ours.wider, theirs.wider);
        assert_ne!(ours.lasting, theirs.lasting);
        let token = here.port().token(UserId::from_bits(7), TokenSerial(7)).0;
        assert_eq!(there.port().read_token(&token), None);
    }
}

/// Whoever prints a token by mistake prints nothing.
pub fn a_token_is_not_shown<S: IdentitySetup>() {
    let setup = S::open(KEY);
    let token = setup.port().token(UserId::from_bits(7), TokenSerial(7));
    assert!(!format!("{token:?}").contains(&token.0));
}
