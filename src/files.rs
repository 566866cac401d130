//! Files that are read again and again: certificates, lists of endpoints.
//!
//! They are compared by what is in them, not by time or name. So it does not matter how they are
//! replaced: written anew, renamed over, or by a link that leads elsewhere, as Kubernetes does.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often files are looked at.
pub(crate) const POLL: Duration = Duration::from_secs(1);

/// Bytes of one file at most.
const FILE_MAX: u64 = 4 << 20;

/// What is in a file, or why nobody knows.
pub(crate) type Content = Result<Vec<u8>, String>;

/// Some files, and what was in them last.
#[derive(Debug)]
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    seen: Vec<Content>,
}

impl Watch {
    /// Reads them for the first time.
    pub(crate) fn open(paths: Vec<PathBuf>) -> Self {
        let seen = paths.iter().map(|path| read(path)).collect();
        Self { paths, seen }
    }

    /// What was in them when they were read last, in the order of their paths.
    pub(crate) fn contents(&self) -> &[Content] {
        &self.seen
    }

    /// Resolves when something else is in one of them; looks every [`POLL`].
    pub(crate) async fn changed(&mut self) -> &[Content] {
        loop {
            tokio::time::sleep(POLL).await;
            let paths = self.paths.clone();
            let reading = tokio::task::spawn_blocking(move || {
                paths.iter().map(|path| read(path)).collect::<Vec<_>>()
            });
            // It is lost only when the runtime ends, and this with it.
            if let Ok(now) = reading.await
                && now != self.seen
            {
                self.seen = now;
                return &self.seen;
            }
        }
    }
}

fn read(path: &Path) -> Content {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
    match read {
        Err(cause) => Err(format!("cannot read the file: {cause}")),
        Ok(length) if length as u64 > FILE_MAX => {
            Err(format!("found more than {FILE_MAX} bytes, expected fewer"))
        }
        Ok(_) => Ok(bytes),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_replaced_removed_and_there_again_changes_each_time() {
        let folder = std::env::temp_dir().join(format!("transom-watch-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("list");
        let mut watch = Watch::open(vec![path.clone()]);
        assert!(matches!(watch.contents(), [Err(cause)] if cause.starts_with("cannot read")));

        std::fs::write(&path, "one").unwrap();
        assert_eq!(watch.changed().await, [Ok(b"one".to_vec())]);

        std::fs::write(folder.join("next"), "two").unwrap();
        std::fs::rename(folder.join("next"), &path).unwrap();
        assert_eq!(watch.changed().await, [Ok(b"two".to_vec())]);

        std::fs::remove_file(&path).unwrap();
        assert!(watch.changed().await.iter().all(Result::is_err));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
