//! Time-outs: `grpc-timeout` read and written, and every header that carries one through the router,
//! against readers that work digit by digit.
//!
//! Input: eight bytes, a number of nanoseconds that is written and read; a byte that chooses the
//! dialect; then lines of a byte that chooses the header and a value.

use std::time::Duration;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use transom::call::timeout;
use transom::protocol::{Options, Timeouts};

use crate::cursor::{Cursor, chosen};
use crate::envelopes::{PREFIX, all_envelopes};
use crate::json::strict;
use crate::schema::DIALECTS;
use crate::scripted::Scripted;
use crate::served::{Served, Whole};
use crate::trailers::fields;

const HEADERS: [&str; 4] = [
    "grpc-timeout",
    "connect-timeout-ms",
    "x-request-timeout",
    "x-server-timeout",
];

/// Header fields of one request, at most; more are refused whatever they say.
const FIELDS_MAX: usize = 60;

/// The longest time-out that is told exactly; a longer one may be no deadline at all.
const EXACT_MAX: Duration = Duration::from_secs(1 << 32);

/// What a decimal of seconds may differ by: it is read as a binary fraction.
const ROUNDED: Duration = Duration::from_nanos(1 << 10);

/// A dialect, by a method of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    GrpcWeb,
    GrpcWebStream,
    Connect,
    ConnectStream,
    Rest,
}

const DIALECTS_OF: [Dialect; 5] = [
    Dialect::GrpcWeb,
    Dialect::GrpcWebStream,
    Dialect::Connect,
    Dialect::ConnectStream,
    Dialect::Rest,
];

/// What is written is never less than what is left and never more than what came; what is read is
/// what the grammar says, and the least of it is the deadline.
pub fn grpc_timeout(data: &[u8]) {
    let mut input = Cursor(data);
    let nanos = std::array::from_fn(|_| input.byte());
    written(Duration::from_nanos(u64::from_be_bytes(nanos)));
    // As many seconds instead, which no `grpc-timeout` may say.
    written(Duration::new(u64::from_be_bytes(nanos), 999_999_999));

    let dialect = *chosen(input.byte(), &DIALECTS_OF);
    let mut sent = Vec::new();
    while !input.is_empty() && sent.len() < FIELDS_MAX {
        let header = *chosen(input.byte(), &HEADERS);
        let value = input.line();
        if header == "grpc-timeout" {
            let expected = grpc(value);
            assert_eq!(
                timeout::parse(value).ok(),
                expected,
                "{}",
                value.escape_ascii()
            );
            if let Some(span) = expected {
                written(span);
                for spent in [1, 1_000_000, u64::from_be_bytes(nanos)] {
                    let left = span.saturating_sub(Duration::from_nanos(spent));
                    assert!(written(left) <= span, "{left:?} of {span:?} grew");
                }
            }
        }
        if let Ok(value) = HeaderValue::from_bytes(value) {
            sent.push((header, value));
        }
    }
    through_the_router(dialect, &sent);
}

/// Writes what is left and reads it again.
fn written(left: Duration) -> Duration {
    let value = timeout::format(left);
    let read = timeout::parse(value.as_bytes()).expect("what is written can be read");
    let longest = Duration::from_secs(99_999_999 * 3600);
    assert!(read >= left.min(longest), "{left:?} became {value:?}");
    // Rounded up within a unit, the one below which has no room: a thousand times as much at most.
    let unit = left / 99_999 + Duration::from_nanos(1);
    assert!(
        read <= left.saturating_add(unit),
        "{left:?} became {value:?}"
    );
    read
}

