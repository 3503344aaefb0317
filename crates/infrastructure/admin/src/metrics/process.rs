//! What the system says of this process, read when somebody asks.
//!
//! **Architecture Invariant:** what the system does not tell is left out; no answer of it is an error.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use std::fmt;
use std::fs;

/// Reads `/proc`.
#[derive(Debug)]
pub(super) struct Process;

/// Clock ticks a second in what Linux tells programs, whatever the kernel's own clock does.
const TICKS: f64 = 100.0;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let Some(seconds) = cpu_seconds(&stat) {
            let none: Option<&Exemplar<Vec<(String, String)>, f64>> = None;
            encoder
                .encode_descriptor(
                    "process_cpu_seconds",
                    "Processor time that the process used, in seconds.",
                    None,
                    MetricType::Counter,
                )?
                .encode_counter(&seconds, none)?;
        }
        let mut gauge = |name, help, value: Option<u64>| gauge(&mut encoder, name, help, value);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is resident, in bytes.",
            kilobytes(&status, "VmRSS:"),
        )?;
        gauge(
            "process_virtual_memory_bytes",
            "Address space of the process, in bytes.",
            kilobytes(&status, "VmSize:"),
        )?;
        gauge(
            "process_open_fds",
            "File descriptors that are open.",
            open_descriptors(),
        )?;
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        gauge(
            "process_max_fds",
            "File descriptors that may be open.",
            max_descriptors(&limits),
        )?;
        let system = fs::read_to_string("/proc/stat").unwrap_or_default();
        self::gauge(
            &mut encoder,
            "process_start_time_seconds",
            "When the process started, in seconds since the Unix epoch.",
            start_seconds(&stat, &system),
        )
    }
}

fn gauge<T: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &'static str,
    help: &'static str,
    value: Option<T>,
) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

/// The field with this number, as `proc(5)` counts them. The name of the process, field 2, may hold spaces and
/// parentheses, so counting begins after the last one.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS)
}

fn start_seconds(stat: &str, system: &str) -> Option<f64> {
    let boot: f64 = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(boot + field(stat, 22)? / TICKS)
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1_024)
}

fn max_descriptors(limits: &str) -> Option<u64> {
    let rest = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// How many descriptors are open. Newer kernels tell it as the size of the directory; older ones are asked to
/// list it, where the listing itself takes one.
fn open_descriptors() -> Option<u64> {
    let size = fs::metadata("/proc/self/fd").ok()?.len();
    if size > 0 {
        return Some(size);
    }
    let listed = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(listed).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 250 13 14 15 16 17 18 1000 20 21";

    #[test]
    fn a_process_with_an_odd_name_is_read_rightly() {
        assert_eq!(cpu_seconds(STAT), Some(4.0));
        assert_eq!(
            start_seconds(STAT, "cpu 1\nbtime 1700000000\n"),
            Some(1_700_000_010.0)
        );
    }

    #[test]
    fn limits_and_memory_are_read_in_their_units() {
        assert_eq!(
            kilobytes("VmSize:\t  9 kB\nVmRSS:\t     2 kB\n", "VmRSS:"),
            Some(2_048)
        );
        assert_eq!(
            max_descriptors("Max open files            1024        4096        files\n"),
            Some(1_024)
        );
    }

    #[test]
    fn what_the_system_does_not_tell_is_left_out() {
        for text in ["", ")", "1 (x) S", "VmRSS: lots", "Max open files unlimited"] {
            assert_eq!(cpu_seconds(text), None);
            assert_eq!(start_seconds(text, text), None);
            assert_eq!(kilobytes(text, "VmRSS:"), None);
            assert_eq!(max_descriptors(text), None);
        }
    }
}
