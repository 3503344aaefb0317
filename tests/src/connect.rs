//! How a client connects: query, headers, subprotocols, source address, and what it resumes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};

use crate::client::Client;
use crate::http::Answer;
use crate::ledger::Position;
use crate::server::Target;
use crate::{Server, raw};

/// A request that is not complete is cut after 5 s; a client may see a little less of it.
const CUT: Duration = Duration::from_millis(4500);

/// All that a client needs to take its seat back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The token of the latest `welcome`.
    pub token: String,
    /// What the client had processed.
    pub position: Position,
}

/// Why there is no connection with a `welcome`.
#[derive(Clone, Debug)]
pub enum Unwelcome {
    /// Nobody listens, nothing is said in time, or the connection breaks.
    Unreachable(String),
    /// The upgrade was refused.
    Refused(Answer),
    /// The connection ended without a `welcome`, with this code.
    Ended(Option<u16>),
}

/// A connection about to be made.
#[derive(Clone, Debug)]
pub struct Connect<'a> {
    target: &'a Target,
    query: String,
    headers: Vec<(String, String)>,
    protocols: Vec<String>,
    from: Option<IpAddr>,
    position: Position,
}

impl<'a> Connect<'a> {
    /// From 127.0.0.1 with subprotocol `passerby.v1` and no query.
    pub fn to(server: &'a Server) -> Self {
        Self::at(server.next_target())
    }

    /// As [`Connect::to`], where no server needs to be known.
    pub fn at(target: &'a Target) -> Self {
        Self {
            target,
            query: String::new(),
            headers: Vec::new(),
            protocols: vec!["passerby.v1".to_owned()],
            from: None,
            position: Position::default(),
        }
    }

    /// Adds to the query.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        if !self.query.is_empty() && !query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(query);
        self
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From another loopback address, which is another origin.
    #[must_use]
    pub fn from(mut self, address: &str) -> Self {
        self.from = Some(address.parse().expect("an address"));
        self
    }

    /// Offers these subprotocols and no others.
    #[must_use]
    pub fn offering(mut self, protocols: &[&str]) -> Self {
        self.protocols = protocols.iter().map(|&protocol| protocol.to_owned()).collect();
        self
    }

    /// Asks for the seat this memory is of, by the query.
    #[must_use]
    pub fn resuming(self, memory: &Memory) -> Self {
        let query = format!("resume={}&last_seq={}", memory.token, memory.position.last_seq);
        self.remembering(memory).query(&query)
    }

    /// Asks for the seat as browsers do: the token is an offered subprotocol.
    #[must_use]
    pub fn resuming_by_subprotocol(mut self, memory: &Memory) -> Self {
        self.protocols.push(format!("passerby.resume.{}", memory.token));
        let query = format!("last_seq={}", memory.position.last_seq);
        self.remembering(memory).query(&query)
    }

    /// Only lets the checks know where the client was.
    #[must_use]
    pub fn remembering(mut self, memory: &Memory) -> Self {
        self.position = memory.position.clone();
        self
    }

    /// Connects and reads the `welcome`.
    pub async fn open(self) -> Client {
        match self.attempt().await {
            Ok(client) => client,
            Err(answer) => panic!("the upgrade was refused: {} {}", answer.status, answer.text()),
        }
    }

    /// Connects and expects to be refused before the upgrade.
    pub async fn refused(self) -> Answer {
        match self.attempt().await {
            Ok(client) => panic!("the upgrade was not refused: {}", client.welcome().body),
            Err(answer) => answer,
        }
    }

    /// Connects, or tells the answer that refused it.
    pub async fn attempt(self) -> Result<Client, Answer> {
        let mut client = self.attempt_unwelcomed().await?;
        client.read_welcome().await;
        Ok(client)
    }

    /// Connects, or tells why that failed, whatever it was; nothing is waited for longer than this.
    pub async fn try_open(self, within: Duration) -> Result<Client, Unwelcome> {
        let (request, deadline) = (self.request(), Instant::now() + within);
        let shaking = async {
            let stream = raw::try_tcp(self.target.address, self.from, None).await?;
            tokio_tungstenite::client_async(request, stream).await
        };
        let Ok(outcome) = tokio::time::timeout(within, shaking).await else {
            return Err(Unwelcome::Unreachable("no answer in time".to_owned()));
        };
        let (socket, answer) = match outcome {
            Ok(done) => done,
            Err(Error::Http(answer)) => return Err(Unwelcome::Refused(refusal(&answer))),
            Err(error) => return Err(Unwelcome::Unreachable(error.to_string())),
        };
        let mut client = self.client(socket, &answer);
        let left = deadline.saturating_duration_since(Instant::now());
        match client.try_read_welcome(left).await {
            Ok(()) => Ok(client),
            Err(code) => Err(Unwelcome::Ended(code)),
        }
    }

    /// Connects without waiting for a `welcome`, which a banned client does not get.
    pub async fn attempt_unwelcomed(self) -> Result<Client, Answer> {
        match self.shake_hands(self.request()).await {
            Ok((socket, answer)) => Ok(self.client(socket, &answer)),
            Err(Error::Http(answer)) => Err(refusal(&answer)),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    fn request(&self) -> Request {
        let question = if self.query.is_empty() { "" } else { "?" };
        let uri = format!("ws://{}/ws{question}{}", self.target.address, self.query);
        let mut request = uri.into_client_request().expect("the query is a right one");
        if !self.protocols.is_empty() {
            let offer = HeaderValue::from_str(&self.protocols.join(", ")).expect("names are plain");
            request.headers_mut().insert("sec-websocket-protocol", offer);
        }
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("a header name");
            request
                .headers_mut()
                .append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        request
    }

    fn client(self, socket: WebSocketStream<TcpStream>, answer: &Response) -> Client {
        let selected = answer.headers().get("sec-websocket-protocol");
        let wanted = self
            .protocols
            .contains(&"passerby.v1".to_owned())
            .then_some(&b"passerby.v1"[..]);
        assert_eq!(
            selected.map(HeaderValue::as_bytes),
            wanted,
            "the selected subprotocol"
        );
        Client::new(socket, self.position, Arc::clone(&self.target.secrets))
    }

    /// The handshake; once more when the machine stalled for so long that the server cut the request, as it must.
    async fn shake_hands(&self, request: Request) -> Result<(WebSocketStream<TcpStream>, Response), Error> {
        let started = Instant::now();
        loop {
            let stream = raw::tcp(self.target.address, self.from, None).await;
            let outcome = tokio_tungstenite::client_async(request.clone(), stream).await;
            let waited = started.elapsed();
            match outcome {
                Err(Error::Http(answer)) => return Err(Error::Http(answer)),
                Err(error) if !(CUT..3 * CUT).contains(&waited) => {
                    panic!("the handshake failed after {waited:?}: {error}")
                }
                Err(_) => {}
                done => return done,
            }
        }
    }
}

fn refusal(answer: &Response) -> Answer {
    let headers = answer.headers().iter();
    Answer {
        status: answer.status().as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
        body: answer.body().clone().unwrap_or_default(),
    }
}
