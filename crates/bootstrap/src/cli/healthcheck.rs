//! The probe that container engines run: one HTTP request to a server that should be alive.
//!
//! **Architecture Invariants.** Only the standard library, so that the probe works where nothing else is installed;
//! each step has a time limit, so that it always ends.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::settings::HttpSettings;

/// How long connecting, writing or reading may take each.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    address: String,
    host: String,
    path: String,
}

/// What is to be asked cannot be told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetError {
    #[error("expected a URL such as http://127.0.0.1:8080/healthz")]
    NotAUrl,
    #[error("http.listen has port 0, so only --url can tell where the server is")]
    AnyPort,
}

/// The server is not alive, as far as can be seen from here.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unhealthy {
    #[error("no connection to the server")]
    Unreachable(#[source] io::Error),
    #[error("no answer from the server")]
    Silent(#[source] io::Error),
    #[error("the server answered something else than 200")]
    Refused,
}

impl Target {
    /// The liveness probe of a server with these settings on this machine.
    pub(super) fn of(http: &HttpSettings) -> Result<Self, TargetError> {
        let mut address = http.listen;
        if address.port() == 0 {
            return Err(TargetError::AnyPort);
        }
        // "Every address" is where to listen, not where to connect to.
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        // A server that serves some hosts only must be asked for one of them.
        let host = http
            .hosts
            .first()
            .map_or_else(|| address.to_string(), ToString::to_string);
        Ok(Self {
            address: address.to_string(),
            host,
            path: "/healthz".to_owned(),
        })
    }

    /// What an `http://` URL names.
    pub(super) fn parse(url: &str) -> Result<Self, TargetError> {
        let rest = url.strip_prefix("http://").ok_or(TargetError::NotAUrl)?;
        let start = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(start);
        if host.is_empty() || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TargetError::NotAUrl);
        }
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let path = if path.is_empty() { "/healthz" } else { path };
        Ok(Self {
            address,
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Asks, and waits a few seconds at most for the answer.
    pub(super) fn ask(&self) -> Result<(), Unhealthy> {
        let mut stream = self.connect().map_err(Unhealthy::Unreachable)?;
        let answer = self.exchange(&mut stream).map_err(Unhealthy::Silent)?;
        if answer.starts_with(b"HTTP/1.1 200 ") || answer.starts_with(b"HTTP/1.0 200 ") {
            Ok(())
        } else {
            Err(Unhealthy::Refused)
        }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        let addresses: Vec<SocketAddr> = self.address.to_socket_addrs()?.collect();
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn exchange(&self, stream: &mut TcpStream) -> io::Result<[u8; 13]> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Self { host, path, .. } = self;
        // One write for all of it, so that it leaves in one piece.
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut status = [0; 13];
        stream.read_exact(&mut status)?;
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn listening_at(listen: &str) -> HttpSettings {
        HttpSettings {
            listen: listen.parse().unwrap(),
            ..HttpSettings::default()
        }
    }

    #[test]
    fn a_server_on_every_address_is_asked_over_loopback() {
        assert_eq!(
            Target::of(&listening_at("0.0.0.0:8080")).unwrap().address,
            "127.0.0.1:8080"
        );
        assert_eq!(
            Target::of(&listening_at("[::]:8080")).unwrap().address,
            "[::1]:8080"
        );
        assert_eq!(
            Target::of(&listening_at("10.0.0.1:80")).unwrap().address,
            "10.0.0.1:80"
        );
        assert_eq!(
            Target::of(&listening_at("127.0.0.1:0")),
            Err(TargetError::AnyPort)
        );
    }

    #[test]
    fn a_url_may_leave_out_port_and_path() {
        let target = Target::parse("http://localhost").unwrap();
        assert_eq!(
            (target.address.as_str(), target.path.as_str()),
            ("localhost:80", "/healthz")
        );
        let target = Target::parse("http://[::1]:9090/readyz").unwrap();
        assert_eq!(
            (target.address.as_str(), target.path.as_str()),
            ("[::1]:9090", "/readyz")
        );
        for url in [
            "",
            "localhost:8080",
            "https://localhost",
            "http://",
            "http://a b/",
        ] {
            assert_eq!(Target::parse(url), Err(TargetError::NotAUrl), "{url}");
        }
    }

    /// Asks a server that gives `answer` to whatever it is asked.
    fn ask_one_that_answers(answer: &'static str) -> Result<(), Unhealthy> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let outcome = Target::parse(&url).unwrap().ask();
        assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
        outcome
    }

    #[test]
    fn only_200_is_healthy() {
        assert!(ask_one_that_answers("HTTP/1.1 200 OK\r\n\r\n").is_ok());
        let refused = ask_one_that_answers("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert!(matches!(refused, Err(Unhealthy::Refused)));
        assert!(matches!(ask_one_that_answers(""), Err(Unhealthy::Silent(_))));
    }

    #[test]
    fn a_server_that_is_not_there_is_unreachable() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let outcome = Target::parse(&format!("http://{free}/healthz")).unwrap().ask();
        assert!(matches!(outcome, Err(Unhealthy::Unreachable(_))));
    }
}
