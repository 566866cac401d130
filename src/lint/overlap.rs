//! Bindings that match one URL, and of which neither is more specific: `/v1/*/books` and
//! `/v1/shelves/*`. One of them is served, and it takes a look at the router to say which.
//!
//! A template with `**` gives way to every other, so only those without are compared.

use std::collections::BTreeMap;

use crate::schema::template::{Segment, Template};
use crate::schema::{Binding, Schema};

/// Pairs that are compared at most; some seconds. Templates of one verb, length and beginning are few.
const PAIRS_MAX: usize = 5_000_000;

/// Overlaps that are told at most.
const OVERLAPS_MAX: usize = 1_000;

/// Two bindings, and a URL that both match.
pub(super) struct Overlap<'s> {
    pub(super) own: &'s Binding,
    pub(super) other: &'s Binding,
    pub(super) url: String,
}

/// HTTP method, action and number of segments.
type Shape<'s> = (&'s str, Vec<u8>, usize);

/// Every such pair of different methods.
pub(super) fn overlaps(schema: &Schema) -> Vec<Overlap<'_>> {
    let mut groups: BTreeMap<Shape<'_>, Vec<(&Binding, Template)>> = BTreeMap::new();
    for binding in schema.bindings() {
        let Ok(template) = Template::parse(&binding.template) else {
            continue;
        };
        if template.rest().is_none() {
            let shape = (
                binding.verb.as_str(),
                template.verb.to_vec(),
                template.segments.len(),
            );
            groups.entry(shape).or_default().push((binding, template));
        }
    }
    let (mut found, mut pairs) = (Vec::new(), 0);
    for group in groups.values() {
        for (at, (other, theirs)) in group.iter().enumerate() {
            for (own, ours) in group.iter().skip(at + 1) {
                pairs += 1;
                if pairs > PAIRS_MAX || found.len() >= OVERLAPS_MAX {
                    return found;
                }
                if own.method.path == other.method.path {
                    continue;
                }
                if let Some(url) = shared(&ours.segments, &theirs.segments) {
                    found.push(Overlap { own, other, url });
                }
            }
        }
    }
    found
}

/// A URL of both, unless one of them is more specific all along.
fn shared(ours: &[Segment], theirs: &[Segment]) -> Option<String> {
    let (mut ahead, mut behind) = (false, false);
    let mut url = String::new();
    for (own, other) in ours.iter().zip(theirs) {
        let text = match (own, other) {
            (Segment::Literal(own), Segment::Literal(other)) if own == other => own,
            (Segment::Literal(_), Segment::Literal(_)) => return None,
            (Segment::Literal(own), _) => {
                ahead = true;
                own
            }
            (_, Segment::Literal(other)) => {
                behind = true;
                other
            }
            _ => {
                url.push_str("/…");
                continue;
            }
        };
        url.push('/');
        url.push_str(&String::from_utf8_lossy(text));
    }
    (ahead && behind).then_some(url)
}
