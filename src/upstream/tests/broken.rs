//! Backends that answer wrongly.

use super::*;

/// One wrong answer, after which the connection has to be of use still.
async fn status_of(
    shape: Shape,
    answer: impl Fn(h2::server::SendResponse<Bytes>) + Clone + Send + 'static,
) -> Status {
    let backend = Backend::http2(0, 10, move |request, respond| {
        let answer = answer.clone();
        async move {
            let body = read(&mut request.into_body()).await.unwrap().concat();
            if body == frame(b"fine") {
                ok(respond, b"")
            } else {
                answer(respond)
            }
        }
    })
    .await;
    let upstream = backend.upstream();
    let call = call(shape, Requests::One(Message::from_payload(b"x")));
    let status = outcome(&upstream, call).await;
    assert!(
        outcome(&upstream, unary(b"fine")).await.is_ok(),
        "after {status}"
    );
    assert_eq!(backend.connections(), 1, "after {status}");
    status
}

#[tokio::test]
async fn broken_trailers_are_never_ok() {
    for (fields, code) in [
        (
            &[("grpc-status", "5"), ("grpc-message", "no%20such")][..],
            Code::NotFound,
        ),
        (&[("grpc-status", "999")], Code::Unknown),
        (&[("grpc-status", "-1")], Code::Unknown),
        (&[("grpc-status", "00")], Code::Unknown),
        (&[("grpc-status", "abc")], Code::Unknown),
        (&[("grpc-status", "0"), ("grpc-status", "0")], Code::Unknown),
        (&[("x", "y")], Code::Unknown),
        (
            &[("grpc-status", "7"), ("grpc-status-details-bin", "***")],
            Code::PermissionDenied,
        ),
    ] {
        let status = status_of(Shape::Unary, move |respond| {
            begin(respond, &[b"m"])
                .send_trailers(trailers(fields))
                .unwrap();
        })
        .await;
        assert_eq!(
            (status.code, status.origin),
            (code, Origin::Upstream),
            "{fields:?}"
        );
        let only = status_of(Shape::Unary, move |mut respond| {
            let mut head = head();
            head.headers_mut().extend(trailers(fields));
            for (name, value) in fields
                .iter()
                .skip(1)
                .filter(|(name, _)| *name == "grpc-status")
            {
                head.headers_mut()
                    .append(*name, http::HeaderValue::from_static(value));
            }
            respond.send_response(head, true).unwrap();
        })
        .await;
        assert_eq!(
            (only.code, &only.message),
            (code, &status.message),
            "{fields:?}"
        );
    }
}

