//! What the operating system says of this process, under the names that Prometheus' clients have for it.
//! Read from `/proc` when somebody asks; where there is none, there is nothing to say.

use std::fs;

/// Ticks of a second in `/proc`: what user space is told is 100 on every architecture of Linux.
const TICKS: f64 = 100.0;

/// This process at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Seconds of processor time so far.
    pub cpu_seconds: Option<f64>,
    /// Bytes in memory.
    pub resident_bytes: Option<f64>,
    /// Bytes of addresses.
    pub virtual_bytes: Option<f64>,
    /// Open file descriptors.
    pub open_fds: Option<f64>,
    /// How many there may be.
    pub max_fds: Option<f64>,
    /// Threads.
    pub threads: Option<f64>,
    /// When it began, in seconds since 1970.
    pub start_seconds: Option<f64>,
}

impl Process {
    /// Asks the operating system.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let fds = fs::read_dir("/proc/self/fd");
        Self {
            open_fds: fds.ok().map(|fds| fds.count() as f64),
            ..Self::of(
                &text("/proc/self/stat"),
                &text("/proc/self/status"),
                &text("/proc/self/limits"),
                &text("/proc/stat"),
            )
        }
    }

    /// What these four files say.
    fn of(stat: &str, status: &str, limits: &str, system: &str) -> Self {
        // Behind the name, which may hold anything, the state is the third field.
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let fields: Vec<f64> = behind
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0.0))
            .collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let kilobytes = |name| number(status, name).map(|number| number * 1024.0);
        let (began, booted) = (field(22), number(system, "btime"));
        Self {
            cpu_seconds: field(14).zip(field(15)).map(|(a, b)| (a + b) / TICKS),
            resident_bytes: kilobytes("VmRSS:"),
            virtual_bytes: kilobytes("VmSize:"),
            open_fds: None,
            max_fds: number(limits, "Max open files"),
            threads: number(status, "Threads:"),
            start_seconds: began.zip(booted).map(|(began, boot)| boot + began / TICKS),
        }
    }
}

/// The number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_fields_confuses_nobody() {
        let stat = "7 (a) S 1 (b) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 3 0 1200 5 6";
        let status = "Name:\tx\nVmSize:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";
        let limits = "Limit  Soft  Hard\nMax open files            1024    4096    files\n";
        let process = Process::of(stat, status, limits, "cpu 1\nbtime 1000\n");
        let expected = Process {
            cpu_seconds: Some(3.0),
            resident_bytes: Some(1_048_576.0),
            virtual_bytes: Some(2_097_152.0),
            open_fds: None,
            max_fds: Some(1024.0),
            threads: Some(3.0),
            start_seconds: Some(1012.0),
        };
        assert_eq!(process, expected);
        assert_eq!(Process::of("", "", "", ""), Process::default());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_known() {
        let process = Process::read();
        assert!(process.resident_bytes > Some(1e6), "{process:?}");
        assert!(process.open_fds > Some(2.0) && process.start_seconds > Some(1e9));
    }
}
