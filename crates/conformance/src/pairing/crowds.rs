//! Many searches at once.

use super::PairingSetup;
use super::scene::{RULES, Scene, later};
use crate::setup::side_by_side;
use passerby_application::ports::{Claim, PairingStore as _, Seeker, Stamp};
use passerby_domain::id::UserId;
use std::collections::HashSet;
use std::sync::Mutex;

/// Every way of stepping into each other's middle is the same in every run, so a store that takes its answer
/// in two steps fails here each time.
pub async fn searches_side_by_side_never_take_the_same_seat<S: PairingSetup>() {
    for waiting in [0, 1, 7, 20] {
        let scene = Scene::<S>::open().await;
        let mut crowd = Crowd::default();
        for seat in 0..waiting {
            // They do not fit each other, and fit all who come.
            let letters = [b'a' + seat, b'a' + seat];
            let language = std::str::from_utf8(&letters).expect("two letters");
            let person = super::scene::Person::speaks(scene.person(u128::from(seat)), language);
            crowd.note(person.stamp, &scene.claim(&person).await);
        }
        let seekers: Vec<_> = (100..120).map(|seat| scene.person(seat)).collect();
        let answers = side_by_side(seekers.iter().map(|seeker| scene.claim(seeker)).collect()).await;
        for (seeker, answer) in seekers.iter().zip(&answers) {
            crowd.note(seeker.stamp, answer);
        }
        crowd.assert_left_alone((20 + usize::from(waiting)) % 2);
    }
}

/// Hundreds who would take anybody, on eight threads.
pub async fn searches_from_many_threads_never_take_the_same_seat_and_leave_nobody_alone<S: PairingSetup>() {
    const THREADS: u128 = 8;
    const SEATS: u128 = 100;
    let scene = Scene::<S>::open_with(RULES).await;
    let crowd = Mutex::new(Crowd::default());
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let (scene, crowd) = (&scene, &crowd);
            threads.spawn(move || {
                for seat in 0..SEATS {
                    let seeker = scene.person(thread * SEATS + seat);
                    let answer = answer_to(scene, &seeker);
                    crowd
                        .lock()
                        .expect("no case panicked")
                        .note(seeker.stamp, &answer);
                }
            });
        }
    });
    crowd.into_inner().expect("no case panicked").assert_left_alone(0);
}

/// Seats that leave their offers, search again and rest in between: each search is answered by one offer at
/// most, and is in no other one.
pub async fn seats_that_come_and_go_on_many_threads_are_in_one_offer_at_a_time<S: PairingSetup>() {
    const THREADS: u128 = 6;
    const ROUNDS: u64 = 60;
    let scene = Scene::<S>::open_with(RULES).await;
    let offers = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let (scene, offers) = (&scene, &offers);
            threads.spawn(move || {
                for round in 0..ROUNDS {
                    for seat in [thread * 2, thread * 2 + 1] {
                        let mut seeker = scene.person(seat);
                        seeker.stamp = later(seeker.stamp, round * 4);
                        if let Claim::Offered(offer) = answer_to(scene, &seeker) {
                            offers.lock().expect("no case panicked").push(offer);
                        }
                        if round % 3 == 0 {
                            S::run(scene.rests(later(seeker.stamp, 1)));
                        }
                    }
                }
            });
        }
    });
    let offers = offers.into_inner().expect("no case panicked");
    let mut taken = HashSet::new();
    for offer in &offers {
        assert_ne!(offer.seeker.seat, offer.found.seat);
        for stamp in [offer.seeker, offer.found] {
            assert!(taken.insert(stamp), "{stamp:?} is in two offers");
        }
    }
    assert!(!offers.is_empty());
}

fn answer_to<S: PairingSetup>(scene: &Scene<S>, seeker: &Seeker) -> Claim {
    S::run(scene.setup.port().claim(seeker.clone())).expect("a claim is answered")
}

/// Who was offered to whom, and who was told to wait.
#[derive(Debug, Default)]
struct Crowd {
    waiting: HashSet<UserId>,
    offered: HashSet<UserId>,
}

impl Crowd {
    fn note(&mut self, seeker: Stamp, answer: &Claim) {
        match answer {
            Claim::Offered(offer) => {
                assert_eq!(offer.seeker, seeker);
                for seat in [offer.seeker.seat, offer.found.seat] {
                    assert!(self.offered.insert(seat), "{seat} is in two offers");
                }
            }
            Claim::Waiting { .. } => {
                self.waiting.insert(seeker.seat);
            }
            other @ (Claim::Stale | Claim::Proposed { .. }) => panic!("{other:?} for {seeker:?}"),
        }
    }

    fn assert_left_alone(&self, count: usize) {
        assert_eq!(
            self.waiting.difference(&self.offered).count(),
            count,
            "left alone"
        );
    }
}
