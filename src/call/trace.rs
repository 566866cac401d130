//! Trace contexts: who asks on whose behalf, as W3C Trace Context, B3 and `grpc-trace-bin` write it.
//!
//! What is malformed is no context: a new trace begins then. Nothing here is trusted; whether a client's
//! context counts is decided where it is read.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::random;

/// Letters of a `tracestate`, and its members, at most; a longer one is left out.
const STATE_MAX: usize = 512;
const MEMBERS_MAX: usize = 32;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const B3: HeaderName = HeaderName::from_static("b3");
const B3_TRACE: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPAN: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_PARENT: HeaderName = HeaderName::from_static("x-b3-parentspanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const B3_FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");
const TRACE_BIN: HeaderName = HeaderName::from_static("grpc-trace-bin");

/// Every header that a context is written in.
pub const HEADERS: [HeaderName; 9] = [
    TRACEPARENT,
    TRACESTATE,
    B3,
    B3_TRACE,
    B3_SPAN,
    B3_PARENT,
    B3_SAMPLED,
    B3_FLAGS,
    TRACE_BIN,
];

/// A trace. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

/// A span of a trace. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(u64);

/// Whether the spans of a trace are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// They are.
    Yes,
    /// They are not.
    No,
}

/// A span, as others name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether it is kept.
    pub sampled: Sampled,
}

/// How contexts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// W3C Trace Context.
    W3c,
    /// B3 in one header.
    B3,
    /// B3 in several.
    B3Multi,
    /// What OpenCensus sends in gRPC's metadata.
    GrpcTraceBin,
}

impl TraceId {
    /// One that nobody has.
    #[must_use]
    pub fn new() -> Self {
        let bits = u128::from(random::bits()) << 64 | u128::from(random::bits());
        Self(bits.max(1))
    }

    /// As it is sent.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// A number from 0 to 1 that all who see the trace have in common.
    #[must_use]
    pub fn place(self) -> f64 {
        // The lower bits are the random ones, where some are not.
        let low = self.0 & u128::from(u32::MAX);
        f64::from(u32::try_from(low).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
    }

    /// As 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> [u8; 32] {
        hex(&self.to_bytes())
    }
}

impl Default for TraceId {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanId {
    /// One that nobody has.
    #[must_use]
    pub fn new() -> Self {
        Self(random::bits().max(1))
    }

    /// As it is sent.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// As 16 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> [u8; 16] {
        hex(&self.to_bytes())
    }
}

impl Default for SpanId {
    fn default() -> Self {
        Self::new()
    }
}

impl Context {
    /// The same with another span.
    #[must_use]
    pub const fn with(self, span: SpanId) -> Self {
        Self { span, ..self }
    }

    /// The context in the first of these formats that the headers have one in, and is not malformed;
    /// with its `tracestate`.
    #[must_use]
    pub fn read(headers: &HeaderMap, formats: &[Format]) -> Option<(Self, Option<HeaderValue>)> {
        formats.iter().find_map(|format| {
            let context = format.read(headers)?;
            let state = match format {
                Format::W3c => state(headers),
                Format::B3 | Format::B3Multi | Format::GrpcTraceBin => None,
            };
            Some((context, state))
        })
    }

    /// Puts it into headers in these formats, in place of what they have of others.
    pub fn write(self, state: Option<&HeaderValue>, formats: &[Format], headers: &mut HeaderMap) {
        for name in HEADERS {
            headers.remove(name);
        }
        for format in formats {
            format.write(self, headers);
            if let (Format::W3c, Some(state)) = (format, state) {
                headers.insert(TRACESTATE, state.clone());
            }
        }
    }
}

impl Format {
    fn read(self, headers: &HeaderMap) -> Option<Context> {
        match self {
            Self::W3c => w3c(only(headers, &TRACEPARENT)?),
            Self::B3 => b3(only(headers, &B3)?),
            Self::B3Multi => {
                let sampled = match (only(headers, &B3_SAMPLED), only(headers, &B3_FLAGS)) {
                    (_, Some(b"1")) => Sampled::Yes,
                    (Some(text), _) => b3_sampled(text)?,
                    (None, _) => Sampled::No,
                };
                Some(Context {
                    trace: b3_trace(only(headers, &B3_TRACE)?)?,
                    span: span(only(headers, &B3_SPAN)?)?,
                    sampled,
                })
            }
            Self::GrpcTraceBin => trace_bin(only(headers, &TRACE_BIN)?),
        }
    }

    fn write(self, context: Context, headers: &mut HeaderMap) {
        let (trace, span) = (context.trace.to_hex(), context.span.to_hex());
        let digit: &[u8] = match context.sampled {
            Sampled::Yes => b"1",
            Sampled::No => b"0",
        };
        match self {
            Self::W3c => {
                let text = [b"00-", &trace[..], b"-", &span, b"-0", digit].concat();
                put(headers, TRACEPARENT, &text);
            }
            Self::B3 => {
                let text = [&trace[..], b"-", &span, b"-", digit].concat();
                put(headers, B3, &text);
            }
            Self::B3Multi => {
                put(headers, B3_TRACE, &trace);
                put(headers, B3_SPAN, &span);
                put(headers, B3_SAMPLED, digit);
            }
            Self::GrpcTraceBin => {
                let mut bytes = vec![0, 0];
                bytes.extend(context.trace.to_bytes());
                bytes.push(1);
                bytes.extend(context.span.to_bytes());
                bytes.extend([2, digit[0] - b'0']);
                let text = base64_simd::STANDARD_NO_PAD.encode_to_string(bytes);
                put(headers, TRACE_BIN, text.as_bytes());
            }
        }
    }
}

