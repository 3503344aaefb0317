//! A process of this machine, as `/proc` tells it.
//!
//! **Architecture Invariants:** Linux only; what is not there is an error that names the process.

use std::fs;

use crate::failure::Failure;
use crate::usage::Sample;

/// Clock ticks a second in what Linux tells programs, whatever the kernel's own clock does.
const TICKS: f64 = 100.0;

/// What a process has used so far.
pub(super) fn sample(pid: u32) -> Result<Sample, Failure> {
    let from = || format!("process {pid}");
    let read = |file: &str| {
        fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(|error| Failure::Usage {
            from: from(),
            why: error.to_string(),
        })
    };
    let unknown = || Failure::Usage {
        from: from(),
        why: "the system does not tell it".to_owned(),
    };
    Ok(Sample {
        cpu_seconds: cpu_seconds(&read("stat")?).ok_or_else(unknown)?,
        resident_bytes: resident_bytes(&read("status")?).ok_or_else(unknown)?,
        ..Sample::default()
    })
}

/// The processor time of this tool itself, if the system tells it.
pub(crate) fn own_cpu_seconds() -> Option<f64> {
    cpu_seconds(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Fields 14 and 15 of `proc(5)`. The name of the process, field 2, may hold spaces and parentheses, so counting begins
/// after the last one.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_an_odd_name_is_read_rightly() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 250 150 0 0 20 0 2 0 77 1 2";
        assert_eq!(cpu_seconds(stat), Some(4.0));
    }

    #[test]
    fn memory_is_in_bytes() {
        assert_eq!(resident_bytes("Name:\ta\nVmRSS:\t    12 kB\n"), Some(12 * 1024));
        assert_eq!(resident_bytes("Name:\ta\n"), None);
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        // Beyond the largest number that Linux gives to a process.
        let failure = sample(u32::MAX).unwrap_err().to_string();
        assert!(failure.contains("process 4294967295"), "{failure}");
    }

    #[test]
    fn this_process_uses_something() {
        assert!(own_cpu_seconds().is_some());
        assert!(sample(std::process::id()).unwrap().resident_bytes > 0);
    }
}
