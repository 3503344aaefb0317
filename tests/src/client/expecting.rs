//! What a test may expect of a client next.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::Client;
use super::reading::Incoming;
use crate::PATIENCE;
use crate::event::{Event, TRANSIENT};

impl Client {
    /// The next event that is not transient, which must be of this type; for a transient type, the next transient
    /// event (`stats` and `typing` are passed over unless asked for).
    pub async fn expect(&mut self, kind: &str) -> Event {
        if TRANSIENT.contains(&kind) {
            self.transient(kind).await
        } else {
            self.numbered(kind).await
        }
    }

    /// The partner: reads over `waiting` to the next `matched`.
    pub async fn meet(&mut self) -> Event {
        self.after_waiting("matched").await
    }

    /// The next event of this type; only `waiting` may come before it.
    pub async fn after_waiting(&mut self, kind: &str) -> Event {
        loop {
            let event = self.any().await;
            if event.kind() == kind {
                return event;
            }
            assert_eq!(event.kind(), "waiting", "expected {kind}: {:#?}", self.story);
        }
    }

    /// The next numbered event, whatever it is.
    pub async fn any(&mut self) -> Event {
        self.numbered("").await
    }

    /// The end of the current chat, for this reason.
    pub async fn ended(&mut self, reason: &str) -> Event {
        let event = self.expect("chat_ended").await;
        assert_eq!(event.text("reason"), reason, "{:#?}", self.story);
        event
    }

    /// The next transient event, an `error` of this code.
    pub async fn error(&mut self, code: &str) -> Event {
        let event = self.transient("error").await;
        assert_eq!(event.text("code"), code, "{:#?}", self.story);
        event
    }

    /// The next transient event, an `error` of one of these codes.
    pub async fn error_of(&mut self, codes: &[&str]) -> Event {
        let event = self.transient("error").await;
        assert!(
            codes.contains(&event.text("code")),
            "expected {codes:?}: {:#?}",
            self.story
        );
        event
    }

    /// The next numbered event, or the next `ack` or `error`, whichever was read first.
    pub async fn either(&mut self) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !self.numbered.is_empty() {
                return self.any().await;
            }
            if !self.transient.is_empty() {
                return self.answer().await;
            }
            self.pull(deadline, "any event").await;
        }
    }

    /// The next transient event, an `ack` or an `error`.
    pub async fn answer(&mut self) -> Event {
        let deadline = Instant::now() + 3 * PATIENCE;
        loop {
            let answers = ["ack", "error"];
            while let Some(event) = self.transient.pop_front() {
                if answers.contains(&event.kind()) {
                    return event;
                }
                assert_eq!(event.kind(), "typing", "expected an answer: {:#?}", self.story);
            }
            self.pull(deadline, "an answer").await;
        }
    }

    /// Sends a command with an `id` and expects it to be refused with this code.
    pub async fn refused(&mut self, mut command: Value, code: &str) -> Event {
        self.commands += 1;
        let id = format!("command-{}", self.commands);
        if command.get("id").is_none() {
            command["id"] = json!(id);
        }
        let id = command["id"].as_str().map(str::to_owned);
        self.send(command);
        let event = self.error(code).await;
        assert_eq!(
            event["ref"].as_str(),
            id.as_deref(),
            "the refusal names the command: {}",
            event.body
        );
        event
    }

    /// The next event of any type, if one comes within this time. Numbered events keep their order, and so do the
    /// transient ones, but not among each other.
    pub async fn next(&mut self, within: Duration) -> Option<Event> {
        let deadline = Instant::now() + within;
        loop {
            if !self.numbered.is_empty() {
                return Some(self.any().await);
            }
            if let Some(event) = self.transient.pop_front() {
                return Some(event);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, self.incoming.recv()).await {
                Ok(Some(incoming)) => self.sort(incoming),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// The next event of this transient type, if one comes within this time.
    pub async fn soon(&mut self, kind: &str, within: Duration) -> Option<Event> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(found) = self.transient.iter().position(|event| event.kind() == kind) {
                return self.transient.remove(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, self.incoming.recv()).await {
                Ok(Some(incoming)) => self.sort(incoming),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Waits for a `pong`, or for the end of the connection; whether it was the `pong`.
    pub async fn pong_or_end(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.transient.iter().any(|event| event.kind() == "pong") {
                // A connection that was taken over meanwhile is closed right after.
                let answered = self.soon("pong", Duration::ZERO).await.is_some();
                let _ = self.soon("nothing", Duration::from_millis(300)).await;
                return answered && !self.over;
            }
            if self.over {
                return false;
            }
            self.pull(deadline, "a pong or the end").await;
        }
    }

    /// The next transient event, a `pong` or an `error`.
    pub async fn pong_or_error(&mut self) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.transient.pop_front() {
                assert!(
                    ["pong", "error"].contains(&event.kind()),
                    "{}; so far {:#?}",
                    event.body,
                    self.story
                );
                return event;
            }
            self.pull(deadline, "a pong or an error").await;
        }
    }

    /// The next `stats` event, which is otherwise passed over.
    pub async fn stats(&mut self) -> Event {
        loop {
            let incoming = timeout(4 * PATIENCE, self.incoming.recv())
                .await
                .expect("`stats` come now and then");
            match incoming.expect("the connection is open") {
                Incoming::Event(event) if event.kind() == "stats" => return event,
                other => self.sort(other),
            }
        }
    }

    async fn numbered(&mut self, kind: &str) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.numbered.pop_front() {
                let matches = kind.is_empty() || event.kind() == kind;
                assert!(
                    matches,
                    "expected `{kind}`, got {}; so far {:#?}",
                    event.body, self.story
                );
                self.processed
                    .take(&event.body)
                    .expect("checked when it was read");
                return event;
            }
            self.pull(deadline, kind).await;
        }
    }

    pub(super) async fn transient(&mut self, kind: &str) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.transient.pop_front() {
                if event.kind() == kind {
                    return event;
                }
                let passed = event.kind() == "typing";
                assert!(
                    passed,
                    "expected `{kind}`, got {}; so far {:#?}",
                    event.body, self.story
                );
            }
            self.pull(deadline, kind).await;
        }
    }
}
