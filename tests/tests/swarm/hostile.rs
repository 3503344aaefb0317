//! Neighbours nobody wishes for: floods, nonsense, half-done requests, connections that never read.
//!
//! **Architecture Invariants:** they check nothing; what they do to honest users shows in the honest users' record.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use passerby_tests::swarm::Phase;
use passerby_tests::{Frame, RawSocket, Server};
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

/// Does one evil thing after another until the swarm settles.
pub(crate) async fn live(seed: u64, server: Arc<Server>, phase: Receiver<Phase>) {
    let mut dice = Rng::with_seed(seed);
    while *phase.borrow() == Phase::Running {
        // Whatever it is, it is over after a while: some of it the server would never answer.
        let _ = timeout(Duration::from_millis(1500), does_evil(&mut dice, &server)).await;
    }
}

async fn does_evil(dice: &mut Rng, server: &Server) {
    let mut socket = RawSocket::connect_narrow(server.http(), 4096).await;
    match dice.u8(..8) {
        0 => socket.send(b"GET /ws HTTP/1.1\r\nHost: half").await,
        1 => {
            socket
                .send(&(0..5000).map(|_| dice.u8(..)).collect::<Vec<_>>())
                .await;
        }
        evil => {
            socket.upgrade(server, "join=manual").await;
            let frame = match evil {
                2 => Frame::ping([7; 125]),
                3 => Frame::text("").unfinished(),
                4 => Frame::text("{\"type\":\"ping\"}"),
                5 => Frame::text(
                    "{\"type\":\"join\",\"mode\":\"video\",\"interests\":[\"nobody else has this\"]}",
                ),
                6 => Frame::new(dice.u8(..16), (0..100).map(|_| dice.u8(..)).collect::<Vec<_>>()),
                _ => Frame::text("").claiming(1 << 40),
            };
            socket
                .flood_blindly(&frame.bytes().repeat(100), Duration::from_secs(1))
                .await;
        }
    }
    tokio::time::sleep(Duration::from_millis(dice.u64(..300))).await;
    if dice.bool() {
        socket.reset();
    }
}
