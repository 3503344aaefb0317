//! A TCP connection to the server that sends whatever a test likes.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::frame::{Frame, Received};
use crate::http::{self, Answer};
use crate::{PATIENCE, Server};

/// A socket and what was read from it and not yet looked at.
#[derive(Debug)]
pub struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    ended: bool,
}

/// A TCP connection from this source address (any of 127.0.0.0/8 is ours).
pub(crate) async fn tcp(address: SocketAddr, from: Option<IpAddr>, receive_buffer: Option<u32>) -> TcpStream {
    try_tcp(address, from, receive_buffer)
        .await
        .expect("the server listens")
}

/// As [`tcp`], where it may be that nobody listens.
pub(crate) async fn try_tcp(
    address: SocketAddr,
    from: Option<IpAddr>,
    receive_buffer: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    };
    let socket = socket.expect("a socket can be made");
    if let Some(from) = from {
        socket
            .bind(SocketAddr::new(from, 0))
            .expect("loopback addresses are ours");
    }
    if let Some(bytes) = receive_buffer {
        socket
            .set_recv_buffer_size(bytes)
            .expect("the buffer can be small");
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Makes the socket end with a reset when it is dropped.
pub(crate) fn end_with_reset(stream: &TcpStream) {
    SockRef::from(stream)
        .set_linger(Some(Duration::ZERO))
        .expect("the socket is there");
}

/// The request line and headers of a right upgrade, without the empty line that ends them.
pub fn upgrade_head(host: &str, query: &str) -> String {
    let question = if query.is_empty() { "" } else { "?" };
    format!(
        "GET /ws{question}{query} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
}

impl RawSocket {
    /// A connection from 127.0.0.1.
    pub async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: tcp(address, None, None).await,
            buffer: Vec::new(),
            ended: false,
        }
    }

    /// A connection with a small receive buffer, for one who reads slowly.
    pub async fn connect_narrow(address: SocketAddr, bytes: u32) -> Self {
        Self {
            stream: tcp(address, None, Some(bytes)).await,
            buffer: Vec::new(),
            ended: false,
        }
    }

    /// An upgraded connection whose `welcome` was read.
    pub async fn upgraded(server: &Server, query: &str) -> Self {
        let mut socket = Self::connect(server.http()).await;
        socket.upgrade(server, query).await;
        socket.event("welcome").await;
        socket
    }

    /// Upgrades this connection; the `welcome` is still to be read.
    pub async fn upgrade(&mut self, server: &Server, query: &str) {
        self.send(format!("{}\r\n", upgrade_head(&server.http().to_string(), query)).as_bytes())
            .await;
        let answer = self.answer().await;
        assert_eq!(answer.status, 101, "{}", answer.text());
    }

    /// Sends bytes; that the server has hung up shows when reading.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.try_send(bytes).await;
    }

    /// Sends bytes and tells whether the server still took them.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        match timeout(PATIENCE, self.stream.write_all(bytes)).await {
            Ok(done) => done.is_ok(),
            Err(_) => false,
        }
    }

    /// Sends frames in one write.
    pub async fn send_frames(&mut self, frames: &[Frame]) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        self.send(&bytes).await;
    }

    /// Reads one HTTP answer.
    pub async fn answer(&mut self) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = http::take(&mut self.buffer, self.ended) {
                return answer;
            }
            assert!(
                !self.ended,
                "closed without an answer: {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
            self.read(deadline).await;
        }
    }

    /// Reads one HTTP answer, or nothing when the server just hangs up.
    pub async fn answer_or_end(&mut self) -> Option<Answer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = http::take(&mut self.buffer, self.ended);
            if answer.is_some() || self.ended {
                return answer;
            }
            self.read(deadline).await;
        }
    }

    /// Reads one WebSocket frame; nothing when the connection has ended.
    pub async fn frame(&mut self) -> Option<Received> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = Received::take(&mut self.buffer);
            if frame.is_some() || self.ended {
                return frame;
            }
            self.read(deadline).await;
        }
    }

    /// Reads on to the next event of this type; other events and control frames are passed over.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let frame = self
                .frame()
                .await
                .unwrap_or_else(|| panic!("the connection ended before `{kind}`"));
            assert!(
                frame.opcode != 8,
                "closed with {:?} before `{kind}`",
                frame.close_code()
            );
            if frame.opcode == 1 {
                let event: Value = serde_json::from_str(frame.as_text()).expect("events are JSON");
                if event["type"] == kind {
                    return event;
                }
            }
        }
    }

    /// Reads on to the pong of this payload.
    pub async fn pong(&mut self, payload: &[u8]) {
        loop {
            let frame = self.frame().await.expect("the connection is open");
            assert!(
                frame.opcode != 8,
                "closed with {:?} before the pong",
                frame.close_code()
            );
            if frame.opcode == 10 {
                assert_eq!(frame.payload, payload);
                return;
            }
        }
    }

    /// Reads on to the close frame, answers it, and waits for the end of the connection; tells the code.
    pub async fn closed(&mut self) -> Option<u16> {
        let code = self.close_frame().await;
        self.send(
            &Frame::new(
                8,
                code.map(|code| code.to_be_bytes().to_vec()).unwrap_or_default(),
            )
            .bytes(),
        )
        .await;
        self.end(PATIENCE).await;
        code
    }

    /// Reads on to the close frame; a bare end of the connection is a failure.
    pub async fn close_frame(&mut self) -> Option<u16> {
        loop {
            let frame = self.frame().await.expect("a close frame comes before the end");
            if frame.opcode == 8 {
                return frame.close_code();
            }
        }
    }

    /// Waits until the server has closed the connection; what is still read is thrown away.
    pub async fn end(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.ended {
            self.read(deadline).await;
            self.buffer.clear();
        }
    }

    /// Sends these bytes again and again, reading all the while, until the server ends it; tells the close code and
    /// how many bytes were taken.
    pub async fn flood(&mut self, bytes: &[u8], within: Duration) -> (Option<u16>, usize) {
        let deadline = Instant::now() + within;
        let (mut reader, mut writer) = self.stream.split();
        let (mut sent, mut taken, mut chunk) = (0, true, [0; 8192]);
        loop {
            while let Some(frame) = Received::take(&mut self.buffer) {
                if frame.opcode == 8 {
                    return (frame.close_code(), sent);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            tokio::select! {
                biased;
                read = reader.read(&mut chunk) => match read {
                    Ok(0) | Err(_) => panic!("the connection ended without a close frame after {sent} bytes"),
                    Ok(size) => self.buffer.extend_from_slice(&chunk[..size]),
                },
                written = writer.write(&bytes[sent % bytes.len()..]), if taken => match written {
                    Ok(size) => sent += size,
                    Err(_) => taken = false,
                },
                () = tokio::time::sleep(left) => panic!("{sent} bytes were taken and nothing was said"),
            }
        }
    }

    /// Sends these bytes again and again and never reads, until the server hangs up or takes no more for a second;
    /// tells how many bytes were taken.
    pub async fn flood_blindly(&mut self, bytes: &[u8], within: Duration) -> usize {
        let deadline = Instant::now() + within;
        let mut sent = 0;
        while Instant::now() < deadline {
            match timeout(
                Duration::from_secs(1),
                self.stream.write(&bytes[sent % bytes.len()..]),
            )
            .await
            {
                Ok(Ok(size)) => sent += size,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        sent
    }

    /// Whatever was read and not yet looked at.
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }

    /// Drops the connection with a reset.
    pub fn reset(self) {
        end_with_reset(&self.stream);
    }

    async fn read(&mut self, deadline: Instant) {
        let mut bytes = [0; 8192];
        let left = deadline.saturating_duration_since(Instant::now());
        let read = timeout(left, self.stream.read(&mut bytes)).await;
        match read {
            Err(elapsed) => panic!(
                "nothing came ({elapsed}); unread: {:?}",
                String::from_utf8_lossy(&self.buffer)
            ),
            Ok(Ok(0)) => self.ended = true,
            Ok(Ok(size)) => self.buffer.extend_from_slice(&bytes[..size]),
            Ok(Err(error)) => {
                let reset = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind());
                assert!(reset, "reading failed: {error}");
                self.ended = true;
            }
        }
    }
}
