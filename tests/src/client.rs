//! A well-behaved client that checks everything it is told.
//!
//! A task of its own reads the socket, so pings are answered and arrival times are true whatever the test waits
//! for; each event runs through the [`Ledger`]. Dropping the client drops the connection without a close frame.

mod expecting;
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

/// How many lines a client can tell of its past.
const STORY: usize = 100;

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
    story: VecDeque<String>,
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
            story: VecDeque::new(),
        }
    }

    pub(crate) async fn read_welcome(&mut self) {
        let welcome = self.transient("welcome").await;
        self.is_welcomed(welcome);
    }

    /// Reads the `welcome`, or tells the close code when the connection ends without one or it does not come in time.
    pub(crate) async fn try_read_welcome(&mut self, within: Duration) -> Result<(), Option<u16>> {
        match self.soon("welcome", within).await {
            Some(welcome) => {
                self.is_welcomed(welcome);
                Ok(())
            }
            None => Err(self.code),
        }
    }

    fn is_welcomed(&mut self, welcome: Event) {
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

    /// As [`Client::close`], where it may be that nobody hears it; gives up after this time.
    pub async fn try_close(mut self, code: u16, within: Duration) {
        let _ = self.outgoing.send(Outgoing::Close(Some(code)));
        let deadline = Instant::now() + within;
        while !self.over {
            let left = deadline.saturating_duration_since(Instant::now());
            match timeout(left, self.incoming.recv()).await {
                Ok(Some(incoming)) => self.sort(incoming),
                Ok(None) | Err(_) => return,
            }
        }
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

    /// How the connection ended, as far as the test has read: the code, or none when there was no close frame.
    pub fn end(&self) -> Option<Option<u16>> {
        self.over.then_some(self.code)
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

    async fn pull(&mut self, deadline: Instant, what: &str) {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, self.incoming.recv()).await {
            Ok(Some(incoming)) => self.sort(incoming),
            Ok(None) => panic!(
                "the connection ended ({:?}) before `{what}`: {:#?}",
                self.code, self.story
            ),
            Err(elapsed) => panic!("`{what}` did not come ({elapsed}): {:#?}", self.story),
        }
    }

    /// Keeps the end of the story for the day it goes wrong.
    fn remember(&mut self, line: String) {
        if self.story.len() == STORY {
            self.story.pop_front();
        }
        self.story.push_back(line);
    }

    fn sort(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Violation(what) => panic!("the protocol is violated: {what}; so far {:#?}", self.story),
            Incoming::Closed(code) => {
                self.remember(format!("< closed {code:?}"));
                (self.over, self.code) = (true, code);
            }
            Incoming::Event(event) => {
                self.remember(format!("< {}", shortened(&event.body.to_string())));
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
