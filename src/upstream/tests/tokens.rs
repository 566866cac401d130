//! Which failures take a token for retries (gRFC A6, "Throttling"): those behind an answer too.

use super::*;
use crate::upstream::plan::Choice;
use crate::upstream::retry::{CodeSet, Covers, Hedging, MaxAttempts, Policy, Throttling};

const TOKENS: f64 = 10.0;

/// What is chosen for the method.
#[derive(Clone, Copy, Debug)]
enum Chosen {
    Once,
    Retry,
    Hedge,
}

impl Chosen {
    fn choice(self) -> Choice {
        let codes = CodeSet::of(&[Code::Unavailable]);
        match self {
            Self::Once => Choice::Once,
            Self::Retry => Choice::Retry(Policy {
                max_attempts: MaxAttempts::MIN,
                codes,
                covers: Covers::Named,
                ..Policy::default()
            }),
            Self::Hedge => Choice::Hedge(Hedging {
                max_attempts: MaxAttempts::MIN,
                delay: Duration::from_secs(60),
                non_fatal: codes,
            }),
        }
    }
}

/// Tokens that a call takes which is answered by headers, these messages and these trailers.
async fn taken(
    shape: Shape,
    chosen: Chosen,
    messages: &'static [&'static [u8]],
    fields: &'static [(&'static str, &'static str)],
) -> f64 {
    let backend = Backend::http2(0, 10, move |request, respond| async move {
        read(&mut request.into_body()).await.unwrap();
        let mut stream = begin(respond, messages);
        stream.send_trailers(trailers(fields)).unwrap();
    })
    .await;
    let mut config = backend.config();
    config.retries.otherwise = chosen.choice();
    config.retries.throttling = Throttling::new(TOKENS, 0.1).unwrap();
    let upstream = Upstream::build([config], 1).unwrap();
    let mut call = call(shape, Requests::One(Message::from_payload(b"x")));
    let method = Arc::get_mut(&mut call.method).unwrap();
    method.idempotency = Idempotency::Idempotent;
    outcome(&upstream, call).await;
    TOKENS - upstream.view()[0].retries.tokens
}

#[tokio::test]
async fn a_failure_behind_an_answer_takes_a_token_as_any_other() {
    const ONE: &[&[u8]] = &[b"m"];
    const TWO: &[&[u8]] = &[b"m", b"n"];
    const WELL: &[(&str, &str)] = &[("grpc-status", "0")];
    const ILL: &[(&str, &str)] = &[("grpc-status", "14")];
    const FATAL: &[(&str, &str)] = &[("grpc-status", "5")];
    const NEVER: &[(&str, &str)] = &[("grpc-status", "5"), ("grpc-retry-pushback-ms", "-1")];
    let (unary, stream) = (Shape::Unary, Shape::ServerStream);
    for (shape, chosen, messages, fields, expected) in [
        (stream, Chosen::Retry, ONE, WELL, 0.0),
        (stream, Chosen::Retry, ONE, ILL, 1.0),
        (stream, Chosen::Retry, TWO, ILL, 1.0),
        // Headers alone commit a stream.
        (stream, Chosen::Retry, &[], ILL, 1.0),
        (unary, Chosen::Retry, ONE, ILL, 1.0),
        // Nothing came yet: it is tried twice, and each failure counts once.
        (unary, Chosen::Retry, &[], ILL, 2.0),
        (stream, Chosen::Retry, ONE, FATAL, 0.0),
        (stream, Chosen::Retry, ONE, NEVER, 1.0),
        (stream, Chosen::Hedge, ONE, ILL, 1.0),
        (stream, Chosen::Hedge, ONE, FATAL, 0.0),
        // Without a policy no code is one that would be retried.
        (stream, Chosen::Once, ONE, ILL, 0.0),
        (stream, Chosen::Once, ONE, NEVER, 1.0),
    ] {
        let taken = taken(shape, chosen, messages, fields).await;
        let case = format!("{shape:?} {chosen:?} {messages:?} {fields:?}");
        assert!((taken - expected).abs() < 1e-9, "{case}: {taken}");
    }
}
