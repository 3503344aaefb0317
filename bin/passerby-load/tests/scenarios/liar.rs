//! A server that breaks a promise: a proxy before a real one that passes some messages on twice.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// One in so many messages is said twice.
const EVERY: u32 = 20;

/// A proxy on a free port. Its threads end with the test's process.
pub(crate) struct Liar {
    address: String,
}

impl Liar {
    pub(crate) fn before(node: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let messages = Arc::new(AtomicU32::new(0));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                // A node that is gone closes the connection.
                let Ok(server) = TcpStream::connect(&node) else {
                    continue;
                };
                let (mut from_client, mut to_server) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from_client, &mut to_server);
                    let _ = to_server.shutdown(std::net::Shutdown::Write);
                });
                let messages = Arc::clone(&messages);
                thread::spawn(move || {
                    let _ = lies(server, client, &messages);
                });
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Passes on the answer to the upgrade, and then frame after frame, as servers write them: unmasked and whole.
fn lies(mut server: TcpStream, mut client: TcpStream, messages: &AtomicU32) -> std::io::Result<()> {
    let mut byte = [0];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        server.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    client.write_all(&head)?;
    loop {
        let mut frame = vec![0; 2];
        server.read_exact(&mut frame)?;
        let mut length = usize::from(frame[1] & 0x7f);
        if length == 126 {
            let mut more = [0; 2];
            server.read_exact(&mut more)?;
            frame.extend(more);
            length = usize::from(u16::from_be_bytes(more));
        }
        let start = frame.len();
        frame.resize(start + length, 0);
        server.read_exact(&mut frame[start..])?;
        client.write_all(&frame)?;
        let is_message = frame[start..].starts_with(br#"{"type":"message""#);
        if is_message && messages.fetch_add(1, Ordering::Relaxed) % EVERY == EVERY - 1 {
            client.write_all(&frame)?;
        }
    }
}
