//! The node: how it is, and how it is told to go.

use super::Api;
use super::answer::{self, Answer};
use super::problem::Problem;
use http::StatusCode;
use passerby_application::ports::Ports;
use passerby_domain::notice::Census;
use serde::Serialize;

#[derive(Serialize)]
struct NodeView<'a> {
    node: &'a str,
    version: &'a str,
    uptime_seconds: u64,
    state: &'static str,
    seats: CensusView,
    cluster: CensusView,
}

#[derive(Serialize)]
struct CensusView {
    online: u64,
    waiting: u64,
    chatting: u64,
}

impl From<Census> for CensusView {
    fn from(census: Census) -> Self {
        Self {
            online: census.online,
            waiting: census.waiting,
            chatting: census.chatting,
        }
    }
}

#[derive(Serialize)]
struct DrainView {
    state: &'static str,
}

impl<P: Ports> Api<P> {
    /// How the node is.
    pub(super) fn node(&self) -> Result<Answer, Problem> {
        let chat = &self.state.chat;
        let view = NodeView {
            node: chat.options().node.as_str(),
            version: self.state.version,
            uptime_seconds: self.now().since(self.started).get() / 1_000,
            state: (self.state.readiness)().word(),
            seats: chat.own_census().into(),
            cluster: chat.census().into(),
        };
        Ok(answer::ok(answer::json(&view)?))
    }

    /// Has the node send everybody away and end. Asking twice is asking once.
    pub(super) fn drain(&self) -> Result<Answer, Problem> {
        tracing::info!("drain ordered");
        self.state.drain.cancel();
        let view = DrainView { state: "draining" };
        Ok(answer::with(StatusCode::ACCEPTED, answer::json(&view)?))
    }
}
