//! The operator API, asked over real sockets.

mod access;
mod description;
mod moderation;
mod probes;
mod requests;
