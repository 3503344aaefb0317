//! Questions to other nodes that wait for their answers.
//!
//! **Architecture Invariants.** Their number is bounded. A question whose asker is gone is forgotten at once; an answer
//! is believed only from the node that was asked.

use passerby_application::ports::HandoverAnswer;
use passerby_domain::id::Incarnation;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The most questions that wait.
const CAPACITY: usize = 65_536;

type Answer = Option<HandoverAnswer>;

/// All questions that wait.
#[derive(Debug, Default)]
pub(super) struct Asks(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    questions: HashMap<u64, Question>,
}

#[derive(Debug)]
struct Question {
    of: Incarnation,
    answer: oneshot::Sender<Answer>,
}

/// A question that waits for as long as this is kept.
pub(super) struct Asked<'a> {
    asks: &'a Asks,
    number: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Asks {
    /// A question to `of`; `None` if too many wait already.
    pub(super) fn ask(&self, of: Incarnation) -> Option<Asked<'_>> {
        let mut waiting = self.lock();
        if waiting.questions.len() >= CAPACITY {
            return None;
        }
        let (sender, answer) = oneshot::channel();
        waiting.last += 1;
        let number = waiting.last;
        waiting.questions.insert(number, Question { of, answer: sender });
        Some(Asked {
            asks: self,
            number,
            answer,
        })
    }

    /// `of` answers.
    pub(super) fn answer(&self, of: Incarnation, number: u64, answer: Answer) {
        let mut waiting = self.lock();
        if waiting
            .questions
            .get(&number)
            .is_some_and(|question| question.of == of)
            && let Some(question) = waiting.questions.remove(&number)
        {
            // The asker may have gone a moment ago.
            let _ = question.answer.send(answer);
        }
    }

    /// `of` is gone: nobody waits for it any longer.
    pub(super) fn give_up(&self, of: Incarnation) {
        self.lock().questions.retain(|_, question| question.of != of);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked<'_> {
    /// What the answer has to repeat.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The answer; `None` also if the one who was asked is gone.
    pub(super) async fn wait(&mut self) -> Answer {
        (&mut self.answer).await.ok().flatten()
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.asks.lock().questions.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Incarnation = Incarnation::from_bits(1);
    const OTHER: Incarnation = Incarnation::from_bits(2);

    #[tokio::test]
    async fn an_answer_counts_from_the_node_that_was_asked_alone() {
        let asks = Asks::default();
        let mut asked = asks.ask(ASKED).unwrap();
        asks.answer(OTHER, asked.number(), None);
        assert_eq!(asks.lock().questions.len(), 1);
        asks.answer(ASKED, asked.number() + 1, None);
        assert_eq!(asks.lock().questions.len(), 1);
        asks.answer(ASKED, asked.number(), None);
        assert!(asked.wait().await.is_none());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_node_that_is_gone() {
        let asks = Asks::default();
        let mut asked = asks.ask(ASKED).unwrap();
        let other = asks.ask(OTHER).unwrap();
        asks.give_up(ASKED);
        assert!(asked.wait().await.is_none());
        assert_eq!(asks.lock().questions.len(), 1);
        drop(other);
        assert!(asks.lock().questions.is_empty());
    }

    #[test]
    fn no_more_questions_wait_than_may() {
        let asks = Asks::default();
        let mut asked: Vec<_> = (0..CAPACITY).map(|_| asks.ask(ASKED).unwrap()).collect();
        assert!(asks.ask(ASKED).is_none());
        asked.pop();
        assert!(asks.ask(ASKED).is_some());
    }
}
