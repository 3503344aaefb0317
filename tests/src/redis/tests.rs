//! The fixtures do what the tests that use them believe.

use super::*;

#[tokio::test]
async fn a_server_that_keeps_everything_has_it_after_a_kill() {
    let mut server = Standalone::start(Keeps::Everything).await;
    server.cli().ask(&["SET", "a", "1"]).await;
    server.process().kill();
    assert!(matches!(
        server.cli().text(&["GET", "a"]).await,
        Err(Trouble::Refused(_))
    ));
    server.again().await;
    assert_eq!(server.cli().ask(&["GET", "a"]).await, "1");
    server.process().kill();
    server.again_empty().await;
    assert_eq!(server.cli().ask(&["DBSIZE"]).await, "0");
}

#[tokio::test]
async fn a_server_that_keeps_nothing_is_empty_after_a_kill() {
    let mut server = Standalone::start(Keeps::Nothing).await;
    server.cli().ask(&["SET", "a", "1"]).await;
    server.process().kill();
    server.again().await;
    assert_eq!(server.cli().ask(&["DBSIZE"]).await, "0");
}

#[tokio::test]
async fn what_a_server_holds_can_be_searched() {
    let server = Standalone::start(Keeps::Nothing).await;
    let words = "the canary sings on the disk ".repeat(20);
    server.cli().ask(&["SET", "a", &words]).await;
    let disk = server.disk().await;
    assert!(disk.windows(words.len()).any(|window| window == words.as_bytes()));
}

#[tokio::test]
async fn a_frozen_server_is_silent_until_it_thaws() {
    let mut server = Standalone::start(Keeps::Nothing).await;
    server.process().freeze();
    assert_eq!(server.cli().text(&["PING"]).await, Err(Trouble::Silent));
    assert!(server.process().is_running());
    server.process().thaw();
    server.cli().is_up().await;
}

#[tokio::test]
async fn a_guarded_server_speaks_tls_and_knows_its_users_alone() {
    let server = Standalone::start_guarded(&["user guest on >secret ~room:* +get +ping"]).await;
    let authority = server.authority().expect("it speaks TLS");
    let guest = Cli::to(server.address())
        .over_tls(authority)
        .signed_in("guest", "secret");
    assert_eq!(guest.text(&["PING"]).await.as_deref(), Ok("PONG"));
    let refused = guest.text(&["SET", "room:a", "1"]).await;
    assert!(
        matches!(&refused, Err(Trouble::Refused(why)) if why.contains("NOPERM")),
        "{refused:?}"
    );
    let plain = Cli::to(server.address());
    assert!(plain.text(&["PING"]).await.is_err(), "nobody answers without TLS");
}

#[tokio::test]
async fn sentinels_choose_another_primary_when_the_first_dies() {
    let mut sentinel = Sentinel::start().await;
    let first = sentinel.primary().await;
    assert_eq!(sentinel.addresses().len(), 3);
    sentinel.server(first).kill();
    let second = sentinel.primary_after(first).await;
    sentinel.server(first).again();
    sentinel.are_ready().await;
    sentinel.fail_over().await;
    assert_ne!(sentinel.primary_after(second).await, second);
}

#[tokio::test]
async fn a_replica_takes_the_place_of_a_dead_primary() {
    let mut cluster = Cluster::start(1).await;
    assert_eq!(cluster.primaries().await.len(), 3);
    let slot = cluster.slot_of("{a}b").await;
    let owner = cluster.owner_of(slot).await;
    cluster.node(owner).kill();
    assert_ne!(cluster.owner_after(slot, owner).await, owner);
    cluster.agrees().await;
}

#[tokio::test]
async fn a_slot_moves_with_its_keys_there_and_back() {
    let cluster = Cluster::start(0).await;
    let slot = cluster.slot_of("{a}1").await;
    let home = cluster.owner_of(slot).await;
    for key in ["{a}1", "{a}2", "{a}3"] {
        Cli::to(home).ask(&["SET", key, "v"]).await;
    }
    let primaries = cluster.primaries().await;
    let other = *primaries
        .iter()
        .find(|&&other| other != home)
        .expect("three of them");
    for (from, to) in [(home, other), (other, home)] {
        cluster.move_slot(slot, to, std::time::Duration::ZERO).await;
        assert_eq!(cluster.owner_of(slot).await, to);
        assert_eq!(Cli::to(to).ask(&["GET", "{a}2"]).await, "v");
        assert!(
            Cli::to(from).text(&["GET", "{a}2"]).await.is_err(),
            "it has moved"
        );
    }
}
