//! Every adapter passes the suite of its port.

mod bans;
mod clock;
mod delivery;
mod limiter;
mod pairing;
mod reports;