fn through_the_router(dialect: Dialect, sent: &[(&str, HeaderValue)]) {
    thread_local! {
        static SERVED: (Served<Scripted>, Scripted) = {
            let backend = Scripted::default();
            (Served::new(&DIALECTS, backend.clone(), Options::default()), backend)
        };
    }
    let (path, form, body) = match dialect {
        Dialect::GrpcWeb => ("/t.T/Unary", "application/grpc-web", &[0; PREFIX][..]),
        Dialect::GrpcWebStream => ("/t.T/Server", "application/grpc-web", &[0; PREFIX][..]),
        Dialect::Connect => ("/t.T/Unary", "application/json", &b"{}"[..]),
        Dialect::ConnectStream => ("/t.T/Server", "application/connect+proto", &[0; PREFIX][..]),
        Dialect::Rest => ("/v1/echo", "application/json", &b"{}"[..]),
    };
    let is_stream = matches!(dialect, Dialect::GrpcWebStream | Dialect::ConnectStream);
    let mut request = Request::post(path).header(CONTENT_TYPE, form);
    for (name, value) in sent {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let size = sent.iter().map(|(_, value)| value.len()).sum();
    let (whole, seen) =
        SERVED.with(|(served, backend)| (served.send(request, size), backend.seen()));

    let limits = Options::default();
    let spans: Option<Vec<_>> = sent.iter().map(|(name, value)| read(name, value)).collect();
    let said: usize = sent
        .iter()
        .map(|(name, value)| name.len() + value.len() + 32)
        .sum();
    if said > transom::protocol::HeadLimits::default().metadata - 256 {
        return;
    }
    let Some(spans) = spans else {
        assert!(seen.is_none(), "a malformed time-out is never guessed at");
        let expected = match dialect {
            Dialect::GrpcWeb | Dialect::GrpcWebStream => "13",
            Dialect::Connect | Dialect::ConnectStream => "invalid_argument",
            Dialect::Rest => "3",
        };
        assert_eq!(code(dialect, &whole), expected, "{sent:?}");
        return;
    };
    let Timeouts {
        unary_default,
        unary_cap,
        ..
    } = limits.timeouts;
    let least = spans.into_iter().min();
    let expected = match least {
        asked if is_stream => asked,
        None => unary_default,
        Some(asked) => Some(unary_cap.map_or(asked, |cap| cap.min(asked))),
    };
    if expected == Some(Duration::ZERO) {
        assert!(seen.is_none(), "the deadline has passed already");
        let expected = match dialect {
            Dialect::GrpcWeb | Dialect::GrpcWebStream | Dialect::Rest => "4",
            Dialect::Connect | Dialect::ConnectStream => "deadline_exceeded",
        };
        assert_eq!(code(dialect, &whole), expected, "{sent:?}");
        return;
    }
    let found = match seen {
        Some(seen) => seen.deadline,
        // So little that it may be read as nothing.
        None => {
            assert!(expected.is_some_and(|span| span <= ROUNDED), "{sent:?}");
            return;
        }
    };
    match (found, expected) {
        (Some(found), Some(expected)) if expected <= EXACT_MAX => {
            assert!(found.abs_diff(expected) <= ROUNDED, "{found:?} of {sent:?}");
        }
        (Some(found), Some(_)) => assert!(found >= EXACT_MAX, "{found:?} of {sent:?}"),
        (None, Some(expected)) => assert!(expected > EXACT_MAX, "no deadline: {sent:?}"),
        (found, None) => assert_eq!(found, None, "{sent:?}"),
    }
}

/// The code of an error.
fn code(dialect: Dialect, whole: &Whole) -> String {
    match dialect {
        Dialect::GrpcWeb | Dialect::GrpcWebStream => {
            assert_eq!(whole.head.status, StatusCode::OK);
            let found = all_envelopes(&whole.body);
            let [end] = found[..] else {
                panic!("expected the end alone, found {found:?}");
            };
            let fields = fields(end.payload);
            let status = fields.iter().find(|(name, _)| name == "grpc-status");
            let (_, status) = status.expect("there is a status");
            String::from_utf8_lossy(status).into_owned()
        }
        Dialect::ConnectStream => {
            let found = all_envelopes(&whole.body);
            let [end] = found[..] else {
                panic!("expected the end alone, found {found:?}");
            };
            text(&strict(end.payload)["error"]["code"])
        }
        Dialect::Connect | Dialect::Rest => text(&strict(&whole.body)["code"]),
    }
}

fn text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn read(header: &str, value: &HeaderValue) -> Option<Duration> {
    match header {
        "grpc-timeout" => grpc(value.as_bytes()),
        "connect-timeout-ms" => connect(value.as_bytes()),
        _ => seconds(value.as_bytes()),
    }
}

/// `1*8DIGIT` and a unit.
fn grpc(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    let number = digits_of(digits, 8)?;
    let nanos = match unit {
        b'H' => 3_600_000_000_000,
        b'M' => 60_000_000_000,
        b'S' => 1_000_000_000,
        b'm' => 1_000_000,
        b'u' => 1_000,
        b'n' => 1,
        _ => return None,
    };
    Some(Duration::from_nanos_u128(number * nanos))
}

/// `1*10DIGIT` of milliseconds.
fn connect(value: &[u8]) -> Option<Duration> {
    let number = digits_of(value, 10)?;
    Some(Duration::from_nanos_u128(number * 1_000_000))
}

/// Seconds: digits with at most one point among them, twenty bytes in all.
fn seconds(value: &[u8]) -> Option<Duration> {
    if value.len() > 20 {
        return None;
    }
    let mut parts = value.split(|byte| *byte == b'.');
    let (whole, part) = (parts.next()?, parts.next());
    let fraction = part.unwrap_or_default();
    if parts.next().is_some() || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let mut nanos = if whole.is_empty() {
        0
    } else {
        digits_of(whole, 20)? * 1_000_000_000
    };
    if !fraction.is_empty() {
        digits_of(fraction, 20)?;
    }
    for (digit, unit) in fraction.iter().zip((0..9).rev()) {
        nanos += u128::from(digit - b'0') * 10_u128.pow(unit);
    }
    // More seconds than a `Duration` has are malformed; the last 1024 are rounded up to as many.
    let most = ((1 << 64) - (1 << 10)) * 1_000_000_000;
    (nanos < most).then(|| Duration::from_nanos_u128(nanos))
}

/// The number that is written in one to so many digits.
fn digits_of(text: &[u8], most: usize) -> Option<u128> {
    if text.is_empty() || text.len() > most || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        text.iter()
            .fold(0, |number, digit| number * 10 + u128::from(digit - b'0')),
    )
}
