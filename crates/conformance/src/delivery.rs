//! The suite of the port `Delivery`.
