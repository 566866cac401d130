//! HTTP method and path to a binding: a trie over path segments. Pure; paths are raw, undecoded.
//!
//! ```text
//! GET  /v1/shelves            v1 ─ shelves ∎
//! GET  /v1/shelves/{s}                 ├── *  ∎
//! POST /v1/shelves/{s}:merge           │      ∎ :merge
//! GET  /v1/{name=**}             └ **  ∎
//! ```
//!
//! At every node a literal is tried before `*`, and `*` before `**`; what leads nowhere is left
//! again. A leaf counts only if it is bound for the HTTP method, so a template without a binding
//! for the method never hides another that has one.
//!
//! **Work is bounded.** A tree node has one parent and a template at most one `**`, so above a
//! `**` a node is visited once, and below it once per segment of the path: the walk is at most
//! nodes × segments, never exponential. [`STEPS_MAX`] is the bound for schemas that make even that
//! dear. A lookup that finds something allocates nothing, whatever the number of routes.

use std::collections::{HashMap, HashSet};
use std::ops::{ControlFlow, Range};

use super::percent;
use super::template::{Segment, Template};

mod captures;
#[cfg(test)]
mod tests;

pub use captures::Captures;

/// Steps a lookup may take before it gives up with "no such path". A lookup among 10,000 ordinary
/// routes takes some tens; this many take about 5 ms.
const STEPS_MAX: usize = 1 << 17;

/// Most routes of a schema; the whole public Google API surface has 15,000.
const ROUTES_MAX: usize = 200_000;

/// Most nodes of the trie: some 150 MB.
const NODES_MAX: usize = 1 << 20;

/// The HTTP method of a custom rule that answers any method.
pub(crate) const ANY: &str = "*";

/// What `allow` lists for a path that answers any method.
const ANY_ALLOWS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// Node 0 is the root.
const ROOT: usize = 0;

/// The routes of a schema. What a route leads to is known to the owner by the number that
/// [`insert`](Self::insert) hands out.
#[derive(Debug)]
pub(crate) struct Routes {
    nodes: Vec<Node>,
    targets: Vec<Spans>,
    /// Every verb bound anywhere, and the length of the longest: most colons are just text.
    verbs: HashSet<Box<[u8]>>,
    verb_bytes_max: usize,
}

/// Why a binding gets no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The route of this number already matches the same requests.
    Taken(usize),
    /// There are as many routes as there may be.
    Full,
}

/// Result of a lookup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match<'r> {
    /// Bound.
    Found {
        /// The number of the route.
        target: usize,
        /// The raw byte range of the path for every variable, in the template's order.
        captures: Captures,
    },
    /// The path is bound, but for these HTTP methods only; sorted, with HEAD where GET is, and OPTIONS.
    WrongVerb {
        /// For the `allow` header.
        allow: Vec<&'r str>,
    },
    /// Nothing is bound on this path.
    None,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<[u8]>, usize>,
    one: Option<usize>,
    /// The node within `**`; its children follow the `**`.
    rest: Option<usize>,
    ends: Vec<End>,
}

/// What is bound where a template ends.
#[derive(Debug)]
struct End {
    verb: Box<[u8]>,
    /// HTTP method and route.
    methods: Vec<(Box<str>, usize)>,
}

/// Which of the template's segments each variable covers.
#[derive(Debug)]
struct Spans {
    variables: Vec<Range<usize>>,
    segments: usize,
    rest: Option<usize>,
}

/// One walk down the trie, for one split of the path into segments and verb.
struct Walk<'r, 'p, 's> {
    routes: &'r Routes,
    /// The path without the verb.
    path: &'p [u8],
    steps: &'s mut usize,
}

impl Default for Routes {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            targets: Vec::new(),
            verbs: HashSet::new(),
            verb_bytes_max: 0,
        }
    }
}

