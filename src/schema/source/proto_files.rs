//! A directory of `.proto` files, compiled in this process: no `protoc`, and comments kept.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use prost::Message as _;
use protox::file::{ChainFileResolver, GoogleFileResolver};

use super::Source;
use super::builtin::BuiltinResolver;
use super::descriptor_set::{FILES_MAX, Named};
use crate::schema::descriptor::FileSet;

mod tree;

#[cfg(test)]
mod tests;

use tree::{Tree, TreeResolver};

/// Deepest directory below the import root.
const DEPTH_MAX: usize = 64;

/// After this many starts the rest is not tried: it is the wrong directory.
const STARTS_MAX: usize = 20;

/// Broken files that an error lists, if nothing can be served.
const BROKEN_SHOWN: usize = 20;

/// What an import root holds.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The files that compile, with their comments.
    pub source: Source,
    /// The others: each a line with file, line, column and reason.
    pub broken: Vec<String>,
}

/// Why a directory brings no descriptors.
#[derive(Debug, thiserror::Error)]
pub enum ProtoError {
    /// Not readable.
    #[error("cannot read {path}: {error}")]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        error: std::io::Error,
    },
    /// A file instead of a directory.
    #[error(
        "{0} is not a directory; --proto takes an import root, the directory that imports are \
         relative to"
    )]
    NotADirectory(PathBuf),
    /// Nothing to compile.
    #[error("{0} has no .proto file beneath it")]
    Empty(PathBuf),
    /// Too much.
    #[error("{0} has more than {FILES_MAX} .proto files beneath it")]
    TooMany(PathBuf),
    /// Not one file compiles, or too many do not.
    #[error("{path} does not compile:{}", lines(broken))]
    Broken {
        /// The import root.
        path: PathBuf,
        /// A line for each file.
        broken: Vec<String>,
    },
}

impl Source {
    /// Compiles every `.proto` file beneath an import root. Reads the file system.
    ///
    /// Imports are looked up below `root`, then among the built-in definitions (`google/api`,
    /// `google/rpc`, `google/type`, …), then among the well-known types.
    ///
    /// # Errors
    /// The directory cannot be read or holds nothing that compiles.
    pub fn proto_files(root: &Path, upstream: Arc<str>) -> Result<Compiled, ProtoError> {
        let names = list(root)?;
        let tree = Tree::parse(root, &names);
        let (descriptors, broken) = compile(tree, &names).map_err(|mut broken| {
            let more = broken.len().saturating_sub(BROKEN_SHOWN);
            broken.truncate(BROKEN_SHOWN);
            if more > 0 {
                broken.push(format!("… and {more} more"));
            }
            ProtoError::Broken {
                path: root.to_owned(),
                broken,
            }
        })?;
        let source = Self {
            name: root.display().to_string(),
            descriptors,
            upstream,
            reflected: false,
        };
        Ok(Compiled { source, broken })
    }
}

/// A descriptor set of what compiles, and a line for each file that does not; only these lines if
/// it is all of them, or more than are worth trying.
fn compile(tree: Tree, names: &[String]) -> Result<(Vec<u8>, Vec<String>), Vec<String>> {
    let tree = Rc::new(tree);
    tree.spread();
    for _ in 0..STARTS_MAX {
        let descriptors = compile_from_start(&tree, names);
        if tree.broken.borrow().len() == names.len() {
            break;
        }
        if let Some(descriptors) = descriptors {
            return Ok((descriptors, tree.told()));
        }
    }
    Err(tree.told())
}

/// Compiles all but what is left out, and leaves out what fails; `None` if something failed in such
/// a way that the rest has to start afresh.
fn compile_from_start(tree: &Rc<Tree>, names: &[String]) -> Option<Vec<u8>> {
    let mut chain = ChainFileResolver::new();
    chain.add(TreeResolver(Rc::clone(tree)));
    chain.add(BuiltinResolver);
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true).include_source_info(true);
    for name in names {
        if tree.is_broken(name) {
            continue;
        }
        tree.extends.set(false);
        let opened = catch_unwind(AssertUnwindSafe(|| compiler.open_file(name).map(|_| ())));
        let (reason, panicked) = match opened {
            Ok(Ok(())) => continue,
            // `Debug` is where file, line and column are.
            Ok(Err(error)) => (format!("{error:?}"), false),
            Err(_) => ("the compiler failed on it".to_owned(), true),
        };
        tree.refuse(name, &reason);
        tree.spread();
        // The extensions of a file that failed stay in the compiler, and lead nowhere.
        if panicked || tree.extends.get() {
            return None;
        }
    }
    // Imports that are not of this directory stay out: the schema has better ways to fill gaps,
    // and a backend may bring its own version of them.
    let own: HashSet<&str> = names.iter().map(String::as_str).collect();
    let encoded = compiler.encode_file_descriptor_set();
    let mut set = FileSet::decode(encoded.as_slice()).unwrap_or_default();
    set.file.retain(|file| {
        let named = Named::decode(file.clone()).ok();
        named
            .and_then(|named| named.name)
            .is_some_and(|name| own.contains(name.as_str()))
    });
    Some(set.encode_to_vec())
}

/// Import paths of every `.proto` file, sorted. Hidden entries and linked directories are left
/// out, so that no link can lead in a circle.
fn list(root: &Path) -> Result<Vec<String>, ProtoError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| ProtoError::Io { path, error }
    };
    if !std::fs::metadata(root).map_err(io(root))?.is_dir() {
        return Err(ProtoError::NotADirectory(root.to_owned()));
    }
    let mut names = Vec::new();
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((dir, prefix, depth)) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(io(&dir))? {
            let entry = entry.map_err(io(&dir))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let kind = entry.file_type().map_err(io(&dir))?;
            let import = format!("{prefix}{name}");
            if kind.is_dir() && depth < DEPTH_MAX {
                open.push((entry.path(), format!("{import}/"), depth + 1));
            } else if !kind.is_dir() && name.ends_with(".proto") && entry.path().is_file() {
                names.push(import);
                if names.len() > FILES_MAX {
                    return Err(ProtoError::TooMany(root.to_owned()));
                }
            }
        }
    }
    if names.is_empty() {
        return Err(ProtoError::Empty(root.to_owned()));
    }
    names.sort();
    Ok(names)
}

fn lines(broken: &[String]) -> String {
    broken.iter().fold(String::new(), |mut out, line| {
        let _ = write!(out, "\n  {line}");
        out
    })
}
