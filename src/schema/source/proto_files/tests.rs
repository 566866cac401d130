//! Import roots on disk.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};

use super::tree::edition_line;
use super::*;
use crate::schema::descriptor::File;

/// A directory that goes when the test does.
struct Root(PathBuf);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!(
            "transom-protos-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let root = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&root).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn compile(&self) -> Result<Compiled, ProtoError> {
        Source::proto_files(&self.0, "backend".into())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn names(compiled: &Compiled) -> Vec<String> {
    let set = FileSet::decode(compiled.source.descriptors.as_slice()).unwrap();
    let name = |file: prost::bytes::Bytes| File::decode(file).unwrap().name().to_owned();
    let mut names: Vec<_> = set.file.into_iter().map(name).collect();
    names.sort();
    names
}

const BOOKS: &str = r#"
syntax = "proto3";
package books;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
import "common/types.proto";
service Books {
  // Gets a book.
  rpc Get(common.Key) returns (Book) { option (google.api.http) = { get: "/v1/{id}" }; }
}
message Book { google.protobuf.Timestamp printed = 1; }
"#;
const TYPES: &str = "syntax = \"proto3\";\npackage common;\nmessage Key { string id = 1; }\n";

#[test]
fn an_annotated_directory_compiles_with_nothing_installed() {
    let root = Root::new(&[
        ("books/books.proto", BOOKS),
        ("common/types.proto", TYPES),
        (".git/x.proto", "?"),
    ]);
    let compiled = root.compile().unwrap();
    assert!(compiled.broken.is_empty(), "{:?}", compiled.broken);
    assert_eq!(
        names(&compiled),
        ["books/books.proto", "common/types.proto"]
    );

    let schema = crate::schema::Schema::build(vec![compiled.source], &Default::default()).unwrap();
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    let method = schema.method("/books.Books/Get").unwrap();
    assert_eq!(method.comment, "Gets a book.");
    assert_eq!(method.bindings[0].template, "/v1/{id}");
}

#[test]
fn a_broken_file_is_told_with_line_and_column_and_the_rest_compiles() {
    let root = Root::new(&[
        (
            "a.proto",
            "syntax = \"proto3\";\nmessage A {\n  string = 1;\n}\n",
        ),
        (
            "b.proto",
            "syntax = \"proto3\";\nimport \"a.proto\";\nmessage B { A a = 1; }\n",
        ),
        ("c.proto", "syntax = \"proto3\";\nimport \"none.proto\";\n"),
        (
            "d.proto",
            "syntax = \"proto3\";\nmessage D { Missing m = 1; }\n",
        ),
        (
            "e.proto",
            "// Editions.\n\nedition = \"2023\";\nmessage E {}\n",
        ),
        ("f.proto", "syntax = \"proto3\";\nimport \"../a.proto\";\n"),
        ("ok.proto", "syntax = \"proto3\";\nmessage Ok {}\n"),
    ]);
    let compiled = root.compile().unwrap();
    assert_eq!(names(&compiled), ["ok.proto"]);
    let expected = [
        "a.proto:3:10:",
        "b.proto: a.proto:3:10:",
        "c.proto:2:",
        "d.proto:2:",
        "e.proto:3:1:",
        "f.proto:2:",
    ];
    assert_eq!(
        compiled.broken.len(),
        expected.len(),
        "{:#?}",
        compiled.broken
    );
    for (line, expected) in compiled.broken.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
    assert!(
        compiled.broken[4].contains("--descriptors"),
        "{}",
        compiled.broken[4]
    );
}

#[test]
fn a_copy_of_a_well_known_file_that_is_too_new_takes_nothing_with_it() {
    let root = Root::new(&[
        ("books/books.proto", BOOKS),
        ("common/types.proto", TYPES),
        (
            "google/protobuf/descriptor.proto",
            "syntax = \"proto2\";\npackage google.protobuf;\nmessage FileOptions {\n  extensions 1000 [declaration = { number: 1000 }];\n}\n",
        ),
        (
            "google/protobuf/timestamp.proto",
            "edition = \"2024\";\npackage google.protobuf;\nmessage Timestamp {}\n",
        ),
        ("google/protobuf/own.proto", "edition = \"2024\";\n"),
    ]);
    let compiled = root.compile().unwrap();
    assert_eq!(compiled.broken.len(), 1, "{:#?}", compiled.broken);
    assert!(compiled.broken[0].starts_with("google/protobuf/own.proto:1:1:"));
    let schema = crate::schema::Schema::build(vec![compiled.source], &Default::default()).unwrap();
    assert!(schema.refusals().is_empty(), "{:?}", schema.refusals());
    assert!(schema.method("/books.Books/Get").is_some());
}

#[test]
fn a_file_that_fails_with_extensions_leaves_no_trace() {
    let broken = "syntax = \"proto2\";\nimport \"ok.proto\";\nextend Ok { optional int32 more = 100; }\nmessage M { optional None none = 1; }\n";
    let root = Root::new(&[
        ("a.proto", broken),
        (
            "b.proto",
            "syntax = \"proto2\";\nimport \"ok.proto\";\nextend Ok { optional string more = 100; }\n",
        ),
        (
            "c.proto",
            "syntax = \"proto3\";\nmessage M { None none = 1; }\n",
        ),
        ("d.proto", "syntax = \"proto3\";\nmessage M {}\n"),
        (
            "ok.proto",
            "syntax = \"proto2\";\nmessage Ok { extensions 100 to 200; }\n",
        ),
    ]);
    let compiled = root.compile().unwrap();
    assert_eq!(names(&compiled), ["b.proto", "d.proto", "ok.proto"]);
    assert_eq!(compiled.broken.len(), 2, "{:?}", compiled.broken);
}

#[test]
fn many_files_that_do_not_parse_do_not_stop_the_rest() {
    let names: Vec<String> = (0..60).map(|n| format!("broken{n:02}.proto")).collect();
    let mut files: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), "syntax = \"proto3\";\nmessage {\n"))
        .collect();
    files.push(("common/types.proto", TYPES));
    let compiled = Root::new(&files).compile().unwrap();
    assert_eq!(compiled.broken.len(), 60);
    files.pop();
    let error = Root::new(&files).compile().unwrap_err().to_string();
    assert!(error.ends_with("\n  … and 40 more"), "{error}");
}

