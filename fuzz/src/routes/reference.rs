//! Templates and matching as the contract says them, without any thought of speed: a template is cut
//! up by its slashes, and a path is held against every template.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Line;
use crate::percent::{Place, decoded};

/// Limits of a template.
const TEMPLATE_BYTES_MAX: usize = 4096;
const SEGMENTS_MAX: usize = 128;
const VARIABLES_MAX: usize = 64;

/// Names in a variable's path.
const NAMES_MAX: usize = 32;

/// Longest HTTP method of a custom rule.
const CUSTOM_BYTES_MAX: usize = 32;

/// What a rule for any method lists as allowed.
const ANY_ALLOWS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// Where a request leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Found {
        binding: Line,
        captures: Vec<String>,
    },
    WrongVerb(Vec<String>),
    None,
}

/// The bindings that are served, in order.
pub(super) struct Reference {
    bindings: Vec<(Line, Template)>,
    refused: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(Vec<u8>),
    One,
    Rest,
}

struct Template {
    segments: Vec<Segment>,
    verb: Vec<u8>,
    variables: Vec<(String, Range<usize>)>,
}

impl Reference {
    pub(super) fn new(bindings: &[Line]) -> Self {
        let mut served: Vec<(Line, Template)> = Vec::new();
        let mut refused = 0;
        for line in bindings {
            let template = if is_method(&line.0) {
                parse(&line.1)
            } else {
                None
            };
            let taken = |template: &Template| {
                served.iter().any(|((method, _), other)| {
                    *method == line.0
                        && other.segments == template.segments
                        && other.verb == template.verb
                })
            };
            match template {
                Some(template) if !taken(&template) => served.push((line.clone(), template)),
                _ => refused += 1,
            }
        }
        Self {
            bindings: served,
            refused,
        }
    }

