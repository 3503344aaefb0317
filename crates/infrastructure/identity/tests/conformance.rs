//! The adapter passes the suite of its port.

#![allow(clippy::expect_used, reason = "a test may")]

use passerby_conformance::Setup;
use passerby_conformance::identity::IdentitySetup;
use passerby_identity::KeyedIdentity;

struct Keyed(KeyedIdentity);

impl Setup for Keyed {
    type Port = KeyedIdentity;

    fn port(&self) -> &KeyedIdentity {
        &self.0
    }
}

impl IdentitySetup for Keyed {
    fn open(key: &[u8]) -> Self {
        Self(KeyedIdentity::new(key).expect("the system gives randomness"))
    }
}

passerby_conformance::identity_conformance!(Keyed);
