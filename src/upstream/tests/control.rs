//! Clients of the control plane reach what calls reach: Unix-domain sockets, and backends by TLS.

use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::service::Routes;
use tonic::transport::{Endpoint, Server};
use tower::{Service as _, ServiceExt as _};

use super::*;
use crate::control::reflection;

#[tokio::test]
async fn reflection_goes_through_a_unix_domain_socket() {
    let path = std::env::temp_dir().join(format!("transom-reflect-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let incoming = UnixListenerStream::new(UnixListener::bind(&path).unwrap());
    let service = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .unwrap();
    tokio::spawn(
        Server::builder()
            .add_routes(Routes::new(service))
            .serve_with_incoming(incoming),
    );
    let url = format!("unix:{}", path.display()).parse().unwrap();
    let upstream = Upstream::build([Config::new("backend", url)], 1).unwrap();
    let connector = upstream.connector("backend").await.unwrap();
    assert_eq!(connector.origin(), "http://localhost/");
    let set = reflection::descriptors(connector.origin(), None, connector).await;
    let set = set.unwrap();
    assert!(set.windows(14).any(|bytes| bytes == b"grpc.health.v1"));
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn other_clients_connect_by_the_upstreams_tls() {
    let (_folder, backend, mut seen, config) = tls::secured("control").await;
    let upstream = Upstream::build([config], 1).unwrap();
    let connector = upstream.connector("backend").await.unwrap();
    let origin = connector.origin();
    let expected = format!("https://127.0.0.1:{}/", backend.port);
    assert_eq!(origin, expected.as_str());
    let mut channel = Endpoint::from(origin)
        .connect_with_connector(connector)
        .await
        .unwrap();
    let request = http::Request::post("/a.B/C").body(tonic::body::Body::empty());
    let response = channel.ready().await.unwrap().call(request.unwrap()).await;
    assert_eq!(response.unwrap().status(), http::StatusCode::OK);
    assert_eq!(seen.recv().await.unwrap(), (None, "https".to_owned()));
}

#[tokio::test]
async fn without_such_an_upstream_nobody_is_connected() {
    let upstream = Upstream::build([], 1).unwrap();
    let status = upstream.connector("nobody").await.unwrap_err();
    assert_eq!(status.code, Code::Internal);
}