impl Routes {
    /// Binds an HTTP method on a template and returns the route's number: 0, 1, 2, …
    ///
    /// # Errors
    /// Another route matches the same requests, or there are too many.
    pub(crate) fn insert(&mut self, template: &Template, method: &str) -> Result<usize, Refused> {
        let target = self.targets.len();
        let nodes = self.nodes.len().saturating_add(template.segments.len());
        if target >= ROUTES_MAX || nodes > NODES_MAX {
            return Err(Refused::Full);
        }
        let mut at = ROOT;
        for segment in &template.segments {
            at = self.child(at, segment);
        }
        let Some(node) = self.nodes.get_mut(at) else {
            return Err(Refused::Full);
        };
        match node.ends.iter_mut().find(|end| end.verb == template.verb) {
            None => node.ends.push(End {
                verb: template.verb.clone(),
                methods: vec![(method.into(), target)],
            }),
            Some(end) => {
                if let Some(&(_, taken)) = end.methods.iter().find(|(bound, _)| **bound == *method)
                {
                    return Err(Refused::Taken(taken));
                }
                end.methods.push((method.into(), target));
            }
        }
        if !template.verb.is_empty() {
            self.verbs.insert(template.verb.clone());
            self.verb_bytes_max = self.verb_bytes_max.max(template.verb.len());
        }
        self.targets.push(Spans {
            variables: template
                .variables
                .iter()
                .map(|v| v.segments.clone())
                .collect(),
            segments: template.segments.len(),
            rest: template.rest(),
        });
        Ok(target)
    }

    /// Finds what a request is bound to. `method` is the HTTP method, `path` the raw path without
    /// its query.
    pub(crate) fn find(&self, method: &str, path: &str) -> Match<'_> {
        let path = path.as_bytes();
        if path.first() != Some(&b'/') {
            return Match::None;
        }
        let mut steps = STEPS_MAX;
        let found = self.each_split(path, |path, verb| {
            let mut walk = Walk {
                routes: self,
                path,
                steps: &mut steps,
            };
            walk.node(ROOT, Some(1), &mut |node| match node.target(verb, method) {
                Some(target) => ControlFlow::Break((target, path.len())),
                None => ControlFlow::Continue(()),
            })
        });
        if let ControlFlow::Break((target, length)) = found {
            let captures = self.captures(target, path.get(..length).unwrap_or(path));
            return Match::Found { target, captures };
        }
        let mut allow = Vec::new();
        let mut steps = STEPS_MAX;
        let _ = self.each_split(path, |path, verb| {
            let mut walk = Walk {
                routes: self,
                path,
                steps: &mut steps,
            };
            walk.node(ROOT, Some(1), &mut |node| {
                node.allow(verb, &mut allow);
                ControlFlow::<()>::Continue(())
            })
        });
        if allow.is_empty() {
            return Match::None;
        }
        allow.push("OPTIONS");
        allow.sort_unstable();
        allow.dedup();
        Match::WrongVerb { allow }
    }

    /// Tries the path with every bound verb that ends it, the longest first, and then whole.
    fn each_split<B>(
        &self,
        path: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        // A percent-encoded byte takes three; longer suffixes cannot be a bound verb.
        let longest = self.verb_bytes_max.saturating_mul(3).saturating_add(1);
        let last = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
        let from = last.max(path.len().saturating_sub(longest));
        for colon in memchr::memchr_iter(b':', path.get(from..).unwrap_or_default()) {
            let (Some(before), Some(raw)) =
                (path.get(..from + colon), path.get(from + colon + 1..))
            else {
                continue;
            };
            percent::decoded(raw, |verb| {
                if self.verbs.contains(verb) {
                    each(before, verb)?;
                }
                ControlFlow::Continue(())
            })
            .unwrap_or(ControlFlow::Continue(()))?;
        }
        each(path, b"")
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return ROOT;
        };
        let child = match segment {
            Segment::Literal(literal) => *node.literals.entry(literal.clone()).or_insert(new),
            Segment::One => *node.one.get_or_insert(new),
            Segment::Rest => *node.rest.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The byte range of every variable. A template has at most one `**`, so how many segments it
    /// took follows from how many the path has.
    fn captures(&self, target: usize, path: &[u8]) -> Captures {
        let Some(spans) = self.targets.get(target) else {
            return Captures::default();
        };
        if spans.variables.is_empty() {
            return Captures::default();
        }
        let count = memchr::memchr_iter(b'/', path).count();
        // The path's segment for a border between the template's segments.
        let border = |at: usize| match spans.rest {
            Some(rest) if at > rest => (at + count).saturating_sub(spans.segments),
            _ => at,
        };
        // Variables follow each other and never overlap, so one pass over the slashes is enough.
        let mut slashes = memchr::memchr_iter(b'/', path).enumerate();
        let mut current = slashes.next();
        let mut start_of = |segment: usize| {
            while let Some((index, _)) = current
                && index < segment
            {
                current = slashes.next();
            }
            // One behind the end stands for the segment after the last.
            current.map_or(path.len() + 1, |(_, slash)| slash + 1)
        };
        let mut captures = Captures::default();
        for variable in &spans.variables {
            let (first, behind) = (border(variable.start), border(variable.end));
            let start = start_of(first);
            let end = if first < behind {
                start_of(behind) - 1
            } else {
                start
            };
            captures.push(start.min(path.len())..end.min(path.len()));
        }
        captures
    }
}

