//! Compressed messages on their way through, and compressed bodies of JSON.

use super::*;
use crate::call::compression::Deflater;
use crate::call::{Accept, Coding};

const OF_MESSAGES: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Brotli];

/// Of both forms of gRPC.
const TYPES: [&str; 2] = ["application/grpc", "application/grpc-web+proto"];

fn request(content_type: &str, path: &str, encoding: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = post(path, content_type, body);
    if content_type == "application/grpc" {
        *request.version_mut() = http::Version::HTTP_2;
    }
    let value = HeaderValue::from_str(encoding).unwrap();
    request.headers_mut().insert("grpc-encoding", value.clone());
    request.headers_mut().insert("grpc-accept-encoding", value);
    request
}

/// Code and body of an answer of gRPC or gRPC-Web.
async fn outcome(response: Response<Body>) -> (String, Vec<u8>) {
    let head = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    let mut fields = head;
    if let Some(trailers) = body.trailers() {
        fields.extend(trailers.clone());
    }
    let body = body.to_bytes().to_vec();
    if let Some(code) = fields.get("grpc-status") {
        return (code.to_str().unwrap().to_owned(), body);
    }
    let text = String::from_utf8_lossy(&body);
    let code = text.split("grpc-status:").nth(1).unwrap();
    (code.split('\r').next().unwrap().trim().to_owned(), body)
}

async fn code_of(service: &Scripted, request: Request<Body>) -> String {
    outcome(service.router().handle(request).await).await.0
}

#[tokio::test]
async fn messages_pass_compressed_with_their_flag_and_the_encodings_name() {
    let service = Scripted::default();
    for content_type in TYPES {
        for coding in OF_MESSAGES {
            for path in ["/t.T/Unary", "/t.T/Bidi"] {
                let message = compressed(coding, b"\x0a\x02zz");
                let request = request(content_type, path, coding.name(), message.clone());
                let response = service.router().handle(request).await;
                assert_eq!(header(&response, "grpc-encoding"), Some(coding.name()));
                let (code, body) = outcome(response).await;
                assert_eq!(code, "0", "{content_type} {coding:?} {path}");
                assert!(body.starts_with(&message));
                let seen = service.last();
                let packed = seen.encodings.request.unwrap();
                assert_eq!((packed.coding, packed.max), (coding, 4 << 20));
                let Accept::Passed(codings) = seen.encodings.accept else {
                    panic!("{:?}", seen.encodings)
                };
                assert_eq!(codings.value(), coding.name());
            }
        }
    }
    // Plain and compressed ones, in turn.
    let mixed = [frame(b"a"), compressed(Coding::Gzip, b"b"), frame(b"c")].concat();
    let request = request(TYPES[0], "/t.T/Bidi", "gzip", mixed.clone());
    let (code, body) = outcome(service.router().handle(request).await).await;
    assert_eq!((code.as_str(), body), ("0", mixed));
}

