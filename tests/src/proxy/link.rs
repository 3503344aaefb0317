//! One connection through the proxy: two directions, each a reader that says when and a writer that waits until then.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::Shared;
use super::mode::{Mode, Way};
use crate::raw::end_with_reset;

/// Pieces that may be on their way in one direction.
const ON_THE_WAY: usize = 1024;
/// The most that is read at once.
const PIECE: usize = 16 * 1024;

/// Bytes and when they go on.
type Piece = (Instant, Vec<u8>);

pub(super) async fn serve(number: u64, client: TcpStream, shared: Arc<Shared>, mode: watch::Receiver<Mode>) {
    if carry(number, client, &shared, mode).await.is_err() {
        // Whoever is still connected has been reset.
    }
    shared.links().remove(&number);
}

async fn carry(
    number: u64,
    mut client: TcpStream,
    shared: &Shared,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    let begins = mode
        .wait_for(|mode| *mode != Mode::Blackhole)
        .await
        .map(|mode| mode.resets());
    let connected = match begins {
        Ok(false) => TcpStream::connect(shared.target()).await,
        Ok(true) | Err(_) => Err(io::ErrorKind::ConnectionReset.into()),
    };
    let Ok(mut target) = connected else {
        end_with_reset(&client);
        return Ok(());
    };
    client.set_nodelay(true)?;
    target.set_nodelay(true)?;
    let port = target.local_addr()?.port();
    if let Some(handle) = shared.links().get_mut(&number) {
        handle.port = Some(port);
    }
    let passed = AtomicU64::new(0);
    let outcome = {
        let (from_client, to_client) = client.split();
        let (from_target, to_target) = target.split();
        let seed = shared.seed.wrapping_add(number << 1);
        let up = pump(from_client, to_target, Way::Up, mode.clone(), &passed, seed);
        let down = pump(from_target, to_client, Way::Down, mode.clone(), &passed, seed + 1);
        tokio::select! {
            done = async { tokio::try_join!(up, down) } => done.map(|_| ()),
            _ = mode.wait_for(Mode::resets) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    };
    if outcome.is_err() {
        end_with_reset(&client);
        end_with_reset(&target);
    }
    outcome
}

async fn pump(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    way: Way,
    mode: watch::Receiver<Mode>,
    passed: &AtomicU64,
    seed: u64,
) -> io::Result<()> {
    let (pieces, queue) = mpsc::channel(ON_THE_WAY);
    let reading = read(from, way, mode.clone(), passed, Rng::with_seed(seed), pieces);
    tokio::try_join!(reading, write(to, way, mode, queue)).map(|_| ())
}

async fn read(
    mut from: ReadHalf<'_>,
    way: Way,
    mut mode: watch::Receiver<Mode>,
    passed: &AtomicU64,
    mut dice: Rng,
    pieces: mpsc::Sender<Piece>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut due = Instant::now();
    loop {
        let now = mode.borrow_and_update().clone();
        if now.stops(way) {
            if mode.changed().await.is_err() {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            continue;
        }
        let most = match now {
            // A tenth of a second's worth, so that it flows rather than comes in lumps.
            Mode::Rate(rate) => (rate as usize / 10).clamp(1, PIECE),
            _ => PIECE,
        };
        let size = tokio::select! {
            biased;
            changed = mode.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Err(io::ErrorKind::ConnectionReset.into()),
            },
            size = from.read(&mut buffer[..most]) => size?,
        };
        if size == 0 {
            return Ok(());
        }
        due = when(&now, due, size, &mut dice);
        let before = passed.fetch_add(size as u64, Ordering::Relaxed);
        let keep = match now {
            Mode::CutAfter(limit) => usize::try_from(limit.saturating_sub(before))
                .unwrap_or(size)
                .min(size),
            _ => size,
        };
        if pieces.send((due, buffer[..keep].to_vec())).await.is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if keep < size {
            // Lets the writer have its turn first, so that the last bytes arrive before the reset.
            let _ = pieces.reserve_many(ON_THE_WAY).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}

/// When what was read now goes on, not before what was read earlier.
fn when(mode: &Mode, last: Instant, size: usize, dice: &mut Rng) -> Instant {
    let now = Instant::now();
    let delayed = |by: Duration, jitter: Duration, dice: &mut Rng| {
        let swing = 2.0 * jitter.as_secs_f64() * dice.f64();
        now + Duration::from_secs_f64((by.as_secs_f64() - jitter.as_secs_f64() + swing).max(0.0))
    };
    let due = match *mode {
        Mode::Delay { by, jitter } => delayed(by, jitter, dice),
        Mode::Stall {
            by,
            jitter,
            one_in,
            lasting,
        } => {
            let due = delayed(by, jitter, dice);
            if dice.u32(..one_in) == 0 {
                due + lasting
            } else {
                due
            }
        }
        Mode::Rate(rate) => {
            let micros = size as u64 * 1_000_000 / u64::from(rate.max(1));
            now.max(last) + Duration::from_micros(micros)
        }
        Mode::Pass
        | Mode::Blackhole
        | Mode::Deaf(_)
        | Mode::Refuse
        | Mode::Reset
        | Mode::Slice
        | Mode::CutAfter(_) => now,
    };
    due.max(last)
}

async fn write(
    mut to: WriteHalf<'_>,
    way: Way,
    mut mode: watch::Receiver<Mode>,
    mut queue: mpsc::Receiver<Piece>,
) -> io::Result<()> {
    while let Some((due, bytes)) = queue.recv().await {
        sleep_until(due).await;
        let Ok(now) = mode
            .wait_for(|mode| !mode.stops(way))
            .await
            .map(|mode| mode.clone())
        else {
            return Err(io::ErrorKind::ConnectionReset.into());
        };
        if now == Mode::Slice {
            for byte in bytes {
                to.write_all(&[byte]).await?;
                tokio::task::yield_now().await;
            }
        } else {
            to.write_all(&bytes).await?;
        }
    }
    to.shutdown().await
}
