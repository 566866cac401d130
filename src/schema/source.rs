//! Where descriptors come from, and how several sources become one set of files.
//!
//! A source is bytes: a descriptor set from a file, from reflection or from compiled `.proto`
//! files. The same file from two sources is merged where it is the same, so comments and
//! annotations join a schema that reflection brought without them. Where it is not the same, no
//! version of it is served: a guess at what the backend speaks would put wrong bytes on the wire.

use std::collections::HashMap;
use std::sync::Arc;

use super::descriptor::File;

pub(super) mod builtin;
mod descriptor_set;
mod merge;
mod proto_files;
mod weight;

pub use descriptor_set::SetError;
pub use proto_files::{Compiled, ProtoError};

/// Where descriptors come from. The name is shown to people.
#[derive(Clone, Debug)]
pub struct Source {
    /// For example `reflection of http://127.0.0.1:50051`, or a file name.
    pub name: String,
    /// A `google.protobuf.FileDescriptorSet` in wire form.
    pub descriptors: Vec<u8>,
    /// Which upstream serves its services.
    pub upstream: Arc<str>,
    /// Found by reflection: its services in `grpc.*` and `envoy.*` are not served.
    pub reflected: bool,
}

/// A file and which sources have it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) file: File,
    /// Indices of the sources; none for a built-in file.
    pub(super) origins: Vec<usize>,
    /// Why it cannot be served, as far as that is known.
    pub(super) fault: Option<String>,
}

impl Entry {
    /// The sources that bring this service of the file for their upstreams.
    pub(super) fn claims<'s>(
        &self,
        service: &str,
        sources: &'s [Source],
    ) -> impl Iterator<Item = &'s Source> {
        let infrastructure = is_infrastructure(service);
        self.origins
            .iter()
            .filter_map(|&origin| sources.get(origin))
            .filter(move |source| !(infrastructure && source.reflected))
    }
}

/// Services of these packages are for those who run the backend: a gateway serves them only when a
/// source other than reflection names them.
pub(super) fn is_infrastructure(name: &str) -> bool {
    ["grpc", "envoy"].iter().any(|package| {
        name.strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Reads every source and merges their files, in the order of sources and of files in them.
///
/// # Errors
/// The first source that is no descriptor set at all. A broken or contradictory file within a set
/// becomes a refusal.
pub(super) fn gather(
    sources: &[Source],
    refusals: &mut Vec<String>,
) -> Result<Vec<Entry>, (String, SetError)> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (origin, source) in sources.iter().enumerate() {
        let files = descriptor_set::read(&source.descriptors)
            .map_err(|error| (source.name.clone(), error))?;
        for file in files {
            let file = match file {
                Ok(file) => file,
                Err(broken) => {
                    refusals.push(format!("{}: {broken}", source.name));
                    continue;
                }
            };
            let Some(entry) = by_name
                .get(file.name())
                .and_then(|&index| entries.get_mut(index))
            else {
                by_name.insert(file.name().to_owned(), entries.len());
                entries.push(Entry {
                    file,
                    origins: vec![origin],
                    fault: None,
                });
                continue;
            };
            match merge::merge(&mut entry.file, file) {
                Ok(()) => entry.origins.push(origin),
                // Everyone brings their own version of these, and they differ in details that
                // nobody's services depend on.
                Err(_) if builtin::is_builtin(entry.file.name()) => {}
                // Neither do they on what reflection says of itself and of its like.
                Err(_) if source.reflected && is_infrastructure(entry.file.package()) => {}
                Err(difference) => {
                    entry.origins.push(origin);
                    entry.fault.get_or_insert_with(|| {
                        format!("there are different versions of it ({difference}); none is served")
                    });
                }
            }
        }
    }
    Ok(entries)
}
