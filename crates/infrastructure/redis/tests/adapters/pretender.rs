//! A server that says it is a Redis, and takes its time over what names `patience`.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How long it takes over what names `a-moment`: whoever is asked something then is asked before that is answered.
const MOMENT: Duration = Duration::from_millis(200);
/// How long it takes, and as long an answer to anything else may take.
pub(crate) const SLOW: Duration = Duration::from_millis(2_500);
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Pretender {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Pretender {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket));
            }
        });
        Self { address, serving }
    }
}

impl Drop for Pretender {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Until the other side goes.
async fn serve(socket: TcpStream) {
    let (reading, mut writing) = socket.into_split();
    let mut reading = BufReader::new(reading);
    while let Some(words) = command(&mut reading).await {
        if words.iter().any(|word| word == "patience") {
            sleep(SLOW).await;
        }
        if words.iter().any(|word| word == "a-moment") {
            sleep(MOMENT).await;
        }
        let answer = match words.first().map(String::as_str) {
            Some("PING") => "+PONG\r\n",
            Some("ROLE") => "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
            Some("GET") => "$-1\r\n",
            _ => "+OK\r\n",
        };
        if writing.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn command(reading: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for _ in 0..number(reading, '*').await? {
        let length = number(reading, '$').await?;
        let mut word = vec![0; length + 2];
        reading.read_exact(&mut word).await.ok()?;
        word.truncate(length);
        words.push(String::from_utf8(word).ok()?);
    }
    Some(words)
}

async fn number(reading: &mut (impl tokio::io::AsyncBufRead + Unpin), kind: char) -> Option<usize> {
    let mut line = String::new();
    reading.read_line(&mut line).await.ok()?;
    line.strip_prefix(kind)?.trim_end().parse().ok()
}
