//! Settings of the public listener: section `http`.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::LOOPBACK;
use super::origins::{AllowedOrigins, HostName};
use super::problem::Problems;
use super::text::{self, Text, Wrong};

/// Settings of the public listener.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Where to listen; port 0 picks a free one.
    #[serde(with = "text")]
    pub listen: SocketAddr,
    /// Which web pages may connect.
    pub allowed_origins: AllowedOrigins,
    /// The host names that are served; empty means any.
    #[serde(with = "text::list")]
    pub hosts: Vec<HostName>,
    /// The networks of proxies whose word about the client's address is believed. IPv4 networks written as mapped
    /// IPv6 ones are IPv4 here.
    #[serde(with = "text::list")]
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(LOOPBACK, 8080),
            allowed_origins: AllowedOrigins::default(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl HttpSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self
            .trusted_proxies
            .iter()
            .any(|network| network.prefix_len() == 0)
        {
            // Whoever connects would be believed to be a proxy, and could claim any address, so no limit or ban
            // would hold.
            problems.add(
                "http.trusted_proxies",
                "a network of all addresses cannot be trusted",
            );
        }
    }
}

/// A network in CIDR form, or one address.
impl Text for IpNet {
    fn read(text: &str) -> Result<Self, Wrong> {
        let network: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => text
                .parse()
                .map_err(|_| "expected a network such as 10.0.0.0/8, or an address")?,
        };
        let network = network.trunc();
        if let IpNet::V6(wide) = network
            && let Some(address) = wide.network().to_ipv4_mapped()
            && let Some(prefix) = wide.prefix_len().checked_sub(96)
            && let Ok(narrow) = Ipv4Net::new(address, prefix)
        {
            return Ok(narrow.into());
        }
        Ok(network)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_may_be_an_address_or_a_network() {
        for (written, read) in [
            ("10.1.2.3", "10.1.2.3/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("::1", "::1/128"),
            ("fd00::/8", "fd00::/8"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ] {
            assert_eq!(IpNet::read(written).unwrap().to_string(), read);
        }
        for text in ["", "10.0.0.0/33", "10.0.0", "proxy.example", "10.0.0.1:80"] {
            assert!(IpNet::read(text).is_err(), "{text}");
        }
    }
}
