//! Words about seats that go to Redis in a row.
//!
//! Whatever is said while [`AT_ONCE`] rows are on their way waits for one of them to come back, and then goes together. So a
//! word that comes alone waits for nothing, and the more there is to say the less each word costs: a crowd pays once for
//! what every script costs.
//!
//! **Architecture Invariants.** Each word is an operation of its own, with an answer of its own. A row is driven by all who
//! have a word in it: it goes on for as long as one of them waits. At most [`MOST`] words are in a row, and none waits for
//! longer than [`LONGEST_WAIT`] before it goes.

use crate::connection::Failure;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use passerby_application::ports::StoreError;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The most words in a row, so that no row keeps Redis busy for long.
const MOST: usize = 32;

/// How many rows are on their way before words wait for each other.
const AT_ONCE: usize = 2;

/// How long a row waits at most for another one to come back. Where Redis is far away, more rows are on their way.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// A word, and the dossier of whom it is about if that goes with it.
pub(super) type Word = (Vec<u8>, Option<Vec<u8>>);

/// What comes of a row: an answer for each word.
pub(super) type Answers = Result<Vec<Vec<u8>>, Arc<StoreError>>;

/// A row that goes off, or has.
type Journey = Shared<BoxFuture<'static, Arc<Answers>>>;

/// Collects words.
#[derive(Default)]
pub(super) struct Rows(Arc<Station>);

#[derive(Default)]
struct Station {
    /// The row that still takes words, if there is one.
    open: Mutex<Option<Open>>,
    away: AtomicUsize,
    returned: Notify,
}

struct Open {
    words: Words,
    journey: Journey,
}

/// The words of a row. `None` once it went off.
#[derive(Clone)]
struct Words(Arc<Mutex<Option<Vec<Word>>>>);

/// A row on its way.
struct Away(Arc<Station>);

impl Words {
    fn begin(word: Word) -> Self {
        Self(Arc::new(Mutex::new(Some(vec![word]))))
    }

    /// Adds a word, and answers with its place; or gives it back, if there is no room.
    fn add(&self, word: Word) -> Result<usize, Word> {
        let mut words = self.lock();
        match words.as_mut().filter(|words| words.len() < MOST) {
            Some(words) => {
                words.push(word);
                Ok(words.len() - 1)
            }
            None => Err(word),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Word>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.0.away.fetch_sub(1, Ordering::AcqRel);
        self.0.returned.notify_one();
    }
}

impl Station {
    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a row may go.
    async fn turn(self: &Arc<Self>) -> Away {
        while self.away.load(Ordering::Acquire) >= AT_ONCE {
            if timeout(LONGEST_WAIT, self.returned.notified()).await.is_err() {
                break;
            }
        }
        self.away.fetch_add(1, Ordering::AcqRel);
        Away(Arc::clone(self))
    }

    /// Takes the words of a row that goes. From now on it takes no more.
    fn depart(&self, words: &Words) -> Vec<Word> {
        let mut open = self.lock();
        let row = open.take_if(|open| Arc::ptr_eq(&open.words.0, &words.0));
        drop(open);
        // It holds the journey that is just being made.
        drop(row);
        words.lock().take().unwrap_or_default()
    }
}

impl Rows {
    /// Says a word, and waits for its answer. `send` sends a row.
    pub(super) async fn say<F>(
        &self,
        word: Word,
        send: impl FnOnce(Vec<Word>) -> F + Send + 'static,
    ) -> Result<Vec<u8>, StoreError>
    where
        F: Future<Output = Answers> + Send + 'static,
    {
        let (journey, place) = self.join(word, send);
        let answers = journey.await;
        match &*answers {
            Ok(answers) => answers.get(place).cloned().ok_or_else(Failure::shape),
            Err(error) => Err(again(error)),
        }
    }

