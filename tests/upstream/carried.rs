//! Tokens that the gateway gets by its own client credentials, and that calls carry to a backend.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::among;
use crate::support::calls::{Ask, Dialect, call};
use crate::support::scripted::{PATIENCE, Script, Scripted};
use crate::support::{Version, send};

/// Tokens are good for so many seconds.
const LIFETIME: u64 = 100;

/// A token endpoint on a real socket: each answer has the next number, as long as it gives any.
struct Issuer {
    url: String,
    status: Arc<Mutex<StatusCode>>,
    /// What it was asked: `authorization`, and the body.
    asked: watch::Sender<Vec<(String, String)>>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let status = Arc::new(Mutex::new(StatusCode::OK));
        let asked = watch::Sender::new(Vec::new());
        let (says, told) = (Arc::clone(&status), asked.clone());
        let answer = move |headers: HeaderMap, body: String| {
            let shown = headers["authorization"].to_str().unwrap().to_owned();
            told.send_modify(|all| all.push((shown, body)));
            let number = told.borrow().len();
            let status = *says.lock().unwrap();
            let said = match status {
                StatusCode::OK => format!(
                    r#"{{"access_token":"t0ken-{number}","token_type":"bearer","expires_in":{LIFETIME}}}"#
                ),
                _ => r#"{"error":"invalid_client"}"#.to_owned(),
            };
            std::future::ready((status, said))
        };
        let app = axum::Router::new().route("/token", axum::routing::post(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, status, asked }
    }

    /// Lets so many seconds pass on the test's runtime, and waits until it was asked once more.
    async fn after(&self, seconds: u64) {
        let count = self.asked.borrow().len();
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        let mut asked = self.asked.subscribe();
        let more = asked.wait_for(|all| all.len() > count);
        tokio::time::timeout(PATIENCE, more).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn calls_carry_a_token_that_is_replaced_in_time_and_outlasts_an_outage() {
    let issuer = Issuer::start().await;
    let backend = Scripted::start(|_| Script::ok(b"")).await;
    let secret = Path::new(env!("CARGO_TARGET_TMPDIR")).join("carried.secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let keys = format!(
        "    oauth2: {{ token_endpoint: '{}', client_id: edge, client_secret_file: '{}', scopes: [books] }}\n\
         admin: {{ listen: 127.0.0.1:0 }}",
        issuer.url,
        secret.display()
    );
    let gateway = among(&[&backend], &keys).await;
    let address = gateway.address();
    let ask = Ask::echo("a").with("authorization", "Bearer of-the-client");
    let carried = async |dialect| {
        backend.forget();
        let outcome = call(address, dialect, &ask).await;
        assert!(outcome.is_ok(), "{dialect:?}: {outcome:?}");
        backend.record().calls[0]
            .seen
            .text("authorization")
            .to_owned()
    };
    for dialect in Dialect::ALL {
        assert_eq!(carried(dialect).await, "Bearer t0ken-1", "{dialect:?}");
    }
    let basic = base64_simd::STANDARD.encode_to_string("edge:s3cret");
    let asked = issuer.asked.borrow().clone();
    let form = "grant_type=client_credentials&scope=books".to_owned();
    assert_eq!(asked, [(format!("Basic {basic}"), form)]);

    // Four fifths of its life are over.
    issuer.after(LIFETIME * 8 / 10).await;
    while carried(Dialect::Rest).await != "Bearer t0ken-2" {}

    *issuer.status.lock().unwrap() = StatusCode::UNAUTHORIZED;
    issuer.after(LIFETIME * 8 / 10).await;
    assert_eq!(
        carried(Dialect::Rest).await,
        "Bearer t0ken-2",
        "it is not over"
    );

    let admin = gateway.admin_address().unwrap();
    let get = async |path| {
        let answer = send(admin, Version::Http1, Method::GET, path, &[], "").await;
        answer.text().to_owned()
    };
    let metrics = get("/metrics").await;
    for line in [
        "gateway_upstream_token_fetches_total{grpc_target=\"backend\",result=\"fetched\"} 2",
        "gateway_upstream_token_not_after_seconds{grpc_target=\"backend\"} ",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    for path in ["/metrics", "/config", "/clusters"] {
        let text = get(path).await;
        for secret in ["s3cret", "t0ken"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
}
