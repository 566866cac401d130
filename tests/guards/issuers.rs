//! Keys that an issuer tells, and what becomes of calls when it tells others, or nothing.
//!
//! The task that fetches keys runs on the test's runtime, whose clock a test puts forward.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{AUDIENCE, ISS, Pair, claims, get, get_as, guarded, set};
use crate::support::Backend;
use crate::support::scripted::PATIENCE;

/// Longer than keys are as good as new, by default.
const TTL: Duration = Duration::from_secs(601);
/// Longer than the pause before a key that has vanished is looked for again.
const PAUSE: Duration = Duration::from_secs(31);

/// An issuer, or whoever else is asked over HTTP: it says the same to everybody, and counts.
pub(super) struct Site {
    pub(super) url: String,
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: watch::Sender<Vec<String>>,
}

impl Site {
    /// On a free port.
    pub(super) async fn start(text: &str) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), text, None)
    }

    /// It answers once the gate is open.
    pub(super) async fn behind(gate: watch::Receiver<bool>, text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, text, Some(gate))
    }

    fn on(listener: TcpListener, text: &str, gate: Option<watch::Receiver<bool>>) -> Self {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((StatusCode::OK, text.to_owned())));
        let asked = watch::Sender::new(Vec::new());
        let (said, count) = (Arc::clone(&answer), asked.clone());
        let app = axum::Router::new().fallback(move |body: String| {
            let (said, count, gate) = (Arc::clone(&said), count.clone(), gate.clone());
            async move {
                count.send_modify(|all| all.push(body));
                if let Some(mut gate) = gate {
                    gate.wait_for(|open| *open).await.unwrap();
                }
                let answer = said.lock().unwrap();
                answer.clone()
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, answer, asked }
    }

    pub(super) fn says(&self, status: StatusCode, text: &str) {
        *self.answer.lock().unwrap() = (status, text.to_owned());
    }

    /// How often it was asked.
    pub(super) fn count(&self) -> usize {
        self.asked.borrow().len()
    }

    /// What it was asked last.
    pub(super) fn last(&self) -> String {
        self.asked.borrow().last().cloned().unwrap_or_default()
    }

    pub(super) async fn until(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        let enough = asked.wait_for(|all| all.len() >= count);
        tokio::time::timeout(PATIENCE, enough)
            .await
            .unwrap()
            .unwrap();
    }
}

/// Lets time pass on the test's runtime, and waits until the issuer was asked once more.
async fn later(time: Duration, site: &Site) {
    let count = site.count();
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    site.until(count + 1).await;
}

fn identity(url: &str) -> String {
    format!(
        "identity:\n  issuers: [{{ issuer: '{ISS}', audiences: [{AUDIENCE}], jwks_url: '{url}' }}]\n"
    )
}

/// Until a call with this token has this status: what was fetched is in force a moment after.
async fn becomes(address: std::net::SocketAddr, token: &str, status: u16) {
    let all = async { while get_as(address, "/v1/echo/7", token).await.status != status {} };
    let becomes = tokio::time::timeout(PATIENCE, all).await;
    assert!(becomes.is_ok(), "it never became {status}");
}

#[tokio::test]
async fn keys_are_rotated_with_an_overlap_and_outlast_an_outage() {
    let (old, new) = (Pair::new("old"), Pair::new("new"));
    let site = Site::start(&set(&[old.jwk()])).await;
    let backend = Backend::start().await;
    let gateway = guarded(&backend.url, &identity(&site.url)).await;
    let address = gateway.address();
    let status = async |token: &str| get_as(address, "/v1/echo/7", token).await.status;
    assert_eq!(site.count(), 1, "before the first call");
    let (by_old, by_new) = (old.of("a"), new.of("a"));
    assert_eq!(status(&by_old).await, 200);
    assert_eq!(status(&by_new).await, 401);

    site.says(StatusCode::OK, &set(&[old.jwk(), new.jwk()]));
    later(TTL, &site).await;
    becomes(address, &new.of("b"), 200).await;
    assert_eq!(status(&by_old).await, 200);

    // A key that has vanished counts until a second look has not found it either.
    site.says(StatusCode::OK, &set(&[new.jwk()]));
    later(TTL, &site).await;
    assert_eq!(status(&old.of("c")).await, 200);
    later(PAUSE, &site).await;
    becomes(address, &old.of("d"), 401).await;
    becomes(address, &by_old, 401).await; // remembered, and void now
    assert_eq!(status(&by_new).await, 200);

    for (status_of_issuer, text) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "{}"),
        (StatusCode::OK, "no JSON"),
        (StatusCode::OK, "{\"keys\":[]}"),
    ] {
        site.says(status_of_issuer, text);
        later(TTL, &site).await;
        assert_eq!(status(&new.of(text)).await, 200, "{text}");
        assert_eq!(status(&old.of("e")).await, 401, "{text}");
    }
}

#[tokio::test]
async fn row_134_a_thousand_keys_that_nobody_knows_make_no_fetch() {
    let pair = Pair::new("a");
    let site = Site::start(&set(&[pair.jwk()])).await;
    let backend = Backend::start().await;
    let gateway = guarded(&backend.url, &identity(&site.url)).await;
    for number in 0..1000 {
        let header = json!({"alg": "EdDSA", "kid": format!("unknown-{number}")});
        let token = pair.sign(&header, &claims(json!({})));
        let answer = get_as(gateway.address(), "/v1/echo/7", &token).await;
        assert_eq!(answer.status, 401);
    }
    assert!(site.count() <= 2, "{} fetches", site.count());
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_keeps_only_its_own_callers_out() {
    // Taken, so that nobody else gets the port meanwhile, and refusing.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let pair = Pair::new("a");
    let backend = Backend::start().await;
    let rules = "policy: [{ access: { rules: [\
        { methods: [demo.echo.v1.EchoService.Get], effect: public }, { effect: allow }] } }]\n";
    let text = format!("{}{rules}", identity(&format!("http://{address}/")));
    let gateway = guarded(&backend.url, &text).await;
    let open = get(gateway.address(), "/v1/echo/7", &[]).await;
    assert_eq!(open.status, 200);
    let token = pair.of("");
    let answer = get_as(gateway.address(), "/v1/echo:metadata", &token).await;
    assert_eq!(answer.status, 503, "our outage, not the client's mistake");
    assert_eq!(answer.json()["code"], 14);
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());

    let listener = socket.listen(16).unwrap();
    let site = Site::on(listener, &set(&[pair.jwk()]), None);
    site.until(1).await;
    becomes(gateway.address(), &token, 200).await;
}