#[test]
fn what_is_no_import_root_is_told() {
    let root = Root::new(&[("a.txt", "")]);
    assert!(matches!(root.compile(), Err(ProtoError::Empty(_))));
    let file = root.0.join("a.txt");
    assert!(matches!(
        Source::proto_files(&file, "b".into()),
        Err(ProtoError::NotADirectory(_))
    ));
    let none = root.0.join("none");
    assert!(matches!(
        Source::proto_files(&none, "b".into()),
        Err(ProtoError::Io { .. })
    ));
    let root = Root::new(&[("a.proto", "nonsense")]);
    let error = root.compile().unwrap_err().to_string();
    assert!(error.contains("\n  a.proto:1:1:"), "{error}");
}

#[test]
fn cycles_and_duplicates_are_told() {
    let root = Root::new(&[
        ("a.proto", "syntax = \"proto3\";\nimport \"b.proto\";\n"),
        ("b.proto", "syntax = \"proto3\";\nimport \"a.proto\";\n"),
        (
            "c.proto",
            "syntax = \"proto3\";\nmessage M {}\nmessage M {}\n",
        ),
    ]);
    let error = root.compile().unwrap_err().to_string();
    assert!(error.contains("cycle"), "{error}");
    assert!(error.contains("c.proto"), "{error}");
}

#[test]
fn editions_are_found_behind_comments() {
    for (text, expected) in [
        ("edition = \"2023\";", Some(1)),
        ("\u{feff}edition=\"2023\";", Some(1)),
        ("// c\n/* d\n */ edition = \"2024\";", Some(3)),
        ("syntax = \"proto3\"; // edition = 2023", None),
        ("// edition = \"2023\"", None),
        ("editions = 1", None),
        ("", None),
    ] {
        assert_eq!(edition_line(text), expected, "{text:?}");
    }
}
