//! Messages that lead back to themselves: generated Rust has a field between two of one ring behind a
//! pointer. Made once for a catalog, whatever is asked of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::super::{Catalog, FieldDescriptor};

/// The ring of each message, by full name; made when somebody asks for the first time.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Rings(OnceLock<BTreeMap<String, usize>>);

impl Catalog {
    /// True for a field that prost boxes: one message, from which a way of such fields leads back to the
    /// message that has it.
    #[must_use]
    pub fn is_boxed(&self, field: &FieldDescriptor) -> bool {
        let Some(inner) = single(field) else {
            return false;
        };
        let rings = self.rings.0.get_or_init(|| rings(self));
        let outer = field.containing_message();
        let outer = rings.get(outer.full_name());
        outer.is_some() && outer == rings.get(&inner)
    }
}

/// The full name of the message that a field holds one of.
fn single(field: &FieldDescriptor) -> Option<String> {
    if field.is_list() || field.is_map() {
        return None;
    }
    let kind = field.kind();
    Some(kind.as_message()?.full_name().to_owned())
}

/// Two messages are of one ring if each leads to the other: Kosaraju's two walks, without recursion.
fn rings(catalog: &Catalog) -> BTreeMap<String, usize> {
    let names: Vec<&String> = catalog.messages.keys().collect();
    let places: BTreeMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(place, name)| (name.as_str(), place))
        .collect();
    let mut ahead: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut back = ahead.clone();
    for (from, message) in catalog.messages.values().enumerate() {
        let inner = message.fields.iter().map(|field| single(&field.descriptor));
        for to in inner.flatten().filter_map(|name| places.get(name.as_str())) {
            ahead[from].push(*to);
            back[*to].push(from);
        }
    }
    let mut left = Vec::with_capacity(names.len());
    let mut seen = vec![false; names.len()];
    for root in 0..names.len() {
        walk(root, &ahead, &mut seen, &mut |place| left.push(place));
    }
    let mut rings = BTreeMap::new();
    let mut seen = vec![false; names.len()];
    for root in left.into_iter().rev() {
        walk(root, &back, &mut seen, &mut |place| {
            rings.insert(names[place].clone(), root);
        });
    }
    rings
}

/// Calls `leave` with every place that can be reached and was not seen, inner ones first.
fn walk(root: usize, edges: &[Vec<usize>], seen: &mut [bool], leave: &mut dyn FnMut(usize)) {
    if std::mem::replace(&mut seen[root], true) {
        return;
    }
    let mut open = vec![(root, 0)];
    while let Some((place, next)) = open.last_mut() {
        match edges[*place].get(*next) {
            Some(&to) => {
                *next += 1;
                if !std::mem::replace(&mut seen[to], true) {
                    open.push((to, 0));
                }
            }
            None => {
                leave(*place);
                open.pop();
            }
        }
    }
}
