//! The suite of `bans`.

use passerby_conformance::Setup;
use passerby_conformance::bans::BansSetup;
use passerby_memory::MemoryBans;

struct Bans(MemoryBans);

impl Setup for Bans {
    type Port = MemoryBans;

    fn port(&self) -> &MemoryBans {
        &self.0
    }
}

impl BansSetup for Bans {
    async fn open() -> Self {
        Self(MemoryBans::new())
    }
}

passerby_conformance::bans_conformance!(Bans);