/// Never the same twice: kept out of HPACK's table, where it would only push others out.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &[u8]) {
    if let Ok(mut value) = HeaderValue::from_bytes(text) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// The value of a header that there has to be once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then_some(first.as_bytes())
}

/// `00-` trace `-` span `-` flags; a later version may have more behind.
fn w3c(text: &[u8]) -> Option<Context> {
    let version = digits(text.get(..2)?)?;
    let is_whole = match version {
        0xff => false,
        0 => text.len() == 55,
        _ => text.len() == 55 || text.get(55) == Some(&b'-'),
    };
    let borders = [2, 35, 52].map(|at| text.get(at) == Some(&b'-'));
    if !is_whole || borders != [true; 3] {
        return None;
    }
    let flags = digits(text.get(53..55)?)?;
    Some(Context {
        trace: trace(text.get(3..35)?)?,
        span: span(text.get(36..52)?)?,
        sampled: if flags & 1 == 1 {
            Sampled::Yes
        } else {
            Sampled::No
        },
    })
}

/// Trace `-` span, and perhaps `-` sampled `-` parent.
fn b3(text: &[u8]) -> Option<Context> {
    let mut parts = text.split(|byte| *byte == b'-');
    Some(Context {
        trace: b3_trace(parts.next()?)?,
        span: span(parts.next()?)?,
        sampled: parts.next().map_or(Some(Sampled::No), b3_sampled)?,
    })
}

fn b3_sampled(text: &[u8]) -> Option<Sampled> {
    match text {
        b"1" | b"d" | b"true" => Some(Sampled::Yes),
        b"0" | b"false" => Some(Sampled::No),
        _ => None,
    }
}

/// Of 32 digits, or of 16.
fn b3_trace(text: &[u8]) -> Option<TraceId> {
    match text.len() {
        16 => Some(TraceId(u128::from(span(text)?.0))),
        _ => trace(text),
    }
}

/// Version 0, then fields 0 to 2 by number: trace, span, options.
fn trace_bin(text: &[u8]) -> Option<Context> {
    let text = text.strip_suffix(b"==").unwrap_or(text);
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let bytes = base64_simd::STANDARD_NO_PAD.decode_to_vec(text).ok()?;
    let rest = bytes.strip_prefix(&[0, 0])?;
    let (trace, rest) = rest.split_first_chunk::<16>()?;
    let (span, rest) = rest.strip_prefix(&[1])?.split_first_chunk::<8>()?;
    let sampled = match rest {
        [2, options, ..] if options & 1 == 1 => Sampled::Yes,
        [] | [2, _, ..] => Sampled::No,
        _ => return None,
    };
    Some(Context {
        trace: TraceId(Some(u128::from_be_bytes(*trace)).filter(|id| *id != 0)?),
        span: SpanId(Some(u64::from_be_bytes(*span)).filter(|id| *id != 0)?),
        sampled,
    })
}

fn trace(text: &[u8]) -> Option<TraceId> {
    let id = (text.len() == 32).then(|| digits(text))??;
    (id != 0).then_some(TraceId(id))
}

fn span(text: &[u8]) -> Option<SpanId> {
    let id = (text.len() == 16).then(|| digits(text))??;
    (id != 0).then_some(SpanId(u64::try_from(id).ok()?))
}

/// The number of some lower-case hexadecimal digits, 32 at most.
fn digits(text: &[u8]) -> Option<u128> {
    text.iter().try_fold(0, |number: u128, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

fn hex<const N: usize>(bytes: &[u8]) -> [u8; N] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'0'; N];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// All members of `tracestate` together; nothing if they are too many, too long, or no text.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let all: Vec<_> = headers.get_all(TRACESTATE).iter().collect();
    let bytes: Vec<_> = all.iter().map(|value| value.as_bytes()).collect();
    let text = bytes.join(&b","[..]);
    let members = text.split(|byte| *byte == b',');
    let mut members = members.filter(|member| !member.trim_ascii().is_empty());
    let is_member = |member: &[u8]| {
        let is_text = member
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        is_text && member.contains(&b'=')
    };
    let count = members.clone().count();
    let fits = (1..=MEMBERS_MAX).contains(&count) && text.len() <= STATE_MAX;
    if !fits || !members.all(is_member) {
        return None;
    }
    HeaderValue::from_bytes(&text).ok()
}

/// Leaves of `baggage` the members with these keys.
pub fn keep_baggage(headers: &mut HeaderMap, keys: &[String]) {
    const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
    if !headers.contains_key(BAGGAGE) {
        return;
    }
    let all = headers.get_all(BAGGAGE).iter();
    let all: Vec<_> = all.filter_map(|value| value.to_str().ok()).collect();
    let kept: Vec<_> = (all.iter().flat_map(|value| value.split(',')))
        .map(str::trim)
        .filter(|member| {
            let key = member.split('=').next().unwrap_or_default().trim();
            keys.iter().any(|kept| kept == key)
        })
        .collect();
    let kept = kept.join(",");
    headers.remove(BAGGAGE);
    if let (false, Ok(kept)) = (kept.is_empty(), HeaderValue::try_from(kept)) {
        headers.insert(BAGGAGE, kept);
    }
}

#[cfg(test)]
mod tests;
