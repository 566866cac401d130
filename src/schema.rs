//! What can be called: an immutable snapshot built from descriptors.
use std::collections::HashMap;
use std::sync::Arc;
use prost_reflect::DescriptorPool;
use crate::transcode::Plans;
pub mod method;
pub use method::{Method, Binding, Body, Shape, Idempotency, Variable};

/// Snapshot.
#[derive(Debug)]
pub struct Schema {
    pub(crate) pool: DescriptorPool,
    pub(crate) plans: Arc<Plans>,
    pub(crate) methods: HashMap<String, Arc<Method>>,
}
impl Schema {
    /// Builds. Pure.
    pub fn build(_sources: Vec<Source>, _options: &Options) -> Result<Self, BuildError> { todo!() }
    /// pool
    pub fn pool(&self) -> &DescriptorPool { &self.pool }
    /// plans
    pub fn plans(&self) -> &Arc<Plans> { &self.plans }
    /// by "/pkg.Service/Method"
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> { self.methods.get(path) }
    /// All methods sorted by path.
    pub fn methods(&self) -> impl Iterator<Item=&Arc<Method>> { self.methods.values() }
    /// REST routing; `verb` is an upper-case HTTP method, `path` the raw (undecoded) path.
    pub fn route<'s>(&'s self, _verb: &str, _path: &str) -> Route<'s> { todo!() }
    /// What was left out and why (bad templates, clashes, ...), each a sentence with names.
    pub fn refusals(&self) -> &[String] { todo!() }
}
/// Result of routing
#[derive(Debug)]
pub enum Route<'s> {
    /// matched
    Found { /// binding
        binding: &'s Binding, /// raw byte range of the path for every variable, in the order of `binding.variables`
        captures: Vec<std::ops::Range<usize>> },
    /// The path is bound, but not for this verb; the verbs it is bound for, sorted, HEAD and OPTIONS included.
    WrongVerb { /// allow
        allow: Vec<&'s str> },
    /// no match
    None,
}
/// Where descriptors come from; name is shown to people.
#[derive(Clone, Debug)]
pub struct Source { /// e.g. `reflection of http://127.0.0.1:50051`, a file name
    pub name: String, /// FileDescriptorSet bytes
    pub descriptors: Vec<u8>, /// which upstream serves its services
    pub upstream: Arc<str>, /// found by reflection (grpc.* and envoy.* are then skipped)
    pub reflected: bool }
/// Options
#[derive(Clone, Debug, Default)]
pub struct Options { /// refuse the whole schema on a clash or bad template
    pub strict: bool, /// do not serve POST /pkg.Service/Method JSON
    pub unannotated_off: bool }
/// Why a schema cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError { /// x
    #[error("x")] X }
