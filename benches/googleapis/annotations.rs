//! How many methods and bindings the definitions have, by prost-reflect's own reading of the
//! `google.api.http` extension.

use prost_reflect::{DescriptorPool, DynamicMessage};

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) methods: usize,
    pub(crate) bindings: usize,
}

pub(crate) fn count(pool: &DescriptorPool) -> Counts {
    let extension = pool.get_extension_by_name("google.api.http").unwrap();
    let mut counts = Counts::default();
    for method in pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
    {
        counts.methods += 1;
        let options = method.options();
        if options.has_extension(&extension) {
            let rule = options.get_extension(&extension);
            counts.bindings += rule.as_message().map_or(0, bindings);
        }
    }
    counts
}

fn bindings(rule: &DynamicMessage) -> usize {
    let more = rule.get_field_by_name("additional_bindings").unwrap();
    1 + more.as_list().map_or(0, <[_]>::len)
}
