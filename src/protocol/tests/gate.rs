//! A gate before a service: it is asked before a body is read, and never waited for longer than the call may
//! last.

use super::*;
use crate::call::gate::{Asked, Decision, Gate, Gates, Passed, Refused};

/// What the gate says of every call.
#[derive(Clone, Copy, Debug)]
enum Says {
    No,
    Nothing,
}

impl Gate for Says {
    fn ask<'r>(&'r self, asked: Asked<'r>, _: &Passed) -> Decision<'r> {
        match self {
            Self::No => {
                let message = format!("not {} by {}", asked.method.name, asked.protocol);
                let status = Status::gateway(Code::PermissionDenied, message);
                Decision::refuse(Refused {
                    headers: vec![("x-why".parse().unwrap(), HeaderValue::from_static("no"))],
                    ..Refused::new("test", status)
                })
            }
            Self::Nothing => Decision::Later(Box::pin(std::future::pending())),
        }
    }
}

impl Gates for Says {
    fn of(&self, _: &Schema) -> Arc<dyn Gate> {
        Arc::new(*self)
    }
}

fn router(service: &Scripted, says: Says) -> Router<Scripted> {
    let config = Config {
        gates: Some(Arc::new(says)),
        ..Config::default()
    };
    let serving = Serving::new(schema(), service.clone(), config);
    Router::new(Arc::new(ArcSwap::from_pointee(serving)), Observe::default())
}

#[tokio::test]
async fn a_refused_call_costs_its_head_and_its_answer_has_the_gates_fields() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Says::No);
    let endless = Body::from_stream(futures_util::stream::pending::<
        Result<bytes::Bytes, Infallible>,
    >());
    let mut request = post("/t.T/Unary", "application/proto", "");
    *request.body_mut() = endless;
    let response = router.handle(request).await;
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["x-why"], "no");
    let text = String::from_utf8(bytes(response).await).unwrap();
    assert!(text.contains("not Unary by connect"), "{text}");
    assert!(service.seen.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_says_nothing_is_waited_for_until_the_deadline() {
    let service = Scripted::new(Script::Echo);
    let router = router(&service, Says::Nothing);
    let mut request = post("/t.T/Unary", "application/proto", "");
    let timeout = HeaderValue::from_static("1500");
    request.headers_mut().insert("connect-timeout-ms", timeout);
    let begun = tokio::time::Instant::now();
    let response = router.handle(request).await;
    assert_eq!(response.status(), 504);
    assert_eq!(begun.elapsed(), Duration::from_millis(1500));
    assert!(service.seen.lock().unwrap().is_empty());
}
