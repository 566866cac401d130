//! File descriptors: as many as the system allows the process, which often begins with fewer.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit (`ulimit -Sn`) to the hard one, for this process alone. The soft one is for programs that
/// use `select`, which nothing here does. Where that is not possible it stays, and the gateway bounds its
/// connections by it.
pub(super) fn raise() {
    let found = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: found.maximum,
        ..found
    };
    // The bound on connections tells where it matters.
    let _ = setrlimit(Resource::Nofile, raised);
}
