//! A well-behaved client that checks everything it is told.
//!
//! A task of its own reads the socket, so pings are answered and arrival times are true whatever the test waits
//! for; each event runs through the [`Ledger`]. Dropping the client drops the connection without a close frame.

mod reading;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

use crate::connect::Memory;
use crate::event::Event;
use crate::ledger::{Ledger, Position};
use crate::server::Secrets;
use crate::{Connect, PATIENCE, Server};

use reading::{Incoming, Outgoing};

/// One connection of one user.
#[derive(Debug)]
pub struct Client {
    outgoing: UnboundedSender<Outgoing>,
    incoming: UnboundedReceiver<Incoming>,
    task: JoinHandle<()>,
    numbered: VecDeque<Event>,
    transient: VecDeque<Event>,
    welcome: Option<Event>,
    processed: Ledger,
    over: bool,
    code: Option<u16>,
    secrets: Secrets,
    commands: u32,
    story: Vec<String>,
}

impl Client {
    /// Connects with this query and reads the `welcome`.
    pub async fn connect(server: &Server, query: &str) -> Self {
        Connect::to(server).query(query).open().await
    }

    /// Connects without entering the queue.
    pub async fn idle(server: &Server) -> Self {
        Self::connect(server, "join=manual").await
    }

    /// Connects, enters the queue and is alone in it.
    pub async fn waiting(server: &Server, query: &str) -> Self {
        let mut client = Self::connect(server, query).await;
        client.expect("waiting").await;
        client
    }

    /// Takes the seat of this memory back.
    pub async fn resume(server: &Server, memory: &Memory) -> Self {
        Connect::to(server).resuming(memory).open().await
    }

    pub(crate) fn new(socket: WebSocketStream<TcpStream>, position: Position, secrets: Secrets) -> Self {
        let (outgoing, commands) = mpsc::unbounded_channel();
        let (events, incoming) = mpsc::unbounded_channel();
        let ledger = Ledger::new(position);
        let task = tokio::spawn(reading::run(socket, ledger.clone(), commands, events));
        Self {
            outgoing,
            incoming,
            task,
            numbered: VecDeque::new(),
            transient: VecDeque::new(),
            welcome: None,
            processed: ledger,
            over: false,
            code: None,
            secrets,
            commands: 0,
            story: Vec::new(),
        }
    }

    pub(crate) async fn read_welcome(&mut self) {
        let welcome = self.transient("welcome").await;
        let token = welcome.text("resume_token").to_owned();
        assert!(
            crate::shape::is_name(&token, 22, 512),
            "a token is opaque, URL-safe and has 128 bits: {token}"
        );
        self.secrets
            .lock()
            .expect("nobody panics with the list")
            .push(token);
        self.processed
            .take(&welcome.body)
            .expect("checked when it was read");
        self.welcome = Some(welcome);
    }

    /// The `welcome` of this connection.
    pub fn welcome(&self) -> &Event {
        self.welcome.as_ref().expect("read when the connection was made")
    }

    /// The chat the client is in, as far as the test has read.
    pub fn chat(&self) -> String {
        self.processed
            .position()
            .chat
            .clone()
            .unwrap_or_else(|| panic!("in no chat: {:#?}", self.story))
    }

    /// What the client would keep to resume, as far as the test has read.
    pub fn memory(&self) -> Memory {
        let token = self.welcome().text("resume_token").to_owned();
        Memory {
            token,
            position: self.processed.position().clone(),
        }
    }

    /// Sends a command.
    pub fn send(&mut self, command: Value) {
        self.send_all(&[command]);
    }

    /// Sends commands in one packet.
    pub fn send_all(&mut self, commands: &[Value]) {
        self.send_texts(commands.iter().map(Value::to_string).collect());
    }

    /// Sends text that need not be JSON.
    pub fn send_text(&mut self, text: impl Into<String>) {
        self.send_texts(vec![text.into()]);
    }

    fn send_texts(&mut self, texts: Vec<String>) {
        self.story
            .extend(texts.iter().map(|text| format!("> {}", shortened(text))));
        let _ = self.outgoing.send(Outgoing::Texts(texts));
    }

    /// Sends a message of the current chat with an `id`.
    pub fn say(&mut self, id: &str, text: &str) {
        let chat = self.chat();
        self.send(json!({"type": "message", "chat_id": chat, "text": text, "id": id}));
    }

    /// Sends a command that has no fields but the current chat.
    pub fn send_of_chat(&mut self, kind: &str) {
        let chat = self.chat();
        self.send(json!({"type": kind, "chat_id": chat}));
    }

