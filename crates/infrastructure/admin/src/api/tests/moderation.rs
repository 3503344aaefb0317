//! What operators do to users.

use crate::state::Readiness;
use crate::testing::{Node, Reply, Sent, Visitor, node};
use async_trait::async_trait;
use passerby_application::ports::{
    Ban, BanId, Bans, Clock, Farewell, Offence, Page, PageCursor, Report, ReportId, Reports, StoreError,
};
use passerby_application::testing::ListedBans;
use passerby_domain::id::Origin;
use passerby_domain::text::Detail;
use passerby_domain::time::{Millis, UnixMillis};
use serde_json::json;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

async fn ban(node: &Node, order: serde_json::Value) -> Reply {
    Sent::new("POST", "/admin/v1/bans")
        .body(order.to_string())
        .to(node)
        .await
}

fn origin(visitor: &Visitor) -> String {
    visitor.seat.origin().to_operator_text()
}

#[tokio::test]
async fn a_banned_user_is_gone_at_once_and_their_partner_looks_on() {
    let node = node().start().await;
    let (rude, polite) = (node.visitor(1).await, node.visitor(2).await);
    let reply = ban(&node, json!({"user_id": rude.id(), "reason": "harassment"})).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), Some("/admin/v1/bans/1"));
    let expected = json!({"id": "1", "origin": origin(&rude), "reason": "harassment", "until": null});
    assert_eq!(reply.json(), expected);
    assert!(matches!(
        rude.farewell(),
        Some(Farewell::Banned(Ban { id: BanId(1), .. }))
    ));
    assert_eq!(polite.hears()[2..], ["chat_ended moderated", "waiting"]);
    let listed = Sent::new("GET", "/admin/v1/bans").to(&node).await;
    assert_eq!(listed.json(), json!({"bans": [expected]}));
}

#[tokio::test]
async fn a_ban_of_an_origin_lasts_as_long_as_it_says() {
    let node = node().start().await;
    let visitor = node.visitor(1).await;
    let reply = ban(
        &node,
        json!({"origin": origin(&visitor).to_uppercase(), "reason": "underage", "seconds": 3_600}),
    )
    .await;
    assert_eq!(reply.status, 201);
    let now = node.clock.unix(node.clock.now());
    assert_eq!(reply.json()["until"], now.0 + 3_600_000);
    assert!(visitor.farewell().is_some());
}

