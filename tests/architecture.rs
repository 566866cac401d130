//! Holds the source to ARCHITECTURE.md: the import ladder, the shape of files, what is absent.
//!
//! Reads `src/` as text. The ladder is the table under "The import ladder" in ARCHITECTURE.md, so
//! the picture and the code cannot part.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file at most; beyond, it is more than one noun.
const LINES_MAX: usize = 500;

/// Lines of ARCHITECTURE.md at most; beyond, nobody reads it.
const DOCUMENT_LINES_MAX: usize = 200;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("a folder's entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source file can be read")
}

/// The top-level module a file of `src/` belongs to.
fn module(path: &Path) -> String {
    let inner = path
        .strip_prefix(root().join("src"))
        .expect("a file of src");
    let first = inner.components().next().expect("a file name");
    Path::new(first.as_os_str())
        .file_stem()
        .expect("a stem")
        .to_string_lossy()
        .into_owned()
}

/// Module -> what it may import, from the table in ARCHITECTURE.md.
fn ladder() -> BTreeMap<String, BTreeSet<String>> {
    let document = read(&root().join("ARCHITECTURE.md"));
    let (_, section) = document
        .split_once("## The import ladder")
        .expect("the section exists");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let ticked = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let mut ladder = BTreeMap::new();
    for row in rows.take_while(|row| row.starts_with('|')) {
        let cells: Vec<_> = row.split('|').collect();
        for module in ticked(cells[1]) {
            ladder.insert(module, ticked(cells[2]));
        }
    }
    ladder
}

/// The modules of ours that a line of code names.
fn imports(code: &str) -> impl Iterator<Item = String> {
    code.split("crate::").skip(1).flat_map(|rest| {
        let ends = |c: char| !(c.is_alphanumeric() || c == '_');
        match rest.strip_prefix('{') {
            None => vec![rest.split(ends).next().unwrap_or_default().to_owned()],
            Some(group) => {
                // `crate::{a::…, b::{…}, c}`: the names at the group's own level.
                let (mut depth, mut names, mut word) = (0, Vec::new(), String::new());
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => names.push(std::mem::take(&mut word)),
                        c if depth == 0 => word.push(c),
                        _ => {}
                    }
                }
                names.push(word);
                names
                    .iter()
                    .map(|n| n.trim().split(ends).next().unwrap_or_default().to_owned())
                    .collect()
            }
        }
    })
}

/// Source without comments, and without the unit tests at its end.
fn code(text: &str) -> String {
    let body = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    body.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| stem == "tests")
}

#[test]
fn imports_point_down_the_ladder() {
    let ladder = ladder();
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")) {
        let here = module(&path);
        if is_test(&path) || ["lib", "main"].contains(&here.as_str()) {
            continue;
        }
        let Some(allowed) = ladder.get(&here) else {
            wrong.push(format!(
                "{}: the module `{here}` is not in the table",
                name(&path)
            ));
            continue;
        };
        for import in imports(&code(&read(&path))) {
            if import != here && !allowed.contains(&import) && ladder.contains_key(&import) {
                wrong.push(format!("{}: imports `{import}`", name(&path)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the table in ARCHITECTURE.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_module_of_the_table_exists_and_the_document_stays_short() {
    for module in ladder().keys() {
        assert!(
            root().join(format!("src/{module}.rs")).exists(),
            "`{module}` has no file"
        );
    }
    let lines = read(&root().join("ARCHITECTURE.md")).lines().count();
    assert!(
        lines <= DOCUMENT_LINES_MAX,
        "ARCHITECTURE.md has {lines} lines"
    );
}

#[test]
fn a_file_says_what_it_is_and_is_one_noun() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "examples", "benches"] {
        for path in rust_files(&root().join(folder)) {
            let text = read(&path);
            if !text.starts_with("//!") {
                wrong.push(format!("{} does not open with //!", name(&path)));
            }
            let lines = text.lines().count();
            if folder == "src" && !is_test(&path) && lines > LINES_MAX {
                wrong.push(format!(
                    "{} has {lines} lines, more than {LINES_MAX}",
                    name(&path)
                ));
            }
            if path.file_name().is_some_and(|file| file == "mod.rs") {
                wrong.push(format!("{}: foo.rs beside foo/, never mod.rs", name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_pure_parts_know_no_sockets_and_no_clock() {
    let forbidden = [
        "tokio::", "hyper::", "axum::", "tonic::", "http::", "std::net",
    ];
    for part in ["src/transcode", "src/schema"] {
        for path in rust_files(&root().join(part))
            .iter()
            .filter(|path| !is_test(path))
        {
            let code = code(&read(path));
            for word in forbidden {
                assert!(!code.contains(word), "{} knows {word}", name(path));
            }
        }
    }
}

#[test]
fn the_road_carries_bytes_not_message_objects() {
    for path in rust_files(&root().join("src"))
        .iter()
        .filter(|path| !is_test(path))
    {
        let here = module(path);
        if ["transcode", "protocol", "upstream", "call"].contains(&here.as_str()) {
            let code = code(&read(path));
            for word in ["DynamicMessage", "serde_json::Value"] {
                assert!(
                    !code.contains(word),
                    "{} uses {word} on the request path",
                    name(path)
                );
            }
        }
    }
}
