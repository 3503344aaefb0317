//! The suite of `bans`.

use crate::stage::{Alone, run};
use passerby_conformance::Setup;
use passerby_conformance::bans::BansSetup;
use passerby_redis::RedisBans;

struct Bans {
    bans: RedisBans,
    _stage: Alone,
}

impl Setup for Bans {
    type Port = RedisBans;

    fn port(&self) -> &RedisBans {
        &self.bans
    }

    fn run<F: Future>(case: F) -> F::Output {
        run(case)
    }
}

impl BansSetup for Bans {
    async fn open() -> Self {
        let stage = Alone::start().await;
        Self {
            bans: RedisBans::new(stage.way.redis.clone()),
            _stage: stage,
        }
    }
}

passerby_conformance::bans_conformance!(Bans);
