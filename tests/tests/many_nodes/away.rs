//! A user whose connection broke, and who comes back by another node.

use passerby_tests::{Client, Connect, Nodes, PATIENCE, Unwelcome, pair_across};
use serde_json::json;

const HELD: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "60s");

#[tokio::test]
async fn the_partner_elsewhere_is_told_of_going_and_coming_back() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.reset_connection().await;
    let away = ben.expect("partner_away").await;
    let held = away.number("until") - ben.welcome().number("now");
    assert!((50_000..90_000).contains(&held), "held for {held} ms");
    let ann = Client::resume(nodes[0].server(), &memory).await;
    assert!(ann.welcome().flag("resumed"));
    ben.expect("partner_back").await;
}

#[tokio::test]
async fn a_seat_resumes_on_a_third_node_with_all_that_was_kept() {
    let nodes = Nodes::start(3, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let chat = ann.chat();
    ben.say("before", "before");
    ann.expect("message").await;
    ben.expect("ack").await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    for number in 0..10 {
        ben.say(&number.to_string(), &format!("kept {number}"));
        ben.expect("ack").await;
    }
    let mut ann = Client::resume(nodes[2].server(), &memory).await;
    let welcome = ann.welcome();
    assert_eq!(
        (
            welcome.flag("resumed"),
            welcome.flag("gap"),
            welcome.text("chat_id")
        ),
        (true, false, chat.as_str()),
        "{}",
        welcome.body
    );
    assert_eq!(welcome.text("node"), nodes[2].name());
    for number in 0..10 {
        assert_eq!(ann.expect("message").await.text("text"), format!("kept {number}"));
    }
    ben.expect("partner_back").await;
    // Now between the second node and the third.
    ann.say("a", "here again");
    assert_eq!(ben.expect("message").await.text("text"), "here again");
    ben.say("b", "welcome");
    assert_eq!(ann.expect("message").await.text("text"), "welcome");
    ann.expect("ack").await;
    ben.expect("ack").await;
}

#[tokio::test]
async fn partners_of_one_node_stay_partners_when_one_moves() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let mut ann = Client::waiting(nodes[0].server(), "").await;
    let mut ben = Client::connect(nodes[0].server(), "").await;
    ben.meet().await;
    ann.meet().await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    assert!(!ann.welcome().flag("gap"));
    ben.expect("partner_back").await;
    for (from, to) in [(&mut ann, &mut ben)] {
        from.say("a", "one way");
        to.expect("message").await;
        to.say("b", "and the other");
        from.expect("message").await;
    }
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
}

#[tokio::test]
async fn a_waiting_seat_keeps_its_place_on_another_node() {
    let nodes = Nodes::start(3, &[HELD]).await;
    let mut ann = Client::connect(nodes[0].server(), "").await;
    let since = ann.expect("waiting").await.number("since");
    let memory = ann.reset_connection().await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    assert_eq!(
        (ann.welcome().text("state"), ann.welcome().number("since")),
        ("waiting", since)
    );
    let mut ben = Client::connect(nodes[2].server(), "").await;
    ben.meet().await;
    ann.meet().await;
}

#[tokio::test]
async fn who_is_away_is_not_paired_by_anybody() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let ann = Client::waiting(nodes[0].server(), "").await;
    let memory = ann.reset_connection().await;
    // Once the node has taken note of the drop, the seat is away in the store as well.
    loop {
        let audit = nodes[0].metrics().await;
        if audit.total("passerby_seats_dropped_total") > 0.0 {
            break;
        }
    }
    let mut ben = Client::waiting(nodes[1].server(), "").await;
    ben.quiet().await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    ann.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn a_chat_that_ended_meanwhile_is_told_on_the_other_node() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    ann.ended("partner_skipped").await;
    ann.after_waiting("waiting").await;
}

