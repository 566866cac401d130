//! Bodies and heads that are made of the tokens their grammars have, in any order: whatever they
//! are, somebody answers, and never with a fault of the gateway or the backend.

use proptest::prelude::*;

use super::client_streams::{Taker, chunked, collected};
use super::*;
use crate::call::Coding;
use crate::call::compression::Deflater;

const TOKENS: [&[u8]; 60] = [
    b"--B",
    b"--B--",
    b"\r\n",
    b"\n",
    b"\r",
    b"--",
    b"B",
    b";",
    b"=",
    b"\"",
    b"\\",
    b":",
    b",",
    b"content-disposition: form-data; name=\"name\"",
    b"content-disposition: form-data; name=tags",
    b"content-disposition: form-data; name=\"file\"; filename=\"\"",
    b"content-type: image/png",
    b"content-transfer-encoding: base64",
    b"name=",
    b"name",
    b"data",
    b"file",
    b"inner",
    b"labels[",
    b"labels[k]=",
    b"]",
    b"[",
    b"{",
    b"}",
    b"&",
    b"+",
    b"%",
    b"%2",
    b"%41",
    b"%00",
    b"%ff",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f",
    b" ",
    b"\t",
    b"1",
    b"-",
    b"1e999",
    b"0.",
    b"true",
    b"null",
    b"nul",
    b"\"name\":",
    b"\"child\":{",
    b"\"any\":{\"@type\":",
    b"\"tags\":[",
    b"\"a\"",
    b"\\u",
    b"\\ud800",
    b"q=",
    b"*/*",
    b"utf-8",
    b"[p.x]",
];

fn soup(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..max).prop_map(|t| t.concat())
}

/// A content type, which what the soup has of a header's value may follow.
fn content_type() -> impl Strategy<Value = Vec<u8>> {
    let kinds: [&[u8]; 9] = [
        b"application/json",
        b"application/x-ndjson",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=B",
        b"multipart/form-data; boundary=\"B\"",
        b"multipart/form-data",
        b"application/x-www-form-urlencoded; charset=",
        b"image/png",
        b"",
    ];
    let rest = prop_oneof![3 => Just(Vec::new()), 1 => soup(5)];
    (prop::sample::select(kinds.to_vec()), rest).prop_map(|(kind, rest)| [kind, &rest].concat())
}

const TARGETS: [(&str, &str); 15] = [
    ("POST", "/v1/echo"),
    ("PUT", "/v1/child"),
    ("PATCH", "/v1/child"),
    ("PATCH", "/v1/object"),
    ("PUT", "/v1/tags"),
    ("PUT", "/v1/labels/x"),
    ("PUT", "/v1/data"),
    ("POST", "/v1/store"),
    ("PATCH", "/v1/store/x"),
    ("POST", "/v1/store/x/file"),
    ("POST", "/v1/store/x/chunks"),
    ("POST", "/v1/collect"),
    ("PUT", "/v1/collect/x/tags"),
    ("POST", "/v1/converse"),
    ("POST", "/v1/keep/x"),
];

#[derive(Clone, Copy, Debug)]
enum Coded {
    No,
    Whole(Coding),
    /// What comes is not what its coding says.
    Claimed(Coding),
}

fn coded() -> impl Strategy<Value = Coded> {
    let coding = || prop::sample::select(&[Coding::Gzip, Coding::Zstd, Coding::Brotli][..]);
    prop_oneof![
        6 => Just(Coded::No),
        2 => coding().prop_map(Coded::Whole),
        1 => coding().prop_map(Coded::Claimed),
    ]
}

fn encode(coded: Coded, body: Vec<u8>) -> (Option<Coding>, Vec<u8>) {
    match coded {
        Coded::No => (None, body),
        Coded::Claimed(coding) => (Some(coding), body),
        Coded::Whole(coding) => {
            let mut deflater = Deflater::new(coding, body.len() as u64).unwrap();
            let mut out = deflater.write(&body).unwrap();
            out.extend(deflater.finish().unwrap());
            (Some(coding), out)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_comes_is_answered(
        (verb, path) in prop::sample::select(&TARGETS[..]),
        query in soup(6),
        content_type in content_type(),
        accept in soup(6),
        body in soup(24),
        coded in coded(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let query = String::from_utf8_lossy(&query).into_owned();
        let (coding, body) = encode(coded, body);
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        places.extend([0, body.len()]);
        places.sort_unstable();
        let chunks: Vec<_> = places.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();

        let mut request = Request::builder().method(verb).uri(path).header("host", "api.test");
        if let Ok(uri) = http::Uri::try_from(format!("{path}?{query}")) {
            request = request.uri(uri);
        }
        let headers = [
            ("content-type", content_type),
            ("accept", accept.clone()),
            ("accept-encoding", accept),
            ("content-encoding", coding.map_or(Vec::new(), |c| c.name().into())),
        ];
        for (name, value) in headers {
            if let Ok(value) = http::HeaderValue::from_bytes(&value)
                && !value.is_empty()
            {
                request = request.header(name, value);
            }
        }
        let request = request.body(chunked(&chunks)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (status, text) = runtime.block_on(async {
            let router = Taker::default().router(Options::default());
            collected(router.handle(request).await).await
        });
        prop_assert!(matches!(status, 200 | 400 | 406 | 413 | 415), "{status} {text}");
        if status != 200 {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert!(!json["message"].as_str().unwrap().is_empty(), "{text}");
        }
    }
}
