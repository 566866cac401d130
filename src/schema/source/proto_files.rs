//! A directory of `.proto` files, compiled in this process: no `protoc`, and comments kept.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::Message as _;
use protox::file::{ChainFileResolver, File as Opened, FileResolver, GoogleFileResolver};

use super::Source;
use super::builtin::BuiltinResolver;
use super::descriptor_set::{FILES_MAX, Named};
use crate::schema::descriptor::FileSet;

#[cfg(test)]
mod tests;

/// Largest `.proto` file.
const PROTO_BYTES_MAX: u64 = 16 << 20;

/// Deepest directory below the import root.
const DEPTH_MAX: usize = 64;

/// After this many broken files the rest is not tried: it is the wrong directory.
const BROKEN_MAX: usize = 20;

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
        let mut broken: Vec<String> = Vec::new();
        let mut left_out: HashSet<&str> = HashSet::new();
        // A file that failed may leave traces in the compiler, so the rest starts afresh.
        let descriptors = loop {
            match compile(root, &names, &left_out) {
                Ok(descriptors) => break descriptors,
                Err((name, reason)) => {
                    broken.push(reason);
                    left_out.insert(name);
                    if left_out.len() == names.len() || broken.len() >= BROKEN_MAX {
                        let path = root.to_owned();
                        return Err(ProtoError::Broken { path, broken });
                    }
                }
            }
        };
        let source = Self {
            name: root.display().to_string(),
            descriptors,
            upstream,
            reflected: false,
        };
        Ok(Compiled { source, broken })
    }
}

/// Compiles all but what is left out; the first file that fails, and why.
fn compile<'n>(
    root: &Path,
    names: &'n [String],
    left_out: &HashSet<&str>,
) -> Result<Vec<u8>, (&'n str, String)> {
    let mut chain = ChainFileResolver::new();
    chain.add(RootResolver(root.to_owned()));
    chain.add(BuiltinResolver);
    chain.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(chain);
    compiler.include_imports(true).include_source_info(true);
    for name in names
        .iter()
        .filter(|name| !left_out.contains(name.as_str()))
    {
        let opened = catch_unwind(AssertUnwindSafe(|| compiler.open_file(name).map(|_| ())));
        let reason = match opened {
            Ok(Ok(())) => continue,
            // `Debug` is where file, line and column are.
            Ok(Err(error)) => format!("{error:?}"),
            Err(_) => "the compiler failed on it".to_owned(),
        };
        // An error in an import is told with that file's name; this one's stands before it.
        let reason = if reason.starts_with(name.as_str()) {
            reason
        } else {
            format!("{name}: {reason}")
        };
        return Err((name, reason));
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
    Ok(set.encode_to_vec())
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

/// Opens files below the import root, and nowhere else.
#[derive(Debug)]
struct RootResolver(PathBuf);

impl FileResolver for RootResolver {
    fn open_file(&self, name: &str) -> Result<Opened, protox::Error> {
        let strange = |part: &str| matches!(part, "" | "." | "..") || part.contains('\\');
        if name.split('/').any(strange) {
            return Err(protox::Error::file_not_found(name));
        }
        let Ok(file) = std::fs::File::open(self.0.join(name)) else {
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
        if let Some(line) = edition_line(&text) {
            return refuse(format!(
                "{line}:1: `edition` cannot be compiled here, only proto2 and proto3 can; compile \
                 it with protoc or buf (--include_imports --descriptor_set_out=FILE) and give the \
                 result by --descriptors"
            ));
        }
        Opened::from_source(name, &text)
    }
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
fn edition_line(text: &str) -> Option<usize> {
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

fn lines(broken: &[String]) -> String {
    broken.iter().fold(String::new(), |mut out, line| {
        let _ = write!(out, "\n  {line}");
        out
    })
}
