//! The echo server of the WebSocket conformance suite: `echo ADDRESS`.

use std::error::Error;
use tokio::net::TcpListener;

/// The largest message of the suite.
const MAX_BYTES: usize = 16 * 1024 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: echo ADDRESS")?;
    passerby_websocket::echo::serve(TcpListener::bind(address).await?, MAX_BYTES).await?;
    Ok(())
}
