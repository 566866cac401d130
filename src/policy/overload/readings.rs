//! What is used, and of how much: read from the kernel, or told.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Resource;

/// A delay of a worker thread that counts as all of its time used.
pub const LAG_FULL: Duration = Duration::from_millis(500);

/// What is used of each thing, as a part of all of it; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Readings {
    /// Of the time of the worker threads.
    pub workers: Option<f64>,
    /// Of memory.
    pub memory: Option<f64>,
    /// Of the file descriptors.
    pub descriptors: Option<f64>,
    /// Of the streams that there may be.
    pub streams: Option<f64>,
}

impl Readings {
    /// All that is known: what, and how much of it is used.
    pub fn known(&self) -> impl Iterator<Item = (Resource, f64)> {
        let all = [self.workers, self.memory, self.descriptors, self.streams];
        let known = Resource::ALL.into_iter().zip(all);
        // What is no number says nothing.
        known.filter_map(|(cause, used)| Some((cause, used.filter(|used| used.is_finite())?)))
    }

    /// What is used most, and how much of it.
    pub(super) fn most(&self) -> (Option<Resource>, f64) {
        let most = self.known().max_by(|(_, a), (_, b)| a.total_cmp(b));
        most.map_or((None, 0.0), |(cause, used)| (Some(cause), used.max(0.0)))
    }
}

/// A part of all; `None` if all is nothing.
#[must_use]
pub fn part(used: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| used as f64 / of as f64)
}

/// How late a worker thread was, as a part of [`LAG_FULL`].
#[must_use]
pub fn lag(late: Duration) -> f64 {
    late.as_secs_f64() / LAG_FULL.as_secs_f64()
}

/// Reads what the kernel knows of this process. Files that are not there, or say something else, say nothing.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// `/proc/self`.
    process: PathBuf,
    /// The groups of control that hold this process, from its own to the root.
    groups: Vec<PathBuf>,
    /// A bound that was configured.
    memory_max: Option<u64>,
}

impl Kernel {
    /// Of this process. With a bound on memory in bytes, the kernel's is not looked for.
    #[must_use]
    pub fn new(memory_max: Option<u64>) -> Self {
        Self::at(
            Path::new("/proc/self"),
            Path::new("/sys/fs/cgroup"),
            memory_max,
        )
    }

    /// The same at other places.
    fn at(process: &Path, groups: &Path, memory_max: Option<u64>) -> Self {
        let own = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        let own = group(&own).unwrap_or_default();
        let own = groups.join(own.trim_start_matches('/'));
        let all = own.ancestors().take_while(|path| path.starts_with(groups));
        Self {
            process: process.to_owned(),
            groups: all.map(Path::to_owned).collect(),
            memory_max,
        }
    }

    /// The part of memory that is used: what is resident, of what the process may have.
    #[must_use]
    pub fn memory(&self) -> Option<f64> {
        let status = fs::read_to_string(self.process.join("status")).ok()?;
        part(resident(&status)?, self.memory_max()?)
    }

    /// Bytes of memory that the process may have: the least of all its groups.
    #[must_use]
    pub fn memory_max(&self) -> Option<u64> {
        let of = |group: &PathBuf| limit(&fs::read_to_string(group.join("memory.max")).ok()?);
        self.memory_max
            .or_else(|| self.groups.iter().filter_map(of).min())
    }

    /// The part of the file descriptors that is used.
    #[must_use]
    pub fn descriptors(&self) -> Option<f64> {
        part(self.open()?, self.descriptors_max()?)
    }

    /// File descriptors that the process may have.
    #[must_use]
    pub fn descriptors_max(&self) -> Option<u64> {
        open_files(&fs::read_to_string(self.process.join("limits")).ok()?)
    }

    /// How many are open. Newer kernels say so without a list.
    fn open(&self) -> Option<u64> {
        let folder = self.process.join("fd");
        match fs::metadata(&folder).ok()?.len() {
            0 => u64::try_from(fs::read_dir(folder).ok()?.count()).ok(),
            count => Some(count),
        }
    }
}

/// The group in `/proc/self/cgroup`: the line of the second version, `0::/path`.
fn group(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("0::"))
}

/// A bound in a group: a number of bytes, or `max`.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Resident bytes in `/proc/self/status`.
fn resident(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The soft bound on open files in `/proc/self/limits`.
fn open_files(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read_and_nothing_else() {
        assert_eq!(group("1:name=systemd:/x\n0::/a/b\n"), Some("/a/b"));
        assert_eq!(group("1:memory:/x\n"), None);
        assert_eq!(
            (limit("1048576\n"), limit("max\n"), limit("")),
            (Some(1_048_576), None, None)
        );
        let status = "Name:\ttransom\nVmRSS:\t    2048 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(2_097_152));
        for wrong in [
            "",
            "VmRSS: 1",
            "VmRSS: x kB",
            "VmRSS: 18446744073709551615 kB",
        ] {
            assert_eq!(resident(wrong), None, "{wrong}");
        }
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files("Max open files unlimited unlimited files"), None);
        assert_eq!(part(1, 0), None);
    }

    #[test]
    fn the_least_bound_of_all_groups_counts_unless_one_is_configured() {
        let root = std::env::temp_dir().join(format!("transom-groups-{}", std::process::id()));
        let (process, groups) = (root.join("self"), root.join("cgroup"));
        fs::create_dir_all(&process).unwrap();
        fs::create_dir_all(groups.join("pod/own")).unwrap();
        let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
        write(&process.join("cgroup"), "0::/pod/own\n");
        write(&process.join("status"), "VmRSS:\t 1024 kB\n");
        write(&groups.join("pod/own/memory.max"), "max\n");
        write(&groups.join("pod/memory.max"), "4194304\n");
        let kernel = Kernel::at(&process, &groups, None);
        assert_eq!(kernel.memory(), Some(0.25));
        assert_eq!(
            Kernel::at(&process, &groups, Some(2_097_152)).memory(),
            Some(0.5)
        );
        assert_eq!(kernel.descriptors(), None);
        write(&groups.join("pod/memory.max"), "max\n");
        assert_eq!(kernel.memory(), None, "without a bound nothing is known");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn of_this_process_memory_and_descriptors_are_known() {
        let kernel = Kernel::new(Some(1 << 40));
        assert!(kernel.memory().is_some_and(|used| used > 0.0 && used < 1.0));
        assert!(
            kernel
                .descriptors()
                .is_some_and(|used| used > 0.0 && used < 1.0)
        );
    }
}
