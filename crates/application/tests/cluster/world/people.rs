//! What people do.

use super::{Attempt, Link, WELCOME, World};
use crate::client::{Client, Place};
use crate::store::MoodyStore;
use passerby_application::ports::{Flush, Undelivered};
use passerby_application::testing::{ClusterChat, ClusterPorts, Guest, Visit};
use passerby_application::{Departure, MessageError, Seat};
use passerby_domain::criteria::Criteria;
use passerby_domain::notice::Typing;
use passerby_domain::text::MessageId;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

impl World {
    /// A client reads what has come, up to so much; and learns that it was hung up on.
    pub(super) fn read(&mut self, who: usize, most: usize) {
        let person = &mut self.people[who];
        let Some(link) = &mut person.link else { return };
        let told = link.guest.wire.told();
        let end = told.len().min(link.read.saturating_add(most));
        for told in &told[link.read..end] {
            let client = person
                .client
                .get_or_insert_with(|| Client::new(link.guest.user()));
            if self.trace {
                eprintln!("        {who} {} hears {told:?}", client.user);
            }
            client.hear(told, &mut self.ledger);
        }
        link.read = end;
        let is_over = link.guest.farewell().is_some() && end == told.len();
        if is_over {
            self.note(|| format!("{who} was hung up on"));
            self.hang_up(who, Departure::Dropped);
        }
        self.resend(who);
    }

    /// Who has read all that they missed sends again what they have no answer for.
    fn resend(&mut self, who: usize) {
        let person = &mut self.people[who];
        let (Some(link), Some(client)) = (&mut person.link, &mut person.client) else {
            return;
        };
        if link.has_resent
            || link.read == 0
            || !client.has_read_all()
            || link.life != self.cluster.incarnation(link.node)
            || !self.cluster.is_running(link.node)
        {
            return;
        }
        let chat = self.cluster.share(link.node);
        if chat.has_stalled() {
            return;
        }
        link.has_resent = true;
        let seat = link.guest.seat.clone();
        // Nobody here reads on which node a token is dead already, so nobody waits for it.
        chat.heard(&seat, link.guest.connection);
        let present = client.chat();
        client.unanswered.retain(|_, chat| Some(*chat) == present);
        let again: Vec<u64> = client.unanswered.keys().copied().collect();
        for number in again {
            person.said += 1;
            say(&chat, &seat, client, number, person.said);
        }
    }

