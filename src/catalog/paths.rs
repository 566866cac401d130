//! Path templates as documents have them: every wildcard a parameter with a name.
//!
//! ```text
//! /v1/{parent=shelves/*}/books/{book.id}:lend  ─►  /v1/shelves/{shelf}/books/{book.id}:lend
//! ```
//!
//! Names come from the pattern of a resource where one fits, else from the literal before, else from the
//! field. Templates that differ in names only are one path to a document, so they get one set of names.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::resources::{ONE, REST, Resources};
use crate::schema::template::{Segment, Template};

/// A template on its way to a path.
#[derive(Debug)]
pub(super) struct Layout {
    template: Template,
    /// The wildcards, in order.
    pub(super) holes: Vec<Hole>,
    origin: Origin,
}

/// A wildcard.
#[derive(Clone, Debug)]
pub(super) struct Hole {
    /// Its name.
    pub(super) name: String,
    /// Which variable it is part of.
    pub(super) variable: Option<usize>,
    /// It spans any number of segments.
    pub(super) multi: bool,
}

/// Where the names are from, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// At least one variable has those of a resource's pattern.
    Pattern,
    /// Guesses.
    Text,
}

/// The names of all paths, by what they are without them.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, (Origin, String, Vec<String>)>);

impl Layout {
    /// Lays out a template. `kinds` are the types of resource that its variables refer to, in their
    /// order.
    pub(super) fn new(template: Template, kinds: &[Option<String>], resources: &Resources) -> Self {
        let mut origin = Origin::Text;
        let mut names: HashMap<usize, String> = HashMap::new();
        for (index, variable) in template.variables.iter().enumerate() {
            let range = variable.segments.clone();
            if range.len() == 1 {
                names.insert(range.start, variable.field.clone());
                continue;
            }
            let segments = template.segments.get(range.clone()).unwrap_or_default();
            let kind = kinds.get(index).and_then(|kind| kind.as_deref());
            let holes = (range.start..).zip(segments).filter(|(_, s)| is_hole(s));
            if let Some(pattern) = resources.names(&shape(segments), kind) {
                origin = Origin::Pattern;
                names.extend(holes.map(|(at, _)| at).zip(pattern.iter().cloned()));
                continue;
            }
            for (at, _) in holes {
                // The literal before it, within the variable.
                let before = at.checked_sub(1).filter(|before| *before >= range.start);
                let before = before.and_then(|before| template.segments.get(before));
                let name = before.and_then(singular).unwrap_or_else(|| {
                    let last = variable.field.rsplit('.').next();
                    last.unwrap_or_default().to_owned()
                });
                names.insert(at, name);
            }
        }
        let mut taken = HashSet::new();
        let mut holes = Vec::new();
        for (at, segment) in template.segments.iter().enumerate() {
            if !is_hole(segment) {
                continue;
            }
            let before = at.checked_sub(1).and_then(|at| template.segments.get(at));
            let name = names
                .remove(&at)
                .or_else(|| before.and_then(singular))
                .unwrap_or_else(|| "segment".to_owned());
            let variable = template
                .variables
                .iter()
                .position(|v| v.segments.contains(&at));
            holes.push(Hole {
                name: free(&name, &mut taken),
                variable,
                multi: *segment == Segment::Rest,
            });
        }
        Self {
            template,
            holes,
            origin,
        }
    }

    /// The path without names: templates of one are one path.
    pub(super) fn erased(&self) -> String {
        self.write(|_, out| out.push_str(ONE))
    }

    /// The path.
    pub(super) fn path(&self) -> String {
        let mut names = self.holes.iter().map(|hole| hole.name.as_str());
        self.write(|_, out| {
            let _ = write!(out, "{{{}}}", names.next().unwrap_or_default());
        })
    }

    /// The template of a variable with the names of its wildcards; none where it is one wildcard alone.
    pub(super) fn variable(&self, index: usize) -> Option<String> {
        let range = self.template.variables.get(index)?.segments.clone();
        let segments = self.template.segments.get(range)?;
        if matches!(segments, [single] if is_hole(single)) {
            return None;
        }
        let mut names = self
            .holes
            .iter()
            .filter(|hole| hole.variable == Some(index));
        let parts: Vec<String> = segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => String::from_utf8_lossy(text).into_owned(),
                Segment::One | Segment::Rest => {
                    format!("{{{}}}", names.next().map_or("", |hole| &hole.name))
                }
            })
            .collect();
        Some(parts.join("/"))
    }

    fn write(&self, mut hole: impl FnMut(&Segment, &mut String)) -> String {
        let mut out = String::new();
        let last = self.template.segments.len().saturating_sub(1);
        for (at, segment) in self.template.segments.iter().enumerate() {
            out.push('/');
            match segment {
                // In the last segment a bare colon would begin a verb.
                Segment::Literal(text) => encode(text, at == last, &mut out),
                Segment::One | Segment::Rest => hole(segment, &mut out),
            }
        }
        if !self.template.verb.is_empty() {
            out.push(':');
            encode(&self.template.verb, false, &mut out);
        }
        out
    }
}

impl Names {
    /// Takes the names of a layout into account.
    pub(super) fn offer(&mut self, layout: &Layout) {
        let offered = (
            layout.origin,
            layout.path(),
            layout.holes.iter().map(|hole| hole.name.clone()).collect(),
        );
        match self.0.entry(layout.erased()) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(offered);
            }
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let (origin, path, _) = entry.get();
                if (offered.0, &offered.1) < (*origin, path) {
                    entry.insert(offered);
                }
            }
        }
    }

    /// Gives a layout the names of its path.
    pub(super) fn give(&self, layout: &mut Layout) {
        let Some((_, _, names)) = self.0.get(&layout.erased()) else {
            return;
        };
        for (hole, name) in layout.holes.iter_mut().zip(names) {
            hole.name.clone_from(name);
        }
    }
}

const fn is_hole(segment: &Segment) -> bool {
    matches!(segment, Segment::One | Segment::Rest)
}

/// Segments as the patterns of resources are looked up by.
fn shape(segments: &[Segment]) -> String {
    let parts: Vec<_> = segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => String::from_utf8_lossy(text),
            Segment::One => ONE.into(),
            Segment::Rest => REST.into(),
        })
        .collect();
    parts.join("/")
}

/// A name made of a literal, a plural mostly: `bookSeries` is `book_series`; none if it makes no name.
fn singular(segment: &Segment) -> Option<String> {
    let Segment::Literal(text) = segment else {
        return None;
    };
    let text = std::str::from_utf8(text).ok()?;
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        } else if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let es = ["sses", "xes", "ches", "shes"];
    let singular = if let Some(stem) = name.strip_suffix("ies").filter(|stem| !stem.is_empty()) {
        format!("{stem}y")
    } else if es.iter().any(|ending| name.ends_with(ending)) {
        name.strip_suffix("es").unwrap_or(name).to_owned()
    } else {
        let stem = name.strip_suffix('s').filter(|stem| !stem.is_empty());
        stem.filter(|stem| !stem.ends_with('s'))
            .unwrap_or(name)
            .to_owned()
    };
    Some(singular)
}

/// The name, or the name and the first number that makes it another.
fn free(name: &str, taken: &mut HashSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    while !taken.insert(free.clone()) {
        number += 1;
        free = format!("{name}_{number}");
    }
    free
}

/// Appends literal text as it stands in a path.
fn encode(text: &[u8], encode_colon: bool, out: &mut String) {
    for &byte in text {
        let stays = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=@".contains(&byte)
            || (byte == b':' && !encode_colon);
        if stays {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
