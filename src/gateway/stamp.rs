//! What files look like from outside, and when to read them again.
//!
//! Looking is cheap, so it is done often; reading waits until nothing has changed for one look, so that
//! files on which somebody is still writing are read once, and whole. A file that is renamed over, or a
//! link that leads elsewhere, looks different too.

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 64;

/// Files that are looked at, at most.
const FILES_MAX: usize = 20_000;

/// What some files look like: names, times, sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// Looks at files, and into folders for `.proto` files. What is not there looks like nothing.
    #[must_use]
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut stamp = Self::default();
        let mut files = 0;
        for path in paths {
            let mut open = vec![(path.to_owned(), 0)];
            while let Some((path, depth)) = open.pop() {
                let Ok(metadata) = fs::metadata(&path) else {
                    continue;
                };
                files += 1;
                if files > FILES_MAX {
                    return stamp;
                }
                if metadata.is_dir() && depth < DEPTH_MAX {
                    open.extend(within(&path).into_iter().map(|path| (path, depth + 1)));
                } else {
                    stamp.add(&path, &metadata);
                }
            }
        }
        stamp
    }

    /// The order of a folder's entries is nobody's matter.
    fn add(&mut self, path: &Path, metadata: &Metadata) {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        metadata.len().hash(&mut hasher);
        metadata.modified().ok().hash(&mut hasher);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            metadata.ino().hash(&mut hasher);
            (metadata.ctime(), metadata.ctime_nsec()).hash(&mut hasher);
        }
        self.0 = self.0.wrapping_add(hasher.finish());
    }
}

/// Folders, but no linked ones, and `.proto` files, as a schema's source takes them.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let taken = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        !name.starts_with(b".") && (is_folder || name.ends_with(b".proto"))
    });
    taken.map(|entry| entry.path()).collect()
}

/// When files that are looked at again and again are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    read: Stamp,
    seen: Stamp,
}

impl Settling {
    /// After they were read when they looked like this.
    #[must_use]
    pub const fn after(read: Stamp) -> Self {
        Self { read, seen: read }
    }

    /// What they look like now. True if they are to be read: they are others than those that were
    /// read, and have not changed since the last look.
    pub fn look(&mut self, now: Stamp) -> bool {
        let is_quiet = now == self.seen;
        self.seen = now;
        let is_due = is_quiet && now != self.read;
        if is_due {
            self.read = now;
        }
        is_due
    }

    /// What they looked like when they were read last.
    #[must_use]
    pub const fn read(&self) -> Stamp {
        self.read
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_once_after_they_have_become_quiet() {
        let [a, b, c] = [Stamp(1), Stamp(2), Stamp(3)];
        let mut settling = Settling::after(a);
        // Nothing, a write, another, quiet, quiet.
        let looks = [a, b, c, c, c].map(|now| settling.look(now));
        assert_eq!(looks, [false, false, false, true, false]);
        // Written, and written back before anybody read it.
        assert_eq!([a, c, c].map(|now| settling.look(now)), [false; 3]);
        assert_eq!(settling.read(), c);
    }

    #[test]
    fn whatever_happens_to_a_file_it_looks_different() {
        let folder = std::env::temp_dir().join(format!("transom-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        let mut seen = Vec::new();
        let mut look = |what: &str| {
            let now = Stamp::of([folder.as_path()]);
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        let proto = folder.join("deep/a.proto");
        look("nothing there");
        std::fs::write(&proto, "one").unwrap();
        look("a new file");
        std::fs::write(&proto, "three").unwrap();
        look("another size");
        let other = folder.join("deep/.next");
        std::fs::write(&other, "seven").unwrap();
        std::fs::rename(&other, &proto).unwrap();
        look("renamed over");
        #[cfg(unix)]
        {
            let target = folder.join("deep/.target");
            std::fs::write(&target, "seven").unwrap();
            std::fs::remove_file(&proto).unwrap();
            std::os::unix::fs::symlink(&target, &proto).unwrap();
            look("a link");
        }
        let before = Stamp::of([folder.as_path()]);
        std::fs::write(folder.join("notes.txt"), "no schema").unwrap();
        assert_eq!(Stamp::of([folder.as_path()]), before);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
