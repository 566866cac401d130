//! Patterns of `google.api.resource`: they know how people name the parts of a path.

use std::collections::{BTreeSet, HashMap};

use prost_reflect::DescriptorPool;

use super::google::Options;
use super::message::Resource;

/// Patterns by what is left of them without their names: `shelves/{}/books/{}`.
#[derive(Debug, Default)]
pub(super) struct Resources {
    /// Sorted by the resource's type.
    by_shape: HashMap<String, Vec<(String, Vec<String>)>>,
}

impl Resources {
    /// Every pattern of a pool that somebody with these labels may see.
    pub(super) fn new(pool: &DescriptorPool, labels: &BTreeSet<String>) -> Self {
        let mut all = Self::default();
        for file in pool.files() {
            for resource in Options::read(|| file.options()).resources() {
                all.add(&resource);
            }
        }
        for message in pool.all_messages() {
            let options = Options::read(|| message.options());
            if options.is_visible_to(labels) {
                for resource in options.resources() {
                    all.add(&resource);
                }
            }
        }
        for resources in all.by_shape.values_mut() {
            // Stable: patterns of one resource keep their order.
            resources.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        all
    }

    fn add(&mut self, resource: &Resource) {
        for pattern in &resource.patterns {
            if let Some((shape, names)) = erase(pattern) {
                let named = (resource.kind.clone(), names);
                self.by_shape.entry(shape).or_default().push(named);
            }
        }
    }

    /// The names of a pattern of this shape: that of the resource of this type, else the first.
    pub(super) fn names(&self, shape: &str, kind: Option<&str>) -> Option<&[String]> {
        let resources = self.by_shape.get(shape)?;
        let meant = resources.iter().find(|(own, _)| Some(own.as_str()) == kind);
        let (_, names) = meant.or_else(|| resources.first())?;
        Some(names)
    }
}

/// A pattern's shape and the names in it; none if a segment is more than a name or a literal.
fn erase(pattern: &str) -> Option<(String, Vec<String>)> {
    let mut names = Vec::new();
    let mut shape = Vec::new();
    for segment in pattern.split('/') {
        let inner = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
        match inner {
            Some(inner) => {
                let (name, hole) = match inner.split_once('=') {
                    None | Some((_, "*")) => (inner.split('=').next()?, ONE),
                    Some((name, "**")) => (name, REST),
                    Some(_) => return None,
                };
                let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                if name.is_empty() || !name.bytes().all(is_name) {
                    return None;
                }
                names.push(name.to_owned());
                shape.push(hole);
            }
            None if segment.is_empty() || segment.contains(['{', '}', '*']) => return None,
            None => shape.push(segment),
        }
    }
    (!names.is_empty()).then(|| (shape.join("/"), names))
}

/// What stands for one segment in a shape.
pub(super) const ONE: &str = "{}";

/// What stands for any number of segments in a shape.
pub(super) const REST: &str = "{**}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_erased_where_its_segments_are_whole() {
        for (pattern, expected) in [
            ("shelves/{shelf}", Some(("shelves/{}", vec!["shelf"]))),
            ("{project}", Some(("{}", vec!["project"]))),
            ("a/{b}/c/{d=**}", Some(("a/{}/c/{**}", vec!["b", "d"]))),
            ("a/{b}~{c}", None),
            ("*", None),
            ("a", None),
            ("a//{b}", None),
            ("a/{}", None),
        ] {
            let erased = erase(pattern);
            let erased = erased
                .as_ref()
                .map(|(shape, names)| (shape.as_str(), names.iter().map(String::as_str).collect()));
            assert_eq!(erased, expected, "{pattern}");
        }
    }
}
