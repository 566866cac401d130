//! Tokens that calls carry: who sees them, when there are others, and what becomes of calls without one.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::tls::{Authority, Folder, server};
use super::*;
use crate::call::heard::Heard;
use crate::control::https::Url;
use crate::control::oauth::{Auth, Settings, TIMEOUT};
use crate::control::reflection;
use crate::upstream::config::{Identity, Tls};

/// Longer than the pause between two tokens of which the first was refused.
const PAUSE: Duration = Duration::from_secs(31);

/// A token endpoint: each answer has the next number.
struct Issuer {
    url: String,
    asked: watch::Sender<usize>,
    /// It gives none any more.
    is_down: Arc<AtomicBool>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let asked = watch::Sender::new(0);
        let is_down = Arc::<AtomicBool>::default();
        let (count, down) = (asked.clone(), Arc::clone(&is_down));
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut seen = Vec::new();
                while !seen.ends_with(b"grant_type=client_credentials") {
                    seen.push(socket.read_u8().await.unwrap());
                }
                if down.load(Ordering::SeqCst) {
                    continue;
                }
                count.send_modify(|count| *count += 1);
                let token = format!("t{}", *count.borrow());
                let body = format!(
                    r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":1000}}"#
                );
                let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            url,
            asked,
            is_down,
        }
    }

    fn count(&self) -> usize {
        *self.asked.borrow()
    }
}

fn oauth(url: &str) -> Settings {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let name = format!("transom-up-secret-{number}-{}", std::process::id());
    let secret: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&secret, "s3cret\n").unwrap();
    Settings {
        token_endpoint: Url::parse(url).unwrap(),
        client_id: "edge".to_owned(),
        auth: Auth::Basic(secret),
        scopes: Vec::new(),
        audience: None,
        resources: Vec::new(),
        ca: None,
        timeout: TIMEOUT,
    }
}

/// The path and the `authorization` of each request.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A backend that takes only tokens of this number and above.
async fn backend(least: Arc<AtomicUsize>) -> (Backend, Seen) {
    let seen = Seen::default();
    let all = Arc::clone(&seen);
    let backend = Backend::http2(0, 100, move |request, respond| {
        let path = request.uri().path().to_owned();
        let shown = request.headers().get_all("authorization").iter();
        let shown: Vec<_> = shown.map(|value| value.to_str().unwrap()).collect();
        let shown = shown.join(", ");
        let number = shown.strip_prefix("Bearer t");
        let number: usize = number.map_or(0, |number| number.parse().unwrap());
        let is_good = number >= least.load(Ordering::SeqCst);
        all.lock().unwrap().push((path, shown));
        async move {
            if is_good {
                return ok(respond, b"yes");
            }
            let mut stream = begin(respond, &[]);
            stream
                .send_trailers(trailers(&[("grpc-status", "16")]))
                .unwrap();
        }
    });
    (backend.await, seen)
}

/// A call whose client has shown something.
fn shown() -> Call {
    let mut call = unary(b"hi");
    let own = http::HeaderValue::from_static("Bearer of-the-client");
    call.metadata.0.append("authorization", own.clone());
    call.metadata.0.append("authorization", own);
    call
}

