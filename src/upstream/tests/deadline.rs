//! Deadlines of every kind of call, wherever they pass: each call ends on time with DEADLINE_EXCEEDED,
//! its stream is reset, and no backend was told that it has more time than there is.

use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::Request;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::call::timeout;
use crate::upstream::plan::Choice;
use crate::upstream::retry::{Covers, Delays, Policy};

/// How long each call has.
const DEADLINE: Duration = Duration::from_secs(2);

/// How much later than its deadline a call may end.
const LATE_MAX: Duration = Duration::from_millis(20);

/// How much less than there is a backend may be told.
const SPENT_MAX: Duration = Duration::from_millis(5);

/// More than a stream takes before its backend reads it.
const LARGE: usize = 200_000;

/// The beginning of a message of nine bytes.
const HALF: &[u8] = b"\x00\x00\x00\x00\x09\x0a";

const SHAPES: [Shape; 4] = [
    Shape::Unary,
    Shape::ServerStream,
    Shape::ClientStream,
    Shape::Bidi,
];

/// What a call is at when its deadline passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A connection is being made.
    Connect,
    /// It waits for a stream.
    Queue,
    /// Its messages are being sent, to a backend that takes no more of them.
    Request,
    /// The headers of its answer are awaited.
    Headers,
    /// A message is on its way, and half of it has come.
    Body,
    /// All that was to come has come, but how it ended.
    Trailers,
    /// A second attempt, after one that failed.
    Retry,
}

impl At {
    const ALL: [Self; 7] = [
        Self::Connect,
        Self::Queue,
        Self::Request,
        Self::Headers,
        Self::Body,
        Self::Trailers,
        Self::Retry,
    ];

    /// Attempts that the backend gets to see.
    const fn attempts(self) -> usize {
        match self {
            Self::Connect | Self::Queue => 0,
            Self::Request | Self::Headers | Self::Body | Self::Trailers => 1,
            Self::Retry => 2,
        }
    }
}

/// An attempt that a backend got to see.
#[derive(Debug)]
struct Attempt {
    at: Instant,
    /// What it was told to have.
    told: Option<Duration>,
    /// How the gateway ended its stream; `None` where the backend did.
    reset: Option<Reason>,
}

/// A call that is about to be made, with [`DEADLINE`] from now. Clients that talk never come to an end.
fn begin(at: At, shape: Shape) -> Call {
    let message = match at {
        At::Request => vec![0; LARGE],
        _ => b"x".to_vec(),
    };
    let made = match shape {
        Shape::Unary | Shape::ServerStream => {
            call(shape, Requests::One(Message::from_payload(&message)))
        }
        Shape::ClientStream | Shape::Bidi => call(shape, unfinished(&[&message, b"y"]).requests),
    };
    Call {
        deadline: Deadline::after(DEADLINE),
        ..made
    }
}

/// Does to an attempt what is to be done to it, and tells how it ended.
async fn attempted(
    at: At,
    shape: Shape,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    attempts: mpsc::UnboundedSender<Attempt>,
    came: Arc<Notify>,
) {
    let arrived = Instant::now();
    came.notify_one();
    let (parts, body) = request.into_parts();
    let told = parts.headers.get("grpc-timeout");
    let told = told.map(|told| timeout::parse(told.as_bytes()).unwrap());
    let is_again = parts.headers.contains_key("grpc-previous-rpc-attempts");
    let one = |reset| Attempt {
        at: arrived,
        told,
        reset,
    };
    if at == At::Retry && !is_again {
        let failed = trailers(&[("grpc-status", "14")]);
        let mut answer = head();
        answer.headers_mut().extend(failed);
        respond.send_response(answer, true).unwrap();
        attempts.send(one(None)).unwrap();
        return;
    }
    let complete: &[&[u8]] = match (at, shape) {
        (At::Trailers, _) => &[b"all"],
        (_, Shape::Unary | Shape::ClientStream) => &[],
        (_, Shape::ServerStream | Shape::Bidi) => &[b"first"],
    };
    let reason = match at {
        At::Connect | At::Queue | At::Request | At::Headers | At::Retry => {
            let reset = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            reset.unwrap()
        }
        At::Body | At::Trailers => {
            let mut stream = backend::begin(respond, complete);
            if at == At::Body {
                stream.send_data(Bytes::from_static(HALF), false).unwrap();
            }
            reset(&mut stream).await
        }
    };
    drop(body);
    attempts.send(one(Some(reason))).unwrap();
}

/// An upstream that leads to such a backend. Where calls have to queue there is one stream.
fn upstream_of(backend: &Backend, at: At) -> Upstream {
    let mut config = backend.config();
    config.connect.connections = 1;
    if at == At::Retry {
        let half_a_second = Duration::from_millis(500);
        config.retries.otherwise = Choice::Retry(Policy {
            covers: Covers::Named,
            delays: Delays::new(half_a_second, half_a_second, 1.0).unwrap(),
            ..Policy::default()
        });
    }
    Upstream::build([config], 1).unwrap()
}

async fn check(at: At, shape: Shape) {
    let what = format!("{at:?} {shape:?}");
    let (attempts, mut seen) = mpsc::unbounded_channel();
    let came = Arc::new(Notify::new());
    let backend = match at {
        At::Connect => {
            Backend::scripted(0, |_, stream| async move {
                let _deaf = stream;
                std::future::pending().await
            })
            .await
        }
        _ => {
            let streams = if at == At::Queue { 1 } else { 10 };
            let came = Arc::clone(&came);
            Backend::http2(0, streams, move |request, respond| {
                let (attempts, came) = (attempts.clone(), Arc::clone(&came));
                attempted(at, shape, request, respond, attempts, came)
            })
            .await
        }
    };
    let upstream = upstream_of(&backend, at);
    let mut before = None;
    if at == At::Queue {
        // It has the only stream, and all the time in the world.
        let call = Call {
            deadline: Deadline::Never,
            ..server_stream()
        };
        let upstream = upstream.clone();
        before = Some(tokio::spawn(
            async move { upstream.call(call).await.map(drop) },
        ));
        came.notified().await;
    }

    let begun = Instant::now();
    let status = outcome(&upstream, begin(at, shape)).await;
    let took = begun.elapsed();
    assert_eq!(
        (status.code, status.origin),
        (Code::DeadlineExceeded, Origin::Gateway),
        "{what}: {status:?}"
    );
    assert!(
        took >= DEADLINE && took < DEADLINE + LATE_MAX,
        "{what}: {took:?}"
    );

    for number in 0..at.attempts() {
        let attempt = seen.recv().await.unwrap();
        let what = format!("{what}: attempt {number}: {attempt:?}");
        let left = DEADLINE - (attempt.at - begun);
        let told = attempt.told.unwrap();
        assert!(told <= left && told + SPENT_MAX > left, "{what}, {left:?}");
        let is_last = number + 1 == at.attempts();
        assert_eq!(attempt.reset, is_last.then_some(Reason::CANCEL), "{what}");
    }
    if let Some(before) = before {
        before.abort();
        let first = seen.recv().await.unwrap();
        assert_eq!((first.told, first.reset), (None, Some(Reason::CANCEL)));
    }
    assert!(seen.try_recv().is_err(), "{what}: the backend saw more");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_every_kind_of_call_wherever_it_passes() {
    for at in At::ALL {
        for shape in SHAPES {
            check(at, shape).await;
        }
    }
}
