//! Every adapter passes the suite of its port.

mod bans;
mod clock;
mod limiter;
mod pairing;
mod reports;