#[tokio::test]
async fn a_lifted_ban_is_lifted_once() {
    let node = node().start().await;
    let visitor = node.visitor(1).await;
    ban(&node, json!({"user_id": visitor.id(), "reason": "spam"})).await;
    for id in ["01", "+1", "2", "x", "99999999999999999999"] {
        let reply = Sent::new("DELETE", &format!("/admin/v1/bans/{id}"))
            .to(&node)
            .await;
        reply.assert_problem(404);
    }
    let reply = Sent::new("DELETE", "/admin/v1/bans/1").to(&node).await;
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    Sent::new("DELETE", "/admin/v1/bans/1")
        .to(&node)
        .await
        .assert_problem(404);
    assert!(node.chat.bans().await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_can_be_banned_who_is_not_here() {
    let node = node().start().await;
    for user in ["AAAAAAAAAAAAAAAAAAAAAA", "nobody"] {
        ban(&node, json!({"user_id": user, "reason": "spam"}))
            .await
            .assert_problem(404);
    }
    assert!(node.chat.bans().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_order_that_is_not_clear_is_not_obeyed() {
    let node = node().start().await;
    let visitor = node.visitor(1).await;
    let id = visitor.id();
    let origin = origin(&visitor);
    let orders = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        format!(r#"["{id}",null,"spam",null]"#),
        "not JSON".to_owned(),
        "{}".to_owned(),
        r#"{"reason":"spam"}"#.to_owned(),
        format!(r#"{{"user_id":"{id}"}}"#),
        format!(r#"{{"user_id":"{id}","origin":"{origin}","reason":"spam"}}"#),
        format!(r#"{{"user_id":"{id}","reason":"rude"}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam\r\nX-Injected: 1"}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":null}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":0}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":-5}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":1.5}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":"60"}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","seconds":315360001}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","second":60}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam","reason":"spam"}}"#),
        format!(r#"{{"user_id":"{id}","reason":"spam"}} {{}}"#),
        r#"{"user_id":"","reason":"spam"}"#.to_owned(),
        r#"{"user_id":"a b","reason":"spam"}"#.to_owned(),
        r#"{"user_id":7,"reason":"spam"}"#.to_owned(),
        r#"{"origin":"0.0.0.0/0","reason":"spam"}"#.to_owned(),
        r#"{"origin":"10.0.0.1","reason":"spam"}"#.to_owned(),
        r#"{"origin":"","reason":"spam"}"#.to_owned(),
    ];
    for order in orders {
        let reply = Sent::new("POST", "/admin/v1/bans")
            .body(order.clone())
            .to(&node)
            .await;
        reply.assert_problem(400);
        for said in [&id, &origin, "Injected", "0.0.0.0"] {
            assert!(!reply.body.contains(said), "{order}");
        }
    }
    assert!(node.chat.bans().await.unwrap().is_empty());
    assert_eq!(visitor.farewell(), None);
}

#[tokio::test]
async fn a_user_is_kicked_once() {
    let node = node().start().await;
    let visitor = node.visitor(1).await;
    let path = format!("/admin/v1/kick/{}", visitor.id());
    let reply = Sent::new("POST", &path).to(&node).await;
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    assert_eq!(visitor.farewell(), Some(Farewell::Kicked));
    for path in [&path, "/admin/v1/kick/nobody", "/admin/v1/kick/%00"] {
        Sent::new("POST", path).to(&node).await.assert_problem(404);
    }
}

#[tokio::test]
async fn reports_are_read_page_by_page_from_the_oldest() {
    let node = node().start().await;
    let (reporter, reported) = (node.visitor(1).await, node.visitor(2).await);
    let chat = reporter.chat();
    for detail in [None, Some("said\r\n\"<script>\""), Some("third")] {
        let detail = detail.map(|text| Detail::parse(text).unwrap());
        node.chat
            .report(&reporter.seat, &chat, Offence::Illegal, detail)
            .await
            .unwrap();
    }
    let reply = Sent::new("GET", "/admin/v1/reports?limit=2").to(&node).await;
    assert_eq!(reply.status, 200);
    let page = reply.json();
    assert_eq!(page["next"], "2");
    let second = &page["reports"][1];
    assert_eq!(
        *second,
        json!({
            "id": "2",
            "at": node.clock.unix(node.clock.now()).0,
            "chat_id": chat,
            "reporter": reporter.id(),
            "reported": reported.id(),
            "reported_origin": origin(&reported),
            "reason": "illegal",
            "detail": "said\r\n\"<script>\"",
        })
    );
    assert_eq!(page["reports"][0]["detail"], json!(null));
    let page = Sent::new("GET", "/admin/v1/reports?cursor=2")
        .to(&node)
        .await
        .json();
    assert_eq!(page["reports"][0]["detail"], "third");
    assert_eq!(page["reports"].as_array().unwrap().len(), 1);
    assert_eq!(page["next"], json!(null));
}

#[tokio::test]
async fn the_node_tells_how_it_is() {
    let node = node().start().await;
    let _visitor = node.visitor(1).await;
    node.chat.heartbeat().await.unwrap();
    let told = Sent::new("GET", "/admin/v1/node").to(&node).await.json();
    assert_eq!(told["uptime_seconds"], 0);
    node.clock.advance(Millis::new(61_999));
    let told = Sent::new("GET", "/admin/v1/node").to(&node).await.json();
    let counts = json!({"online": 1, "waiting": 1, "chatting": 0});
    assert_eq!(
        told,
        json!({"node": "node-1", "version": "1.2.3", "uptime_seconds": 61,
            "state": "ready", "seats": counts, "cluster": counts})
    );
    *node.readiness.lock().unwrap() = Readiness::Draining;
    let told = Sent::new("GET", "/admin/v1/node").to(&node).await.json();
    assert_eq!(told["state"], "draining");
}

#[tokio::test]
async fn a_drain_is_ordered_as_often_as_one_likes() {
    let node = node().start().await;
    for _ in 0..2 {
        let reply = Sent::new("POST", "/admin/v1/drain").to(&node).await;
        assert_eq!(reply.status, 202);
        assert_eq!(reply.json(), json!({"state": "draining"}));
        assert!(node.drain.is_cancelled());
    }
}

/// A store that is out of order.
struct Broken;

fn broken<T>() -> Result<T, StoreError> {
    let cause = io::Error::other("connection to 10.1.2.3 refused");
    Err(StoreError::Unavailable(cause.into()))
}

#[async_trait]
impl Bans for Broken {
    async fn find(&self, _: Origin, _: UnixMillis) -> Result<Option<Ban>, StoreError> {
        broken()
    }

    async fn add(&self, _: Ban) -> Result<Ban, StoreError> {
        broken()
    }

    async fn lift(&self, _: BanId) -> Result<bool, StoreError> {
        broken()
    }

    async fn list(&self, _: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        broken()
    }
}

#[async_trait]
impl Reports for Broken {
    async fn record(&self, _: Report) -> Result<ReportId, StoreError> {
        broken()
    }

    async fn page(&self, _: Option<PageCursor>, _: usize) -> Result<Page, StoreError> {
        broken()
    }
}

#[tokio::test]
async fn a_store_that_is_out_of_order_is_told_without_its_reasons() {
    let node = node().with_bans(Broken).with_reports(Broken).start().await;
    let order = json!({"origin": "0".repeat(32), "reason": "spam"});
    for reply in [
        ban(&node, order).await,
        Sent::new("GET", "/admin/v1/bans").to(&node).await,
        Sent::new("DELETE", "/admin/v1/bans/1").to(&node).await,
        Sent::new("GET", "/admin/v1/reports").to(&node).await,
    ] {
        reply.assert_problem(503);
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(!reply.body.contains("10.1.2.3"));
    }
}

/// Bans that are made only when the test says so.
struct Gated {
    bans: ListedBans,
    asked: Arc<Semaphore>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl Bans for Gated {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        self.bans.find(origin, now).await
    }

    async fn add(&self, ban: Ban) -> Result<Ban, StoreError> {
        self.asked.add_permits(1);
        let _passed = self.gate.acquire().await.unwrap();
        self.bans.add(ban).await
    }

    async fn lift(&self, id: BanId) -> Result<bool, StoreError> {
        self.bans.lift(id).await
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        self.bans.list(now).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_waited_for_for_ever() {
    let (asked, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let bans = Gated {
        bans: ListedBans::default(),
        asked,
        gate,
    };
    let node = node().with_bans(bans).start().await;
    let order = json!({"origin": "0".repeat(32), "reason": "spam"});
    ban(&node, order).await.assert_problem(503);
}

#[tokio::test]
async fn an_order_is_carried_out_even_if_whoever_gave_it_hangs_up() {
    let (asked, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let bans = Gated {
        bans: ListedBans::default(),
        asked: asked.clone(),
        gate: gate.clone(),
    };
    let node = node().with_bans(bans).start().await;
    let visitor = node.visitor(1).await;
    let mut operator = TcpStream::connect(node.address).await.unwrap();
    let order = json!({"user_id": visitor.id(), "reason": "spam"}).to_string();
    let sent = Sent::new("POST", "/admin/v1/bans").body(order);
    operator.write_all(&sent.bytes()).await.unwrap();
    let _asked = asked.acquire().await.unwrap();
    drop(operator);
    node.shutdown.cancel();
    gate.add_permits(1);
    node.served.await.unwrap();
    assert!(matches!(visitor.farewell(), Some(Farewell::Banned(_))));
}
