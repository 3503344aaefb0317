//! Pairing against Redis itself: on one server and in a cluster, by one node and by several.

mod stage;
mod suite;
