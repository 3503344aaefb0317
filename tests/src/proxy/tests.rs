//! The proxy does to bytes what its mode says, and nothing else.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;

const SOON: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_millis(150);

/// Sends back whatever it is sent.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

async fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut back = vec![0; bytes.len()];
    timeout(SOON, stream.read_exact(&mut back))
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    Ok(back)
}

async fn through(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    assert_eq!(
        exchange(&mut stream, b"hello").await.expect("it passes"),
        b"hello"
    );
    stream
}

async fn hears_nothing(stream: &mut TcpStream) -> bool {
    timeout(A_WHILE, stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn what_goes_in_comes_out_whole() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    let large: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let (mut from, mut to) = stream.split();
    let mut back = vec![0; large.len()];
    let (sent, read) = tokio::join!(to.write_all(&large), timeout(SOON, from.read_exact(&mut back)));
    sent.expect("taken");
    read.expect("in time").expect("whole");
    assert!(back == large);
    assert_eq!((proxy.links().len(), proxy.accepted()), (1, 1));
}

#[tokio::test]
async fn the_end_of_one_direction_is_passed_on_and_the_other_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let proxy = Proxy::to(listener.local_addr().expect("bound"), 1).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    let (mut target, _) = listener.accept().await.expect("it connects");
    stream.shutdown().await.expect("ours to end");
    let end = timeout(SOON, target.read_u8()).await.expect("told");
    assert!(end.is_err(), "the end arrives");
    target.write_all(b"!").await.expect("the other way is open");
    assert_eq!(
        timeout(SOON, stream.read_u8())
            .await
            .expect("in time")
            .expect("a byte"),
        b'!'
    );
}

#[tokio::test]
async fn a_delay_delays_and_keeps_the_order() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    let (by, jitter) = (Duration::from_millis(100), Duration::from_millis(50));
    proxy.set(Mode::Delay { by, jitter }).await;
    let begun = Instant::now();
    let bytes: Vec<u8> = (0..50).collect();
    for byte in &bytes {
        stream.write_all(&[*byte]).await.expect("taken");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut back = [0; 50];
    timeout(SOON, stream.read_exact(&mut back))
        .await
        .expect("in time")
        .expect("whole");
    assert!(begun.elapsed() >= by, "both ways take 50 ms at the least");
    assert_eq!(back[..], bytes);
}

#[tokio::test]
async fn a_black_hole_is_silent_and_what_it_swallowed_comes_when_it_ends() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    proxy.set(Mode::Blackhole).await;
    stream.write_all(b"a").await.expect("the kernel takes it");
    assert!(hears_nothing(&mut stream).await);
    let mut second = TcpStream::connect(proxy.address())
        .await
        .expect("it still accepts");
    second.write_all(b"b").await.expect("the kernel takes it");
    assert!(hears_nothing(&mut second).await);
    proxy.set(Mode::Pass).await;
    for (stream, byte) in [(&mut stream, b'a'), (&mut second, b'b')] {
        assert_eq!(
            timeout(SOON, stream.read_u8())
                .await
                .expect("in time")
                .expect("a byte"),
            byte
        );
    }
}

#[tokio::test]
async fn one_direction_can_be_deaf() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let proxy = Proxy::to(listener.local_addr().expect("bound"), 1).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    let (mut target, _) = listener.accept().await.expect("it connects");
    proxy.set(Mode::Deaf(Way::Down)).await;
    stream.write_all(b"u").await.expect("taken");
    assert_eq!(
        timeout(SOON, target.read_u8())
            .await
            .expect("in time")
            .expect("a byte"),
        b'u'
    );
    target.write_all(b"d").await.expect("taken");
    assert!(hears_nothing(&mut stream).await);
}

#[tokio::test]
async fn who_is_refused_finds_nobody_listening_until_it_is_over() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    proxy.set(Mode::Refuse).await;
    assert!(exchange(&mut stream, b"a").await.is_err(), "open ones are reset");
    let refused = TcpStream::connect(proxy.address())
        .await
        .expect_err("nobody listens");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    proxy.set(Mode::Pass).await;
    through(&proxy).await;
}

#[tokio::test]
async fn a_reset_of_all_links_leaves_room_for_new_ones() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    proxy.reset_links();
    let end = timeout(SOON, stream.read_u8()).await.expect("told");
    assert_eq!(
        end.expect_err("it is over").kind(),
        std::io::ErrorKind::ConnectionReset
    );
    through(&proxy).await;
    proxy.set(Mode::Reset).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    assert!(exchange(&mut stream, b"a").await.is_err());
}

#[tokio::test]
async fn a_rate_is_not_exceeded() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    proxy.set(Mode::Rate(1000)).await;
    let begun = Instant::now();
    assert_eq!(
        exchange(&mut stream, &[7; 300]).await.expect("it passes"),
        [7; 300]
    );
    assert!(
        begun.elapsed() >= Duration::from_millis(290),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn slices_are_whole_when_put_together() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut stream = through(&proxy).await;
    proxy.set(Mode::Slice).await;
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(exchange(&mut stream, &bytes).await.expect("it passes"), bytes);
}

#[tokio::test]
async fn a_cut_comes_after_so_many_bytes() {
    let proxy = Proxy::to(echo().await, 1).await;
    proxy.set(Mode::CutAfter(30)).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    assert_eq!(exchange(&mut stream, &[1; 10]).await.expect("20 of 30"), [1; 10]);
    assert!(exchange(&mut stream, &[1; 20]).await.is_err());
}

#[tokio::test]
async fn one_link_alone_can_go_bad() {
    let proxy = Proxy::to(echo().await, 1).await;
    let mut first = through(&proxy).await;
    let [port] = proxy.links()[..] else {
        panic!("one link: {:?}", proxy.links());
    };
    let mut second = through(&proxy).await;
    assert!(proxy.set_link(port, &Mode::Blackhole));
    first.write_all(b"a").await.expect("taken");
    assert!(hears_nothing(&mut first).await);
    assert_eq!(exchange(&mut second, b"b").await.expect("not meant"), b"b");
    assert!(!proxy.set_link(1, &Mode::Pass), "nobody comes from there");
}

#[tokio::test]
async fn new_connections_go_where_the_proxy_is_aimed() {
    let proxy = Proxy::to("127.0.0.1:1".parse().expect("an address"), 1).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("it listens");
    assert!(exchange(&mut stream, b"a").await.is_err(), "nobody is behind it");
    proxy.aim(echo().await);
    through(&proxy).await;
}
