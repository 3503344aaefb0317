//! What each path answers.

use crate::assets;
use crate::front::Front;
use crate::gate::Readiness;
use crate::options::{AllowedOrigins, Options, WebOrigin};
use crate::problem::Problem;
use crate::upgrade::{self, Upgrade};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use passerby_application::ports::Ports;
use std::net::IpAddr;
use std::time::Duration;

/// An answer, or the reason why one could not be put together.
pub(crate) type Answer = Result<Response<Full<Bytes>>, http::Error>;

/// How long probes and clients are asked to wait while the node takes nobody.
const UNAVAILABLE: Duration = Duration::from_secs(2);

/// Answers one request. An upgrade that is granted is left in `upgrade`.
pub(crate) async fn answer<P: Ports>(
    front: &Front<P>,
    peer: IpAddr,
    request: Request<Incoming>,
    upgrade: &mut Option<Upgrade<P>>,
) -> Answer {
    match respond(front, peer, &request, upgrade).await {
        Ok(answer) => answer,
        Err(problem) => problem_answer(problem),
    }
}

async fn respond<P: Ports>(
    front: &Front<P>,
    peer: IpAddr,
    request: &Request<Incoming>,
    upgrade: &mut Option<Upgrade<P>>,
) -> Result<Answer, Problem> {
    let path = request.uri().path();
    match path {
        // Probes come by address, whatever names are served.
        "/healthz" => return Ok(plain(StatusCode::OK, "alive\n")),
        "/readyz" => return Ok(readiness(front)),
        _ => check_host(request.headers(), &front.options)?,
    }
    match path {
        "/ws" if request.method() != Method::GET => Err(Problem::Method("GET")),
        "/ws" => {
            let (granted, answer) = upgrade::grant(front, peer, request).await?;
            *upgrade = Some(granted);
            Ok(answer)
        }
        "/api/v1/stats" => {
            let census = front.chat.census();
            let body = format!(
                r#"{{"online":{},"waiting":{},"chatting":{}}}"#,
                census.online, census.waiting, census.chatting
            );
            Ok(Response::builder()
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CACHE_CONTROL, "no-store")
                .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
                .body(Full::from(body)))
        }
        _ => match assets::find(path) {
            Some(file) => Ok(assets::answer(file, request.headers())),
            None => Err(Problem::NotFound),
        },
    }
}

fn readiness<P: Ports>(front: &Front<P>) -> Answer {
    match front.gate.readiness() {
        Readiness::Ready => plain(StatusCode::OK, "ready\n"),
        Readiness::Starting => problem_answer(Problem::Unavailable("the node is starting", UNAVAILABLE)),
        Readiness::CutOff => problem_answer(Problem::Unavailable(
            "the node cannot reach the store",
            UNAVAILABLE,
        )),
        Readiness::Draining => problem_answer(Problem::Unavailable("the node is going away", UNAVAILABLE)),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Full::from(text))
}

fn problem_answer(problem: Problem) -> Answer {
    let mut response = Response::builder()
        .status(problem.status())
        .header(header::CONTENT_TYPE, "application/problem+json")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONNECTION, "close");
    for (name, value) in problem.advice() {
        response = response.header(name, value);
    }
    response.body(Full::from(problem.body()))
}

/// Whether the host that the request names is served.
fn check_host(headers: &HeaderMap, options: &Options) -> Result<(), Problem> {
    if options.hosts.is_empty() {
        return Ok(());
    }
    let host = host(headers).to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => &host,
    };
    let is_served = options
        .hosts
        .iter()
        .any(|served| served == name || *served == host);
    if is_served { Ok(()) } else { Err(Problem::Host) }
}

fn host(headers: &HeaderMap) -> &str {
    headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default()
}

/// Whether the page that wants a connection may have one.
pub(crate) fn check_origin(headers: &HeaderMap, options: &Options) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return Ok(());
    };
    if origins.next().is_some() {
        return Err(Problem::Origin);
    }
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| WebOrigin::parse(origin).ok());
    let allowed = match (&options.origins, origin) {
        (AllowedOrigins::Any, _) => true,
        (_, None) => false,
        (AllowedOrigins::Listed(listed), Some(origin)) => listed.contains(&origin),
        (AllowedOrigins::SameHost, Some(origin)) => {
            let host = host(headers).to_ascii_lowercase();
            let host = host.strip_suffix(origin.own_port()).unwrap_or(&host);
            origin.authority() == Some(host)
        }
    };
    if allowed { Ok(()) } else { Err(Problem::Origin) }
}

#[cfg(test)]
mod tests;