#[tokio::test]
async fn after_the_grace_the_seat_is_gone_on_every_node() {
    let nodes = Nodes::start(2, &[("PASSERBY__SESSION__RESUME_GRACE", "1s")]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.ended("partner_disconnected").await;
    ben.expect("waiting").await;
    for node in nodes.all() {
        let again = Connect::to(node.server())
            .resuming(&memory)
            .query("join=manual")
            .open()
            .await;
        assert!(!again.welcome().flag("resumed"));
    }
}

#[tokio::test]
async fn the_newer_of_two_connections_wins_across_nodes() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (mut older, mut ben) = pair_across(&nodes).await;
    let mut newer = Client::resume(nodes[1].server(), &older.memory()).await;
    older.closed(4001).await;
    assert!(newer.welcome().flag("resumed") && !newer.welcome().flag("gap"));
    newer.is_served().await;
    newer.say("a", "still me");
    newer.expect("ack").await;
    while ben.any().await["text"] != "still me" {}
    // The token of the older connection is dead.
    let stale = Connect::to(nodes[0].server())
        .query(&format!("join=manual&resume={}", older.memory().token))
        .open()
        .await;
    assert!(!stale.welcome().flag("resumed"));
    newer.is_served().await;
}

#[tokio::test]
async fn one_seat_claimed_on_both_nodes_at_once_has_one_connection_in_the_end() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    // Which of them is faster is another one each time.
    for round in 0..8 {
        let memory = ann.reset_connection().await;
        ben.expect("partner_away").await;
        let connect = |node: usize| {
            Connect::to(nodes[node].server())
                .resuming(&memory)
                .query("join=manual")
                .try_open(PATIENCE)
        };
        let (a, b, c, d) = tokio::join!(connect(0), connect(1), connect(0), connect(1));
        ann = the_one_that_stays([a, b, c, d]).await;
        let text = format!("the one that stays in round {round}");
        ann.say(&text, &text);
        ann.expect("ack").await;
        while ben.any().await["text"] != text.as_str() {}
    }
}

/// Whoever speaks first has the seat, and the token is dead for the others: the store may give it to one after the other.
#[tokio::test]
async fn one_seat_claimed_on_three_nodes_at_once_is_kept_by_one_and_nothing_is_missed() {
    let nodes = Nodes::start(3, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    for round in 0..8 {
        let memory = ann.reset_connection().await;
        ben.expect("partner_away").await;
        let claim = async |node: usize| {
            let door = Connect::to(nodes[node].server());
            let connect = door.resuming(&memory).query("join=manual");
            let mut claimed = connect.try_open(PATIENCE).await;
            if let Ok(client) = &mut claimed {
                client.send(json!({"type": "ping"}));
            }
            claimed
        };
        let (a, b, c) = tokio::join!(claim(0), claim(1), claim(2));
        ann = the_one_that_stays([a, b, c]).await;
        assert!(!ann.welcome().flag("gap"), "round {round}");
        // They have asked twice by now.
        ann.expect("pong").await;
        let text = format!("the one that stays in round {round}");
        ann.say(&text, &text);
        ann.expect("ack").await;
        while ben.any().await["text"] != text.as_str() {}
    }
    assert!(nodes.total("passerby_invariant_violations_total").await < 1.0);
}

/// Of these, which all claimed one seat, one is open and the others were closed by 4001.
async fn the_one_that_stays<const CLAIMS: usize>(claimed: [Result<Client, Unwelcome>; CLAIMS]) -> Client {
    let mut open = Vec::new();
    for client in claimed {
        let mut client = match client {
            Ok(client) => client,
            // A newer one was faster.
            Err(Unwelcome::Ended(Some(4001))) => continue,
            Err(other) => panic!("{other:?}"),
        };
        let took_the_seat = client.welcome().flag("resumed");
        client.send(json!({"type": "ping"}));
        if client.pong_or_end().await {
            open.push((client, took_the_seat));
        } else {
            client.closed(4001).await;
            assert!(took_the_seat, "a fresh seat was closed");
        }
    }
    open.retain(|(_, took_the_seat)| *took_the_seat);
    assert_eq!(open.len(), 1, "exactly one stays");
    open.pop().expect("one is left").0
}

#[tokio::test]
async fn a_seat_that_moves_again_and_again_loses_nothing() {
    let nodes = Nodes::start(3, &[HELD, ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    for round in 0..9 {
        let text = format!("round {round}");
        ben.say(&text, &text);
        ben.expect("ack").await;
        let memory = ann.drop_connection();
        ann = Client::resume(nodes[round % 3].server(), &memory).await;
        assert!(ann.welcome().flag("resumed") && !ann.welcome().flag("gap"));
        assert_eq!(ann.expect("message").await.text("text"), text);
        while ben.any().await.kind() != "partner_back" {}
    }
}
