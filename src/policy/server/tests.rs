//! Servers that are asked by TLS.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Server as Router;
use tonic::transport::server::TcpIncoming;

use super::*;
use crate::call::Code;
use crate::control::tls::Identity;
use crate::pem;
use crate::policy::ext_authz::client::Server;
use crate::policy::ext_authz::{Check as _, NAME};
use crate::policy::pb::envoy::service::auth::v3::authorization_server::{
    Authorization, AuthorizationServer,
};
use crate::policy::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};

struct Yes;

#[tonic::async_trait]
impl Authorization for Yes {
    async fn check(
        &self,
        _: tonic::Request<CheckRequest>,
    ) -> Result<tonic::Response<CheckResponse>, tonic::Status> {
        Ok(tonic::Response::new(CheckResponse::default()))
    }
}

/// The port of a server that shows this certificate and wants to see it too.
async fn serve(shown: &CertifiedKey<rcgen::KeyPair>) -> u16 {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind = plain.local_addr().unwrap();
    let router = Router::builder().add_service(AuthorizationServer::new(Yes));
    tokio::spawn(router.serve_with_incoming(TcpIncoming::from(plain)));

    let roots = pem::authorities(shown.cert.pem().as_bytes()).unwrap();
    let provider = pem::provider();
    let wants = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let key = pem::private_key(shown.signing_key.serialize_pem().as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(wants.build().unwrap())
        .with_single_cert(vec![shown.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![HTTP2.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let accepted = futures_util::stream::unfold(listener, |listener| async {
            let (socket, _) = listener.accept().await.ok()?;
            Some((socket, listener))
        });
        let each = accepted.for_each_concurrent(None, |socket| async {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                let mut behind = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            }
        });
        each.await;
    });
    port
}

fn file(name: &str, text: &str) -> PathBuf {
    let name = format!("transom-policy-{name}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_server_is_asked_by_tls_and_sees_our_certificate() {
    let shown = generate_simple_self_signed(vec!["policy.example".to_owned()]).unwrap();
    let other = generate_simple_self_signed(vec!["policy.example".to_owned()]).unwrap();
    let port = serve(&shown).await;
    let certificate = file("cert", &shown.cert.pem());
    let ours = Files {
        ca: Some(certificate.clone()),
        identity: Some(Identity {
            certificate,
            key: file("key", &shown.signing_key.serialize_pem()),
        }),
        server_name: Some("policy.example".try_into().unwrap()),
    };
    let stranger = Files {
        ca: Some(file("other", &other.cert.pem())),
        ..ours.clone()
    };
    let unnamed = Files {
        server_name: None, // it is asked by its address, which the certificate is not for
        ..ours.clone()
    };
    let terms = Terms {
        timeout: TIMEOUT_MAX,
        on_failure: OnFailure::Closed(Code::PermissionDenied),
    };
    let mut tasks = Tasks::default();
    for (tls, is_asked) in [
        (Some(ours), true),
        (Some(stranger), false),
        (Some(unnamed), false),
    ] {
        let config = Config {
            address: format!("https://127.0.0.1:{port}"),
            tls,
            terms,
        };
        let server = Server::new(config.channel(&mut tasks).unwrap());
        let answer = server.check(CheckRequest::default());
        let read = |_: &CheckResponse| Ok(Ok(Passed::default()));
        let decided = terms
            .decide((NAME, &Outage::default()), None, answer, read)
            .await;
        assert_eq!(decided.is_ok(), is_asked, "{:?}", config.tls);
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_told_at_once() {
    let terms = crate::policy::ext_authz::TERMS;
    let of = |address: &str, tls| {
        let address = address.to_owned();
        let config = Config {
            address,
            tls,
            terms,
        };
        config
            .channel(&mut Tasks::default())
            .unwrap_err()
            .to_string()
    };
    let said = "found \"http://a b\" as a server, expected http://host:port or https://host:port";
    assert_eq!(of("http://a b", None), said);
    let absent = Files {
        ca: Some("/nowhere/ca.pem".into()),
        ..Files::default()
    };
    let error = of("https://a:1", Some(absent));
    assert!(
        error.starts_with("/nowhere/ca.pem: cannot read the file"),
        "{error}"
    );
}