impl Node {
    /// HEAD is answered wherever GET is. A rule for any method answers all but OPTIONS, which
    /// belongs to CORS unless a rule names it.
    fn target(&self, verb: &[u8], method: &str) -> Option<usize> {
        let end = self.ends.iter().find(|end| *end.verb == *verb)?;
        let bound = |wanted: &str| {
            end.methods
                .iter()
                .find(|(bound, _)| **bound == *wanted)
                .map(|&(_, target)| target)
        };
        bound(method)
            .or_else(|| if method == "HEAD" { bound("GET") } else { None })
            .or_else(|| {
                if method == "OPTIONS" {
                    None
                } else {
                    bound(ANY)
                }
            })
    }

    fn allow<'r>(&'r self, verb: &[u8], allow: &mut Vec<&'r str>) {
        let ends = self.ends.iter().filter(|end| *end.verb == *verb);
        for (bound, _) in ends.flat_map(|end| &end.methods) {
            match &**bound {
                ANY => allow.extend(ANY_ALLOWS),
                "GET" => allow.extend(["GET", "HEAD"]),
                bound => allow.push(bound),
            }
        }
    }
}

impl<'r, 'p> Walk<'r, 'p, '_> {
    /// Visits, in the order of precedence, every node where the path from `at` on can end.
    /// `at` is where the next segment begins, `None` behind the last.
    fn node<B>(
        &mut self,
        node: usize,
        at: Option<usize>,
        visit: &mut impl FnMut(&'r Node) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let routes = self.routes;
        let (Some(here), Some(steps)) = (routes.nodes.get(node), self.steps.checked_sub(1)) else {
            return ControlFlow::Continue(());
        };
        *self.steps = steps;
        let Some(start) = at else {
            if !here.ends.is_empty() {
                visit(here)?;
            }
            return match here.rest {
                Some(rest) => self.node(rest, None, visit),
                None => ControlFlow::Continue(()),
            };
        };
        let (segment, next) = self.segment(start);
        if let Some(literal) = here.literal(segment) {
            self.node(literal, next, visit)?;
        }
        if let Some(one) = here.one
            && !segment.is_empty()
        {
            self.node(one, next, visit)?;
        }
        if let Some(rest) = here.rest {
            // `**` takes no segment, then one, then two, …
            let mut at = at;
            loop {
                self.node(rest, at, visit)?;
                let Some(start) = at else { break };
                at = self.segment(start).1;
            }
        }
        ControlFlow::Continue(())
    }

    /// The segment that begins at `start`, and where the one after it begins.
    fn segment(&self, start: usize) -> (&'p [u8], Option<usize>) {
        let rest = self.path.get(start..).unwrap_or_default();
        match memchr::memchr(b'/', rest) {
            Some(length) => (rest.get(..length).unwrap_or(rest), Some(start + length + 1)),
            None => (rest, None),
        }
    }
}

impl Node {
    fn literal(&self, segment: &[u8]) -> Option<usize> {
        if self.literals.is_empty() {
            return None;
        }
        // A malformed escape is no literal; as a variable's value it is refused later.
        percent::decoded(segment, |decoded| self.literals.get(decoded).copied())?
    }
}