    fn join<F>(&self, word: Word, send: impl FnOnce(Vec<Word>) -> F + Send + 'static) -> (Journey, usize)
    where
        F: Future<Output = Answers> + Send + 'static,
    {
        let mut open = self.0.lock();
        let word = match &*open {
            Some(row) => match row.words.add(word) {
                Ok(place) => return (row.journey.clone(), place),
                Err(word) => word,
            },
            None => word,
        };
        let words = Words::begin(word);
        let (station, row) = (Arc::clone(&self.0), words.clone());
        let journey = async move {
            let away = station.turn().await;
            let answers = send(station.depart(&row)).await;
            drop(away);
            Arc::new(answers)
        };
        let journey = journey.boxed().shared();
        *open = Some(Open {
            words,
            journey: journey.clone(),
        });
        (journey, 0)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

/// Why a whole row failed, for one of its words.
#[derive(Debug, thiserror::Error)]
#[error("the row failed")]
struct RowFailed(#[source] Arc<StoreError>);

fn again(error: &Arc<StoreError>) -> StoreError {
    let cause = RowFailed(Arc::clone(error)).into();
    match **error {
        StoreError::Timeout(_) => StoreError::Timeout(cause),
        StoreError::Unavailable(_) => StoreError::Unavailable(cause),
        StoreError::Corrupt(_) => StoreError::Corrupt(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{join, join_all};
    use std::task::{Context, Waker};
    use tokio::sync::Semaphore;

    /// A store that answers each word by itself twice, a row for each permit.
    #[derive(Clone)]
    struct Echo {
        rows: Arc<Mutex<Vec<usize>>>,
        permits: Arc<Semaphore>,
    }

    impl Echo {
        fn new(permits: usize) -> Self {
            Self {
                rows: Arc::default(),
                permits: Arc::new(Semaphore::new(permits)),
            }
        }

        async fn say(&self, rows: &Rows, word: u8) -> Result<Vec<u8>, StoreError> {
            let echo = self.clone();
            let send = move |words: Vec<Word>| async move {
                echo.rows.lock().unwrap().push(words.len());
                echo.permits.acquire().await.unwrap().forget();
                Ok(words.into_iter().map(|(word, _)| word.repeat(2)).collect())
            };
            rows.say((vec![word], None), send).await
        }

        fn sent(&self) -> Vec<usize> {
            self.rows.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn a_word_that_comes_alone_goes_at_once() {
        let (rows, echo) = (Rows::default(), Echo::new(100));
        for word in 0..5 {
            assert_eq!(echo.say(&rows, word).await.unwrap(), [word, word]);
        }
        assert_eq!(echo.sent(), [1; 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_goes_in_few_rows_and_each_word_gets_its_own_answer() {
        let (rows, echo) = (Rows::default(), Echo::new(0));
        let said = join_all((0..100).map(|word| echo.say(&rows, word)));
        let answers = join(said, async { echo.permits.add_permits(100) }).await.0;
        for (word, answer) in (0..).zip(answers) {
            assert_eq!(answer.unwrap(), [word, word]);
        }
        let sent = echo.sent();
        assert_eq!(sent.iter().sum::<usize>(), 100);
        assert!(sent.iter().all(|words| *words <= MOST));
        assert!(sent.len() < 12, "{sent:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_redis_is_far_away_more_rows_are_on_their_way() {
        let (rows, echo) = (Rows::default(), Echo::new(0));
        let said = (0..50).map(|word| echo.say(&rows, word));
        let waits = timeout(3 * LONGEST_WAIT, join_all(said)).await;
        assert!(waits.is_err(), "nobody was answered");
        assert_eq!(echo.sent().iter().sum::<usize>(), 50);
    }

    #[tokio::test]
    async fn a_row_goes_on_when_whoever_began_it_has_gone() {
        let (rows, echo) = (Rows::default(), Echo::new(0));
        let mut said: Vec<_> = (0..4).map(|word| Box::pin(echo.say(&rows, word))).collect();
        let mut context = Context::from_waker(Waker::noop());
        for word in &mut said {
            assert!(word.as_mut().poll(&mut context).is_pending());
        }
        // The third began the row that the fourth is in; the first two are on their way.
        let fourth = said.pop().unwrap();
        drop(said);
        echo.permits.add_permits(10);
        assert_eq!(fourth.await.unwrap(), [3, 3]);
        assert_eq!(echo.say(&rows, 9).await.unwrap(), [9, 9]);
    }

    #[tokio::test]
    async fn what_a_row_failed_of_each_of_its_words_is_told() {
        let rows = Rows::default();
        let fails = |_| async { Err(Arc::new(Failure::slow())) };
        let said = (0..3_u8).map(|word| rows.say((vec![word], None), fails));
        for answer in join_all(said).await {
            assert!(matches!(answer, Err(StoreError::Timeout(_))));
        }
    }
}
