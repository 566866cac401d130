//! Both directions against `DynamicMessage` as the judge.

mod mutations;
mod plans;

use std::sync::OnceLock;

use prost_reflect::DescriptorPool;
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

use super::{Lowered, Plans};

/// The schema of `tests/data/transcode/`, and its plans.
pub(crate) fn fixture() -> &'static (DescriptorPool, Plans) {
    static FIXTURE: OnceLock<(DescriptorPool, Plans)> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let mut resolver = ChainFileResolver::new();
        resolver.add(IncludeFileResolver::new(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/transcode").into(),
        ));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true);
        for file in ["third.proto", "second.proto"] {
            compiler.open_file(file).unwrap();
        }
        let pool = compiler.descriptor_pool();
        let plans = Plans::compile(&pool, &Lowered::default());
        (pool, plans)
    })
}
