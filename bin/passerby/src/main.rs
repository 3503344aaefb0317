//! The Passerby server.

fn main() {}
