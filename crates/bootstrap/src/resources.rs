//! What the machine gives the process: descriptors and memory, against what the settings may ask of it.

use crate::settings::Settings;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors beside those of connections: listeners, the log, the runtime.
const OTHER_DESCRIPTORS: u64 = 64;
/// The most that one connection may hold, in KiB.
const CONNECTION_KIB: u64 = 320;

/// Takes all descriptors that may be had, and warns of settings that the machine cannot keep up with.
pub(crate) fn prepare(settings: &Settings) {
    let descriptors = raise_descriptors();
    let Some(connections) = settings.limits.connections.map(|count| u64::from(count.get())) else {
        return;
    };
    if let Some(descriptors) = descriptors.filter(|count| *count < connections + OTHER_DESCRIPTORS) {
        tracing::warn!(
            descriptors,
            connections,
            "limits.connections is more than this process may open files"
        );
    }
    let needed = connections * CONNECTION_KIB;
    if let Some(memory) = memory_kib().filter(|memory| *memory < needed) {
        tracing::info!(
            memory_mib = memory / 1024,
            worst_case_mib = needed / 1024,
            "limits.connections may need more memory than there is, should every client stop reading at once"
        );
    }
}

/// The number of files this process may open, after asking for as many as it may have.
fn raise_descriptors() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        let raised = rustix::process::Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = getrlimit(Resource::Nofile);
        }
    }
    limit.current
}

/// The memory this process may use, in KiB: that of its control group, or of the machine.
fn memory_kib() -> Option<u64> {
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group
        .and_then(|text| text.trim().parse::<u64>().ok())
        .map(|bytes| bytes / 1024);
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    });
    [group, machine].into_iter().flatten().min()
}