    /// A connection ends.
    pub(super) fn hang_up(&mut self, who: usize, how: Departure) {
        let Some(link) = self.people[who].link.take() else {
            return;
        };
        self.note(|| format!("{who} hangs up on {}, {how:?}", link.node));
        if link.life != self.cluster.incarnation(link.node) {
            return;
        }
        let chat = self.cluster.share(link.node);
        let (seat, connection) = (link.guest.seat.clone(), link.guest.connection);
        let is_busy = link.is_busy;
        self.cluster.spawn(link.node, async move {
            // A connection does one thing after the other.
            poll_fn(|_| {
                if is_busy.load(Ordering::SeqCst) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            chat.disconnect(&seat, connection, how).await;
        });
        if how == Departure::Left
            && let Some(client) = self.people[who].client.take()
        {
            self.ledger.lost_some(client.user);
        }
    }

    pub(super) fn act(&mut self, who: usize) {
        if self.people[who].link.is_none() {
            self.call(who);
        } else if self.dice.once_in(25) {
            let most = self.dice.roll(4);
            self.read(who, most);
            let how = match self.dice.roll(12) {
                0 => Departure::Left,
                1..4 => Departure::PageClosed,
                _ => Departure::Dropped,
            };
            self.hang_up(who, how);
        } else {
            self.command(who);
        }
    }

    /// A client without a connection tries to get one, or finds that it has got it.
    pub(super) fn call(&mut self, who: usize) {
        let now = self.now();
        if let Some((node, since, attempt)) = self.people[who].calling.clone() {
            let mut attempt = attempt.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(guest) = attempt.guest.take() {
                self.people[who].calling = None;
                let client = &mut self.people[who].client;
                if let Some(old) = client.take_if(|client| client.user != guest.user()) {
                    self.ledger.lost_some(old.user);
                }
                self.people[who].link = Some(Link {
                    node,
                    life: self.cluster.incarnation(node),
                    guest,
                    read: 0,
                    has_resent: false,
                    is_busy: Arc::default(),
                });
            } else if attempt.is_over || now.since(since) > WELCOME {
                attempt.is_given_up = true;
                self.people[who].calling = None;
            }
            return;
        }
        let node = self.dice.roll(self.cluster.size());
        if self.cluster.is_dead(node) {
            return;
        }
        self.note(|| format!("{who} calls {node}"));
        let chat = self.cluster.share(node);
        let attempt: Arc<Mutex<Attempt>> = Arc::default();
        self.people[who].calling = Some((node, now, attempt.clone()));
        let known = self.people[who].client.as_ref();
        let token = known
            .filter(|client| !client.token.is_empty())
            .map(|client| (client.token.clone(), client.seen));
        let address = Ipv4Addr::from_bits(0x0a00_0100 + u32::try_from(who).unwrap_or(0));
        self.cluster.spawn(node, async move {
            let guest = arrive(&chat, token, address.into()).await;
            let given_up = {
                let mut attempt = attempt.lock().unwrap_or_else(PoisonError::into_inner);
                attempt.is_over = true;
                match (guest, attempt.is_given_up) {
                    (guest, true) => guest,
                    (guest, false) => {
                        attempt.guest = guest;
                        None
                    }
                }
            };
            if let Some(guest) = given_up {
                chat.disconnect(&guest.seat, guest.connection, Departure::Dropped)
                    .await;
            }
        });
    }

    fn command(&mut self, who: usize) {
        let person = &mut self.people[who];
        let (Some(link), Some(client)) = (&mut person.link, &mut person.client) else {
            return;
        };
        if link.read == 0
            || link.is_busy.load(Ordering::SeqCst)
            || link.guest.farewell().is_some()
            || link.life != self.cluster.incarnation(link.node)
            || !self.cluster.is_running(link.node)
        {
            return;
        }
        let chat = self.cluster.share(link.node);
        if chat.has_stalled() {
            return;
        }
        let seat = link.guest.seat.clone();
        chat.heard(&seat, link.guest.connection);
        if !link.has_resent {
            return;
        }
        let name = client.chat();
        let choice = self.dice.roll(20);
        let errand: Pin<Box<dyn Future<Output = ()> + Send>> = match (choice, name) {
            (0..2, Some(name)) => {
                client.wants = None;
                Box::pin(async move {
                    let _ = chat.skip(&seat, name.as_str()).await;
                })
            }
            (2, _) => {
                client.wants = None;
                Box::pin(async move {
                    let _ = chat.leave(&seat, None).await;
                })
            }
            (3..7, None) => {
                client.wants = (client.place == Place::Idle || client.wants == Some(true)).then_some(true);
                Box::pin(async move {
                    let _ = chat.join(&seat, Criteria::default()).await;
                })
            }
            (7, Some(name)) => {
                chat.typing(&seat, name.as_str(), Typing::Started);
                chat.flush(&seat);
                return;
            }
            (8.., Some(name)) => {
                for _ in 0..=self.dice.roll(2) {
                    person.said += 1;
                    let number = person.said;
                    client.unanswered.insert(number, name);
                    self.ledger.wrote((client.user, number), name);
                    say(&chat, &seat, client, number, number);
                }
                return;
            }
            _ => return,
        };
        if self.trace {
            eprintln!("        {who} {} commands {choice} {name:?}", client.user);
        }
        let is_busy = link.is_busy.clone();
        is_busy.store(true, Ordering::SeqCst);
        self.cluster.spawn(link.node, async move {
            errand.await;
            is_busy.store(false, Ordering::SeqCst);
        });
    }

    /// Everybody who is idle wants a partner.
    pub(crate) fn all_join(&mut self) {
        for who in 0..self.people.len() {
            let person = &self.people[who];
            if let (Some(link), Some(client)) = (&person.link, &person.client)
                && client.place == Place::Idle
            {
                let chat = self.cluster.share(link.node);
                let seat = link.guest.seat.clone();
                self.cluster.spawn(link.node, async move {
                    let _ = chat.join(&seat, Criteria::default()).await;
                });
            }
        }
    }
}

/// Writes a message, and what is known of it at once.
fn say(
    chat: &ClusterChat<MoodyStore>,
    seat: &Arc<Seat<ClusterPorts<MoodyStore>>>,
    client: &Client,
    number: u64,
    attempt: u64,
) {
    let Some(name) = client.unanswered.get(&number) else {
        return;
    };
    let text = format!("{} {number} {attempt}", client.user);
    let id = number.to_string();
    let id = MessageId::parse(&id).expect("a number is an id");
    if let Err(error) = chat.message(seat, name.as_str(), &text, Some(id)) {
        let known = match error {
            MessageError::Unconfirmed => "unconfirmed",
            // That says nothing about the first sending.
            MessageError::StaleChat
            | MessageError::NotChatting
            | MessageError::Unreachable(Undelivered::Gone)
                if attempt != number =>
            {
                "stale"
            }
            _ => "refused",
        };
        let frame = format!("{known} {number} {error:?}");
        chat.reply(seat, frame.as_bytes(), Flush::Later);
    }
    chat.flush(seat);
}

/// Takes a seat back, or makes one.
async fn arrive(
    chat: &ClusterChat<MoodyStore>,
    known: Option<(String, u64)>,
    address: IpAddr,
) -> Option<Guest<MoodyStore>> {
    if let Some((token, seen)) = known {
        match chat.come_back_from(address, &token, seen).await {
            Ok(Some(guest)) => return Some(guest),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
    if chat.is_cut_off() {
        return None;
    }
    let visit = Visit {
        address: Some(address),
        ..Visit::default()
    };
    chat.visit(visit).await.ok()
}
