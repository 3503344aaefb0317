//! The suite of the port `Bans`.

use crate::setup::Setup;
use passerby_application::ports::{Ban, BanId, Bans, NewBans, Offence};
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;
use std::collections::BTreeSet;
use std::future::Future;

/// Makes an adapter ready for one case.
pub trait BansSetup: Setup<Port: Bans> {
    /// One without bans.
    fn open() -> impl Future<Output = Self> + Send;
}

const NOW: u64 = 1_800_000_000_000;

fn after(millis: u64) -> UnixMillis {
    UnixMillis(NOW + millis)
}

fn ban(origin: u128, until: Option<u64>) -> Ban {
    Ban {
        id: BanId(u64::MAX),
        origin: Origin::from_bits(origin),
        offence: Offence::Illegal,
        until: until.map(after),
    }
}

async fn add<S: BansSetup>(setup: &S, ban: Ban) -> Ban {
    let added = setup.port().add(ban).await.expect("a ban is made");
    assert_eq!(added, Ban { id: added.id, ..ban });
    added
}

async fn find<S: BansSetup>(setup: &S, origin: u128, millis: u64) -> Option<Ban> {
    setup
        .port()
        .find(Origin::from_bits(origin), after(millis))
        .await
        .expect("a ban is looked for")
}

async fn list<S: BansSetup>(setup: &S, millis: u64) -> Vec<Ban> {
    setup.port().list(after(millis)).await.expect("bans are listed")
}

async fn lift<S: BansSetup>(setup: &S, id: BanId) -> bool {
    setup.port().lift(id).await.expect("a ban is lifted")
}

/// It is found as it was made.
pub async fn a_ban_keeps_out_its_origin_and_no_other<S: BansSetup>() {
    let setup = S::open().await;
    assert_eq!(find(&setup, 1, 0).await, None);
    let made = add(&setup, ban(1, Some(5_000))).await;
    assert_eq!(find(&setup, 1, 0).await, Some(made));
    assert_eq!(find(&setup, 2, 0).await, None);
    let extreme = add(&setup, ban(u128::MAX, None)).await;
    assert_eq!(find(&setup, u128::MAX, 0).await, Some(extreme));
}

/// Whatever name it came with.
pub async fn a_ban_gets_a_name_of_its_own<S: BansSetup>() {
    let setup = S::open().await;
    let mut names = BTreeSet::new();
    for origin in 0..20 {
        names.insert(add(&setup, ban(origin, None)).await.id);
    }
    assert_eq!(names.len(), 20);
    assert!(!names.contains(&BanId(u64::MAX)));
}

/// To the millisecond.
pub async fn a_ban_ends_when_its_time_is_over<S: BansSetup>() {
    let setup = S::open().await;
    let made = add(&setup, ban(1, Some(5_000))).await;
    assert_eq!(find(&setup, 1, 4_999).await, Some(made));
    assert_eq!(find(&setup, 1, 5_000).await, None);
    let again = add(&setup, ban(1, Some(9_000))).await;
    assert_eq!(find(&setup, 1, 6_000).await, Some(again));
}

/// Until it is lifted.
pub async fn a_ban_without_end_lasts<S: BansSetup>() {
    let setup = S::open().await;
    let made = add(&setup, ban(1, None)).await;
    assert_eq!(find(&setup, 1, 1_000 * 365 * 86_400_000).await, Some(made));
}

/// The older one is gone, also when it was the longer one.
pub async fn a_newer_ban_takes_the_place_of_an_older_one_of_the_same_origin<S: BansSetup>() {
    let setup = S::open().await;
    let older = add(&setup, ban(1, None)).await;
    let newer = add(
        &setup,
        Ban {
            offence: Offence::Spam,
            ..ban(1, Some(5_000))
        },
    )
    .await;
    assert_ne!(older.id, newer.id);
    assert_eq!(find(&setup, 1, 0).await, Some(newer));
    assert_eq!(list(&setup, 0).await, [newer]);
    assert!(!lift(&setup, older.id).await);
    assert_eq!(find(&setup, 1, 0).await, Some(newer));
    assert_eq!(find(&setup, 1, 5_000).await, None);
}

/// Whoever lifts it is told whether there was anything to lift.
pub async fn a_lifted_ban_is_over_and_cannot_be_lifted_twice<S: BansSetup>() {
    let setup = S::open().await;
    let made = add(&setup, ban(1, None)).await;
    let other = add(&setup, ban(2, None)).await;
    assert!(lift(&setup, made.id).await);
    assert_eq!(find(&setup, 1, 0).await, None);
    assert!(!lift(&setup, made.id).await);
    assert!(!lift(&setup, BanId(u64::MAX)).await);
    assert_eq!(list(&setup, 0).await, [other]);
}

/// Without those that ended or were lifted.
pub async fn the_list_has_the_bans_in_force_oldest_first<S: BansSetup>() {
    let setup = S::open().await;
    let mut made = Vec::new();
    for (origin, until) in [
        (5, Some(2_000)),
        (4, None),
        (3, Some(1_000)),
        (2, Some(3_000)),
        (1, None),
    ] {
        made.push(add(&setup, ban(origin, until)).await);
    }
    assert_eq!(list(&setup, 0).await, made);
    lift(&setup, made[4].id).await;
    assert_eq!(list(&setup, 1_000).await, [made[0], made[1], made[3]]);
    assert_eq!(list(&setup, 3_000).await, [made[1]]);
}

/// Whoever asks hears of each once.
pub async fn those_made_after_another_are_told<S: BansSetup>() {
    let setup = S::open().await;
    let made_after = async |last: BanId, millis| {
        let new = setup.port().made_after(last, after(millis)).await;
        new.expect("bans are looked for")
    };
    assert_eq!(made_after(BanId::default(), 0).await, NewBans::default());
    let first = add(&setup, ban(1, None)).await;
    let second = add(&setup, ban(2, None)).await;
    let new = made_after(BanId::default(), 0).await;
    assert_eq!((new.last, new.bans), (second.id, vec![first, second]));
    assert_eq!(made_after(first.id, 0).await.bans, [second]);
    assert_eq!(made_after(second.id, 0).await.bans, []);
    assert!(lift(&setup, second.id).await);
    let third = add(&setup, ban(3, None)).await;
    let new = made_after(first.id, 0).await;
    assert_eq!((new.last, new.bans), (third.id, vec![third]));
    let fourth = add(&setup, ban(4, Some(5_000))).await;
    let new = made_after(third.id, 5_000).await;
    assert_eq!((new.last, new.bans), (fourth.id, vec![]), "it is over");
}

/// What happens when there is no room for another is the adapter's to say, but so many fit.
pub async fn a_thousand_bans_are_kept<S: BansSetup>() {
    let setup = S::open().await;
    for origin in 0..1_000 {
        add(&setup, ban(origin, None)).await;
    }
    assert_eq!(list(&setup, 0).await.len(), 1_000);
    assert!(find(&setup, 0, 0).await.is_some());
}
