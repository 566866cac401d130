//! The trie against the specification read slowly: every template is held against the path, and of
//! those that match the best by the rules of precedence is taken. Templates are read here by hand.

use std::collections::BTreeSet;
use std::ops::Range;

use super::*;

/// What a segment of a template takes, and the order in which it is preferred.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    One,
    Rest,
}

/// A template read by hand: its parts, which of them each variable covers, its verb.
#[derive(Clone, Debug)]
struct Shape {
    parts: Vec<Part>,
    variables: Vec<Range<usize>>,
    verb: String,
}

/// Reads what [`templates`] writes: no colon but the verb's, no slash but between segments.
fn read(text: &str) -> Shape {
    let (path, verb) = text.split_once(':').unwrap_or((text, ""));
    let mut shape = Shape {
        parts: Vec::new(),
        variables: Vec::new(),
        verb: verb.to_owned(),
    };
    let mut opened = 0;
    for segment in path[1..].split('/') {
        if segment.starts_with('{') {
            opened = shape.parts.len();
        }
        let inner = segment.trim_matches(['{', '}']);
        let inner = match inner.split_once('=') {
            Some((_, pattern)) => pattern,
            None if segment.starts_with('{') => "*",
            None => inner,
        };
        shape.parts.push(match inner {
            "*" => Part::One,
            "**" => Part::Rest,
            text => Part::Text(text.to_owned()),
        });
        if segment.ends_with('}') {
            shape.variables.push(opened..shape.parts.len());
        }
    }
    shape
}

/// How a template takes a path: the preference at every segment, the better the smaller, and how
/// many of the path's segments each part takes.
fn takes(parts: &[Part], path: &[&str]) -> Option<(Vec<u8>, Vec<usize>)> {
    let Some((part, parts)) = parts.split_first() else {
        return path.is_empty().then(Default::default);
    };
    let counts = match part {
        Part::Rest => 0..=path.len(),
        Part::Text(text) => {
            let fits = path
                .first()
                .is_some_and(|segment| decoded(segment) == *text);
            1..=usize::from(fits)
        }
        Part::One => 1..=usize::from(path.first().is_some_and(|segment| !segment.is_empty())),
    };
    let all = counts.filter_map(|count| {
        let (after, lengths) = takes(parts, &path[count..])?;
        // Leaving `**` is preferred to staying in it.
        let mut order = match part {
            Part::Text(_) => vec![0],
            Part::One => vec![1],
            Part::Rest => vec![2; count + 1],
        };
        order.extend(after);
        Some((order, [vec![count], lengths].concat()))
    });
    all.min()
}

fn decoded(text: &str) -> String {
    let escapes = [("%61", "a"), ("%76", "v"), ("%2F", "/"), ("%3A", ":")];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| {
            text.replace(escape, plain)
        })
}

/// How a template bound for one HTTP method answers another; the better the smaller.
fn answers(bound: &str, method: &str) -> Option<u8> {
    match (bound, method) {
        _ if bound == method => Some(0),
        ("GET", "HEAD") => Some(1),
        ("*", "OPTIONS") => None,
        ("*", _) => Some(2),
        _ => None,
    }
}

/// `index captures`, `405 allow` or `404`.
fn naive(rows: &[(String, Shape)], method: &str, path: &str) -> String {
    let segments: Vec<&str> = path[1..].split('/').collect();
    let (last, before) = segments.split_last().unwrap();
    let mut allow = BTreeSet::new();
    // The longest verb first, and no verb in the end.
    let colons = last.match_indices(':').map(|(at, _)| at);
    for colon in colons.chain([last.len()]) {
        let segments = [before, &[&last[..colon]]].concat();
        let verb = decoded(last.get(colon + 1..).unwrap_or_default());
        if verb.is_empty() && colon < last.len() {
            continue; // a colon and nothing is no verb
        }
        let mut found = Vec::new();
        for (index, (bound, shape)) in rows.iter().enumerate() {
            let Some((order, lengths)) = takes(&shape.parts, &segments) else {
                continue;
            };
            if shape.verb != verb {
                continue;
            }
            match bound.as_str() {
                "*" => allow.extend(["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]),
                "GET" => allow.extend(["GET", "HEAD"]),
                bound => {
                    allow.insert(bound);
                }
            }
            if let Some(rank) = answers(bound, method) {
                found.push((order, rank, index, lengths));
            }
        }
        if let Some((_, _, index, lengths)) = found.into_iter().min() {
            let values = rows[index].1.variables.iter().map(|variable| {
                let first: usize = lengths[..variable.start].iter().sum();
                let count: usize = lengths[variable.clone()].iter().sum();
                segments[first..first + count].join("/")
            });
            return format!("{index} {:?}", values.collect::<Vec<_>>());
        }
    }
    if allow.is_empty() {
        return "404".to_owned();
    }
    allow.insert("OPTIONS");
    format!("405 {allow:?}")
}

fn trie(routes: &Routes, method: &str, path: &str) -> String {
    match routes.find(method, path) {
        Match::Found { target, captures } => {
            let values: Vec<_> = captures.iter().map(|c| &path[c.clone()]).collect();
            format!("{target} {values:?}")
        }
        Match::WrongVerb { allow } => {
            format!("405 {:?}", allow.into_iter().collect::<BTreeSet<_>>())
        }
        Match::None => "404".to_owned(),
    }
}

/// Templates of few words, so that many take the same path.
fn templates() -> impl Strategy<Value = String> {
    (
        "(/(a|b|\\*|\\{x\\}|\\{x=\\*\\}|\\{y=a/\\*\\}|\\{y=\\*/b/\\*\\})){0,3}",
        "(/\\*\\*|/\\{r=\\*\\*\\}|/\\{r=a/\\*\\*\\}|/\\{r=\\*\\*/b\\})?",
        "(/(a|b|\\*|\\{z\\})){0,2}",
        "(:v|:w)?",
    )
        .prop_map(|(head, rest, tail, verb)| {
            let path = format!("{head}{rest}{tail}");
            let path = if path.is_empty() {
                "/a".to_owned()
            } else {
                path
            };
            format!("{path}{verb}")
        })
}

fn cases() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() {
        50_000
    } else {
        400
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn the_trie_agrees_with_the_naive_matcher(
        templates in proptest::collection::vec(("GET|PUT|HEAD|OPTIONS|\\*", templates()), 1..14),
        paths in proptest::collection::vec("(/(a|b|c|%61|a%2Fb|x:v|)){0,6}/?(:v|:w|:|:%76|%3Av){0,3}", 1..8),
    ) {
        let mut routes = Routes::default();
        let mut rows: Vec<(String, Shape)> = Vec::new();
        for (method, text) in templates {
            let shape = read(&text);
            let twin = rows.iter().position(|(bound, other)| {
                *bound == method && other.parts == shape.parts && other.verb == shape.verb
            });
            let template = Template::parse(&text).unwrap();
            match routes.insert(&template, &method) {
                Ok(target) => {
                    prop_assert_eq!((target, twin), (rows.len(), None));
                    rows.push((method, shape));
                }
                Err(Refused::Taken(taken)) => prop_assert_eq!(Some(taken), twin),
                Err(Refused::Full) => prop_assert!(false, "full"),
            }
        }
        for path in paths.iter().map(|path| if path.starts_with('/') { path.clone() } else { format!("/{path}") }) {
            for method in ["GET", "PUT", "HEAD", "OPTIONS", "PATCH"] {
                let expected = naive(&rows, method, &path);
                prop_assert_eq!(trie(&routes, method, &path), expected, "{} {} in {:?}", method, path, rows);
            }
        }
    }
}
