//! Port numbers that stay ours while nobody listens on them.
//!
//! A server that is killed and started again wants its old port back. Numbers the kernel hands out (above 32767 on
//! Linux) go to outgoing connections meanwhile, so ours are taken from below, and each is marked by a UDP socket of
//! the same number, which other tests of other processes see.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Below the numbers that the kernel gives to outgoing connections, and low enough for [`Port::bus`].
const RANGE: std::ops::Range<u16> = 10_000..22_000;
/// How far from its port a Redis Cluster node has its bus.
const BUS: u16 = 10_000;

/// A TCP port of 127.0.0.1 that no other test uses while this exists.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _marks: [UdpSocket; 2],
}

impl Port {
    /// A port on which nobody listens, nor on its bus.
    pub fn claim() -> Self {
        let free = |number| TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
        let mark = |number| UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok();
        for _ in 0..1000 {
            let number = fastrand::u16(RANGE);
            let marks = (mark(number), mark(number + BUS));
            if let (Some(own), Some(bus)) = marks
                && free(number)
                && free(number + BUS)
            {
                return Self {
                    number,
                    _marks: [own, bus],
                };
            }
        }
        panic!("no free port in {RANGE:?}");
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port of a Redis Cluster node's bus, which is claimed as well.
    pub fn bus(&self) -> u16 {
        self.number + BUS
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_given_a_port_that_another_holds() {
        let ports: Vec<_> = (0..100).map(|_| Port::claim()).collect();
        let numbers: std::collections::HashSet<_> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
    }
}
