//! URLs of the old bindings, asked of the new routes: what counts is where a request leads, not how the
//! template is written. So a binding may become wider, stand on another line or share its URLs with a new
//! one that is more specific, and breaks nobody.

use super::services::full_name;
use super::{Judge, Rule};
use crate::schema::method::{Binding, Body};
use crate::schema::routes::ANY;
use crate::schema::template::{Segment, Template};
use crate::schema::{Captures, Route};

/// Stands for a segment that may be anything; no literal is likely to be it.
const ANYTHING: &str = "~any~";

/// An HTTP method that only a binding of any method has.
const NO_VERB: &str = "ANY-METHOD";

/// How many segments are tried for `**`. None and one are their own cases, two stand for all others.
const REST_SEGMENTS: [usize; 3] = [0, 1, 2];

impl Judge<'_> {
    /// Every binding that was served, of methods that still are: of one that is gone its rule speaks.
    pub(super) fn bindings(&mut self) {
        for was in self.old.bindings() {
            if self.new.method(&was.method.path).is_none() {
                continue;
            }
            let Ok(template) = Template::parse(&was.template) else {
                continue;
            };
            let rest = template.rest().is_some();
            for count in REST_SEGMENTS
                .into_iter()
                .filter(|count| rest || *count == 1)
            {
                if self.url(was, &url(&template, count)) {
                    break;
                }
            }
        }
    }

    /// One URL of a binding; true if it breaks.
    fn url(&mut self, was: &Binding, url: &str) -> bool {
        let verb = if was.verb == ANY { NO_VERB } else { &was.verb };
        let before = match self.old.route(verb, url) {
            Route::Found { binding, captures } if binding.id == was.id => captures,
            // Another binding of the old schema has this URL.
            Route::Found { .. } | Route::WrongVerb { .. } | Route::None => return false,
        };
        let name = full_name(&was.method);
        let binding = format!("{} {}", was.verb, was.template);
        let (is, captures) = match self.new.route(verb, url) {
            Route::Found { binding, captures } => (binding, captures),
            Route::WrongVerb { .. } | Route::None => {
                let text = format!("{binding} is gone");
                self.add(Rule::HttpBindingNoDelete, &name, text);
                return true;
            }
        };
        if is.method.path != was.method.path {
            let text = format!("{binding} calls {} instead", full_name(&is.method));
            self.add(Rule::HttpBindingSameMethod, &name, text);
            return true;
        }
        let count = self.found.len();
        if variables(was, &before) != variables(is, &captures) {
            let text = format!("{binding} sets other fields as {}", is.template);
            self.add(Rule::HttpBindingSameVariables, &name, text);
        }
        let (before, now) = (body(&was.body), body(&is.body));
        if before != now {
            let text = format!("{binding} takes {now} as its body instead of {before}");
            self.add(Rule::HttpBindingSameBody, &name, text);
        }
        let (before, now) = (response(was), response(is));
        if before != now {
            let text = format!("{binding} answers with {now} instead of {before}");
            self.add(Rule::HttpBindingSameResponseBody, &name, text);
        }
        self.found.len() > count
    }
}

/// A URL that a template matches, with so many segments for its `**`.
fn url(template: &Template, rest: usize) -> String {
    let mut url = String::new();
    for segment in &template.segments {
        match segment {
            Segment::Literal(text) => {
                url.push('/');
                encode(text, &mut url);
            }
            Segment::One => {
                url.push('/');
                url.push_str(ANYTHING);
            }
            Segment::Rest => {
                for _ in 0..rest {
                    url.push('/');
                    url.push_str(ANYTHING);
                }
            }
        }
    }
    if url.is_empty() {
        url.push('/');
    }
    if !template.verb.is_empty() {
        url.push(':');
        encode(&template.verb, &mut url);
    }
    url
}

/// Literals are kept decoded; a URL is not.
fn encode(text: &[u8], url: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            for half in [byte >> 4, byte & 15] {
                url.push(HEX.get(usize::from(half)).copied().map_or('0', char::from));
            }
        }
    }
}

/// The fields that a URL sets, each with its place in it.
fn variables<'b>(binding: &'b Binding, captures: &Captures) -> Vec<(&'b str, usize, usize)> {
    let mut all: Vec<_> = binding
        .variables
        .iter()
        .zip(captures)
        .map(|(variable, place)| (variable.field.name(), place.start, place.end))
        .collect();
    all.sort_unstable();
    all
}

fn body(body: &Body) -> &str {
    match body {
        Body::None => "nothing",
        Body::Whole => "the whole message",
        Body::Field(field) => field.name(),
    }
}

fn response(binding: &Binding) -> &str {
    let field = binding.response_body.as_ref();
    field.map_or("the whole message", |field| field.name())
}
