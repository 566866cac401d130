//! Path templates and the matching of paths, against [`reference`], which tries every template.
//!
//! Input, as text: bindings, a line each (`GET /v1/{a=*}/b:verb`), an empty line, then requests, a
//! line each (`GET /v1/x/b:verb`). Any other input is read as choices from a small alphabet, from
//! which sets of templates grow that overlap: that is where precedence and back-tracking are.

mod descriptor;
mod reference;

use arbitrary::Unstructured;
use transom::schema::{Options, Route, Schema, Source};

use crate::budget::within;
use reference::{Outcome, Reference};

/// Bindings of one input, all of one method, and requests: many, because building the schema is dear.
const BINDINGS_MAX: usize = 32;
const REQUESTS_MAX: usize = 128;

/// Steps that a lookup takes for certain: segments of the path times those of all templates.
const STEPS_SAFE: usize = 1 << 16;

/// HTTP method, and template or path.
type Line = (String, String);

/// Every binding is served or refused, and every request is led, as the reference says.
pub fn template_match(data: &[u8]) {
    let (bindings, requests) = match written(data) {
        Some(lines) => lines,
        None => match chosen(&mut Unstructured::new(data)) {
            Ok(lines) => lines,
            Err(_) => return,
        },
    };
    let reference = Reference::new(&bindings);
    let schema = within("building", data.len(), || build(&bindings));
    let served: Vec<_> = schema
        .bindings()
        .map(|binding| (binding.verb.clone(), binding.template.clone()))
        .collect();
    let (expected, refused) = reference.served();
    assert_eq!(
        served,
        expected,
        "what is served of {bindings:?}, refusals {:?}",
        schema.refusals()
    );
    assert_eq!(schema.refusals().len(), refused, "{:?}", schema.refusals());
    for (method, path) in &requests {
        let steps = path.split('/').count()
            * bindings
                .iter()
                .map(|(_, t)| t.split('/').count() + 1)
                .sum::<usize>();
        if steps > STEPS_SAFE {
            continue;
        }
        let route = within("matching", path.len(), || schema.route(method, path));
        let found = match route {
            Route::Found { binding, captures } => {
                assert_eq!(captures.len(), binding.variables.len());
                let text = |capture: &std::ops::Range<usize>| {
                    path.get(capture.clone())
                        .expect("a capture is of the path")
                        .to_owned()
                };
                Outcome::Found {
                    binding: (binding.verb.clone(), binding.template.clone()),
                    captures: captures.iter().map(text).collect(),
                }
            }
            Route::WrongVerb { allow } => {
                Outcome::WrongVerb(allow.into_iter().map(str::to_owned).collect())
            }
            Route::None => Outcome::None,
        };
        assert_eq!(
            found,
            reference.find(method, path),
            "{method} {path} among {served:?}"
        );
    }
}

/// Input that is text.
fn written(data: &[u8]) -> Option<(Vec<Line>, Vec<Line>)> {
    let text = std::str::from_utf8(data).ok()?;
    let (bindings, requests) = text.split_once("\n\n")?;
    let line = |line: &str| {
        line.split_once(' ')
            .map(|(method, rest)| (method.to_owned(), rest.to_owned()))
    };
    let bindings: Vec<_> = bindings
        .lines()
        .filter_map(line)
        .take(BINDINGS_MAX)
        .collect();
    let requests: Vec<_> = requests
        .lines()
        .filter_map(line)
        .take(REQUESTS_MAX)
        .collect();
    (!bindings.is_empty()).then_some((bindings, requests))
}

/// Input that is choices.
fn chosen(from: &mut Unstructured<'_>) -> arbitrary::Result<(Vec<Line>, Vec<Line>)> {
    const METHODS: [&str; 6] = ["GET", "GET", "POST", "*", "HEAD", "OPTIONS"];
    let mut bindings = Vec::new();
    for _ in 0..from.int_in_range(1..=BINDINGS_MAX)? {
        bindings.push(((*from.choose(&METHODS)?).to_owned(), template(from)?));
    }
    let mut requests = Vec::new();
    for _ in 0..from.int_in_range(1..=REQUESTS_MAX)? {
        requests.push(((*from.choose(&METHODS)?).to_owned(), path(from)?));
    }
    Ok((bindings, requests))
}

fn template(from: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    const SEGMENTS: [&str; 8] = ["a", "b", "a:x", "%61", "*", "*", "**", "{"];
    const WITHIN: [&str; 6] = ["a", "b", "a:x", "*", "*", "**"];
    const FIELDS: [&str; 5] = ["a", "b", "c", "d", "n.a"];
    let mut text = String::new();
    let mut fields = FIELDS.iter();
    for _ in 0..from.int_in_range(1..=5)? {
        text.push('/');
        let segment = *from.choose(&SEGMENTS)?;
        let field = if segment == "{" { fields.next() } else { None };
        let Some(field) = field else {
            text.push_str(if segment == "{" { "*" } else { segment });
            continue;
        };
        text.push('{');
        text.push_str(field);
        for index in 0..from.int_in_range(0..=3)? {
            text.push(if index == 0 { '=' } else { '/' });
            text.push_str(from.choose(&WITHIN)?);
        }
        text.push('}');
    }
    text.push_str(from.choose(&["", "", ":x", ":y", ":x:y", ":%78"])?);
    Ok(text)
}

fn path(from: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    const SEGMENTS: [&str; 10] = ["a", "b", "c", "a:x", "%61", "a%2Fb", "", "%", "%3Ax", "b:y"];
    let mut text = String::new();
    for _ in 0..from.int_in_range(1..=6)? {
        text.push('/');
        text.push_str(from.choose(&SEGMENTS)?);
    }
    text.push_str(from.choose(&["", "", ":x", ":y", ":x:y", "%3Ax", ":%78"])?);
    Ok(text)
}

fn build(bindings: &[Line]) -> Schema {
    let source = Source {
        name: "fuzz".to_owned(),
        descriptors: descriptor::set(bindings),
        upstream: "backend".into(),
        reflected: false,
    };
    Schema::build(vec![source], &Options::default()).expect("a well-formed set is taken")
}
