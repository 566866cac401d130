//! What the names of one request have set so far: a tree of the fields they lead to.
//!
//! Setting a field takes time by the depth of its name, whatever came before; a map's entry, a
//! comparison of hashes with the entries before. The tables are seeded, so that nobody can choose
//! names that collide.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::ops::Range;

use crate::transcode::{FieldRef, Plans};

/// Fields and map entries for which memory is kept between requests.
const KEPT_MAX: usize = 1024;

/// The fields that were named.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The root message first, if anything was named.
    nodes: Vec<Node>,
    /// Node and index of a field, to the field's node.
    children: HashMap<(u32, u32), u32>,
    /// Node and index of a oneof, to the member that was named.
    members: HashMap<(u32, u32), u32>,
    entries: Vec<Entry>,
    /// Keys of the entries, one after the other.
    keys: Vec<u8>,
}

/// A field that was named, or that a named one lies beneath.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// It was given.
    set: bool,
    /// It is a message and was given as a whole.
    whole: bool,
    /// Something beneath it was given.
    beneath: bool,
    /// It was asked for by [`Seen::is_first`].
    asked: bool,
}

/// An entry of a map.
#[derive(Debug)]
struct Entry {
    map: u32,
    hash: u64,
    key: Range<usize>,
}

/// How a name sets its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How<'k> {
    /// Alone: a scalar.
    Once,
    /// Alone, with all that is beneath it: a message with a form as text.
    Whole,
    /// As one of many: an element of a list.
    Again,
    /// As the entry of this key in a map.
    Entry(&'k [u8]),
}

/// Why a field cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// It was set before.
    Twice,
    /// At this step of its way another member of a oneof was set: the index of that field.
    Oneof {
        /// Index of the step.
        step: usize,
        /// Index of the other member in the message's plan.
        member: u32,
    },
}

impl Seen {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.children.clear();
        self.members.clear();
        self.entries.clear();
        self.keys.clear();
    }

    /// Gives back what one extraordinary request made large.
    pub(super) fn trim(&mut self) {
        let largest = self.nodes.capacity().max(self.entries.capacity());
        if largest > KEPT_MAX || self.keys.capacity() > KEPT_MAX * size_of::<Entry>() {
            *self = Self::default();
        }
    }

    /// Sets a field.
    pub(super) fn set(
        &mut self,
        plans: &Plans,
        field: FieldRef<'_>,
        how: How<'_>,
    ) -> Result<(), Clash> {
        let mut id = self.root();
        for (index, step) in field.steps().iter().enumerate() {
            let node = self.node(id);
            if node.whole {
                return Err(Clash::Twice);
            }
            node.beneath = true;
            if let Some(oneof) = plans.oneof_of(*step) {
                let member = *self.members.entry((id, oneof)).or_insert(step.field);
                if member != step.field {
                    return Err(Clash::Oneof {
                        step: index,
                        member,
                    });
                }
            }
            id = self.child(id, step.field);
        }
        let node = self.node(id);
        match how {
            How::Entry(key) => return self.enter(id, key),
            How::Again => {}
            How::Once | How::Whole if node.set => return Err(Clash::Twice),
            How::Whole if node.beneath => return Err(Clash::Twice),
            How::Once | How::Whole => {}
        }
        node.set = true;
        node.whole = how == How::Whole;
        Ok(())
    }

    /// True the first time that this field is asked for.
    pub(super) fn is_first(&mut self, field: FieldRef<'_>) -> bool {
        let root = self.root();
        let id = field
            .steps()
            .iter()
            .fold(root, |id, step| self.child(id, step.field));
        !std::mem::replace(&mut self.node(id).asked, true)
    }

    fn enter(&mut self, map: u32, key: &[u8]) -> Result<(), Clash> {
        let hash = self.children.hasher().hash_one(key);
        let is_same = |entry: &Entry| {
            entry.hash == hash && entry.map == map && self.keys.get(entry.key.clone()) == Some(key)
        };
        if self.entries.iter().any(is_same) {
            return Err(Clash::Twice);
        }
        let from = self.keys.len();
        self.keys.extend_from_slice(key);
        let key = from..self.keys.len();
        self.entries.push(Entry { map, hash, key });
        Ok(())
    }

    fn root(&mut self) -> u32 {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        0
    }

    fn child(&mut self, parent: u32, field: u32) -> u32 {
        // Bounded far below by the bounds on parameters and on the depth of names.
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let id = *self.children.entry((parent, field)).or_insert(next);
        if id == next {
            self.nodes.push(Node::default());
        }
        id
    }

    fn node(&mut self, id: u32) -> &mut Node {
        let index = id as usize;
        if self.nodes.len() <= index {
            self.nodes.resize(index + 1, Node::default());
        }
        &mut self.nodes[index]
    }
}
