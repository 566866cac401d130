//! Contexts of clients: what is none begins a new trace, whatever it looks like.

#![allow(clippy::unwrap_used)]

use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const ALL: [Format; 4] = [
    Format::W3c,
    Format::B3,
    Format::B3Multi,
    Format::GrpcTraceBin,
];

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn read(pairs: &[(&'static str, &str)]) -> Option<Context> {
    Context::read(&headers(pairs), &ALL).map(|(context, _)| context)
}

#[test]
fn what_is_written_is_read_again() {
    for sampled in [Sampled::Yes, Sampled::No] {
        let context = Context {
            trace: TraceId::new(),
            span: SpanId::new(),
            sampled,
        };
        for format in ALL {
            let mut headers = headers(&[
                ("traceparent", "forged"),
                ("b3", "0"),
                ("tracestate", "a=b"),
            ]);
            context.write(None, &[format], &mut headers);
            assert_eq!(
                Context::read(&headers, &[format]),
                Some((context, None)),
                "{headers:?}"
            );
            for other in ALL.into_iter().filter(|other| *other != format) {
                assert_eq!(Context::read(&headers, &[other]), None, "{headers:?}");
            }
        }
    }
}

#[test]
fn w3c_is_read_as_its_grammar_says() {
    let good = |flags: &str, version: &str, more: &str| {
        read(&[(
            "traceparent",
            &format!("{version}-{TRACE}-{SPAN}-{flags}{more}"),
        )])
    };
    assert_eq!(good("01", "00", "").unwrap().sampled, Sampled::Yes);
    assert_eq!(good("00", "00", "").unwrap().sampled, Sampled::No);
    assert_eq!(
        good("03", "cc", "-what").unwrap().trace.to_hex(),
        TRACE.as_bytes()
    );
    let zeros = "0".repeat(32);
    for wrong in [
        String::new(),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("cc-{TRACE}-{SPAN}-01x"),
        format!("00-{zeros}-{SPAN}-01"),
        format!("00-{TRACE}-{}-01", &zeros[..16]),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}{SPAN}--01"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}-zz"),
        format!("00-{}-{SPAN}-01", &TRACE[1..]),
        format!(" 0-{TRACE}-{SPAN}-01"),
    ] {
        assert_eq!(read(&[("traceparent", &wrong)]), None, "{wrong:?}");
    }
    let one = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(
        read(&[("traceparent", &one), ("traceparent", &one)]),
        None,
        "twice"
    );
}

#[test]
fn b3_is_read_in_both_forms_and_lengths() {
    let short = &TRACE[16..];
    for (pairs, sampled) in [
        (vec![("b3", format!("{TRACE}-{SPAN}-1"))], Sampled::Yes),
        (
            vec![("b3", format!("{TRACE}-{SPAN}-d-{SPAN}"))],
            Sampled::Yes,
        ),
        (vec![("b3", format!("{short}-{SPAN}"))], Sampled::No),
        (
            vec![
                ("x-b3-traceid", short.to_owned()),
                ("x-b3-spanid", SPAN.to_owned()),
                ("x-b3-flags", "1".to_owned()),
            ],
            Sampled::Yes,
        ),
    ] {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let context = read(&pairs).unwrap();
        assert_eq!(
            (context.span.to_hex(), context.sampled),
            (SPAN.as_bytes().try_into().unwrap(), sampled)
        );
    }
    for wrong in ["0", "1", "-", "x-y-z", &format!("{TRACE}-{SPAN}-2"), TRACE] {
        assert_eq!(read(&[("b3", wrong)]), None, "{wrong:?}");
    }
}

#[test]
fn binary_contexts_are_read_whole_or_not() {
    let whole = [&[0, 0][..], &[7; 16], &[1], &[8; 8], &[2, 1]].concat();
    let encode = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes);
    let context = read(&[("grpc-trace-bin", &encode(&whole))]).unwrap();
    assert_eq!(
        (context.trace.to_bytes(), context.sampled),
        ([7; 16], Sampled::Yes)
    );
    for end in 0..27 {
        let cut = encode(&whole[..end]);
        assert_eq!(read(&[("grpc-trace-bin", &cut)]), None, "{end}");
    }
    assert_eq!(read(&[("grpc-trace-bin", "***")]), None);
}

#[test]
fn a_tracestate_has_bounds() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let state = |values: &[&str]| {
        let mut headers = headers(&[("traceparent", &parent)]);
        for value in values {
            headers.append("tracestate", HeaderValue::from_str(value).unwrap());
        }
        let (_, state) = Context::read(&headers, &ALL).unwrap();
        state.map(|state| state.to_str().unwrap().to_owned())
    };
    assert_eq!(state(&["a=1,b=2", "c=3"]).as_deref(), Some("a=1,b=2,c=3"));
    assert_eq!(state(&[]), None);
    assert_eq!(state(&["a"]), None);
    assert!(state(&[&vec!["a=1"; 32].join(",")]).is_some());
    assert_eq!(state(&[&vec!["a=1"; 33].join(",")]), None);
    assert_eq!(state(&[&format!("a={}", "x".repeat(511))]), None);
}

#[test]
fn of_baggage_what_is_allowed_stays() {
    let mut some = headers(&[
        ("baggage", "tenant=a;x=1, secret=b"),
        ("baggage", "tenant=c"),
    ]);
    keep_baggage(&mut some, &["tenant".to_owned()]);
    assert_eq!(some["baggage"], "tenant=a;x=1,tenant=c");
    keep_baggage(&mut some, &[]);
    assert!(!some.contains_key("baggage"));
}