    /// What is served, and how many bindings are not.
    pub(super) fn served(&self) -> (Vec<Line>, usize) {
        let lines = self.bindings.iter().map(|(line, _)| line.clone());
        (lines.collect(), self.refused)
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Outcome {
        let mut allow = BTreeSet::new();
        for (segments, verb) in splits(path) {
            let mut matches: Vec<_> = self
                .bindings
                .iter()
                .filter(|(_, template)| Some(&template.verb) == verb.as_ref())
                .filter_map(|(line, template)| {
                    let taken = taken(&template.segments, &segments)?;
                    Some((order(&template.segments, taken), line, template, taken))
                })
                .collect();
            matches.sort_by_key(|(order, line, ..)| (order.clone(), rank(method, &line.0)));
            for (_, line, template, taken) in &matches {
                if rank(method, &line.0).is_some() {
                    return Outcome::Found {
                        binding: (*line).clone(),
                        captures: captures(template, *taken, &segments),
                    };
                }
                match line.0.as_str() {
                    "*" => allow.extend(ANY_ALLOWS),
                    "GET" => allow.extend(["GET", "HEAD"]),
                    other => allow.extend([other]),
                }
            }
        }
        if allow.is_empty() {
            return Outcome::None;
        }
        allow.insert("OPTIONS");
        Outcome::WrongVerb(allow.into_iter().map(str::to_owned).collect())
    }
}

/// How well a binding's method answers a request's: its own, GET for HEAD, any but OPTIONS.
fn rank(asked: &str, bound: &str) -> Option<u8> {
    match (asked, bound) {
        _ if asked == bound => Some(0),
        ("HEAD", "GET") => Some(1),
        ("OPTIONS", "*") => None,
        (_, "*") => Some(2),
        _ => None,
    }
}

/// The path's segments with each verb it may end in, the longest first, and then without.
fn splits(path: &str) -> Vec<(Vec<&str>, Option<Vec<u8>>)> {
    let Some(rest) = path.strip_prefix('/') else {
        return Vec::new();
    };
    let mut segments: Vec<&str> = rest.split('/').collect();
    let last = segments.pop().unwrap_or_default();
    let with = |last| segments.iter().copied().chain([last]).collect::<Vec<_>>();
    let mut splits = Vec::new();
    for (colon, _) in last.match_indices(':') {
        let verb = decoded(last[colon + 1..].as_bytes(), Place::Segment);
        // No template has an empty verb, which would mean none.
        splits.push((with(&last[..colon]), verb.filter(|verb| !verb.is_empty())));
    }
    splits.push((with(last), Some(Vec::new())));
    splits
}

/// How many segments of the path the template's `**` takes, 0 without one; `None` if it does not
/// match.
fn taken(template: &[Segment], path: &[&str]) -> Option<usize> {
    let rests = template.iter().filter(|s| **s == Segment::Rest).count();
    let taken = (path.len() + rests).checked_sub(template.len())?;
    if rests == 0 && taken != 0 {
        return None;
    }
    let mut at = 0;
    for segment in template {
        if *segment == Segment::Rest {
            at += taken;
            continue;
        }
        let found = path[at];
        let fits = match segment {
            Segment::Literal(text) => {
                decoded(found.as_bytes(), Place::Segment).as_ref() == Some(text)
            }
            Segment::One => !found.is_empty(),
            Segment::Rest => true,
        };
        if !fits {
            return None;
        }
        at += 1;
    }
    Some(taken)
}

/// What a match is ordered by, segment by segment: the end before a literal before `*` before `**`,
/// and a `**` that takes less before one that takes more.
fn order(template: &[Segment], taken: usize) -> Vec<usize> {
    let mut order = Vec::new();
    for segment in template {
        match segment {
            Segment::Literal(_) => order.push(1),
            Segment::One => order.push(2),
            Segment::Rest => order.extend([3, taken]),
        }
    }
    order.push(0);
    order
}

fn captures(template: &Template, taken: usize, path: &[&str]) -> Vec<String> {
    // The path's segment for a border between the template's segments.
    let border = |border: usize| -> usize {
        let before = &template.segments[..border];
        before
            .iter()
            .map(|segment| if *segment == Segment::Rest { taken } else { 1 })
            .sum()
    };
    template
        .variables
        .iter()
        .map(|(_, range)| path[border(range.start)..border(range.end)].join("/"))
        .collect()
}

fn is_method(method: &str) -> bool {
    let bytes = method.as_bytes();
    method == "*"
        || (1..=CUSTOM_BYTES_MAX).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
            && !["CONNECT", "TRACE"].contains(&method)
}

/// A template whose variables are fields of the message, or `None`.
fn parse(text: &str) -> Option<Template> {
    if text.len() > TEMPLATE_BYTES_MAX {
        return None;
    }
    let rest = text.strip_prefix('/')?;
    let mut template = Template {
        segments: Vec::new(),
        verb: Vec::new(),
        variables: Vec::new(),
    };
    if rest.is_empty() {
        template.segments.push(Segment::Literal(Vec::new()));
        return Some(template);
    }
    let mut pieces = pieces(rest)?;
    let last = pieces.pop()?;
    let (last, verb) = cut_verb(last);
    if let Some(verb) = verb {
        template.verb = literal(verb)?;
    }
    for piece in pieces.into_iter().chain([last]) {
        match piece.strip_prefix('{') {
            None => template.segments.push(segment(piece)?),
            Some(variable) => template.variable(variable.strip_suffix('}')?)?,
        }
    }
    let rests = template
        .segments
        .iter()
        .filter(|segment| **segment == Segment::Rest)
        .count();
    let fits = rests <= 1
        && template.segments.len() <= SEGMENTS_MAX
        && template.variables.len() <= VARIABLES_MAX;
    let names: BTreeSet<_> = template.variables.iter().map(|(name, _)| name).collect();
    (fits && names.len() == template.variables.len()).then_some(template)
}

impl Template {
    /// What stands between braces.
    fn variable(&mut self, text: &str) -> Option<()> {
        let (name, pattern) = text.split_once('=').unwrap_or((text, "*"));
        if !is_field(name) {
            return None;
        }
        let first = self.segments.len();
        for piece in pattern.split('/') {
            self.segments.push(segment(piece)?);
        }
        self.variables
            .push((name.to_owned(), first..self.segments.len()));
        Some(())
    }
}

/// A field of the message that holds one text: any number of `n`, then `a` to `d`.
fn is_field(path: &str) -> bool {
    let names: Vec<_> = path.split('.').collect();
    let Some((last, parents)) = names.split_last() else {
        return false;
    };
    names.len() <= NAMES_MAX
        && ["a", "b", "c", "d"].contains(last)
        && parents.iter().all(|parent| *parent == "n")
}

/// The text cut at the slashes outside of braces, which do not nest.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let (mut pieces, mut start, mut within) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        match (character, within) {
            ('{', false) => within = true,
            ('}', true) => within = false,
            ('{', true) | ('}', false) => return None,
            ('/', false) => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    (!within).then_some(pieces)
}

/// The last segment and the verb: after a wildcard or a variable its first colon, in a literal the
/// last.
fn cut_verb(last: &str) -> (&str, Option<&str>) {
    let colon = if last.starts_with('{') {
        last.find('}').map(|brace| brace + 1)
    } else if last.starts_with('*') {
        last.find(|c| c != '*')
    } else {
        last.rfind(':')
    };
    match colon {
        Some(colon) if last[colon..].starts_with(':') => (&last[..colon], Some(&last[colon + 1..])),
        _ => (last, None),
    }
}

fn segment(text: &str) -> Option<Segment> {
    match text {
        "*" => Some(Segment::One),
        "**" => Some(Segment::Rest),
        text => literal(text).map(Segment::Literal),
    }
}

fn literal(text: &str) -> Option<Vec<u8>> {
    let is_wrong = |c: char| c.is_ascii_control() || " ?#\\{}/*".contains(c);
    if text.is_empty() || text.contains(is_wrong) {
        return None;
    }
    decoded(text.as_bytes(), Place::Segment)
}
