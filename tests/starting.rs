//! A gateway whose backends are down or silent: what is there is served, and the others join.

use std::path::Path;

use http::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use transom::config::{self, Flags};
use transom::gateway::{Config, Gateway, Progress};

use crate::reload::Reflecting;
use crate::support::{Answer, Backend, Version, send};

/// A gateway whose upstreams, of these names and URLs, are asked for their schema.
fn before(name: &str, upstreams: &[(&str, &str)]) -> Config {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("starting-{name}.yaml"));
    let upstreams = upstreams.iter();
    let upstreams = upstreams.map(|(name, url)| format!("  {name}: {{ url: '{url}' }}\n"));
    let text = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 1\n\
         schema_reload: {{ reflection_interval: 1h }}\nupstreams:\n{}",
        upstreams.collect::<String>()
    );
    std::fs::write(&file, text).unwrap();
    let settings = config::load(Some(&file), &Flags::default());
    settings.unwrap().gateway
}

/// Who takes connections, and says nothing. And a place where nobody is.
async fn silent_and_nobody() -> (TcpListener, String, String) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (at_silent, at_nobody) = (url(&silent), url(&nobody));
    (silent, at_silent, at_nobody)
}

/// Somebody else is there now, and tells a schema of its own.
async fn joins(address: std::net::SocketAddr, name: &str) -> Reflecting {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("starting-{name}"));
    let text = "syntax = \"proto3\"; package p; message M {} service S { rpc Do(M) returns (M); }";
    Reflecting::on(TcpListener::bind(address).await.unwrap(), &folder, text)
}

async fn get(address: std::net::SocketAddr, path: &str) -> Answer {
    send(address, Version::Http1, Method::GET, path, &[], "").await
}

/// Starts, and says what operators are told on the way.
fn start(config: Config) -> (impl Future<Output = Gateway>, UnboundedReceiver<String>) {
    let (tell, told) = unbounded_channel();
    let starting = Gateway::start(config, move |progress| {
        let line = match progress {
            Progress::Operators(address) => address.to_string(),
            other => format!("{other:?}"),
        };
        let _ = tell.send(line);
    });
    (async { starting.await.unwrap() }, told)
}

#[tokio::test]
async fn neighbours_that_are_down_or_silent_keep_nobody_from_being_served() {
    let (silent, at_silent, at_nobody) = silent_and_nobody().await;
    let backend = Backend::start().await;
    let config = before(
        "neighbours",
        &[("a", &at_silent), ("b", &backend.url), ("c", &at_nobody)],
    );
    let (starting, mut told) = start(config);
    let gateway = starting.await;
    let answer = get(gateway.address(), "/v1/echo/7").await;
    assert_eq!(answer.json()["id"], json!("7"));
    let ready = get(gateway.admin_address().unwrap(), "/readyz").await;
    assert_eq!(ready.status, 200);
    let down = format!("waiting for the upstream \"c\" at {at_nobody}: the connection was refused");
    assert!(ready.text().contains(&down), "{}", ready.text());

    // Whoever was silent joins.
    let address = silent.local_addr().unwrap();
    drop(silent);
    let _second = joins(address, "neighbours").await;
    while !told.recv().await.unwrap().starts_with("Joined") {}
    assert!(gateway.schema().method("/p.S/Do").is_some());
    gateway.drain().await;
}

#[tokio::test]
async fn operators_hear_who_is_waited_for_before_there_is_something_to_serve() {
    let (_silent, _, at_nobody) = silent_and_nobody().await;
    let (starting, mut told) = start(before("operators", &[("books", &at_nobody)]));
    let starting = tokio::spawn(starting);
    let admin = told.recv().await.unwrap().parse().unwrap();
    assert_eq!(get(admin, "/livez").await.status, 200);
    assert!(told.recv().await.unwrap().starts_with("Waiting"));
    let ready = get(admin, "/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.text(),
        format!(
            "starting\nconfiguration 1, schema 0\n\
             waiting for the upstream \"books\" at {at_nobody}: the connection was refused\n"
        )
    );
    assert_eq!(get(admin, "/clusters").await.json()[0]["name"], "books");

    let address = at_nobody.strip_prefix("http://").unwrap();
    let _backend = Backend::on(TcpListener::bind(address).await.unwrap());
    let gateway = starting.await.unwrap();
    let ready = get(admin, "/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.text()),
        (200, "ok\nconfiguration 1, schema 1\n")
    );
    gateway.drain().await;
}

#[tokio::test]
async fn another_configuration_with_a_silent_upstream_is_taken_and_it_joins_later() {
    let (silent, at_silent, _) = silent_and_nobody().await;
    let backend = Backend::start().await;
    let (starting, mut told) = start(before("reload", &[("a", &backend.url)]));
    let gateway = starting.await;
    let more = before("reload", &[("a", &backend.url), ("b", &at_silent)]);
    assert_eq!(gateway.reload(more).await.unwrap().generation, 2);
    let ready = get(gateway.admin_address().unwrap(), "/readyz").await;
    assert!(ready.text().contains("waiting for"), "{}", ready.text());
    assert!(ready.text().contains("\"b\""), "{}", ready.text());
    assert_eq!(get(gateway.address(), "/v1/echo/7").await.status, 200);

    let address = silent.local_addr().unwrap();
    drop(silent);
    let _second = joins(address, "reload").await;
    while !told.recv().await.unwrap().starts_with("Joined") {}
    assert!(gateway.schema().method("/p.S/Do").is_some());
    gateway.drain().await;
}