    /// The next event that is not transient, which must be of this type; for a transient type, the next transient
    /// event (`stats` and `typing` are passed over unless asked for).
    pub async fn expect(&mut self, kind: &str) -> Event {
        let expected = json!({"type": kind});
        if (Event {
            body: expected,
            at: Instant::now(),
        })
        .is_transient()
        {
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

    /// Waits until the server has dealt with all that was sent before, and fails if it told anything on the way.
    pub async fn quiet(&mut self) {
        self.flush().await;
        let told: Vec<&Event> = self.numbered.iter().chain(&self.transient).collect();
        assert!(told.is_empty(), "expected silence: {told:#?}");
    }

    /// Waits until the server has dealt with all that was sent before.
    pub async fn flush(&mut self) {
        self.commands += 1;
        let id = format!("flush-{}", self.commands);
        self.send(json!({"type": "ping", "id": id}));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self
                .transient
                .iter()
                .position(|event| event.kind() == "pong" && event["id"] == id);
            if let Some(found) = found {
                self.transient.remove(found);
                return;
            }
            self.pull(deadline, "pong").await;
        }
    }

    /// Fails if any event but `stats` comes within this time.
    pub async fn hears_nothing_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while let Ok(Some(incoming)) = timeout(
            deadline.saturating_duration_since(Instant::now()),
            self.incoming.recv(),
        )
        .await
        {
            self.sort(incoming);
        }
        let told: Vec<&Event> = self.numbered.iter().chain(&self.transient).collect();
        assert!(
            told.is_empty() && !self.over,
            "expected silence: {told:#?} {:?}",
            self.code
        );
    }

    /// Says goodbye with this code and waits for the end of the connection.
    pub async fn close(mut self, code: u16) {
        let _ = self.outgoing.send(Outgoing::Close(Some(code)));
        self.ending().await;
    }

    /// Says goodbye without a code and waits for the end of the connection.
    pub async fn close_without_code(mut self) {
        let _ = self.outgoing.send(Outgoing::Close(None));
        self.ending().await;
    }

    /// Lets the connection drop without a word and tells what is needed to come back.
    pub fn drop_connection(self) -> Memory {
        self.memory()
    }

    /// Resets the connection and tells what is needed to come back.
    pub async fn reset_connection(mut self) -> Memory {
        let memory = self.memory();
        let _ = self.outgoing.send(Outgoing::Reset);
        self.ending().await;
        memory
    }

    /// Waits until the server ends the connection with this code. Events before it stay readable.
    pub async fn closed(&mut self, code: u16) {
        let ending = self.ending().await;
        assert_eq!(ending, Some(code), "the close code; {:#?}", self.story);
    }

    /// Waits for the end of the connection: the code, or none when there was no close frame.
    pub async fn ending(&mut self) -> Option<u16> {
        let deadline = Instant::now() + 3 * PATIENCE;
        loop {
            if self.over {
                return self.code;
            }
            self.pull(deadline, "the end of the connection").await;
        }
    }

    /// Whether the connection is still open, as far as this client knows.
    pub fn is_open(&self) -> bool {
        !self.over && !self.task.is_finished()
    }

    /// Pings the server by a command and checks that the connection lives.
    pub async fn is_served(&mut self) {
        self.send(json!({"type": "ping"}));
        self.transient("pong").await;
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

    async fn transient(&mut self, kind: &str) -> Event {
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

    /// The next `stats` event, which is otherwise passed over.
    pub async fn stats(&mut self) -> Event {
        loop {
            let incoming = timeout(PATIENCE, self.incoming.recv())
                .await
                .expect("`stats` come now and then");
            match incoming.expect("the connection is open") {
                Incoming::Event(event) if event.kind() == "stats" => return event,
                other => self.sort(other),
            }
        }
    }

    async fn pull(&mut self, deadline: Instant, what: &str) {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, self.incoming.recv()).await {
            Ok(Some(incoming)) => self.sort(incoming),
            Ok(None) => panic!(
                "the connection ended ({:?}) before `{what}`: {:#?}",
                self.code, self.story
            ),
            Err(_) => panic!("`{what}` did not come in time: {:#?}", self.story),
        }
    }

    fn sort(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Violation(what) => panic!("the protocol is violated: {what}; so far {:#?}", self.story),
            Incoming::Closed(code) => {
                self.story.push(format!("< closed {code:?}"));
                (self.over, self.code) = (true, code);
            }
            Incoming::Event(event) => {
                self.story
                    .push(format!("< {}", shortened(&event.body.to_string())));
                match event.kind() {
                    "stats" => {}
                    _ if event.is_transient() => self.transient.push_back(event),
                    _ => self.numbered.push_back(event),
                }
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
        if std::thread::panicking() {
            return;
        }
        while let Ok(incoming) = self.incoming.try_recv() {
            if let Incoming::Violation(what) = incoming {
                panic!("the protocol is violated: {what}; so far {:#?}", self.story);
            }
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
