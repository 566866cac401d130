//! Percent-decoding in each place of a URL that is decoded, against a naive decoder.
//!
//! Input: the text. It is sent as a path variable of one segment, as one of several in each mode, as the value of
//! a query parameter and as the key of a map's entry; the backend must see what the naive decoder
//! makes of it, or the client an error.

use axum::body::Body;
use http::{Request, StatusCode, Uri};
use transom::protocol::rest::{MultiSegment, Options};

use crate::gateway::Gateway;

/// Field numbers of the message that is asked for.
const NAME: u64 = 1;
const LABELS: u64 = 5;

/// The modes of a variable of several segments.
const MODES: [MultiSegment; 3] = [
    MultiSegment::KeepSlash,
    MultiSegment::KeepReserved,
    MultiSegment::DecodeAll,
];

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A variable of one segment.
    Segment,
    /// A variable of several, in which some escapes stay as they came.
    Segments(MultiSegment),
    /// A query parameter's value, in which `+` is a space.
    Query,
    /// The key of `labels[…]`.
    Key,
}

impl Place {
    /// The URL with the text in this place; `None` if it would stand in others too.
    fn url(self, text: &str) -> Option<String> {
        let (before, after, ends) = match self {
            Self::Segment => ("/v1/all/", "", "/?#"),
            Self::Segments(_) => ("/v1/files/", "", "?#"),
            Self::Query => ("/v1/all?name=", "", "&#"),
            Self::Key => ("/v1/all?labels[", "]=v", "&#="),
        };
        (!text.contains(|c| ends.contains(c))).then(|| format!("{before}{text}{after}"))
    }

    /// What the backend must see; `None` for an error.
    fn expected(self, text: &str) -> Option<String> {
        if matches!(self, Self::Segment | Self::Segments(_)) && !is_clean_path(text) {
            return None;
        }
        let text = String::from_utf8(decoded(text.as_bytes(), self)?).ok()?;
        (!text.contains('\0')).then_some(text)
    }
}

/// Sends the text in every place.
pub fn percent(data: &[u8]) {
    thread_local! {
        static GATEWAYS: [Gateway; 3] = MODES.map(|multi_segment| {
            Gateway::new(Options {
                multi_segment,
                ..Options::default()
            })
        });
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let [slash, reserved, all] = MODES.map(Place::Segments);
    let places = [
        (0, Place::Segment),
        (0, slash),
        (1, reserved),
        (2, all),
        (0, Place::Query),
        (0, Place::Key),
    ];
    for (gateway, place) in places {
        let Some(url) = place.url(text) else { continue };
        // What is no URL does not come this far.
        let Ok(uri) = Uri::try_from(url.as_str()) else {
            continue;
        };
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        let got = GATEWAYS.with(|gateways| gateways[gateway].send(request, url.len()));
        let found = got.seen.map(|(_, message)| place.found(&message));
        let expected = match place {
            // An empty segment is no value.
            Place::Segment if text.is_empty() => {
                assert_eq!(got.status, StatusCode::NOT_FOUND, "{url}");
                continue;
            }
            _ => place.expected(text),
        };
        let status = match expected {
            Some(_) => StatusCode::OK,
            None => StatusCode::BAD_REQUEST,
        };
        assert_eq!((got.status, &found), (status, &expected), "{place:?} {url}");
    }
}

impl Place {
    /// True for a byte whose escape stays.
    fn keeps(self, byte: u8) -> bool {
        let kept = match self {
            Self::Segments(MultiSegment::KeepSlash) => "/",
            Self::Segments(MultiSegment::KeepReserved) => ":/?#[]@!$&'()*+,;=",
            _ => "",
        };
        kept.contains(char::from(byte))
    }

    /// The text in a message that reached the backend.
    fn found(self, message: &[u8]) -> String {
        let value = match self {
            Self::Key => member(message, LABELS).and_then(|entry| member(entry, 1)),
            Self::Segment | Self::Segments(_) | Self::Query => member(message, NAME),
        };
        String::from_utf8(value.unwrap_or_default().to_vec()).expect("a string is UTF-8")
    }
}

/// The last value of a field, of a message that has fields with a length only.
fn member(mut message: &[u8], wanted: u64) -> Option<&[u8]> {
    let mut found = None;
    while !message.is_empty() {
        let key = varint(&mut message);
        assert_eq!(key & 7, 2, "only fields with a length are set");
        let length = usize::try_from(varint(&mut message)).expect("a length");
        let (value, rest) = message.split_at(length);
        message = rest;
        if key >> 3 == wanted {
            found = Some(value);
        }
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Decodes as one would by hand: `%` and two digits are a byte. `None` for anything else after `%`.
pub(crate) fn decoded(text: &[u8], place: Place) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let digit = |at: usize| text.get(at).and_then(|byte| (*byte as char).to_digit(16));
        match text[at] {
            b'%' => {
                let value = u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()?;
                if place.keeps(value) {
                    out.extend(&text[at..at + 3]);
                } else {
                    out.push(value);
                }
                at += 3;
                continue;
            }
            b'+' if matches!(place, Place::Query | Place::Key) => out.push(b' '),
            other => out.push(other),
        }
        at += 1;
    }
    Some(out)
}

/// No path is taken that has `.` or `..` for a segment, a backslash or a control character that ends
/// lines or strings.
fn is_clean_path(text: &str) -> bool {
    text.split('/').all(|segment| {
        decoded(segment.as_bytes(), Place::Segment).is_none_or(|segment| {
            segment != b"."
                && segment != b".."
                && !segment.iter().any(|byte| b"\\\0\r\n".contains(byte))
        })
    })
}
