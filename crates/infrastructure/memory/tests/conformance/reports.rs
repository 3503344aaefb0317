//! The suite of `reports`.

use passerby_conformance::Setup;
use passerby_conformance::reports::ReportsSetup;
use passerby_memory::MemoryReports;

struct Reports(MemoryReports);

impl Setup for Reports {
    type Port = MemoryReports;

    fn port(&self) -> &MemoryReports {
        &self.0
    }
}

impl ReportsSetup for Reports {
    const CAPACITY: usize = MemoryReports::CAPACITY;

    async fn open() -> Self {
        Self(MemoryReports::new())
    }
}

passerby_conformance::reports_conformance!(Reports);