#[tokio::test]
async fn an_unknown_encoding_is_refused_with_the_known_ones() {
    let service = Scripted::default();
    for content_type in TYPES {
        for encoding in ["snappy", "deflate", "gzip, gzip"] {
            let request = request(content_type, "/t.T/Unary", encoding, frame(b""));
            let response = service.router().handle(request).await;
            assert_eq!(
                header(&response, "grpc-accept-encoding"),
                Some("gzip,zstd,br")
            );
            assert_eq!(outcome(response).await.0, "12", "{content_type} {encoding}");
        }
        for encoding in ["identity", ""] {
            let request = request(content_type, "/t.T/Unary", encoding, frame(b""));
            assert_eq!(code_of(&service, request).await, "0");
            assert_eq!(service.last().encodings.request, None);
        }
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn every_answer_names_the_encodings_that_are_taken_here() {
    // Not those that the backend takes: what they are is the gateway's matter.
    let theirs = metadata(&[("grpc-accept-encoding", "identity, deflate")]);
    let replies = vec![&b"a"[..]];
    let script = Script::Replies(theirs, replies, Status::ok().into());
    let service = Scripted::new(script);
    for content_type in TYPES {
        for path in ["/t.T/Unary", "/t.T/Server"] {
            let request = request(content_type, path, "identity", frame(b""));
            let response = service.router().handle(request).await;
            let named = response.headers().get_all("grpc-accept-encoding");
            let named: Vec<_> = named.iter().collect();
            assert_eq!(named, ["gzip,zstd,br"], "{content_type} {path}");
        }
    }
}

#[tokio::test]
async fn a_compressed_flag_without_an_encoding_is_internal() {
    let service = Scripted::default();
    for content_type in TYPES {
        let message = compressed(Coding::Gzip, b"");
        let request = request(content_type, "/t.T/Unary", "identity", message);
        assert_eq!(code_of(&service, request).await, "13");
    }
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn limits_count_what_is_in_a_request_message() {
    let service = Scripted::default();
    let exact = vec![0; 4 << 20];
    let over = vec![0; (4 << 20) + 1];
    for content_type in TYPES {
        for coding in OF_MESSAGES {
            let post = |payload: &[u8]| {
                let message = compressed(coding, payload);
                request(content_type, "/t.T/Unary", coding.name(), message)
            };
            assert_eq!(code_of(&service, post(&exact)).await, "0");
            assert_eq!(service.last().requests.len(), 1);
            assert_eq!(code_of(&service, post(&over)).await, "8");
            let mut broken = compressed(coding, b"hello");
            broken[6] ^= 0x55; // of the magic number
            let request = request(content_type, "/t.T/Unary", coding.name(), broken);
            assert_eq!(code_of(&service, request).await, "13", "{coding:?}");
            assert_eq!(service.calls(), 0);
        }
    }
}

#[tokio::test]
async fn limits_count_what_is_in_a_reply_message() {
    for content_type in TYPES {
        for coding in OF_MESSAGES {
            for path in ["/t.T/Unary", "/t.T/Bidi"] {
                let bomb = compressed(coding, &vec![0; (4 << 20) + 1]);
                let mut options = Options::default();
                options.limits.request_message = 8 << 20;
                let service = Scripted::default();
                let request = request(content_type, path, coding.name(), bomb);
                let response = service.router_with(options).handle(request).await;
                assert_eq!(outcome(response).await.0, "8", "{content_type} {path}");
                assert_eq!(service.calls(), 1);
            }
        }
    }
}

fn json(path: &str, coding: Coding, plain: &[u8]) -> Request<Body> {
    let length = u64::try_from(plain.len()).unwrap();
    let mut deflater = Deflater::new(coding, length).unwrap();
    let mut body = deflater.write(plain).unwrap();
    body.extend(deflater.finish().unwrap());
    let mut request = post(path, "application/json", body);
    let value = HeaderValue::from_static(coding.name());
    request.headers_mut().insert("content-encoding", value);
    request
}

#[tokio::test]
async fn json_is_read_and_written_compressed() {
    let service = Scripted::default();
    let name = "The Wave ".repeat(400);
    let plain = format!(r#"{{"name":"{name}"}}"#);
    for coding in [Coding::Gzip, Coding::Zstd, Coding::Brotli] {
        let mut request = json("/t.T/Unary", coding, plain.as_bytes());
        let value = HeaderValue::from_static(coding.name());
        request.headers_mut().insert("accept-encoding", value);
        let response = service.router().handle(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-encoding"), Some(coding.name()));
        assert_eq!(header(&response, "vary"), Some("accept-encoding"));
        let body = bytes(response).await;
        let mut out = vec![0; 10_000];
        let mut inflater = call::compression::Inflater::new(coding).unwrap();
        let step = inflater.step(&body, &mut out).unwrap();
        assert_eq!(&out[..step.written], plain.as_bytes(), "{coding:?}");
        assert_eq!(service.last().encodings, call::Encodings::default());
    }
}

#[tokio::test]
async fn a_bomb_in_a_body_is_413_and_a_broken_one_400() {
    let service = Scripted::default();
    let bomb = vec![b' '; 64 << 20];
    for coding in [Coding::Gzip, Coding::Zstd, Coding::Brotli] {
        let response = service
            .router()
            .handle(json("/t.T/Unary", coding, &bomb))
            .await;
        assert_eq!(response.status(), 413, "{coding:?}");
        let mut request = json("/t.T/Unary", coding, b"{}");
        *request.body_mut() = Body::from("{}");
        let response = service.router().handle(request).await;
        assert_eq!(response.status(), 400, "{coding:?}");
        let text = String::from_utf8(bytes(response).await).unwrap();
        assert!(text.contains(coding.name()), "{text}");
    }
    let mut request = json("/t.T/Unary", Coding::Gzip, b"{}");
    let value = HeaderValue::from_static("gzip, gzip");
    request.headers_mut().insert("content-encoding", value);
    let response = service.router().handle(request).await;
    assert_eq!(response.status(), 501);
    assert_eq!(header(&response, "accept-encoding"), Some("gzip, br, zstd"));
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn grpc_is_never_compressed_as_http_content() {
    let service = Scripted::default();
    for content_type in TYPES {
        let mut request = request(content_type, "/t.T/Unary", "identity", frame(&[0; 9000]));
        let value = HeaderValue::from_static("gzip, br, zstd");
        request.headers_mut().insert("accept-encoding", value);
        let response = service.router().handle(request).await;
        assert_eq!(header(&response, "content-encoding"), None);
        assert_eq!(header(&response, "vary"), None);
        assert_eq!(outcome(response).await.0, "0");
    }
}

#[tokio::test]
async fn messages_that_expand_much_take_turns_with_the_others_on_the_thread() {
    const MESSAGES: usize = 5;
    let plain = vec![b' '; 4 << 20];
    for content_type in ["application/grpc-web+proto", "application/grpc-web+json"] {
        for coding in OF_MESSAGES {
            let service = Scripted::default();
            let router = service.router();
            let body = compressed(coding, &plain).repeat(MESSAGES);
            let request = request(content_type, "/t.T/Bidi", coding.name(), body);
            let mut answer = std::pin::pin!(router.handle(request));
            let mut turns = 0;
            std::future::poll_fn(|cx| {
                turns += 1;
                answer.as_mut().poll(cx)
            })
            .await;
            assert_eq!(service.last().requests.len(), MESSAGES);
            assert!(turns >= MESSAGES, "{content_type} {coding:?}: {turns}");
        }
    }
}
