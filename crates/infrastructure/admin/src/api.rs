//! From a request to its answer: who may ask, what there is, and what is wrong with a request.
//!
//! The order of the checks: a web page may change nothing; then who asks; then what there is to ask; then the body.
//!
//! **Architecture Invariants.** Before the token is checked nothing of the request is read but its method, path and
//! headers. An answer holds nothing that the request said.

mod answer;
mod auth;
mod bans;
mod body;
mod guesses;
mod node;
mod problem;
mod reports;
mod resource;
mod users;
mod words;

pub(crate) use answer::Answer;

use crate::metrics::MEDIA_TYPE;
use crate::state::AdminState;
use answer::Content;
use guesses::Guesses;
use http::{HeaderValue, Method, Request, header};
use hyper::body::Incoming;
use passerby_application::ports::{Clock, Ports};
use passerby_domain::time::Moment;
use problem::Problem;
use resource::{Access, Resource};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// The description of the operator API.
const OPENAPI: &str = include_str!("../openapi.json");

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to do what was asked. Later the asker is told that it is not known what became of it.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5);

/// What all connections share.
pub(crate) struct Api<P: Ports> {
    state: AdminState<P>,
    guesses: Guesses,
    started: Moment,
    /// Orders under way. They are run to their end whatever becomes of the connection that brought them, since half
    /// an order leaves people in the queue whom nobody looks for.
    orders: TaskTracker,
}

impl<P: Ports> Api<P> {
    pub(crate) fn new(state: AdminState<P>, orders: TaskTracker) -> Self {
        let started = state.chat.adapters().clock.now();
        Self {
            state,
            guesses: Guesses::default(),
            started,
            orders,
        }
    }

    /// The answer to one request of `peer`. Never fails: what is wrong is an answer too.
    pub(crate) async fn answer(self: Arc<Self>, peer: IpAddr, request: Request<Incoming>) -> Answer {
        match self.respond(peer, request).await {
            Ok(answer) => answer,
            Err(problem) => problem.into_answer(),
        }
    }

    async fn respond(self: Arc<Self>, peer: IpAddr, request: Request<Incoming>) -> Result<Answer, Problem> {
        let (head, body) = request.into_parts();
        let is_harmless = head.method == Method::GET || head.method == Method::HEAD;
        if !is_harmless && head.headers.contains_key(header::ORIGIN) {
            return Err(Problem::WebPage);
        }
        match resource::access(head.uri.path()) {
            Access::Everybody => {}
            Access::Operators => {
                let now = self.now();
                auth::check(self.state.token.as_ref(), &self.guesses, peer, &head.headers, now)?;
            }
        }
        let resource = Resource::at(head.uri.path()).ok_or(Problem::NotFound)?;
        let method = if head.method == Method::HEAD {
            Method::GET
        } else {
            head.method
        };
        if !resource.methods().contains(&method) {
            return Err(Problem::MethodNotAllowed(resource.allow()));
        }
        let body = within(BODY_TIMEOUT, body::read(&head.headers, body))
            .await
            .unwrap_or(Err(Problem::TooSlow))?;
        let done = self.carry_out(resource, &method, head.uri.query(), &body);
        within(ORDER_TIMEOUT, done).await.unwrap_or(Err(Problem::Store))
    }

    async fn carry_out(
        &self,
        resource: Resource<'_>,
        method: &Method,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, Problem> {
        match resource {
            Resource::Metrics => self.metrics().await,
            Resource::Health => Ok(answer::text("ok\n")),
            Resource::Readiness => match (self.state.readiness)().obstacle() {
                None => Ok(answer::text("ready\n")),
                Some(why) => Err(Problem::NotReady(why)),
            },
            Resource::OpenApi => Ok(answer::ok(Content::Json(OPENAPI.into()))),
            Resource::Node => self.node(),
            Resource::Reports => self.reports(query).await,
            Resource::Bans if *method == Method::POST => self.ban(body).await,
            Resource::Bans => self.bans().await,
            Resource::Ban(id) => self.lift_ban(id).await,
            Resource::Kick(user) => self.kick(user).await,
            Resource::Drain => self.drain(),
        }
    }

    fn now(&self) -> Moment {
        self.state.chat.adapters().clock.now()
    }

    async fn metrics(&self) -> Result<Answer, Problem> {
        let metrics = self.state.metrics.clone();
        let own = self.state.chat.own_census();
        // Reading what the system says of the process may take a while; connections do not wait for it.
        let text = tokio::task::spawn_blocking(move || metrics.render(own))
            .await
            .map_err(|_| Problem::Internal)?
            .map_err(|_| Problem::Internal)?;
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        Ok(answer::ok(Content::Text(media_type, text.into())))
    }

    /// Carries out an order to its end, whatever becomes of the connection.
    async fn obey<T: Send + 'static>(
        &self,
        order: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.orders.spawn(order).await.map_err(|_| Problem::Internal)
    }
}

async fn within<T>(span: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(span, work).await.ok()
}

#[cfg(test)]
mod tests;