fn paths(seen: &Seen) -> Vec<(String, String)> {
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_the_call_is_not_made_again() {
    let issuer = Issuer::start().await;
    let least = Arc::new(AtomicUsize::new(1));
    let (backend, seen) = backend(Arc::clone(&least)).await;
    let config = Config {
        oauth: Some(oauth(&issuer.url)),
        ..backend.config()
    };
    let upstream = Upstream::build([config.clone()], 1).unwrap();
    assert!(
        outcome(&upstream, shown()).await.is_ok(),
        "it waits for the first"
    );
    let say = "/test.Echo/Say".to_owned();
    assert_eq!(paths(&seen), [(say.clone(), "Bearer t1".to_owned())]);

    // What is configured besides changes nothing about the token.
    let other = Config {
        timeout_offset: Duration::from_millis(1),
        ..config
    };
    let upstream = upstream.rebuild([other], 1).unwrap();
    least.store(2, Ordering::SeqCst);
    for _ in 0..2 {
        let status = outcome(&upstream, shown()).await;
        assert_eq!(status.code, Code::Unauthenticated);
    }
    assert_eq!(paths(&seen).len(), 2, "no call was made again");
    assert_eq!(issuer.count(), 1, "it is too early for another");

    tokio::time::pause();
    tokio::time::advance(PAUSE).await;
    tokio::time::resume();
    let status = outcome(&upstream, shown()).await;
    assert_eq!(status.code, Code::Unauthenticated);
    while !outcome(&upstream, shown()).await.is_ok() {}
    assert_eq!(issuer.count(), 2);
    assert_eq!(paths(&seen).pop(), Some((say, "Bearer t2".to_owned())));
    let token = upstream.view()[0].token.clone().unwrap();
    assert_eq!((token.fetched, token.failed), (2, 0));
    let left = token.not_after.unwrap() - crate::pem::now();
    assert!((900..=1000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_token_counts_to_its_end_and_no_longer() {
    let issuer = Issuer::start().await;
    let (backend, seen) = backend(Arc::default()).await;
    let config = Config {
        oauth: Some(oauth(&issuer.url)),
        ..backend.config()
    };
    let upstream = Upstream::build([config], 1).unwrap();
    assert!(outcome(&upstream, shown()).await.is_ok());
    issuer.is_down.store(true, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(801)).await;
    tokio::time::resume();
    assert_eq!(upstream.view()[0].token.clone().unwrap().why, None);
    while upstream.view()[0].token.clone().unwrap().failed == 0 {
        tokio::task::yield_now().await;
    }
    assert!(upstream.view()[0].token.clone().unwrap().why.is_some());
    assert!(outcome(&upstream, shown()).await.is_ok(), "it is not over");
    assert_eq!(paths(&seen).len(), 2);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(200)).await;
    let status = outcome(&upstream, shown()).await;
    assert_eq!(status.code, Code::Unavailable);
    assert!(paths(&seen).is_empty());
}

#[tokio::test]
async fn why_there_is_no_token_is_told_to_operators_and_to_no_client() {
    let (heard, _guard) = Heard::begin();
    let config = Config {
        oauth: Some(oauth("http://127.0.0.1:1/token")), // where nobody listens
        ..Config::new("backend", "http://127.0.0.1:1".parse().unwrap())
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let mut note = None;
    while note.is_none() {
        tokio::task::yield_now().await;
        note = upstream.view()[0].note();
    }
    let (note, told) = (note.unwrap(), heard.with("there is no new token for calls"));
    let why = note.strip_prefix("upstream \"backend\" gets no new token for its calls: ");
    let why = why.unwrap();
    assert!(why.contains("127.0.0.1"), "{note}");
    assert!(
        told[0].contains("there is none, and calls are UNAVAILABLE until there is one"),
        "{told:?}"
    );

    tokio::time::pause();
    let status = upstream.connector("backend").await.unwrap_err();
    let said = "upstream \"backend\" cannot be called: there is no valid token for it";
    assert_eq!(
        status.message,
        format!("{said}: {why}"),
        "who asks for the schema is an operator"
    );
    assert_eq!(outcome(&upstream, shown()).await.message, said);
}

#[tokio::test]
async fn health_checks_and_reflection_carry_it_too() {
    let issuer = Issuer::start().await;
    let (backend, seen) = backend(Arc::default()).await;
    let config = Config {
        oauth: Some(oauth(&issuer.url)),
        health: Some(health::Config::default()),
        ..backend.config()
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let connector = upstream.connector("backend").await.unwrap();
    let token = connector.authorization();
    let answer = reflection::descriptors(connector.origin(), token, connector).await;
    assert!(answer.is_err(), "it answers like any call");
    let carried = Some(&(
        "/grpc.health.v1.Health/Watch".to_owned(),
        "Bearer t1".to_owned(),
    ));
    while !seen.lock().unwrap().iter().any(|one| Some(one) == carried) {
        tokio::task::yield_now().await;
    }
    let all = paths(&seen);
    assert!(all.len() > 1, "{all:?}");
    assert!(all.iter().all(|(_, shown)| shown == "Bearer t1"), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_token_a_call_ends_after_a_while_and_says_whose_it_is_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let (backend, seen) = backend(Arc::default()).await;
    let config = Config {
        oauth: Some(oauth(&url)),
        ..backend.config()
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let status = outcome(&upstream, shown()).await;
    assert_eq!(
        (status.code, status.origin),
        (Code::Unavailable, Origin::Gateway)
    );
    let said = "upstream \"backend\" cannot be called: there is no valid token for it";
    assert_eq!(status.message, said);

    let mut short = shown();
    short.deadline = Deadline::after(Duration::from_millis(10));
    let status = outcome(&upstream, short).await;
    assert_eq!(status.code, Code::DeadlineExceeded);
    assert!(paths(&seen).is_empty());
    assert_eq!(upstream.view()[0].pending.now, 0);
}

/// Tokens are bound to the certificate that the upstream sees (RFC 8705).
#[tokio::test]
async fn a_client_certificate_stands_in_place_of_a_secret() {
    let folder = Folder::new("bound");
    let authority = Authority::new("ours");
    let own = authority.certify("gateway");
    let wants = server(
        &authority.certify("127.0.0.1"),
        Some(&authority),
        &[b"http/1.1"],
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(wants).accept(socket).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        let mut seen = Vec::new();
        while !seen.ends_with(b"client_id=edge") {
            seen.push(stream.read_u8().await.unwrap());
        }
        let body = r#"{"access_token":"t1","token_type":"Bearer"}"#;
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
        shown
    });
    let ca = Some(folder.write("ca.pem", &authority.0.pem()));
    let config = Config {
        tls: Some(Tls {
            ca: ca.clone(),
            identity: Some(Identity {
                certificate: folder.write("own.pem", &own.certificate),
                key: folder.write("own.key", &own.key),
            }),
            server_name: None,
        }),
        oauth: Some(Settings {
            auth: Auth::Certificate,
            ca,
            ..oauth(&url)
        }),
        ..Config::new("backend", "https://127.0.0.1:1".parse().unwrap())
    };
    let upstream = Upstream::build([config], 1).unwrap();
    let shown = asked.await.unwrap();
    let expected = crate::pem::certificates(own.certificate.as_bytes()).unwrap();
    assert_eq!(shown, expected[0]);
    while upstream.view()[0].token.clone().unwrap().fetched == 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn files_that_are_no_good_are_told_before_anything_is_asked() {
    let mut settings = oauth("http://127.0.0.1:1/token");
    settings.auth = Auth::Basic("/nowhere/secret".into());
    let config = |oauth: Settings| Config {
        oauth: Some(oauth),
        ..Config::new("backend", "127.0.0.1:1".parse().unwrap())
    };
    let error = Upstream::build([config(settings.clone())], 1).unwrap_err();
    let error = error.to_string();
    let said = "the upstream \"backend\" cannot have tokens: /nowhere/secret: cannot read the file";
    assert!(error.starts_with(said), "{error}");
    settings.auth = Auth::Certificate;
    let error = Upstream::build([config(settings)], 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("without a client certificate"), "{error}");
}
