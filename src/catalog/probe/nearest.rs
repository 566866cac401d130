//! The operations whose paths come nearest to one that is not there: segments are compared as letters are
//! in "did you mean".

use crate::catalog::{Method, Operation};

/// Operations that are named.
const SHOWN: usize = 3;

/// Segments of a path that are compared.
const SEGMENTS_MAX: usize = 24;

/// Letters of a segment that are compared.
const LETTERS_MAX: usize = 40;

/// What it costs to read one segment for another.
const ANY: usize = 1;
const CASE: usize = 1;
const SLIP: usize = 3;
const OTHER: usize = 10;
const MISSING: usize = 7;

/// The nearest, the best first; none that has little in common with the path.
pub(super) fn of<'c>(
    verb: &str,
    path: &str,
    all: impl Iterator<Item = (&'c Method, &'c Operation)>,
) -> Vec<(&'c Method, &'c Operation)> {
    let wanted = segments(path);
    // A third of the segments may be others.
    let far = (wanted.len() * OTHER / 3).max(MISSING);
    let mut near: Vec<_> = all
        .filter_map(|(method, own)| {
            let cost = distance(&wanted, &segments(&own.path));
            let other_verb = own.verb != verb && own.verb != "*";
            (cost <= far).then_some((cost, other_verb, method, own))
        })
        .collect();
    near.sort_by(|a, b| (a.0, a.1, &a.3.path, &a.3.id).cmp(&(b.0, b.1, &b.3.path, &b.3.id)));
    near.truncate(SHOWN);
    near.into_iter()
        .map(|(_, _, method, own)| (method, own))
        .collect()
}

/// The segments of a path, a verb at its end as one more.
fn segments(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = path
        .trim_matches('/')
        .split('/')
        .take(SEGMENTS_MAX)
        .collect();
    if let Some(last) = segments.pop() {
        match last.rsplit_once(':') {
            Some((last, verb)) => segments.extend([last, verb]),
            None => segments.push(last),
        }
    }
    segments
}

/// The least cost of reading one path for the other.
fn distance(wanted: &[&str], path: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=path.len()).map(|at| at * MISSING).collect();
    for (index, segment) in wanted.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], (index + 1) * MISSING);
        for (at, own) in path.iter().enumerate() {
            let best = (diagonal + cost(segment, own))
                .min(row[at] + MISSING)
                .min(row[at + 1] + MISSING);
            diagonal = std::mem::replace(&mut row[at + 1], best);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn cost(segment: &str, own: &str) -> usize {
    if own.starts_with('{') && !segment.is_empty() {
        return ANY;
    }
    if segment == own {
        return 0;
    }
    if segment.eq_ignore_ascii_case(own) {
        return CASE;
    }
    let longest = segment.len().max(own.len());
    if longest > LETTERS_MAX || segment.len().abs_diff(own.len()) > longest / 3 {
        return OTHER;
    }
    let letters = strsim::damerau_levenshtein(segment, own);
    if letters <= longest / 3 { SLIP } else { OTHER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_cost_less_than_other_words() {
        let cost = |a: &str, b: &str| distance(&segments(a), &segments(b));
        assert_eq!(cost("/v1/shelves/1", "/v1/shelves/{shelf}"), ANY);
        assert_eq!(cost("/v1/Shelves/1", "/v1/shelves/{shelf}"), ANY + CASE);
        assert_eq!(cost("/v1/shelfs/1", "/v1/shelves/{shelf}"), ANY + SLIP);
        assert_eq!(cost("/v1/shelves", "/v1/shelves/{shelf}"), MISSING);
        assert_eq!(
            cost("/v1/shelves/1:mergee", "/v1/shelves/{shelf}:merge"),
            ANY + SLIP
        );
        assert!(cost("/v1/x/y/z", "/v1/shelves/{shelf}") > OTHER);
    }

    #[test]
    fn a_path_of_ten_thousand_segments_is_cut() {
        let long = "/a".repeat(10_000);
        assert_eq!(segments(&long).len(), SEGMENTS_MAX);
    }
}
