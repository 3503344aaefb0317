//! The suite of `clock`.

use passerby_conformance::Setup;
use passerby_conformance::clock::ClockSetup;
use passerby_memory::SystemClock;

struct Clock(SystemClock);

impl Setup for Clock {
    type Port = SystemClock;

    fn port(&self) -> &SystemClock {
        &self.0
    }
}

impl ClockSetup for Clock {
    fn open() -> Self {
        Self(SystemClock::start())
    }
}

passerby_conformance::clock_conformance!(Clock);
