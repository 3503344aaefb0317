//! The users of a run, each a task, and who waits for them.
//!
//! **Architecture Invariants:** no user outlives the crew. The first failure of a user is the failure of the run.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use crate::failure::Failure;

/// Whether a measurement had its whole time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// It had.
    Whole,
    /// Somebody pressed Ctrl-C.
    CutShort,
}

/// All users.
#[derive(Debug, Default)]
pub(crate) struct Crew {
    tasks: JoinSet<Result<(), Failure>>,
}

impl Crew {
    /// One more user.
    pub(crate) fn spawn(&mut self, user: impl Future<Output = Result<(), Failure>> + Send + 'static) {
        self.tasks.spawn(user);
    }

    /// Waits for something while the users live.
    ///
    /// # Errors
    /// The failure of a user, or that somebody pressed Ctrl-C.
    pub(crate) async fn until<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            outcome = self.run(what) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    }

    /// Lets a measurement go on until its end, or until somebody presses Ctrl-C.
    ///
    /// # Errors
    /// The failure of a user.
    pub(crate) async fn measure(&mut self, end: impl Future<Output = ()>) -> Result<Span, Failure> {
        tokio::select! {
            outcome = self.run(end) => outcome.map(|()| Span::Whole),
            _ = tokio::signal::ctrl_c() => Ok(Span::CutShort),
        }
    }

    async fn run<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::pin!(what);
        loop {
            tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next() => verdict(ended)?,
                value = &mut what => return Ok(value),
            }
        }
    }

    /// Waits until every user has ended, at most this long, and ends those who have not.
    ///
    /// # Errors
    /// The failure of a user.
    pub(crate) async fn finish(mut self, within: Duration) -> Result<(), Failure> {
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                verdict(ended)?;
            }
            Ok(())
        };
        tokio::time::timeout(within, all).await.unwrap_or(Ok(()))
    }
}

fn verdict(ended: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    ended.unwrap_or_else(|error| {
        Err(Failure::System {
            what: "a user to go on",
            why: error.to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_failure_of_one_user_ends_the_wait_for_the_others() {
        let mut crew = Crew::default();
        crew.spawn(pending());
        crew.spawn(async { Err(Failure::TooMany { user: 7 }) });
        let outcome = crew.until(pending::<()>()).await;
        assert!(
            matches!(outcome, Err(Failure::TooMany { user: 7 })),
            "{outcome:?}"
        );
    }

    #[tokio::test]
    async fn users_that_do_not_end_are_not_waited_for_for_ever() {
        let mut crew = Crew::default();
        crew.spawn(pending());
        assert!(crew.finish(Duration::from_millis(1)).await.is_ok());
    }
}
