//! A store that takes its time, and does not always answer.

use crate::dice::Dice;
use passerby_application::ports::{
    Belief, Block, Claim, Clock, Difference, Dossier, Handover, Location, Offer, PairingStore, Pulse,
    Release, Seeker, Stamp, StoreError, Taken, TokenSerial, Verdict,
};
use passerby_application::testing::{HonestPairing, ManualClock};
use passerby_domain::id::{NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// How long an answer is waited for.
const ANSWER: Millis = Millis::new(500);
/// What is done later than this after it was asked for is not done.
const LATEST: Millis = Millis::new(1_000);

/// How a node's way to the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// What is asked is done and answered after a while.
    #[default]
    Good,
    /// It is refused.
    Refusing,
    /// Nothing is done and nothing is answered.
    Silent,
    /// It is done, and not answered.
    Deaf,
    /// It is done late, and not answered.
    Late,
}

type Question = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What was asked for and will be done late.
#[derive(Clone, Default)]
pub(crate) struct Limbo(Arc<Mutex<Vec<(Moment, Question)>>>);

impl Limbo {
    fn add(&self, asked: Moment, question: Question) {
        let mut limbo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limbo.push((asked, question));
    }

    /// Does one of those that are not too late.
    pub(crate) fn act(&self, dice: &Dice, now: Moment) {
        let question = {
            let mut limbo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            limbo.retain(|(asked, _)| now.since(*asked) <= LATEST);
            let count = limbo.len();
            (count > 0).then(|| limbo.swap_remove(dice.roll(count)))
        };
        if let Some((_, question)) = question {
            passerby_application::testing::run(question);
        }
    }
}

/// One node's side of the store.
pub(crate) struct MoodyStore {
    store: Arc<HonestPairing>,
    clock: ManualClock,
    dice: Dice,
    limbo: Limbo,
    mood: Mutex<Mood>,
    trace: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the store is in a mood")]
struct InAMood;

impl MoodyStore {
    pub(crate) fn new(store: HonestPairing, clock: ManualClock, dice: Dice, limbo: Limbo) -> Self {
        Self {
            store: Arc::new(store),
            clock,
            dice,
            limbo,
            mood: Mutex::default(),
            trace: std::env::var_os("TRACE").is_some(),
        }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Speaks to the primary that counts from now on.
    pub(crate) fn follow(&self) {
        self.store.follow();
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered, should somebody want to know all that happens.
    fn tell(&self, what: &str, answer: &impl std::fmt::Debug) {
        if self.trace && !what.is_empty() {
            eprintln!("{:>7} store: {what}: {answer:?}", self.clock.now().as_millis());
        }
    }

    async fn wait(&self) {
        let mut polls = if self.dice.once_in(3) {
            0
        } else {
            self.dice.roll(5)
        };
        poll_fn(|context| {
            if polls == 0 {
                return Poll::Ready(());
            }
            polls -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    async fn time_out<T>(&self, asked: Moment) -> Result<T, StoreError> {
        poll_fn(|context| {
            if self.clock.now().since(asked) >= ANSWER {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Err(StoreError::Timeout(Box::new(InAMood)))
    }

    async fn ask<T: Send + std::fmt::Debug, F>(
        &self,
        what: String,
        question: impl FnOnce(Arc<HonestPairing>) -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let asked = self.clock.now();
        self.wait().await;
        match self.mood() {
            Mood::Good => {}
            Mood::Refusing => return Err(StoreError::Unavailable(Box::new(InAMood))),
            Mood::Silent => return self.time_out(asked).await,
            Mood::Deaf => {
                let _ = question(self.store.clone()).await;
                return self.time_out(asked).await;
            }
            Mood::Late => {
                let question = question(self.store.clone());
                let question: Question = Box::pin(async move {
                    let _ = question.await;
                });
                self.limbo.add(asked, question);
                return self.time_out(asked).await;
            }
        }
        if self.clock.now().since(asked) > LATEST {
            return self.time_out(asked).await;
        }
        let answer = question(self.store.clone()).await;
        self.tell(&what, &answer);
        self.wait().await;
        if self.clock.now().since(asked) > ANSWER {
            return self.time_out(asked).await;
        }
        answer
    }
}

impl PairingStore for MoodyStore {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        self.ask(format!("claim {:?}", seeker.stamp), |store| async move {
            store.claim(seeker).await
        })
        .await
    }

    async fn agree(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask(format!("agree {offer:?}"), move |store| async move {
            store.agree(offer).await
        })
        .await
    }

    async fn settle(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask(format!("settle {offer:?}"), move |store| async move {
            store.settle(offer).await
        })
        .await
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        self.ask(format!("release {seat:?} {release:?}"), move |store| async move {
            store.release(seat, release).await
        })
        .await
    }

    async fn keep(&self, dossier: Dossier) -> Result<(), StoreError> {
        self.ask(
            format!("keep {:?} {:?}", dossier.stamp, dossier.standing),
            |store| async move { store.keep(dossier).await },
        )
        .await
    }

    async fn bequeath(&self, handover: Handover) -> Result<(), StoreError> {
        self.ask(format!("bequeath {:?}", handover.stamp), |store| async move {
            store.bequeath(handover).await
        })
        .await
    }

    async fn take(&self, seat: UserId, serial: TokenSerial) -> Result<Option<Taken>, StoreError> {
        self.ask(format!("take {seat:?}"), move |store| async move {
            store.take(seat, serial).await
        })
        .await
    }

    async fn locate(&self, seat: UserId) -> Result<Option<Location>, StoreError> {
        self.ask(format!("locate {seat:?}"), move |store| async move {
            store.locate(seat).await
        })
        .await
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.ask("block".to_owned(), move |store| async move {
            store.block(block).await
        })
        .await
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let node = node.clone();
        self.ask(String::new(), move |store| async move {
            store.heartbeat(&node, own).await
        })
        .await
    }

    async fn verify(&self, beliefs: Vec<Belief>) -> Result<Vec<Difference>, StoreError> {
        self.ask(String::new(), |store| async move { store.verify(beliefs).await })
            .await
    }

    async fn owned(&self, after: Option<UserId>) -> Result<Vec<Stamp>, StoreError> {
        self.ask(format!("owned {after:?}"), move |store| async move {
            store.owned(after).await
        })
        .await
    }

    async fn reap(&self) -> Result<(), StoreError> {
        self.ask(String::new(), |store| async move { store.reap().await })
            .await
    }
}
