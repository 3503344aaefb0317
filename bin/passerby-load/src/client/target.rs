//! The nodes: where users connect to.
//!
//! **Architecture Invariants:** names are resolved once, before the run. Users are spread round robin, so the two of a
//! pair with neighbouring numbers meet different nodes.

use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;

use crate::failure::Failure;

/// A node's address as the operator gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    host: String,
    port: u16,
    path: String,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum UrlError {
    #[error("not a URL; expected something like http://127.0.0.1:8080")]
    Malformed,
    #[error("this tool speaks no TLS: give the plain address of a node behind the proxy")]
    Tls,
    #[error("a query or a user name cannot be part of it")]
    Superfluous,
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        match uri.scheme_str() {
            Some("http" | "ws") => {}
            Some("https" | "wss") => return Err(UrlError::Tls),
            _ => return Err(UrlError::Malformed),
        }
        let authority = uri.authority().ok_or(UrlError::Malformed)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(UrlError::Superfluous);
        }
        let path = match uri.path() {
            "" | "/" => "/ws",
            path => path,
        };
        Ok(Self {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: path.to_owned(),
        })
    }
}

/// A node, ready to be connected to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What to connect to.
    pub(crate) address: SocketAddr,
    /// `ws://HOST:PORT/PATH`, to which a query is added.
    pub(crate) uri: String,
}

/// Resolves all names.
///
/// # Errors
/// The first that does not resolve.
pub(crate) async fn resolve(urls: &[Url]) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::new();
    for Url { host, port, path } in urls {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let failure = |why: String| Failure::Name {
            url: format!("http://{host}:{port}"),
            why,
        };
        let mut found = tokio::net::lookup_host((name, *port))
            .await
            .map_err(|error| failure(error.to_string()))?;
        let address = found
            .next()
            .ok_or_else(|| failure("the name has no address".to_owned()))?;
        targets.push(Target {
            address,
            uri: format!("ws://{host}:{port}{path}"),
        });
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_means_the_usual_path() {
        for text in [
            "http://127.0.0.1:8080",
            "ws://127.0.0.1:8080/",
            "ws://127.0.0.1:8080/ws",
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.port, url.path.as_str()), (8080, "/ws"), "{text}");
        }
        assert_eq!("http://node".parse::<Url>().unwrap().port, 80);
        assert_eq!("http://node/chat/ws".parse::<Url>().unwrap().path, "/chat/ws");
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused_with_a_reason() {
        for (text, error) in [
            ("127.0.0.1:8080", UrlError::Malformed),
            ("", UrlError::Malformed),
            ("ftp://node", UrlError::Malformed),
            ("wss://node", UrlError::Tls),
            ("https://node", UrlError::Tls),
            ("http://node/ws?join=auto", UrlError::Superfluous),
            ("http://me@node/", UrlError::Superfluous),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text}");
        }
    }

    #[tokio::test]
    async fn an_address_of_version_6_is_taken_in_its_brackets() {
        let url: Url = "http://[::1]:9".parse().unwrap();
        let targets = resolve(&[url]).await.unwrap();
        assert_eq!(targets[0].address, "[::1]:9".parse().unwrap());
        assert_eq!(targets[0].uri, "ws://[::1]:9/ws");
    }
}