#[tokio::test]
async fn a_backend_that_ends_without_a_status_is_never_ok() {
    let status = status_of(Shape::ServerStream, |respond| {
        begin(respond, &[b"m"])
            .send_data(Bytes::new(), true)
            .unwrap();
    })
    .await;
    assert_eq!(status.code, Code::Unknown);
    let status = status_of(Shape::ServerStream, |mut respond| {
        respond.send_response(head(), true).unwrap();
    })
    .await;
    assert_eq!(status.code, Code::Unknown);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_its_declared_length() {
    for declared in [[0, 0x10, 0, 1], [0xff; 4]] {
        let status = status_of(Shape::Unary, move |respond| {
            let mut prefix = vec![0];
            prefix.extend(declared);
            let mut stream = begin(respond, &[]);
            stream.send_data(prefix.into(), false).unwrap();
            stream
                .send_trailers(trailers(&[("grpc-status", "0")]))
                .unwrap();
        })
        .await;
        assert_eq!(status.code, Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn broken_framing_is_internal() {
    for (bytes, trailing) in [
        (&[2, 0, 0, 0, 0][..], true),
        (&[0, 0, 0, 0, 9, 1], true),
        (&[0], false),
    ] {
        let status = status_of(Shape::Unary, move |respond| {
            let mut stream = begin(respond, &[]);
            stream
                .send_data(Bytes::from_static(bytes), !trailing)
                .unwrap();
            if trailing {
                stream
                    .send_trailers(trailers(&[("grpc-status", "0")]))
                    .unwrap();
            }
        })
        .await;
        assert_eq!(status.code, Code::Internal, "{bytes:?}");
    }
    let status = status_of(Shape::Unary, |respond| {
        begin(respond, &[])
            .send_data(Bytes::from_static(&[1, 0, 0, 0, 0]), true)
            .unwrap();
    })
    .await;
    assert_eq!(
        status.code,
        Code::Internal,
        "compressed without an encoding"
    );
}

#[tokio::test]
async fn a_method_with_one_reply_has_one() {
    const REPLIES: [&[&[u8]]; 2] = [&[], &[b"a", b"b"]];
    for messages in REPLIES {
        for (shape, code) in [
            (Shape::Unary, Code::Unimplemented),
            (Shape::ServerStream, Code::Ok),
        ] {
            let status = status_of(shape, move |respond| {
                let mut stream = begin(respond, messages);
                stream
                    .send_trailers(trailers(&[("grpc-status", "0")]))
                    .unwrap();
            })
            .await;
            assert_eq!(status.code, code, "{shape:?}, {} messages", messages.len());
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_grpc_maps_by_its_http_status() {
    for (http, kind, code) in [
        (200, "text/html", Code::Unknown),
        (200, "application/grpc-web", Code::Unknown),
        (401, "text/html", Code::Unauthenticated),
        (404, "text/plain", Code::Unimplemented),
        (503, "application/grpc", Code::Unavailable),
    ] {
        let status = status_of(Shape::Unary, move |mut respond| {
            let head = http::Response::builder()
                .status(http)
                .header("content-type", kind);
            let mut stream = respond
                .send_response(head.body(()).unwrap(), false)
                .unwrap();
            stream
                .send_data(Bytes::from_static(b"<html>"), true)
                .unwrap();
        })
        .await;
        assert_eq!(
            (status.code, status.origin),
            (code, Origin::Upstream),
            "{http} {kind}"
        );
    }
}

#[tokio::test]
async fn a_reset_stream_maps_by_its_reason() {
    for (reason, code) in [
        (h2::Reason::NO_ERROR, Code::Internal),
        (h2::Reason::CANCEL, Code::Cancelled),
        (h2::Reason::INTERNAL_ERROR, Code::Internal),
        (h2::Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
    ] {
        let before = status_of(Shape::ServerStream, move |mut respond| {
            respond.send_reset(reason)
        });
        assert_eq!(before.await.code, code, "{reason:?} before headers");
        let after = status_of(Shape::ServerStream, move |respond| {
            begin(respond, &[b"m"]).send_reset(reason);
        });
        assert_eq!(after.await.code, code, "{reason:?} after headers");
    }
}

#[tokio::test]
async fn large_headers_and_trailers_fail_one_call_at_most() {
    for (kib, code) in [
        (16, Code::Ok),
        (64, Code::ResourceExhausted),
        (256, Code::ResourceExhausted),
    ] {
        // In fields of 8 KiB, so that the list is large and no field is absurd.
        let fill = move |map: &mut http::HeaderMap| {
            for _ in 0..kib / 8 {
                let value = "v".repeat(8 * 1024);
                map.append("x-large", http::HeaderValue::from_str(&value).unwrap());
            }
        };
        let status = status_of(Shape::Unary, move |mut respond| {
            let mut head = head();
            fill(head.headers_mut());
            let mut stream = respond.send_response(head, false).unwrap();
            stream.send_data(frame(b""), false).unwrap();
            stream
                .send_trailers(trailers(&[("grpc-status", "0")]))
                .unwrap();
        })
        .await;
        assert_eq!(status.code, code, "headers of {kib} KiB");
        let status = status_of(Shape::Unary, move |respond| {
            let mut map = trailers(&[("grpc-status", "0")]);
            fill(&mut map);
            begin(respond, &[b""]).send_trailers(map).unwrap();
        })
        .await;
        assert_eq!(status.code, code, "trailers of {kib} KiB");
    }
}

#[tokio::test]
async fn a_backend_that_sees_the_deadline_first_says_no_more_than_that() {
    /// Long enough for the request to arrive, and for the backend to be just before its end.
    const DEADLINE: Duration = Duration::from_millis(300);
    const EARLY: Duration = Duration::from_millis(290);
    for (shape, ending) in [
        (Shape::Unary, "trailers-only"),
        (Shape::Unary, "trailers"),
        (Shape::Unary, "reset"),
        (Shape::ServerStream, "trailers"),
        (Shape::ServerStream, "late reset"),
    ] {
        for (deadline, code) in [
            (DEADLINE, Code::DeadlineExceeded),
            (DEADLINE * 1000, Code::Cancelled),
        ] {
            let begun = tokio::time::Instant::now();
            let backend = Backend::http2(0, 10, move |_, mut respond| async move {
                tokio::time::sleep(EARLY.saturating_sub(begun.elapsed())).await;
                let cancelled =
                    trailers(&[("grpc-status", "1"), ("grpc-message", "Timeout expired")]);
                match ending {
                    "trailers-only" => {
                        let mut head = head();
                        head.headers_mut().extend(cancelled);
                        let _ = respond.send_response(head, true);
                    }
                    "reset" => respond.send_reset(h2::Reason::CANCEL),
                    "trailers" => {
                        let _ = begin(respond, &[b"m"]).send_trailers(cancelled);
                    }
                    _ => begin(respond, &[b"m"]).send_reset(h2::Reason::CANCEL),
                }
            })
            .await;
            let mut call = call(shape, Requests::One(Message::from_payload(b"x")));
            call.deadline = Deadline::At(begun + deadline);
            let status = outcome(&backend.upstream(), call).await;
            assert_eq!(status.code, code, "{shape:?} {ending}: {status}");
        }
    }
}
