//! Whom the port answers, as far as browsers go: a page may read here, if it is this port's own.
//!
//! A page can have its name lead here (DNS rebinding). What it asks is then of its own origin to a browser,
//! which lets it read the answer and says nothing of where it comes from; the only thing that tells is the name
//! that was asked for. So that has to be an address, `localhost`, or a name that operators have listed.
//! What answers under any name all the same has no configuration in it and changes nothing: probes and
//! Prometheus ask by names of services and pods that nobody would list.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

/// gRPC-Web's content types begin with it. No page can send one of them to another origin unasked, and
/// nobody here answers who asks.
const GRPC_WEB: &[u8] = b"application/grpc-web";

/// Paths that answer under any name.
const UNDER_ANY_NAME: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Methods that do, too.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// Stands in the extensions of a request by a name that is not the port's own: it is told what probes need,
/// and no more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger;

/// Letters of a wrong host that an answer repeats.
const HOST_SHOWN: usize = 100;

/// Names under which the whole port answers, besides addresses and `localhost`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// These, without ports.
    #[must_use]
    pub fn of(names: Vec<String>) -> Self {
        Self(names.into())
    }

    /// True for one of them, an address or `localhost`, with a port or without one.
    fn have(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) | None => host,
        };
        let inner = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        inner.unwrap_or(name).parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.0.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The same pages, for nobody but whom they are meant for.
pub fn guarded(pages: Router, hosts: Hosts) -> Router {
    pages.layer(from_fn_with_state(hosts, guard))
}

/// Refuses what is asked for by a foreign name, and whatever comes from a page and does not only read.
async fn guard(State(hosts): State<Hosts>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_open = UNDER_ANY_NAME.contains(&path) || path.starts_with(HEALTH);
    let asked = host(&request).unwrap_or_default();
    let is_stranger = !hosts.have(asked);
    if is_stranger && !is_open {
        let asked: String = asked.chars().take(HOST_SHOWN).collect();
        let text = format!(
            "found the host `{asked}`, expected an address, localhost or a name that `admin.hosts` lists\n"
        );
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    if is_stranger {
        request.extensions_mut().insert(Stranger);
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || !request.headers().contains_key(header::ORIGIN) || is_own_call(&request, &hosts) {
        return next.run(request).await;
    }
    let text = "the request comes from a page, which can only read here\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

/// The host that a request is for, as the client names it.
fn host(request: &Request) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST)?.to_str().ok(),
    }
}

/// True for a call of the gateway's own gRPC services, which change nothing, by a page of this very port
/// that was asked for by a name of its own.
fn is_own_call(request: &Request, hosts: &Hosts) -> bool {
    let header = |name| request.headers().get(name).map(|value| value.as_bytes());
    let (Some(kind), Some(origin), Some(host)) = (
        header(header::CONTENT_TYPE),
        header(header::ORIGIN),
        host(request),
    ) else {
        return false;
    };
    request.uri().path().starts_with("/grpc.")
        && kind.starts_with(GRPC_WEB)
        && origin.strip_prefix(b"http://") == Some(host.as_bytes())
        && hosts.have(host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[test]
    fn an_address_cannot_be_made_to_lead_elsewhere() {
        let hosts = Hosts::of(vec!["transom.ops.svc".to_owned()]);
        for (host, has) in [
            ("127.0.0.1:9901", true),
            ("10.1.2.3", true),
            ("[::1]:9901", true),
            ("[::1]", true),
            ("localhost:9901", true),
            ("LocalHost", true),
            ("transom.ops.svc", true),
            ("Transom.ops.svc:9901", true),
            ("x.transom.ops.svc", false),
            ("localhost.evil.example:9901", false),
            ("127.0.0.1.evil.example", false),
            ("evil.example:9901", false),
            ("", false),
        ] {
            assert_eq!(hosts.have(host), has, "{host}");
        }
        assert!(!Hosts::default().have("transom.ops.svc"));
    }

    async fn asked(host: &str, method: Method, path: &str) -> StatusCode {
        let pages = Router::new().fallback(|| async { "told" });
        let pages = guarded(pages, Hosts::of(vec!["transom.ops.svc".to_owned()]));
        let request = Request::builder().method(method).uri(path);
        let request = request.header("host", host).body(Body::empty());
        pages.oneshot(request.unwrap()).await.unwrap().status()
    }

    /// Row 142.
    #[tokio::test]
    async fn a_page_whose_name_was_made_to_lead_here_reads_nothing_and_probes_ask_by_any_name() {
        for path in [
            "/",
            "/config",
            "/schema",
            "/schema.binpb",
            "/status.json",
            "/clusters",
            "/routes",
            "/log/level",
            "/docs",
            "/livez/",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        ] {
            assert_eq!(
                asked("evil.example", Method::GET, path).await,
                403,
                "{path}"
            );
            assert_eq!(asked("transom.ops.svc:9901", Method::GET, path).await, 200);
            assert_eq!(asked("127.0.0.1:9901", Method::GET, path).await, 200);
        }
        for path in ["/reload", "/drain"] {
            assert_eq!(
                asked("evil.example", Method::POST, path).await,
                403,
                "{path}"
            );
            assert_eq!(asked("localhost", Method::POST, path).await, 200);
        }
        for path in [
            "/livez",
            "/readyz",
            "/metrics",
            "/grpc.health.v1.Health/Check",
        ] {
            assert_eq!(
                asked("transom.default.svc", Method::GET, path).await,
                200,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn over_http2_the_authority_is_the_host() {
        let pages = Router::new().fallback(|| async { "told" });
        let pages = guarded(pages, Hosts::default());
        let asked = |uri: &str| Request::builder().uri(uri).body(Body::empty()).unwrap();
        let answer = pages.clone().oneshot(asked("http://evil.example/config"));
        assert_eq!(answer.await.unwrap().status(), 403);
        let answer = pages.oneshot(asked("http://[::1]:9901/config"));
        assert_eq!(answer.await.unwrap().status(), 200);
    }
}
