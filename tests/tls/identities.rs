//! Whom a client's certificate makes its caller, and what that one may.

use rcgen::SanType;
use transom::config::{self, Flags, Settings};
use transom::gateway::Gateway;

use super::folder::Folder;
use super::*;
use crate::support::Backend;

/// A certificate with these names, as URIs.
fn named(authority: &Authority, uris: &[&str]) -> Identity {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    let uris = uris
        .iter()
        .map(|uri| SanType::URI((*uri).try_into().unwrap()));
    params.subject_alt_names = uris.collect();
    authority.certify_as(&params)
}

#[tokio::test]
async fn a_certificate_with_a_spiffe_id_is_a_caller_and_the_rules_say_what_it_may() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let folder = Folder::new();
    let server = servers.certify("localhost");
    let path = |name: &str, text: &str| folder.write(name, text).display().to_string();
    let (certificate, key) = (
        path("server.pem", &server.certificate),
        path("server.key", &server.key),
    );
    let client_ca = path("clients.pem", &clients.pem());
    let backend = Backend::start().await;
    let text = format!(
        "listen: 127.0.0.1:0
upstreams: {{ backend: {{ url: '{}' }} }}
tls: {{ certificate: '{certificate}', key: '{key}', client_ca: '{client_ca}', client_certificates: optional }}
identity: {{ metadata: {{ x-user: subject, x-how: kind }} }}
policy:
  - access:
      rules:
        - {{ methods: [demo.echo.v1.EchoService.Get], effect: public }}
        - {{ effect: allow, when: {{ spiffe: ['spiffe://example.org'], shown: [certificate] }} }}
",
        backend.url
    );
    let file = folder.write("transom.yaml", &text);
    let settings = config::load(Some(&file), &Flags::default()).and_then(Settings::with_files);
    let gateway = Gateway::start(settings.unwrap().gateway, |_| {})
        .await
        .unwrap();

    let own = named(&clients, &["spiffe://example.org/billing"]);
    let foreign = named(&clients, &["spiffe://elsewhere.org/billing"]);
    let suffixed = named(&clients, &["spiffe://example.org.evil.org/billing"]);
    let nameless = clients.certify("me");
    let two = named(
        &clients,
        &["spiffe://example.org/a", "spiffe://elsewhere.org/b"],
    );
    for (what, shows, status) in [
        ("own", Some(&own), 200),
        ("foreign", Some(&foreign), 403),
        ("suffixed", Some(&suffixed), 403),
        ("by a host's name", Some(&nameless), 403),
        ("two ids", Some(&two), 401),
        ("none", None, 401),
    ] {
        for version in [Version::Http1, Version::Http2] {
            let client = Client {
                shows,
                ..Client::of(&servers)
            };
            let stream = client.connect(gateway.address()).await.unwrap();
            let answer = ask(stream, version, "/v1/echo:metadata").await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text());
            if status == 200 {
                let seen = answer.json()["metadata"].clone();
                assert_eq!(seen["x-user"]["values"][0], "spiffe://example.org/billing");
                assert_eq!(seen["x-how"]["values"][0], "certificate");
            }
            let stream = client.connect(gateway.address()).await.unwrap();
            let public = ask(stream, version, "/v1/echo/7").await;
            assert_eq!(public.status, 200, "{what}");
        }
    }
}
