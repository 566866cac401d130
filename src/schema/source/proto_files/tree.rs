//! The `.proto` files beneath an import root: each parsed once, by itself, before anything is
//! compiled, so that what does not even parse costs the others no second start.
//!
//! A file that is broken is left out with all that import it, each with the reason of the first.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use prost_types::DescriptorProto;
use protox::file::{File as Opened, FileResolver, GoogleFileResolver};

/// Largest `.proto` file.
const PROTO_BYTES_MAX: u64 = 16 << 20;

/// What is known of the files.
pub(super) struct Tree {
    root: PathBuf,
    /// Parsed and not yet compiled. What is compiled anew is parsed anew.
    parsed: RefCell<HashMap<String, Opened>>,
    /// Who imports a file.
    importers: HashMap<String, Vec<String>>,
    /// By name: the reason, which begins with the place of the mistake.
    pub(super) broken: RefCell<BTreeMap<String, String>>,
    /// Set when a file with extensions is opened.
    pub(super) extends: Cell<bool>,
}

impl Tree {
    /// Parses all files.
    pub(super) fn parse(root: &Path, names: &[String]) -> Self {
        let mut tree = Self {
            root: root.to_owned(),
            parsed: RefCell::default(),
            importers: HashMap::new(),
            broken: RefCell::default(),
            extends: Cell::new(false),
        };
        for name in names {
            let opened = catch_unwind(AssertUnwindSafe(|| tree.open(name)));
            let reason = match opened {
                Ok(Ok(opened)) => {
                    for import in &opened.file_descriptor_proto().dependency {
                        let importers = tree.importers.entry(import.clone()).or_default();
                        importers.push(name.clone());
                    }
                    tree.parsed.get_mut().insert(name.clone(), opened);
                    continue;
                }
                // `Debug` is where file, line and column are.
                Ok(Err(error)) => format!("{error:?}"),
                Err(_) => "the compiler failed on it".to_owned(),
            };
            tree.refuse(name, &reason);
        }
        tree
    }

    pub(super) fn is_broken(&self, name: &str) -> bool {
        self.broken.borrow().contains_key(name)
    }

    /// A line for each broken file, by name.
    pub(super) fn told(&self) -> Vec<String> {
        let broken = self.broken.borrow();
        broken
            .iter()
            .map(|(name, reason)| told(name, reason))
            .collect()
    }

    /// Leaves a file out.
    pub(super) fn refuse(&self, name: &str, reason: &str) {
        let reason = told(name, reason);
        self.broken.borrow_mut().insert(name.to_owned(), reason);
    }

    /// Leaves out what imports a file that is left out, directly or not.
    pub(super) fn spread(&self) {
        let mut broken = self.broken.borrow_mut();
        let mut open: Vec<String> = broken.keys().cloned().collect();
        while let Some(name) = open.pop() {
            let Some(reason) = broken.get(&name).cloned() else {
                continue;
            };
            for importer in self.importers.get(&name).into_iter().flatten() {
                if !broken.contains_key(importer) {
                    broken.insert(importer.clone(), reason.clone());
                    open.push(importer.clone());
                }
            }
        }
    }

    fn open(&self, name: &str) -> Result<Opened, protox::Error> {
        let strange = |part: &str| matches!(part, "" | "." | "..") || part.contains('\\');
        if name.split('/').any(strange) {
            return Err(protox::Error::file_not_found(name));
        }
        let Ok(file) = File::open(self.root.join(name)) else {
            return Err(protox::Error::file_not_found(name));
        };
        let refuse = |reason: String| Err(protox::Error::new(Refused(format!("{name}:{reason}"))));
        let mut text = String::new();
        if let Err(error) = file.take(PROTO_BYTES_MAX + 1).read_to_string(&mut text) {
            return refuse(format!(" cannot be read: {error}"));
        }
        if text.len() as u64 > PROTO_BYTES_MAX {
            return refuse(format!(" is larger than {PROTO_BYTES_MAX} bytes"));
        }
        let opened = match edition_line(&text) {
            None => Opened::from_source(name, &text),
            Some(line) => refuse(format!(
                "{line}:1: `edition` cannot be compiled here, only proto2 and proto3 can; compile \
                 it with protoc or buf (--include_imports --descriptor_set_out=FILE) and give the \
                 result by --descriptors"
            )),
        };
        // People keep copies of the well-known types beside their own files. A copy that is too new
        // to be read here must not take with it everything that imports it: the types in it are
        // the same everywhere.
        opened.or_else(|error| GoogleFileResolver::new().open_file(name).map_err(|_| error))
    }
}

/// A reason that names the file it is told of. A mistake in an import begins with that file's name;
/// this one's stands before it.
fn told(name: &str, reason: &str) -> String {
    if reason.starts_with(name) {
        reason.to_owned()
    } else {
        format!("{name}: {reason}")
    }
}

/// Opens files below the import root, and nowhere else.
pub(super) struct TreeResolver(pub(super) Rc<Tree>);

impl FileResolver for TreeResolver {
    fn open_file(&self, name: &str) -> Result<Opened, protox::Error> {
        let parsed = self.0.parsed.borrow_mut().remove(name);
        let opened = parsed.map_or_else(|| self.0.open(name), Ok)?;
        let file = opened.file_descriptor_proto();
        if !file.extension.is_empty() || file.message_type.iter().any(extends) {
            self.0.extends.set(true);
        }
        Ok(opened)
    }
}

fn extends(message: &DescriptorProto) -> bool {
    !message.extension.is_empty() || message.nested_type.iter().any(extends)
}

/// A refusal whose `Debug` is its text: that is what protox shows.
#[derive(thiserror::Error)]
#[error("{0}")]
struct Refused(String);

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The line, from 1, on which the file's first statement is `edition = …`.
pub(super) fn edition_line(text: &str) -> Option<usize> {
    let whole = text.trim_start_matches('\u{feff}');
    let mut rest = whole;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n')?.1;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/")?.1;
        } else {
            let value = rest.strip_prefix("edition")?.trim_start();
            let before = whole.len().saturating_sub(rest.len());
            let newlines = whole.bytes().take(before).filter(|&byte| byte == b'\n');
            return value.starts_with('=').then_some(newlines.count() + 1);
        }
    }
}
