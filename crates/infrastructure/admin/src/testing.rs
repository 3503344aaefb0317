//! A node made of stand-ins whose operators are served for real, and a client that speaks bare TCP.

mod client;
mod node;

pub(crate) use client::{Reply, Sent};
pub(crate) use node::{Node, Visitor, node};
