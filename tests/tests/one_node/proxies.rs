//! Which address a client has: the socket's, or what trusted proxies say of it.
//!
//! The address is observed through a limit of one connection per origin: who is refused shares it with the first.

use passerby_tests::{Client, Connect, Server};

const ONE_EACH: (&str, &str) = ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "1");
const BEHIND_PROXIES: (&str, &str) = (
    "PASSERBY__HTTP__TRUSTED_PROXIES",
    "127.0.0.0/8,10.0.0.0/8,fd00::/8",
);

async fn of(server: &Server, headers: &[(&str, &str)]) -> Option<Client> {
    let connect = Connect::to(server).query("join=manual");
    let connect = headers
        .iter()
        .fold(connect, |connect, (name, value)| connect.header(name, value));
    match connect.attempt().await {
        Ok(client) => Some(client),
        Err(answer) => {
            answer.is_problem(429).says_when_to_retry();
            None
        }
    }
}

async fn of_address(server: &Server, address: &str) -> Option<Client> {
    of(server, &[("X-Forwarded-For", address)]).await
}

#[tokio::test]
async fn what_a_stranger_says_of_its_address_is_ignored() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "20")]).await;
    let mut kept = Vec::new();
    for number in 0..200 {
        let address = format!("1.2.3.{number}");
        let client = of(
            &server,
            &[
                ("X-Forwarded-For", &address),
                ("Forwarded", &format!("for={address}")),
            ],
        )
        .await;
        assert_eq!(client.is_some(), number < 20, "connection {}", number + 1);
        kept.extend(client);
    }
}

#[tokio::test]
async fn the_right_most_untrusted_address_counts() {
    let server = Server::start(&[ONE_EACH, BEHIND_PROXIES]).await;
    let thousand = format!("{}9.0.0.4", "6.6.6.6, ".repeat(1000));
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&[("X-Forwarded-For", "9.0.0.1")], "9.0.0.1"),
        (&[("X-Forwarded-For", "127.0.0.1, 9.0.0.2")], "9.0.0.2"),
        (
            &[("X-Forwarded-For", "6.6.6.6, 9.0.0.3, 10.1.2.3,127.0.0.9")],
            "9.0.0.3",
        ),
        (&[("X-Forwarded-For", &thousand)], "9.0.0.4"),
        (
            &[("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "9.0.0.5")],
            "9.0.0.5",
        ),
        (
            &[("X-Forwarded-For", "9.0.0.6"), ("X-Forwarded-For", "10.0.0.1")],
            "9.0.0.6",
        ),
        (&[("X-Forwarded-For", "6.6.6.6, ::ffff:9.0.0.7")], "9.0.0.7"),
        (
            &[("Forwarded", "for=6.6.6.6;proto=http, for=9.0.0.8;by=10.0.0.1")],
            "9.0.0.8",
        ),
        (
            &[
                ("Forwarded", "for=6.6.6.6"),
                ("Forwarded", "For=\"[2001:db8:9::9]:4711\""),
            ],
            "2001:db8:9::1",
        ),
    ];
    for (headers, address) in cases {
        let first = of_address(&server, address).await;
        assert!(first.is_some(), "the first of {address}");
        let head: String = format!("{headers:?}").chars().take(80).collect();
        assert!(of(&server, headers).await.is_none(), "{head} should be {address}");
    }
}

#[tokio::test]
async fn a_hop_that_is_no_address_ends_the_walk_at_the_hop_to_its_right() {
    let server = Server::start(&[ONE_EACH, BEHIND_PROXIES]).await;
    let spoofed = of_address(&server, "6.6.6.6").await;
    assert!(spoofed.is_some());
    for (number, hop) in [
        "unknown",
        "garbage",
        "_hidden",
        "1.2.3.4:99x",
        "300.1.1.1",
        "1.2.3",
        "",
    ]
    .iter()
    .enumerate()
    {
        let right = format!("10.0.0.{}", number + 1);
        let held = of_address(&server, &format!("{hop}, {right}")).await;
        assert!(held.is_some(), "`{hop}` is walked over to the address left of it");
        let walked = of_address(&server, &format!("6.6.6.6, {hop}, {right}")).await;
        assert!(walked.is_none(), "`{hop}` should end the walk at {right}");
    }
}

#[tokio::test]
async fn an_address_with_a_port_never_lets_the_address_left_of_it_through() {
    let server = Server::start(&[ONE_EACH, BEHIND_PROXIES]).await;
    let spoofed = of_address(&server, "6.6.6.6").await;
    assert!(spoofed.is_some());
    for (number, hop) in ["1.2.3.4:99", "[2001:db8:1::1]:80", "[2001:db8:2::1]"]
        .iter()
        .enumerate()
    {
        let value = format!("6.6.6.6, {hop}, 10.0.0.{}", number + 1);
        assert!(
            of_address(&server, &value).await.is_some(),
            "`{hop}` is walked over"
        );
    }
}

#[tokio::test]
async fn a_client_in_an_ipv6_network_is_one_origin() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "2"), BEHIND_PROXIES]).await;
    let mut kept = Vec::new();
    for number in 1..=10 {
        let client = of_address(&server, &format!("2001:db8:1:1::{number}")).await;
        assert_eq!(client.is_some(), number <= 2, "connection {number} of a /64");
        kept.extend(client);
    }
}

#[tokio::test]
async fn wider_networks_have_wider_ceilings() {
    let server = Server::start(&[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "2"), BEHIND_PROXIES]).await;
    let mut kept = Vec::new();
    for number in 0..10 {
        let client = of_address(&server, &format!("2001:db8:1:{number:x}::1")).await;
        assert_eq!(client.is_some(), number < 8, "network {number} of a /56");
        kept.extend(client);
    }
    for number in 0..40 {
        // Each address is in a /56 of its own, all in one /48.
        let client = of_address(&server, &format!("2001:db8:2:{number:x}00::1")).await;
        assert_eq!(client.is_some(), number < 32, "network {number} of a /48");
        kept.extend(client);
    }
}
