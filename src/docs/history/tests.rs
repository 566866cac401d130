//! Folders of revisions, good ones and bad ones.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::schema::Options;
use crate::schema::tests::source;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn schema(method: &str) -> Arc<Schema> {
    let text = format!(
        "syntax = \"proto3\"; package t; message M {{}} service S {{ rpc {method}(M) returns (M); }}"
    );
    let sources = vec![source("test", "up", &[("t.proto", &text)])];
    Arc::new(Schema::build(sources, &Options::default()).unwrap())
}

fn at(seconds: u64) -> Moment {
    Moment::of(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn times(history: &History) -> Vec<String> {
    let sets = history.sets();
    sets.into_iter().map(|(at, _)| at.stem()).collect()
}

#[test]
fn a_folder_gets_a_file_for_each_schema_that_differs() {
    let folder = Folder::new("each-schema");
    let history = History::of(Some(folder.0.clone()));
    history.record(&schema("A"), at(10));
    history.record(&schema("A"), at(20));
    history.record(&schema("B"), at(30));
    let expected = ["1970-01-01T00-00-10Z.binpb", "1970-01-01T00-00-30Z.binpb"];
    assert_eq!(folder.names(), expected);

    let again = History::of(Some(folder.0.clone()));
    again.record(&schema("B"), at(40));
    assert_eq!(folder.names(), expected, "a start is no revision");
    again.record(&schema("A"), at(50));
    assert_eq!(
        times(&again),
        [
            "1970-01-01T00-00-10Z",
            "1970-01-01T00-00-30Z",
            "1970-01-01T00-00-50Z"
        ]
    );
    let sets = again.sets();
    assert_eq!(sets[0].1, sets[2].1);
    assert_ne!(sets[0].1, sets[1].1);
}

#[test]
fn a_clock_that_goes_back_changes_no_order() {
    let history = History::of(None);
    history.record(&schema("A"), at(10));
    history.record(&schema("B"), at(5));
    history.record(&schema("C"), at(5));
    assert_eq!(
        times(&history),
        [
            "1970-01-01T00-00-10Z",
            "1970-01-01T00-00-11Z",
            "1970-01-01T00-00-12Z"
        ]
    );
}

#[test]
fn the_oldest_go_and_files_of_others_stay() {
    let folder = Folder::new("oldest");
    fs::create_dir_all(&folder.0).unwrap();
    for other in ["README.md", "api.binpb", "0000.binpb"] {
        fs::write(folder.0.join(other), "mine").unwrap();
    }
    for second in 0..60 {
        fs::write(folder.0.join(format!("{}.binpb", at(second).stem())), "old").unwrap();
    }
    let history = History::of(Some(folder.0.clone()));
    history.record(&schema("A"), at(100));
    let names = folder.names();
    assert_eq!(names.len(), REVISIONS_MAX + 3);
    assert!(names.contains(&"README.md".to_owned()) && names.contains(&"0000.binpb".to_owned()));
    assert_eq!(times(&history).last().unwrap(), "1970-01-01T00-01-40Z");
}

#[test]
fn a_folder_that_cannot_be_written_fails_nothing() {
    let folder = Folder::new("no-folder");
    fs::write(&folder.0, "a file").unwrap();
    let history = History::of(Some(folder.0.clone()));
    history.record(&schema("A"), at(10));
    history.record(&schema("B"), at(20));
    assert_eq!(
        history.sets().len(),
        2,
        "what this process served is known still"
    );
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn what_is_in_a_folder_need_not_be_readable() {
    let folder = Folder::new("unreadable");
    fs::create_dir_all(folder.0.join(format!("{}.binpb", at(5).stem()))).unwrap();
    let history = History::of(Some(folder.0.clone()));
    history.record(&schema("A"), at(10));
    assert_eq!(times(&history), ["1970-01-01T00-00-10Z"]);
}

#[test]
fn without_a_folder_nothing_is_made_of_a_schema_that_nothing_replaces() {
    let history = History::of(None);
    history.record(&schema("A"), at(10));
    assert!(!history.has_changes());
    assert!(matches!(
        history.revisions.lock().unwrap()[0].held,
        Held::Served(_)
    ));
    history.record(&schema("A"), at(20));
    assert!(!history.has_changes());
    history.record(&schema("B"), at(30));
    assert!(history.has_changes());
    let revisions = history.revisions.lock().unwrap();
    assert!(matches!(revisions[0].held, Held::Set(_)));
}
