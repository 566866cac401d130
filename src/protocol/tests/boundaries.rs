//! Requests that arrive in pieces: wherever a body is cut, the call and its answer are the same.

use base64_simd::STANDARD;

use super::*;

/// What the backend got, and what the client.
#[derive(Debug, PartialEq)]
struct Outcome {
    requests: Vec<Message>,
    status: http::StatusCode,
    body: Vec<u8>,
    trailers: Option<http::HeaderMap>,
}

/// A dialect by its content type, with a body and a path.
struct Sample {
    content_type: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

fn samples() -> Vec<Sample> {
    let wire = [frame(b"\x0a\x03abc"), frame(b""), frame(b"\x10\x07")].concat();
    let json = [frame(br#"{"name":"\u00e9"}"#), frame(b"{}")].concat();
    let gzip = compressed(call::Coding::Gzip, b"\x0a\x05hello");
    let text = |bytes: &[u8]| STANDARD.encode_to_string(bytes).into_bytes();
    let padded = [text(&wire[..4]), text(&wire[4..11]), text(&wire[11..])].concat();
    let sample = |content_type, path, body: &[u8]| Sample {
        content_type,
        path,
        headers: Vec::new(),
        body: body.to_vec(),
    };
    let with = |sample: Sample, name, value| Sample {
        headers: vec![(name, value)],
        ..sample
    };
    vec![
        sample("application/grpc", "/t.T/Unary", &wire[..10]),
        sample("application/grpc", "/t.T/Bidi", &wire),
        sample("application/grpc+json", "/t.T/Bidi", &json),
        sample("application/grpc-web", "/t.T/Unary", &wire[..10]),
        sample("application/grpc-web+proto", "/t.T/Client", &wire),
        sample("application/grpc-web+json", "/t.T/Bidi", &json),
        sample(
            "application/grpc-web-text",
            "/t.T/Server",
            &text(&wire[..10]),
        ),
        sample("application/grpc-web-text", "/t.T/Bidi", &padded),
        with(
            sample("application/grpc-web", "/t.T/Unary", &gzip),
            "grpc-encoding",
            "gzip",
        ),
        sample("application/connect+proto", "/t.T/Bidi", &wire),
        sample("application/connect+json", "/t.T/Bidi", &json),
        with(
            sample(
                "application/connect+json",
                "/t.T/Server",
                &compressed(call::Coding::Zstd, b"{}"),
            ),
            "connect-content-encoding",
            "zstd",
        ),
        sample("application/proto", "/t.T/Unary", b"\x0a\x03abc"),
        sample(
            "application/json",
            "/t.T/Unary",
            r#"{"name":"é","size":1}"#.as_bytes(),
        ),
        with(
            sample(
                "application/json",
                "/t.T/Unary",
                &compressed(call::Coding::Gzip, b"{}")[5..],
            ),
            "content-encoding",
            "gzip",
        ),
        // And what is broken is broken everywhere.
        sample("application/grpc-web", "/t.T/Bidi", b"\0\0\0\0\x02abc"),
        sample(
            "application/grpc-web-text",
            "/t.T/Bidi",
            b"AAAAAAA=AAAAAA*=",
        ),
        sample("application/connect+json", "/t.T/Bidi", b"\0\0\0\0\x01["),
    ]
}

async fn outcome(sample: &Sample, pieces: Vec<Vec<u8>>) -> Outcome {
    let service = Scripted::default();
    let pieces = pieces.into_iter().map(Ok::<_, Infallible>);
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let mut request = post(sample.path, sample.content_type, body);
    *request.version_mut() = http::Version::HTTP_2;
    for (name, value) in &sample.headers {
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(*name, value);
    }
    let response = service.router().handle(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned();
    let seen = service.seen.lock().unwrap().pop_back();
    let requests = seen.map(|seen| seen.requests).unwrap_or_default();
    Outcome {
        requests: requests.into_iter().flatten().collect(),
        status,
        body: body.to_bytes().to_vec(),
        trailers,
    }
}

#[tokio::test]
async fn a_request_may_be_cut_at_every_byte() {
    for sample in samples() {
        let whole = outcome(&sample, vec![sample.body.clone()]).await;
        let name = (sample.content_type, sample.path);
        for cut in 0..=sample.body.len() {
            let (start, end) = sample.body.split_at(cut);
            let cut_there = outcome(&sample, vec![start.to_vec(), end.to_vec()]).await;
            assert_eq!(cut_there, whole, "{name:?} cut at {cut}");
        }
        for size in 1..=sample.body.len() {
            let pieces = sample.body.chunks(size).map(<[u8]>::to_vec).collect();
            let pieces = outcome(&sample, pieces).await;
            assert_eq!(pieces, whole, "{name:?} in pieces of {size}");
        }
    }
}
