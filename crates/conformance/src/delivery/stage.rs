//! One seat's outbox, and who comes to it.

use super::{DeliverySetup, Limits, TapeWire};
use crate::setup::manual_clock;
use passerby_application::ports::{Delivery, Farewell, Flush, IdHash, Identity as _, Receipt, Undelivered};
use passerby_application::testing::{CountingIdentity, ManualClock};
use passerby_domain::criteria::Mode;
use passerby_domain::id::{ChatId, NodeId, Seq, UserId};
use passerby_domain::notice::{
    Census, ChatFacts, EndReason, Notice, Replay, Role, Secret, Standing, Typing, Welcome,
};
use passerby_domain::time::{Millis, UnixMillis};
use std::sync::Arc;

/// The limits of most cases: room enough.
pub(super) const ROOMY: Limits = Limits {
    events: 64,
    bytes: 64 * 1024,
    retention: Millis::from_secs(45),
};

type Route<S> = <<S as crate::Setup>::Port as Delivery>::Route;

/// The stage of one case.
pub(super) struct Stage<S: DeliverySetup> {
    setup: S,
    route: Route<S>,
    pub(super) clock: ManualClock,
}

impl<S: DeliverySetup> Stage<S> {
    pub(super) fn open() -> Self {
        Self::open_with(ROOMY)
    }

    pub(super) fn open_with(limits: Limits) -> Self {
        let clock = manual_clock();
        let setup = S::open(limits, clock.clone());
        let route = setup.port().open();
        Self { setup, route, clock }
    }

    fn port(&self) -> &S::Port {
        self.setup.port()
    }

    /// The user comes for the first time, and hears `welcome`.
    pub(super) fn arrives(&self) -> Arc<TapeWire> {
        let (wire, replay) = self.attach(None);
        assert_eq!(replay, Replay::Fresh);
        self.flush();
        assert_eq!(wire.hears(), ["welcome fresh"]);
        wire
    }

    /// The user comes back, having seen all up to `seen`.
    pub(super) fn comes_back(&self, seen: u64) -> Arc<TapeWire> {
        let (wire, _) = self.attach(Some(seen));
        self.flush();
        wire
    }

    /// A connection is attached, and nothing is flushed.
    pub(super) fn attach(&self, seen: Option<u64>) -> (Arc<TapeWire>, Replay) {
        let wire = Arc::<TapeWire>::default();
        let replay = self.attach_wire(&wire, seen);
        (wire, replay)
    }

    pub(super) fn attach_wire(&self, wire: &Arc<TapeWire>, seen: Option<u64>) -> Replay {
        let node = NodeId::parse("stage").expect("a node's name");
        let welcome = Welcome {
            user: UserId::from_bits(1),
            node: &node,
            standing: Standing::Idle,
            resume_token: "token",
            // Whatever is said here is replaced.
            replay: Replay::Gap {
                seq: 99,
                replay_to: 99,
            },
            now: UnixMillis(0),
            online: 1,
        };
        self.port()
            .attach(&self.route, Arc::clone(wire), seen.map(Seq::new), &welcome)
    }

    pub(super) fn detach(&self) {
        self.port().detach(&self.route);
    }

    pub(super) fn flush(&self) {
        self.port().flush(&self.route);
    }

    pub(super) fn close(&self, why: Farewell) {
        self.port().close(&self.route, why);
    }

    pub(super) fn tidy(&self) {
        use passerby_application::ports::Clock as _;
        self.port().tidy(&self.route, self.clock.now());
    }

    pub(super) fn reply(&self, frame: &str, flush: Flush) {
        self.port()
            .reply(&self.route, format!("{frame}\n").as_bytes(), flush);
    }

    pub(super) fn post(&self, notice: &Notice<'_>, flush: Flush) {
        self.port().post(&self.route, notice, flush);
    }

    /// Something numbered, at once.
    pub(super) fn idle(&self) {
        self.post(&Notice::Idle, Flush::Now);
    }

    /// Something transient, at once.
    pub(super) fn stats(&self) {
        self.post(&Notice::Stats(Census::default()), Flush::Now);
    }

    pub(super) fn matched(&self, chat: ChatId) {
        let facts = ChatFacts {
            common_interests: Box::default(),
            language: None,
            mode: Mode::Text,
            role: Role::Initiator,
        };
        self.post(&Notice::Matched { chat, facts: &facts }, Flush::Now);
    }

    pub(super) fn chat_ended(&self, chat: ChatId) {
        self.post(
            &Notice::ChatEnded {
                chat,
                reason: EndReason::PartnerLeft,
            },
            Flush::Now,
        );
    }

    /// The partner says something, with an id or without. It is not flushed.
    pub(super) fn say(&self, chat: ChatId, text: &str, id: Option<&str>) -> Result<Receipt, Undelivered> {
        let message = Notice::Message {
            chat,
            text: Secret(text),
            at: UnixMillis(0),
        };
        self.port()
            .deliver(&self.route, chat, &message, id.map(remembered))
    }

    /// The partner says something new, and it is flushed.
    pub(super) fn hears_from_partner(&self, chat: ChatId, text: &str) {
        assert_eq!(self.say(chat, text, None), Ok(Receipt::Placed));
        self.flush();
    }

    /// The partner begins to type. It is not flushed.
    pub(super) fn typing(&self, chat: ChatId) -> Result<Receipt, Undelivered> {
        let typing = Notice::Typing {
            chat,
            typing: Typing::Started,
        };
        self.port().deliver(&self.route, chat, &typing, None)
    }

    pub(super) fn last(&self) -> u64 {
        self.port().last(&self.route).get()
    }

    pub(super) fn has_placed(&self, chat: ChatId, id: &str) -> bool {
        self.port().has_placed(&self.route, chat, remembered(id))
    }
}

/// What is remembered of the id of a message.
fn remembered(id: &str) -> IdHash {
    CountingIdentity::default().digest(id)
}

/// The chat of that number.
pub(super) fn chat(number: u128) -> ChatId {
    ChatId::from_bits(number)
}
